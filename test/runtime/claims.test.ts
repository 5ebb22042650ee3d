import { describe, expect, test } from 'vitest';
import type { PushHandle } from '../../lib/handle/push.js';
import { collect, openRing } from './rings.js';
import { SHAPES, type Shape, shapeOf } from './shapes.js';

/** A claim owns its place: whatever would take it makes the claim void, and no accepted record is ever written over. */

interface Tick {
  readonly v: number;
}
const TICK = { kind: 'struct', fields: [{ name: 'v', type: 'u32' }] } as const;

/** The same for both kinds of records: `of(n)` is one, and `number` says which one it is. */
const RECORDS = {
  bytes: {
    codec: 'bytes',
    of: (n: number): unknown => new Uint8Array(4).fill(n),
    number: (record: unknown): unknown => [...new Set(record as Uint8Array)].join('/'),
  },
  struct: { codec: TICK, of: (n: number): unknown => ({ v: n }), number: (record: unknown) => `${(record as Tick).v}` },
} as const;

type Handle = PushHandle<unknown>;

/** What takes the place of a claim */
const TAKES: Readonly<Record<string, (ingress: Handle, of: (n: number) => unknown) => unknown>> = {
  tryPush: (ingress, of) => ingress.tryPush(of(1)),
  push: (ingress, of) => ingress.push(of(1)),
  'push with options': (ingress, of) => ingress.push(of(1), { deadline: 1000 }),
  tryPushBatch: (ingress, of) => ingress.tryPushBatch([of(1)]),
  pushBatch: (ingress, of) => ingress.pushBatch([of(1)]),
  'a Node stream': (ingress, of) => ingress.writable().write(of(1)),
  'a web stream': (ingress, of) => ingress.writableWeb().getWriter().write(of(1)),
};

const KINDS = Object.keys(RECORDS) as (keyof typeof RECORDS)[];
const CASES = Object.keys(SHAPES).flatMap((shape) => KINDS.map((kind) => [shape, kind] as const));

function claimed(shape: string, kind: keyof typeof RECORDS) {
  const { codec, of, number } = RECORDS[kind];
  const opened: Shape<unknown> = shapeOf(shape, codec);
  const { ingress } = opened;
  const claim = (key = 9) => ingress.claim(4, new Uint8Array([key]));
  const writer = claim();
  if (writer === undefined) throw new Error('there is room');
  /** What code does that has kept the writer. */
  const scribble = (): void => {
    writer.bytes.fill(0xee, writer.offset, writer.offset + 4);
    if (kind === 'struct') (writer.fields as unknown as { v: number }).v = 0xeeeeeeee;
  };
  return { ...opened, of, number, writer, claim, scribble };
}

const VOID = expect.objectContaining({
  code: 'WRONG_USE',
  message: expect.stringContaining('publish() of a void claim'),
});

