import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../lib/region/counts.js';
import { attach } from '../../lib/runtime/attach.js';
import { collect, openRing, ringVersion, until } from './rings.js';
import { next, start } from './worker-threads.js';

describe('a worker that attaches', () => {
  test('pushes into a pipeline that the main thread polls', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 16 });
    // Its word may come before the last records are polled.
    const word = next(start('push', { number: pipeline.number, count: 2000 }));
    const seen = await collect(pipeline.egress('out'), 2000);
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => `${i}`));
    expect(await word).toEqual({ pushed: 2000 });
  });

  test('gives the ingress back so that the main thread goes on where it stopped', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    await next(start('push', { number: pipeline.number, count: 100 }));
    const ingress = pipeline.ingress('in');
    ingress.tryPush('100');
    expect(await collect(pipeline.egress('out'), 101)).toEqual(Array.from({ length: 101 }, (_, i) => `${i}`));
    expect((await pipeline.stop()).balanced).toBe(true);
  });

  test('polls a pipeline that the main thread pushes into, and wakes it when there is room', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 8 });
    const worker = start('poll', { number: pipeline.number });
    await next(worker);
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 3000; i++) await ingress.push(`${i}`);
    const stopping = pipeline.stop();
    expect(await next(worker)).toEqual({ seen: 3000 });
    expect(await stopping).toMatchObject({ balanced: true, boundaries: { out: { out: 3000, abandoned: 0 } } });
  });

  test('closes the ingress when the main thread stops, and nothing that was accepted is lost', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 64, ports: { out: 'discard' } });
    const worker = start('pushUntilClosed', { number: pipeline.number });
    await next(worker);
    await until(() => (pipeline.snapshot().agents[0]?.sequence ?? 0) > 500);
    const answer = next<{ accepted: number }>(worker);
    const ledger = await pipeline.stop();
    const { accepted } = await answer;
    expect(ledger).toMatchObject({
      balanced: true,
      boundaries: { in: { published: accepted }, out: { out: accepted } },
    });
  });

  test('that ends without a word gives its port back, with everything that it had shown', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const worker = start('hold', { number: pipeline.number });
    await next(worker);
    expect(() => pipeline.ingress('in')).toThrow(
      'ingress "in" is held by another thread, or this object has let go: release() the handle there first',
    );
    await worker.terminate();
    pipeline.ingress('in').tryPush('10');
    expect(await collect(pipeline.egress('out'), 11)).toEqual(Array.from({ length: 11 }, (_, i) => `${i}`));
    expect((await pipeline.stop()).balanced).toBe(true);
  });

  test('that ends while a stop waits for it lets the stop go on', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    const worker = start('hold', { number: pipeline.number });
    await next(worker);
    const terminated = worker.terminate();
    const ledger = await pipeline.stop();
    await terminated;
    expect(ledger).toMatchObject({ balanced: true, boundaries: { out: { out: 10 } } });
  });

  test('stops a pipeline that the main thread opened and pushes into', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c']);
    const { ledger } = await next<{ ledger: Ledger }>(start('stop', { number: pipeline.number }));
    expect(ledger).toMatchObject({
      settled: true,
      balanced: true,
      boundaries: { in: { published: 3 }, out: { out: 3 } },
    });
    await until(() => pipeline.ingress('in').closed);
    expect(pipeline.ledger()).toEqual(ledger);
  });
});

describe('a worker that opens', () => {
  test('is one of ten at once, each with a pipeline of its own', async () => {
    const plan = ringVersion({ codec: 'utf8' }).plan;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => next<{ seen: number; ledger: Ledger }>(start('own', { plan, count: 500 }))),
    );
    for (const { seen, ledger } of answers) {
      expect(seen).toBe(500);
      expect(ledger.balanced).toBe(true);
    }
  });
});

describe('attach', () => {
  test('in the same thread shares nothing but the pipeline', () => {
    const pipeline = openRing({ codec: 'utf8' });
    const other = attach(pipeline.number);
    expect(other).toMatchObject({ name: 'ring', version: pipeline.version, number: pipeline.number });
    other.ingress('in');
    expect(() => pipeline.ingress('in')).toThrow('is held by another thread, or this object has let go');
    other.detach();
    expect(pipeline.ingress('in').tryPush('x')).toBe('OK');
    expect(() => other.ingress('in')).toThrow('this object has let go');
  });

  test('refuses a number that no pipeline has', () => {
    expect(() => attach(999_999)).toThrow('there is no pipeline 999999 in this process: it was never opened here');
    expect(() => attach(Number.NaN)).toThrow('there is no pipeline NaN');
  });
});
