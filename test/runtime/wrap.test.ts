import { afterEach, describe, expect, test } from 'vitest';
import { collect, openRing } from './rings.js';

/** The three ways in which handles reach memory that native threads share (lib/channel/border.ts). */
const BORDERS = [
  ['atomics', {}],
  ['native calls', { BYTEOR_NO_ATOMICS: '1' }],
  ['copies', { BYTEOR_NO_EXTERNAL_BUFFERS: '1' }],
] as const;

const SEQUENCES = [
  ['0', 0],
  ['just below 2^31', 2 ** 31 - 70],
  ['just below 2^32', 2 ** 32 - 70],
  ['just below 2^33', 2 ** 33 - 70],
] as const;

const STRUCT = {
  kind: 'struct',
  fields: [
    { name: 'number', type: 'u32' },
    { name: 'square', type: 'f64' },
  ],
} as const;

const MARKED = {
  kind: 'struct',
  fields: [
    { name: 'mark', type: 'u8' },
    { name: 'number', type: 'f64' },
  ],
} as const;

afterEach(() => {
  delete process.env.BYTEOR_NO_ATOMICS;
  delete process.env.BYTEOR_NO_EXTERNAL_BUFFERS;
});

/** Deterministic lengths from 0 to 120, so that the arena wraps at every offset. */
const line = (i: number): string => `${i}:${'x'.repeat((i * 37) % 121)}`;

