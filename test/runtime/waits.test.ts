import { describe, expect, test, vi } from 'vitest';
import {
  AbortedError,
  ClosedError,
  DeadlineError,
  OptionError,
  RecordError,
  RecordTooLargeError,
} from '../../lib/error/errors.js';
import type { Snapshot } from '../../lib/region/snapshot.js';
import { collect, openRing, until } from './rings.js';

/** A ring of one record that is full. */
function fullRing() {
  const pipeline = openRing({ codec: 'utf8' }, { capacity: 1 });
  const ingress = pipeline.ingress('in');
  ingress.tryPush('first');
  return { pipeline, ingress, egress: pipeline.egress('out') };
}

describe('a push that waits', () => {
  test('goes in when there is room, in the order of the calls', async () => {
    const { ingress, egress } = fullRing();
    const order: string[] = [];
    const pushes = ['second', 'third', 'fourth'].map((record) => ingress.push(record).then(() => order.push(record)));
    expect(await collect(egress, 4)).toEqual(['first', 'second', 'third', 'fourth']);
    await Promise.all(pushes);
    expect(order).toEqual(['second', 'third', 'fourth']);
  });

  test('is not overtaken by tryPush', async () => {
    const { ingress, egress } = fullRing();
    const waiting = ingress.push('second');
    await collect(egress, 1);
    expect(ingress.tryPush('third')).toBe('FULL');
    await collect(egress, 1);
    await waiting;
    expect(ingress.tryPush('third')).toBe('OK');
  });

  test('wakes up when it has slept, without a poll of its own thread in between', async () => {
    const stages = [{ id: 'pass', op: 'identity' }];
    const pipeline = openRing({ codec: 'utf8', stages }, { capacity: 2, wait: 'park', ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 2000; i++) await ingress.push(`record ${i}`);
    const ledger = await pipeline.stop();
    expect(ledger.boundaries.out).toMatchObject({ out: 2000 });
  });

  test('ends with its deadline and has not pushed', async () => {
    const { ingress, egress } = fullRing();
    await expect(ingress.push('late', { deadline: 5 })).rejects.toThrow(
      'push to "in" did not happen within 5 ms: the pipeline takes records more slowly than they come (0 of 1 slots are free)',
    );
    await expect(ingress.push('late', { deadline: 0 })).rejects.toBeInstanceOf(DeadlineError);
    expect(await collect(egress, 1)).toEqual(['first']);
    expect(egress.poll(() => {})).toBe(0);
  });

  test('ends with its signal, whose reason is the cause', async () => {
    const { ingress } = fullRing();
    const abort = new AbortController();
    const waiting = ingress.push('never', { signal: abort.signal });
    abort.abort('changed my mind');
    const error: unknown = await waiting.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AbortedError);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'changed my mind' });
    await expect(ingress.push('never', { signal: abort.signal })).rejects.toBeInstanceOf(AbortedError);
  });

  test('lets those behind it go on when it is aborted', async () => {
    const { ingress, egress } = fullRing();
    const abort = new AbortController();
    const aborted = ingress.push('aborted', { signal: abort.signal });
    const behind = ingress.push('behind');
    abort.abort();
    await expect(aborted).rejects.toBeInstanceOf(AbortedError);
    expect(await collect(egress, 2)).toEqual(['first', 'behind']);
    await behind;
  });

  test('is rejected when the ingress is closed', async () => {
    const { ingress } = fullRing();
    const waiting = ingress.push('never');
    ingress.close();
    await expect(waiting).rejects.toThrow('nothing can be pushed to "in": the ingress has been closed');
    await expect(ingress.push('never')).rejects.toBeInstanceOf(ClosedError);
  });

  test('is rejected for a record that can never fit, and for a wrong value', async () => {
    const ingress = openRing({ codec: 'utf8' }, { recordMax: 4 }).ingress('in');
    await expect(ingress.push('five!')).rejects.toThrow(
      'too long for "in" (a record may have 4 bytes); raise recordMax',
    );
    await expect(ingress.push('five!')).rejects.toBeInstanceOf(RecordTooLargeError);
    await expect(ingress.push(5 as unknown as string)).rejects.toBeInstanceOf(RecordError);
    await expect(ingress.push('ok', { deadline: -1 })).rejects.toThrow(
      'deadline is -1: give milliseconds from the call, 0 or more, or Infinity',
    );
    await expect(ingress.push('ok', { deadline: Number.NaN })).rejects.toBeInstanceOf(OptionError);
  });

  test('is counted once when it can never fit, alone or in a batch', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { recordMax: 4 });
    const ingress = pipeline.ingress('in');
    await ingress.push('five!').catch(() => {});
    await ingress.push('five!', { deadline: 5 }).catch(() => {});
    await ingress.pushBatch(['a', 'five!']).catch(() => {});
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 1, too_large: 3 });
  });

  test('puts a whole batch in, however small the ring', async () => {
    const { ingress, egress } = fullRing();
    const records = Array.from({ length: 50 }, (_, i) => `record ${i}`);
    const pushed = ingress.pushBatch(records);
    expect(await collect(egress, 51)).toEqual(['first', ...records]);
    await pushed;
  });

  test('names the record of a batch that cannot go in', async () => {
    const ingress = openRing({ codec: 'utf8' }, { recordMax: 4 }).ingress('in');
    await expect(ingress.pushBatch(['a', 'b', 'too long'])).rejects.toThrow('record 2 of 3: the record is too long');
  });
});

