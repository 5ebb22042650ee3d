import { describe, expect, test } from 'vitest';
import { AbortedError, DeadlineError, PipelineFailedError } from '../../lib/error/errors.js';
import { nativeAddon } from '../../lib/runtime/native.js';
import { collect, openRing, until } from './rings.js';

const GUARDED = [
  { id: 'guard', op: 'reject', config: { contains: 'bad' } },
  { id: 'last', op: 'identity' },
];

describe('stop', () => {
  test('lets everything that was pushed reach the egress, and balances', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 1000; i++) ingress.tryPush('x');
    const ledger = await pipeline.stop();
    expect(ledger).toMatchObject({
      balanced: true,
      settled: true,
      failure: null,
      boundaries: { in: { published: 1000, bytes: 1000 }, out: { out: 1000, abandoned: 0 } },
      stages: { pass: { in: 1000, out: 1000 } },
    });
    expect(pipeline.state).toBe('stopped');
  });

  test('waits for whoever polls', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c']);
    const stopping = pipeline.stop();
    expect(pipeline.state).toBe('closing');
    expect(await collect(pipeline.egress('out'), 3)).toEqual(['a', 'b', 'c']);
    expect(await stopping).toMatchObject({ balanced: true, boundaries: { out: { out: 3, abandoned: 0 } } });
  });

  test('abandons at the deadline what nobody took, by count', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c']);
    await collect({ poll: (fn: (record: string) => void) => egress.poll(fn, 1) }, 1);
    const ledger = await pipeline.stop({ deadline: 20 });
    expect(ledger).toMatchObject({
      balanced: true,
      settled: true,
      boundaries: { out: { in: 3, out: 1, abandoned: 2 } },
    });
  });

  test('may be called again, by several and after the end', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    const both = await Promise.all([pipeline.stop(), pipeline.stop()]);
    expect(both[0]).toEqual(both[1]);
    expect(await pipeline.stop()).toEqual(both[0]);
  });

  test('ends only the wait when its signal is aborted', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    pipeline.ingress('in').tryPush('x');
    const abort = new AbortController();
    const stopping = pipeline.stop({ signal: abort.signal });
    abort.abort();
    await expect(stopping).rejects.toBeInstanceOf(AbortedError);
    expect(pipeline.state).toBe('closing');
    await collect(pipeline.egress('out'), 1);
    expect((await pipeline.stop()).balanced).toBe(true);
  });

  test('refuses a deadline that is none', async () => {
    await expect(openRing({ codec: 'utf8' }).stop({ deadline: -5 })).rejects.toThrow('deadline is -5');
  });

  test('resolves after a failure, with the failure in the ledger and the rest abandoned', async () => {
    const pipeline = openRing({ codec: 'utf8', stages: GUARDED }, { ports: { out: 'discard' } });
    pipeline.ingress('in').tryPushBatch(['good', 'bad', 'after 1', 'after 2']);
    const ledger = await pipeline.stop();
    expect(ledger).toMatchObject({
      balanced: true,
      failure: { stage: 'guard', shard: 0, sequence: 1 },
      stages: { guard: { in: 4, out: 1, failed: 1, abandoned: 2 }, last: { in: 4, out: 1, abandoned: 3 } },
      boundaries: { out: { out: 1, abandoned: 3 } },
    });
  });

  test('leaves handles that say what happened', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    await pipeline.stop();
    expect(ingress.tryPush('x')).toBe('CLOSED');
    expect(egress.poll(() => {})).toBe(0);
    expect(egress.ended).toBe(true);
    expect(await egress.ready()).toBe(false);
    await expect(ingress.push('x')).rejects.toThrow('nothing can be pushed to "in": the ingress has been closed');
    expect(() => ingress.flush()).not.toThrow();
    expect(pipeline.snapshot().state).toBe('Stopped');
    expect(pipeline.reports()).toEqual({ pass: null });
  });

  test('happens at the end of an await using block', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    pipeline.ingress('in').tryPush('x');
    await pipeline[Symbol.asyncDispose]();
    expect(pipeline.ledger()).toMatchObject({ settled: true, boundaries: { out: { out: 1 } } });
  });
});