describe.each(BORDERS)('over %s', (_, environment) => {
  describe.each(SEQUENCES)('with sequences that begin at %s', (_name, firstSequence) => {
    test('records of any length pass unchanged through a small ring, filtered ones apart', async () => {
      Object.assign(process.env, environment);
      const stages = [
        { id: 'head', op: 'prepend', config: { text: '[' } },
        { id: 'odd', op: 'filter', config: { contains: '7:', invert: true } },
      ];
      const pipeline = openRing(
        { codec: 'utf8', stages },
        { firstSequence, capacity: 48, recordMax: 200, arenaBytes: 4096 },
      );
      const sent = Array.from({ length: 3000 }, (_value, i) => line(i));
      const pushing = pipeline.ingress('in').pushBatch(sent);
      const expected = sent.filter((record) => !record.includes('7:')).map((record) => `[${record}`);
      expect(await collect(pipeline.egress('out'), expected.length)).toEqual(expected);
      await pushing;
      const ledger = await pipeline.stop();
      expect(ledger.balanced).toBe(true);
      expect(ledger.boundaries.in).toMatchObject({ published: 3000 });
      expect(pipeline.snapshot().agents.map((agent) => agent.sequence)).toEqual(
        [0, 0, 0, 0].map(() => firstSequence + 3000),
      );
    });

    test.each(['cursor', 'slot'] as const)('structs pass in place, published by %s', async (publication) => {
      Object.assign(process.env, environment);
      const pipeline = openRing({ codec: STRUCT }, { firstSequence, capacity: 50, publication });
      const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
      let sent = 0;
      let seen = 0;
      while (seen < 5000) {
        for (let writer = ingress.claim(); writer !== undefined && sent < 5000; writer = ingress.claim()) {
          writer.fields.number = sent;
          writer.fields.square = sent * sent;
          ingress.publish();
          sent++;
        }
        egress.pollInPlace((cursor) => {
          if (
            cursor.fields.number !== seen ||
            cursor.fields.square !== seen * seen ||
            cursor.sequence !== firstSequence + seen
          )
            throw new Error(`record ${seen} is ${cursor.fields.number}, ${cursor.fields.square}, ${cursor.sequence}`);
          seen++;
        });
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await pipeline.stop()).toMatchObject({
        balanced: true,
        boundaries: { in: { bytes: 5000 * 16 }, out: { out: 5000 } },
      });
    });

    test('shards keep the order of their keys', async () => {
      Object.assign(process.env, environment);
      const pipeline = openRing(
        { codec: 'utf8', shards: 3, shard_key: { kind: 'token', separator: ':', index: 0 } },
        { firstSequence, capacity: 20, recordMax: 64, arenaBytes: 2048 },
      );
      const sent = Array.from({ length: 2000 }, (_value, i) => `key ${i % 17}:${i}`);
      const pushing = pipeline.ingress('in').pushBatch(sent);
      const seen = await collect(pipeline.egress('out'), sent.length);
      await pushing;
      const last = new Map<string, number>();
      for (const record of seen) {
        const [key = '', number] = record.split(':');
        expect(Number(number)).toBeGreaterThan(last.get(key) ?? -1);
        last.set(key, Number(number));
      }
      expect([...seen].sort()).toEqual([...sent].sort());
      expect((await pipeline.stop()).balanced).toBe(true);
    });
  });

  test.each(['cursor', 'slot'] as const)(
    'structs pass through columns where sequences wrap, published by %s',
    async (publication) => {
      Object.assign(process.env, environment);
      const options = { firstSequence: 2 ** 32 - 70, capacity: 50, publication } as const;
      const stages = [{ id: 'odd', op: 'filter', config: { starts_with: '\u0000' } }];
      const pipeline = openRing({ codec: MARKED, stages }, options);
      const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
      const pushing = ingress.pushColumns(1000, ({ mark, number }, { first, count, steps, offsets, from }) => {
        for (let k = 0; k < count; k++) {
          mark[(first + k) * steps.mark + offsets.mark] = (from + k) % 5 === 0 ? 1 : 0;
          number[(first + k) * steps.number + offsets.number] = from + k;
        }
      });
      const seen: number[] = [];
      while (seen.length < 800) {
        const polled = egress.pollColumns(({ number }, { first, count, steps, offsets, sequence }) => {
          for (let k = 0; k < count; k++) {
            const value = number[(first + k) * steps.number + offsets.number] as number;
            if (sequence + k !== options.firstSequence + value)
              throw new Error(`${value} has sequence ${sequence + k}`);
            seen.push(value);
          }
        });
        if (polled === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(seen).toEqual(Array.from({ length: 1000 }, (_value, i) => i).filter((i) => i % 5 !== 0));
      await pushing;
      expect(await pipeline.stop()).toMatchObject({
        balanced: true,
        boundaries: { in: { published: 1000, bytes: 1000 * 16 }, out: { out: 800, bytes: 800 * 16 } },
      });
    },
  );

  test('a wait that slept is woken for records and for room', async () => {
    Object.assign(process.env, environment);
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 2, wait: 'park' });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    const pushing = (async () => {
      for (let i = 0; i < 300; i++) await ingress.push(`${i}`);
      ingress.close();
    })();
    const seen: string[] = [];
    for await (const record of egress) seen.push(record);
    await pushing;
    expect(seen).toEqual(Array.from({ length: 300 }, (_value, i) => `${i}`));
  });

  test('a handle that was given back is taken up where it stopped', async () => {
    Object.assign(process.env, environment);
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 7, recordMax: 40, arenaBytes: 512 });
    const seen: string[] = [];
    for (let i = 0; i < 60; i += 3) {
      pipeline.ingress('in').tryPushBatch([line(i).slice(0, 30), line(i + 1).slice(0, 30), line(i + 2).slice(0, 30)]);
      pipeline.ingress('in').release();
      seen.push(...(await collect(pipeline.egress('out'), 3)));
      pipeline.egress('out').release();
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_value, i) => line(i).slice(0, 30)));
    expect((await pipeline.stop()).balanced).toBe(true);
  });

  test('a failure leaves a balanced ledger', async () => {
    Object.assign(process.env, environment);
    const stages = [{ id: 'guard', op: 'reject', config: { equals: '50' } }];
    const pipeline = openRing({ codec: 'utf8', stages });
    pipeline.ingress('in').tryPushBatch(Array.from({ length: 100 }, (_value, i) => `${i}`));
    expect(await collect(pipeline.egress('out'), 50)).toHaveLength(50);
    expect(await pipeline.stop()).toMatchObject({ balanced: true, failure: { stage: 'guard', sequence: 50 } });
  });
});