describe('ready', () => {
  test('of an ingress waits for room for the largest record', async () => {
    const { ingress, egress } = fullRing();
    let ready = false;
    const waiting = ingress.ready().then(() => {
      ready = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ready).toBe(false);
    await collect(egress, 1);
    await waiting;
    expect(ingress.tryPush('second')).toBe('OK');
  });

  test('of an ingress refuses a length that no record can have', async () => {
    const ingress = openRing({ codec: 'utf8' }, { recordMax: 10 }).ingress('in');
    await expect(ingress.ready({ length: 11 })).rejects.toThrow('length is 11: a record of "in" has 0 to 10 bytes');
    await ingress.ready({ length: 10 });
  });

  test('of an egress is true when a record has come and false at the end', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    setTimeout(() => ingress.tryPush('x'), 3);
    expect(await egress.ready()).toBe(true);
    expect(egress.ended).toBe(false);
    egress.poll(() => {});
    ingress.close();
    expect(await egress.ready()).toBe(false);
    expect(egress.ended).toBe(true);
  });

  test('of an egress does not count records that were filtered', async () => {
    const stages = [{ id: 'none', op: 'filter', config: { contains: 'never' } }];
    const pipeline = openRing({ codec: 'utf8', stages });
    pipeline.ingress('in').tryPushBatch(['a', 'b']);
    await expect(pipeline.egress('out').ready({ deadline: 20 })).rejects.toThrow(
      'a record of "out" did not happen within 20 ms: no record has reached this egress',
    );
    pipeline.ingress('in').close();
    expect(await pipeline.egress('out').ready()).toBe(false);
  });
});

/** Neither this thread's loop nor a native thread goes on looking. */
async function asleep(pipeline: { snapshot(): Snapshot }): Promise<void> {
  await until(() => !process.getActiveResourcesInfo().includes('Immediate'));
  await until(() => pipeline.snapshot().threads.every((thread) => thread.parks > 0));
}

describe('an idle wait', () => {
  test('sleeps after a short look, and so do the threads', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const waiting = pipeline.egress('out').ready();
    expect(process.getActiveResourcesInfo()).toContain('Immediate');
    await asleep(pipeline);
    pipeline.ingress('in').tryPush('x');
    expect(await waiting).toBe(true);
  });

  test('goes on looking where the wait strategy is to spin', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { wait: 'spin' });
    const waiting = pipeline.egress('out').ready();
    for (let turns = 0; turns < 1000; turns++) {
      expect(process.getActiveResourcesInfo()).toContain('Immediate');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pipeline.snapshot().threads.map((thread) => thread.parks)).toEqual([0]);
    pipeline.ingress('in').tryPush('x');
    expect(await waiting).toBe(true);
  });

  test('is seen in the snapshot, with whom it waits for', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const waiting = pipeline.egress('out').ready();
    await until(() => pipeline.snapshot().agents[2]?.state === 'Waiting');
    await until(() => pipeline.snapshot().agents[1]?.state === 'Waiting');
    expect(pipeline.snapshot().agents[2]).toMatchObject({
      id: 'out',
      blocked_on: [
        { agent: 'pass', state: 'Waiting' },
        { agent: 'in', state: 'Idle' },
      ],
      blame: 'in -> pass',
    });
    pipeline.ingress('in').tryPush('x');
    await waiting;
  });

  test('of a full ring blames the egress that nobody polls', async () => {
    const { pipeline, ingress, egress } = fullRing();
    const waiting = ingress.push('second');
    await until(() => pipeline.snapshot().agents[0]?.state === 'Stalled');
    expect(pipeline.snapshot().agents[0]).toMatchObject({ id: 'in', lag: 1, blame: 'in -> out' });
    await collect(egress, 2);
    await waiting;
  });
});

describe('a pipeline that nobody waits for', () => {
  test('sleeps while it is open', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    pipeline.ingress('in').tryPush('x');
    await collect(pipeline.egress('out'), 1);
    await asleep(pipeline);
  });

  test('says a few times that it has ended by itself, and can still be stopped', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const events = vi.spyOn(pipeline, 'onEvent');
    pipeline.ingress('in').tryPush('x');
    pipeline.ingress('in').close();
    for await (const record of pipeline.egress('out')) expect(record).toBe('x');
    for (let turns = 0; turns < 1000; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(events.mock.calls.length).toBeLessThan(10);
    expect((await pipeline.stop()).balanced).toBe(true);
  });
});