describe('halt', () => {
  test('ends at once and counts what is left as abandoned', () => {
    const pipeline = openRing({ codec: 'utf8' });
    pipeline.ingress('in').tryPushBatch(['a', 'b']);
    const ledger = pipeline.halt();
    expect(ledger).toMatchObject({
      balanced: true,
      settled: true,
      boundaries: { in: { published: 2 }, out: { abandoned: 2 } },
    });
    expect(pipeline.halt()).toEqual(ledger);
  });

  test('ends every wait: pushes are rejected, a stop resolves', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 1 });
    const ingress = pipeline.ingress('in');
    ingress.tryPush('x');
    const pushing = ingress.push('y');
    const ready = pipeline.egress('out').ready();
    expect(await ready).toBe(true);
    const stopping = pipeline.stop({ deadline: Number.POSITIVE_INFINITY });
    await expect(pushing).rejects.toThrow('the ingress has been closed');
    pipeline.halt();
    expect(await stopping).toMatchObject({ settled: true, balanced: true });
  });

  test('unmaps nothing that JavaScript can still see', () => {
    const pipeline = openRing({ codec: 'bytes' });
    const writer = pipeline.ingress('in').claim(8);
    pipeline.halt();
    expect(nativeAddon().liveRegions()).toBeGreaterThan(0);
    writer?.bytes.fill(1, writer.offset, writer.offset + 8);
    expect(writer?.bytes[writer.offset]).toBe(1);
  });
});

describe('finished', () => {
  test('resolves when the ingress was closed and everything was taken', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const finished = pipeline.finished();
    pipeline.ingress('in').tryPush('x');
    pipeline.ingress('in').close();
    await collect(pipeline.egress('out'), 1);
    expect(await finished).toMatchObject({ balanced: true, settled: true, boundaries: { out: { out: 1 } } });
  });

  test('resolves when a record failed, once the good ones were taken', async () => {
    const pipeline = openRing({ codec: 'utf8', stages: GUARDED });
    pipeline.ingress('in').tryPushBatch(['good', 'bad']);
    const finished = pipeline.finished();
    expect(await collect(pipeline.egress('out'), 1)).toEqual(['good']);
    expect(await finished).toMatchObject({
      failure: { stage: 'guard' },
      boundaries: { out: { out: 1, abandoned: 1 } },
    });
    expect(pipeline.state).toBe('stopped');
  });

  test('rejects at its deadline and leaves the pipeline running', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    await expect(pipeline.finished({ deadline: 5 })).rejects.toThrow(
      'pipeline "ring" did not finish within 5 ms: stop or halt it',
    );
    await expect(pipeline.finished({ deadline: 5 })).rejects.toBeInstanceOf(DeadlineError);
    expect(pipeline.state).toBe('running');
  });
});

describe('a failure', () => {
  test('is told with stage, sequence and cause, and ends waiting pushes', async () => {
    const pipeline = openRing({ codec: 'utf8', stages: GUARDED }, { capacity: 2 });
    const ingress = pipeline.ingress('in');
    ingress.tryPushBatch(['good', 'bad']);
    const error: unknown = await ingress.push('after').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PipelineFailedError);
    expect(pipeline.failure).toMatchObject({ stage: 'guard', shard: 0, sequence: 1 });
    expect(pipeline.failure?.cause).toContain('bad');
    expect(ingress.tryPush('after')).toBe('CLOSED');
    await expect(ingress.push('after')).rejects.toBeInstanceOf(PipelineFailedError);
  });

  test('joins the threads by itself when there is nothing left to take', async () => {
    const pipeline = openRing({ codec: 'utf8', stages: GUARDED }, { ports: { out: 'discard' } });
    pipeline.ingress('in').tryPush('bad');
    await until(() => pipeline.state === 'stopped');
    expect(pipeline.ledger()).toMatchObject({ settled: true, balanced: true });
  });

  test('counts what was pushed but not yet shown when it came', async () => {
    const pipeline = openRing({ codec: 'utf8', stages: GUARDED }, { ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    ingress.tryPush('bad');
    ingress.flush();
    // The failure closes the ingress at a moment of its own: only what was accepted has to be accounted for.
    const accepted = Array.from({ length: 10 }, () => ingress.tryPush('after')).filter(
      (status) => status === 'OK',
    ).length;
    const ledger = await pipeline.stop();
    expect(ledger.boundaries.in).toMatchObject({ published: 1 + accepted });
    expect(ledger).toMatchObject({
      balanced: true,
      stages: { guard: { in: 1 + accepted, failed: 1, abandoned: accepted } },
    });
  });
});