describe.each(CASES)('a claim in a %s, of %s', (shape, kind) => {
  test.each(Object.keys(TAKES))('is void after %s, whose record stays whole', async (take) => {
    const { pipeline, ingress, egress, of, number, scribble } = claimed(shape, kind);
    await TAKES[take]?.(ingress, of);
    scribble();
    expect(() => ingress.publish()).toThrow(VOID);
    expect(ingress.tryPush(of(2))).toBe('OK');
    expect((await collect(egress, 2)).map(number).sort()).toEqual(['1', '2']);
    const ledger = await pipeline.stop();
    expect(ledger).toMatchObject({ balanced: true, boundaries: { in: { published: 2 }, out: { out: 2 } } });
  });

  test('is void after ready, and after a push that found no room', async () => {
    const { ingress, of, claim } = claimed(shape, kind);
    await ingress.ready();
    expect(() => ingress.publish()).toThrow(VOID);
    while (ingress.tryPush(of(1)) !== 'FULL') claim();
    expect(() => ingress.publish()).toThrow(/void claim|without a claim/);
  });

  test('gives way to the next claim', async () => {
    const { ingress, egress, number, claim, of } = claimed(shape, kind);
    const next = claim();
    next?.bytes.fill(3, next.offset, next.offset + 4);
    ingress.publish();
    expect(() => ingress.publish()).toThrow('publish() without a claim');
    ingress.tryPush(of(1));
    const seen = (await collect(egress, 2)).map(number);
    expect(seen).toContain(kind === 'struct' ? `${0x03030303}` : '3');
  });

  test('survives flush, free, freeBytes, a poll and a turn of the event loop', async () => {
    const { ingress, egress, number, writer } = claimed(shape, kind);
    expect(ingress.free).toBeGreaterThan(0);
    expect(ingress.freeBytes).toBeGreaterThan(0);
    ingress.flush();
    egress.poll(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    writer.bytes.fill(7, writer.offset, writer.offset + 4);
    ingress.publish();
    expect((await collect(egress, 1)).map(number)).toEqual([kind === 'struct' ? `${0x07070707}` : '7']);
  });

  test.each(['close', 'release', 'stop', 'halt'])('is void after %s, also for the next owner', async (how) => {
    const { pipeline, ingress, egress, of, number, scribble } = claimed(shape, kind);
    if (how === 'close') ingress.close();
    else if (how === 'release') ingress.release();
    else if (how === 'stop') void pipeline.stop();
    else pipeline.halt();
    expect(() => ingress.publish()).toThrow(expect.objectContaining({ code: 'WRONG_USE' }));
    if (how !== 'release') return;
    const again = pipeline.ingress('in') as unknown as Handle;
    expect(again.tryPush(of(1))).toBe('OK');
    scribble();
    expect(() => ingress.publish()).toThrow(
      'publish() after the end of "in": this handle was given back with release()',
    );
    expect((await collect(egress, 1)).map(number)).toEqual(['1']);
  });

  test('takes no more bytes than it has, whatever its writer says', () => {
    const { ingress, writer } = claimed(shape, kind);
    expect(() => ingress.publish(5)).toThrow('publish(5) does not fit the claim of 4 bytes');
    (writer as { length: number }).length = 4096;
    ingress.publish();
    ingress.flush();
  });
});

/** What a record's own code can do while it is being pushed, and how the outer push ends. */
const INSIDE: Readonly<Record<string, { run: (shape: Shape<Tick>) => unknown; outer: string; inner: number[] }>> = {
  pushes: { run: ({ ingress }) => ingress.tryPush({ v: 1 }), outer: 'OK', inner: [1] },
  'pushes 40 times': {
    run: ({ ingress }) => Array.from({ length: 40 }, (_, n) => ingress.tryPush({ v: n + 1 })),
    outer: 'OK',
    inner: Array.from({ length: 40 }, (_, n) => n + 1),
  },
  'claims and publishes': {
    run: ({ ingress }) => {
      const writer = ingress.claim(4, new Uint8Array([1]));
      if (writer !== undefined) writer.fields.v = 1;
      ingress.publish();
    },
    outer: 'OK',
    inner: [1],
  },
  'claims and leaves the claim': {
    run: ({ ingress }) => ingress.claim(4, new Uint8Array([1])),
    outer: 'OK',
    inner: [],
  },
  polls: { run: ({ egress }) => egress.poll(() => {}), outer: 'OK', inner: [] },
  flushes: { run: ({ ingress }) => ingress.flush(), outer: 'OK', inner: [] },
  waits: { run: ({ ingress }) => ingress.ready({ length: 1 }), outer: 'OK', inner: [] },
  closes: { run: ({ ingress }) => ingress.close(), outer: 'CLOSED', inner: [] },
  'pushes and closes': {
    run: ({ ingress }) => {
      ingress.tryPush({ v: 1 });
      ingress.close();
    },
    outer: 'CLOSED',
    inner: [1],
  },
  releases: { run: ({ ingress }) => ingress.release(), outer: 'CLOSED', inner: [] },
  stops: { run: ({ pipeline }) => pipeline.stop(), outer: 'CLOSED', inner: [] },
};

describe.each(Object.keys(SHAPES))('a struct whose getter uses the handle, in a %s', (shape) => {
  test.each(Object.keys(INSIDE))('that %s: both records are whole, or the outer one is not in', async (name) => {
    const { run, outer, inner } = INSIDE[name] as (typeof INSIDE)[string];
    const opened = shapeOf<Tick>(shape, TICK);
    const { ingress, egress, pipeline } = opened;
    const record = {
      get v() {
        run(opened);
        return 99;
      },
    };
    expect(ingress.tryPush(record)).toBe(outer);
    const expected = outer === 'OK' ? [...inner, 99] : [...inner];
    const seen = expected.length === 0 ? [] : await collect(egress, expected.length);
    const order = (a: number, b: number): number => a - b;
    expect(seen.map(({ v }) => v).sort(order)).toEqual(expected.sort(order));
    if (outer === 'OK') expect(() => ingress.publish()).toThrow(expect.objectContaining({ code: 'WRONG_USE' }));
    const ledger = await pipeline.stop();
    expect(ledger).toMatchObject({ balanced: true, boundaries: { in: { published: expected.length } } });
  });

  test('that halts: nothing is in, and the ledger says so', () => {
    const { ingress, pipeline } = shapeOf<Tick>(shape, TICK);
    const record = {
      get v() {
        pipeline.halt();
        return 99;
      },
    };
    expect(ingress.tryPush(record)).toBe('CLOSED');
    expect(pipeline.ledger()).toMatchObject({ balanced: true, boundaries: { in: { published: 0 } } });
  });

  test('that throws: the error comes through, nothing is in, and the handle goes on', async () => {
    const { ingress, egress } = shapeOf<Tick>(shape, TICK);
    const record = {
      get v(): number {
        ingress.tryPush({ v: 1 });
        throw new Error('its own');
      },
    };
    expect(() => ingress.tryPush(record)).toThrow('its own');
    expect(ingress.tryPush({ v: 2 })).toBe('OK');
    expect((await collect(egress, 2)).map(({ v }) => v).sort()).toEqual([1, 2]);
  });

  test('that aborts its own wait: the record is in, and those behind it keep their places', async () => {
    const { ingress, egress } = shapeOf<Tick>(shape, TICK);
    let pushed = 0;
    while (ingress.tryPush({ v: 1 }) === 'OK') pushed++;
    const abort = new AbortController();
    const record = {
      get v() {
        abort.abort();
        return 2;
      },
    };
    const first = ingress.push(record, { signal: abort.signal });
    const second = ingress.push({ v: 3 });
    const seen = (await collect(egress, pushed + 2)).map(({ v }) => v);
    expect(await first).toBe('OK');
    expect(await second).toBe('OK');
    expect(seen.filter((v) => v > 1).sort()).toEqual([2, 3]);
  });
});

describe('bytes that lie about their length', () => {
  class Longer extends Uint8Array {
    override get length(): number {
      return 1;
    }
  }

  test('are pushed with the length that they have', async () => {
    const pipeline = openRing({ codec: 'bytes' }, { recordMax: 64, capacity: 8 });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    expect(ingress.tryPush(new Longer(65))).toBe('TOO_LARGE');
    expect(ingress.tryPush(new Longer(32).fill(5))).toBe('OK');
    expect((await collect(egress, 1))[0]).toEqual(new Uint8Array(32).fill(5));
  });

  test('or are no bytes at all, a Proxy of some, are refused', () => {
    const ingress = openRing({ codec: 'bytes' }).ingress('in');
    const refused = expect.objectContaining({ code: 'BAD_RECORD' });
    expect(() => ingress.tryPush(new Proxy(new Uint8Array(4), {}))).toThrow(refused);
    expect(() => ingress.tryPush({ length: 4 } as unknown as Uint8Array)).toThrow(refused);
    expect(() => ingress.tryPush(new Float64Array(4) as unknown as Uint8Array)).toThrow(refused);
  });
});

describe('a record that cannot be pushed', () => {
  test('of a batch is named with its place; those before it are in', async () => {
    const pipeline = openRing({ codec: TICK });
    const ingress = pipeline.ingress('in');
    const batch = [{ v: 1 }, { v: 2 }, { v: -1 }, { v: 4 }];
    const named = expect.objectContaining({ code: 'BAD_RECORD', field: 'v', index: 2 });
    expect(() => ingress.tryPushBatch(batch)).toThrow(named);
    await expect(ingress.pushBatch(batch)).rejects.toThrow('record 2 of 4: field "v" takes an integer from 0');
    expect(await collect(pipeline.egress('out'), 4)).toEqual([{ v: 1 }, { v: 2 }, { v: 1 }, { v: 2 }]);
    expect(() => ingress.tryPushBatch(batch, -1)).toThrow('from is -1: give the index of the first record');
  });
});
