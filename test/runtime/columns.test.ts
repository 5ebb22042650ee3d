import { afterEach, describe, expect, test } from 'vitest';
import type { ColumnRows, PolledRows, RecordColumns } from '../../lib/handle/columns.js';
import type { PollHandle } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile } from '../../lib/version/version.js';
import { collect, IDENTITY, openRing, until } from './rings.js';
import { openLine } from './shapes.js';
import { next, start } from './worker-threads.js';

/** Structs that are written and read through typed arrays over their slots. */

/** Every kind of field, at places that no wider type could be aligned to. */
const EVERY = {
  kind: 'struct',
  fields: [
    { name: 'flag', type: 'bool' },
    { name: 'a', type: 'u8' },
    { name: 'b', type: 'i8' },
    { name: 'raw', type: 'bytes(3)' },
    { name: 'c', type: 'u16' },
    { name: 'd', type: 'i16' },
    { name: 'words', type: 'utf8(5)' },
    { name: 'e', type: 'u32' },
    { name: 'f', type: 'i32' },
    { name: 'x', type: 'f32' },
    { name: 'g', type: 'u64' },
    { name: 'h', type: 'i64' },
    { name: 'y', type: 'f64' },
  ],
} as const;

interface Every {
  flag: boolean;
  a: number;
  b: number;
  raw: Uint8Array;
  c: number;
  d: number;
  words: string;
  e: number;
  f: number;
  x: number;
  g: bigint;
  h: bigint;
  y: number;
}

const every = (i: number): Every => ({
  flag: i % 3 === 0,
  a: i % 256,
  b: (i % 256) - 128,
  raw: new Uint8Array([i % 251, 7, i % 13]),
  c: (i * 3) % 65536,
  d: 0 - i,
  words: 'grün'.slice(0, i % 5),
  e: 4_000_000_000 - i,
  f: -2_000_000_000 + i,
  x: i / 4,
  g: 2n ** 63n + BigInt(i),
  h: -BigInt(i),
  y: Math.PI * i,
});

const writeEvery = (begin: number) => (columns: RecordColumns<Every>, rows: ColumnRows<Every>) => {
  const { steps, offsets } = rows;
  for (let k = 0; k < rows.count; k++) {
    const record = every(begin + rows.from + k);
    const slot = rows.first + k;
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'x', 'y'] as const)
      columns[name][slot * steps[name] + offsets[name]] = record[name];
    columns.flag[slot * steps.flag + offsets.flag] = record.flag ? 1 : 0;
    columns.g[slot * steps.g + offsets.g] = record.g;
    columns.h[slot * steps.h + offsets.h] = record.h;
    columns.raw.set(record.raw, slot * steps.raw + offsets.raw);
    const at = slot * steps.words + offsets.words;
    columns.words.fill(0, at + columns.words.write(record.words, at, 5, 'utf8'), at + 5);
  }
};

const readEvery = (into: Every[]) => (columns: RecordColumns<Every>, rows: PolledRows<Every>) => {
  const { steps, offsets } = rows;
  for (let slot = rows.first; slot < rows.first + rows.count; slot++) {
    const number = (name: 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'x' | 'y'): number =>
      columns[name][slot * steps[name] + offsets[name]] as number;
    const at = slot * steps.words + offsets.words;
    into.push({
      flag: columns.flag[slot * steps.flag + offsets.flag] !== 0,
      a: number('a'),
      b: number('b'),
      raw: columns.raw.slice(slot * steps.raw + offsets.raw, slot * steps.raw + offsets.raw + 3),
      c: number('c'),
      d: number('d'),
      words: columns.words.toString('utf8', at, at + 5).replace(/\0+$/, ''),
      e: number('e'),
      f: number('f'),
      x: number('x'),
      g: columns.g[slot * steps.g + offsets.g] as bigint,
      h: columns.h[slot * steps.h + offsets.h] as bigint,
      y: number('y'),
    });
  }
};

type Lane = LaneGraphPlan['lane_graph']['connections'][number]['lane'];
const SLOTS = { kind: 'SequencedSlots', capacity: 50, gating: 4 } as const;
const EVENTS = { kind: 'Events', capacity_bytes: 4096 } as const;

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

function openGraph(connections: readonly object[], codec: object = EVERY, outs = ['out']): Pipeline {
  const stages = outs.map((out) => ({ id: `pass_${out}`, op: 'identity' }));
  const ends = outs.map((id) => ({ id, kind: 'egress', codec }));
  const plan = {
    version: 2,
    name: 'columns',
    target: 'LaneGraph',
    stages,
    boundaries: [{ id: 'in', kind: 'ingress', codec }, ...ends],
    lane_graph: { connections },
  } as unknown as LaneGraphPlan;
  const pipeline = open(compile(plan));
  opened.push(pipeline);
  return pipeline;
}

/** in → a stage → out for each of two egresses, over one lane that both stages read. */
function openFanout(): Pipeline {
  const lane: Lane = { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 4096 };
  const connections = ['out', 'other'].flatMap((out) => [
    { from: 'in', to: `pass_${out}`, lane },
    { from: `pass_${out}`, to: out, lane: EVENTS },
  ]);
  return openGraph(connections, EVERY, ['out', 'other']);
}

/** Everything in which structs lie in slots. */
const HOMES: Readonly<Record<string, () => Pipeline>> = {
  'a ring published by its cursor': () =>
    openRing({ codec: EVERY }, { capacity: 50, publication: 'cursor' }) as unknown as Pipeline,
  'a ring published by a word in each slot': () =>
    openRing({ codec: EVERY }, { capacity: 50, publication: 'slot' }) as unknown as Pipeline,
  'SequencedSlots lanes': () => openLine(EVERY, SLOTS),
  'Events lanes': () => openLine(EVERY, EVENTS),
  'a FanoutBroadcast lane': openFanout,
  'lanes with a router behind the ingress': () =>
    openGraph(
      ['out', 'other'].flatMap((out) => [
        { from: 'in', to: `pass_${out}`, lane: EVENTS },
        { from: `pass_${out}`, to: out, lane: SLOTS },
      ]),
      EVERY,
      ['out', 'other'],
    ),
};

const endsOf = (pipeline: Pipeline) => ({
  pipeline,
  ingress: pipeline.ingress('in') as unknown as PushHandle<Every>,
  egress: pipeline.egress('out') as unknown as PollHandle<Every>,
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each(Object.keys(HOMES))('columns over %s', (home) => {
  test('carry every kind of field in both directions, over many wraps, as objects do', async () => {
    const { pipeline, ingress, egress } = endsOf((HOMES[home] as () => Pipeline)());
    const others = home.includes('Fanout') || home.includes('router') ? [pipeline.egress('other')] : [];
    const seen: Every[] = [];
    const total = 400;
    for (let sent = 0, turns = 0; seen.length < total; turns++) {
      const count = Math.min(total - sent, 1 + ((turns * 7) % 40));
      // Both ways in and both ways out, in turns.
      if (turns % 3 === 2 && sent < total) sent += ingress.tryPush(every(sent)) === 'OK' ? 1 : 0;
      else sent += ingress.tryPushColumns(count, writeEvery(sent));
      if (turns % 4 === 3) egress.poll((record) => seen.push(record));
      else egress.pollColumns(readEvery(seen), 30);
      for (const other of others) other.poll(() => {});
      await turn();
    }
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => every(i)));
    ingress.close();
    for (const other of others) while (!other.ended) other.poll(() => {}) === 0 && (await turn());
    const ledger = await pipeline.stop();
    expect(ledger).toMatchObject({ balanced: true, boundaries: { in: { published: total }, out: { out: total } } });
  });
});

const TICK = { kind: 'struct', fields: [{ name: 'v', type: 'u32' }] } as const;
interface Tick {
  v: number;
}

const writeTicks = (begin: number) => (columns: RecordColumns<Tick>, rows: ColumnRows<Tick>) => {
  for (let k = 0; k < rows.count; k++)
    columns.v[(rows.first + k) * rows.steps.v + rows.offsets.v] = begin + rows.from + k;
};
const readTicks = (into: number[]) => (columns: RecordColumns<Tick>, rows: PolledRows<Tick>) => {
  for (let k = 0; k < rows.count; k++) into.push(columns.v[(rows.first + k) * rows.steps.v + rows.offsets.v] as number);
};

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function openTicks(capacity = 8) {
  const pipeline = openRing({ codec: TICK }, { capacity });
  return { pipeline, ingress: pipeline.ingress('in'), egress: pipeline.egress('out') };
}

/** All that comes until `count` have. */
async function collectTicks(egress: PollHandle<Tick>, count: number): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < count) if (egress.pollColumns(readTicks(seen)) === 0) await turn();
  return seen;
}

/** A ring of 8 of which `next` records have gone through, so that the next one stands at that slot. */
async function openAt(slot: number) {
  const opened = openTicks();
  opened.ingress.tryPushColumns(slot, writeTicks(0));
  if (slot > 0) await collectTicks(opened.egress, slot);
  return opened;
}

describe('tryPushColumns', () => {
  test('writes what there is room for, in two calls where the memory begins anew, and says FULL', async () => {
    const { ingress, egress } = await openAt(5);
    const calls: number[][] = [];
    const pushed = ingress.tryPushColumns(20, (columns, rows) => {
      calls.push([rows.first, rows.count, rows.from]);
      writeTicks(100)(columns, rows);
    });
    expect([pushed, ingress.lastStatus]).toEqual([8, 'FULL']);
    expect(calls).toEqual([
      [5, 3, 0],
      [0, 5, 3],
    ]);
    expect(await collectTicks(egress, 8)).toEqual(numbers(100, 108));
  });

  test('does not call the function without room, and goes on once there is some', async () => {
    const { ingress, egress } = openTicks();
    expect(ingress.tryPushColumns(8, writeTicks(0))).toBe(8);
    expect(ingress.lastStatus).toBe('OK');
    const refused = (): void => expect.unreachable();
    expect(ingress.tryPushColumns(3, refused)).toBe(0);
    expect(ingress.lastStatus).toBe('FULL');
    expect(ingress.tryPushColumns(0, refused)).toBe(0);
    expect(ingress.lastStatus).toBe('OK');
    expect(await collectTicks(egress, 8)).toEqual(numbers(0, 8));
    await ingress.ready();
    expect(ingress.tryPushColumns(3, writeTicks(8))).toBeGreaterThan(0);
  });

  test('shows a large batch at once, and a small one in a microtask', async () => {
    const { ingress, pipeline } = openTicks(256);
    const published = (): number => pipeline.snapshot().agents[0]?.sequence ?? -1;
    ingress.tryPushColumns(64, writeTicks(0));
    expect(published()).toBe(64);
    ingress.tryPushColumns(3, writeTicks(64));
    expect(published()).toBe(64);
    await Promise.resolve();
    expect(published()).toBe(67);
    ingress.tryPushColumns(2, writeTicks(67));
    ingress.flush();
    expect(published()).toBe(69);
  });

  test('counts what a lane that drops has no room for as DROPPED', async () => {
    const pipeline = openGraph(
      [
        { from: 'in', to: 'pass_out', lane: SLOTS, on_full: 'Drop' },
        { from: 'pass_out', to: 'out', lane: SLOTS },
      ],
      TICK,
    );
    const ingress = pipeline.ingress('in') as unknown as PushHandle<Tick>;
    const egress = pipeline.egress('out') as unknown as PollHandle<Tick>;
    let written = 0;
    const done = ingress.tryPushColumns(60, (columns, rows) => {
      written += rows.count;
      writeTicks(0)(columns, rows);
    });
    expect([done, written, ingress.lastStatus]).toEqual([60, 50, 'DROPPED']);
    expect(await ingress.pushColumns(1, writeTicks(50))).toBeLessThanOrEqual(1);
    await collectTicks(egress, 50);
    ingress.close();
    while (!egress.ended) if (egress.poll(() => {}) === 0) await turn();
    const ledger = await pipeline.stop();
    expect(ledger.balanced).toBe(true);
    const dropped = ledger.lanes['in->pass_out']?.dropped.full ?? 0;
    expect(dropped).toBeGreaterThanOrEqual(10);
    expect(ledger.boundaries.in).toMatchObject({ published: 61 - dropped });
  });

  test('pushes nothing when the function throws, also in its second call, and the next push has the place', async () => {
    const { pipeline, ingress, egress } = await openAt(5);
    const fails = (columns: RecordColumns<Tick>, rows: ColumnRows<Tick>): void => {
      writeTicks(900)(columns, rows);
      if (rows.from > 0) throw new TypeError('no more');
    };
    expect(() => ingress.tryPushColumns(6, fails)).toThrow('no more');
    expect(ingress.tryPush({ v: 5 })).toBe('OK');
    expect(ingress.tryPushColumns(4, writeTicks(6))).toBe(4);
    expect(await collectTicks(egress, 5)).toEqual(numbers(5, 10));
    expect(await pipeline.stop()).toMatchObject({ balanced: true, boundaries: { in: { published: 10 } } });
  });

  test('refuses a promise as the answer, and pushes nothing', async () => {
    const { ingress, egress } = openTicks();
    const later = async (columns: RecordColumns<Tick>, rows: ColumnRows<Tick>) => writeTicks(9)(columns, rows);
    expect(() => ingress.tryPushColumns(3, later)).toThrow(
      expect.objectContaining({ code: 'WRONG_USE', message: expect.stringContaining('cannot be async') }),
    );
    ingress.tryPush({ v: 1 });
    expect(await collectTicks(egress, 1)).toEqual([1]);
  });

  const USES: Readonly<Record<string, (ingress: PushHandle<Tick>) => unknown>> = {
    tryPush: (ingress) => ingress.tryPush({ v: 7 }),
    tryPushBatch: (ingress) => ingress.tryPushBatch([{ v: 7 }]),
    tryPushColumns: (ingress) => ingress.tryPushColumns(1, writeTicks(7)),
    claim: (ingress) => ingress.claim(),
    push: (ingress) => ingress.push({ v: 7 }),
    'push with options': (ingress) => ingress.push({ v: 7 }, { deadline: 50 }),
    pushBatch: (ingress) => ingress.pushBatch([{ v: 7 }]),
    pushColumns: (ingress) => ingress.pushColumns(1, writeTicks(7)),
    ready: (ingress) => ingress.ready(),
  };

  test.each(Object.keys(USES))('refuses %s of the same handle inside the function, and goes on', async (use) => {
    const { pipeline, ingress, egress } = openTicks();
    const answers: unknown[] = [];
    const words = 'used inside the callback of tryPushColumns or pushColumns: return from it first';
    ingress.tryPushColumns(3, (columns, rows) => {
      try {
        const answer = USES[use]?.(ingress);
        answers.push((answer as Promise<unknown>).catch((error: unknown) => error));
      } catch (error) {
        answers.push(error);
      }
      ingress.flush();
      writeTicks(0)(columns, rows);
    });
    const refused = { code: 'WRONG_USE', message: expect.stringContaining(words) };
    expect(await answers[0]).toMatchObject(refused);
    expect(ingress.tryPush({ v: 3 })).toBe('OK');
    expect(await collectTicks(egress, 4)).toEqual(numbers(0, 4));
    expect(await pipeline.stop()).toMatchObject({ balanced: true, boundaries: { in: { published: 4 } } });
  });

  test.each(['close', 'release', 'stop', 'halt'])('pushes nothing when the function has called %s', async (how) => {
    const { pipeline, ingress, egress } = openTicks();
    ingress.tryPush({ v: 0 });
    let ending: unknown;
    const pushed = ingress.tryPushColumns(3, (columns, rows) => {
      writeTicks(1)(columns, rows);
      ending = how === 'close' || how === 'release' ? ingress[how]() : pipeline[how as 'stop' | 'halt']();
    });
    expect([pushed, ingress.lastStatus]).toEqual([0, 'CLOSED']);
    expect([ingress.tryPushColumns(1, writeTicks(1)), ingress.lastStatus]).toEqual([0, 'CLOSED']);
    if (how === 'halt') return;
    expect(await collectTicks(egress, 1)).toEqual([0]);
    if (how === 'release') {
      const again = pipeline.ingress('in');
      expect(again.tryPushColumns(1, writeTicks(1))).toBe(1);
      expect(await collectTicks(egress, 1)).toEqual([1]);
    }
    await ending;
    expect((await pipeline.stop()).balanced).toBe(true);
  });

  test('makes an open claim void', async () => {
    const { ingress, egress } = openTicks();
    const writer = ingress.claim();
    ingress.tryPushColumns(1, writeTicks(0));
    if (writer !== undefined) writer.fields.v = 99;
    expect(() => ingress.publish()).toThrow('publish() of a void claim');
    expect(await collectTicks(egress, 1)).toEqual([0]);
  });

  test('stores what the arrays make of a value, without a check', async () => {
    const codec = {
      kind: 'struct',
      fields: [
        { name: 'a', type: 'u8' },
        { name: 'y', type: 'f64' },
      ],
    } as const;
    const pipeline = openRing({ codec });
    pipeline.ingress('in').tryPushColumns(1, ({ a, y }, { first, steps, offsets }) => {
      a[first * steps.a + offsets.a] = 300;
      y[first * steps.y + offsets.y] = 'text' as unknown as number;
    });
    expect(await collect(pipeline.egress('out'), 1)).toEqual([{ a: 44, y: Number.NaN }]);
  });

  test.each([-1, 1.5, Number.NaN, '3'])('refuses %s as the count', async (count) => {
    const { ingress } = openTicks();
    const refused = expect.objectContaining({
      code: 'BAD_OPTION',
      message: expect.stringContaining('count is'),
    });
    expect(() => ingress.tryPushColumns(count as number, writeTicks(0))).toThrow(refused);
    await expect(ingress.pushColumns(count as number, writeTicks(0))).rejects.toEqual(refused);
  });
});

describe('pushColumns', () => {
  test('waits for room until all records are in', async () => {
    const { pipeline, ingress, egress } = openTicks();
    const pushing = ingress.pushColumns(1000, writeTicks(0));
    expect(await collectTicks(egress, 1000)).toEqual(numbers(0, 1000));
    expect(await pushing).toBe(1000);
    expect(await pipeline.stop()).toMatchObject({ balanced: true, boundaries: { in: { published: 1000 } } });
  });

  test('keeps its turn: a push behind it goes in behind all of it', async () => {
    const { ingress, egress } = openTicks();
    const pushing = [ingress.pushColumns(20, writeTicks(0)), ingress.push({ v: 20 })];
    expect(ingress.tryPush({ v: 99 })).toBe('FULL');
    expect(await collectTicks(egress, 21)).toEqual(numbers(0, 21));
    expect(await Promise.all(pushing)).toEqual([20, 'OK']);
    expect(ingress.tryPush({ v: 21 })).toBe('OK');
  });

  test('rejects with what the function throws; what it had written in calls before is in', async () => {
    const { ingress, egress } = openTicks();
    const pushing = ingress.pushColumns(20, (columns, rows) => {
      if (rows.from >= 8) throw new RangeError(`at ${rows.from}`);
      writeTicks(0)(columns, rows);
    });
    const failed = expect(pushing).rejects.toThrow(/^at /);
    expect(await collectTicks(egress, 8)).toEqual(numbers(0, 8));
    await failed;
    expect(ingress.tryPush({ v: 8 })).toBe('OK');
    expect(await collectTicks(egress, 1)).toEqual([8]);
  });

  test('rejects when the ingress closes, and says how many are in', async () => {
    const { ingress } = openTicks();
    const pushing = ingress.pushColumns(20, writeTicks(0));
    ingress.close();
    await expect(pushing).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(ingress.pushColumns(1, writeTicks(0))).rejects.toThrow('0 of 1 records are in');
  });

  test('rejects at its deadline, and what is in stays in', async () => {
    const { ingress, egress } = openTicks();
    const late = ingress.pushColumns(20, writeTicks(0), { deadline: 5 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE' });
    expect(await collectTicks(egress, 8)).toEqual(numbers(0, 8));
  });
});

describe('pollColumns', () => {
  test('shows records with their place, sequence and number, up to the limit', async () => {
    const { ingress, egress } = await openAt(6);
    ingress.tryPushColumns(8, writeTicks(6));
    ingress.flush();
    const calls: number[][] = [];
    let polled = 0;
    const note = (_: unknown, rows: PolledRows<Tick>): void => {
      calls.push([rows.first, rows.count, rows.from, rows.sequence, rows.shard]);
    };
    await until(() => {
      polled += egress.pollColumns(note, 5 - polled);
      return polled === 5;
    });
    expect(polled).toBe(5);
    expect(calls[0]?.[0]).toBe(6);
    expect(calls.map(([, count]) => count as number).reduce((sum, count) => sum + count)).toBe(5);
    for (const [first, , , sequence] of calls) expect((sequence as number) % 8).toBe(first);
    expect(await collectTicks(egress, 3)).toEqual([11, 12, 13]);
  });

  test('leaves out what a stage has filtered', async () => {
    const codec = {
      kind: 'struct',
      fields: [
        { name: 'kind', type: 'u8' },
        { name: 'v', type: 'u32' },
      ],
    } as const;
    const stages = [{ id: 'keep', op: 'filter', config: { starts_with: 'K' } }];
    const pipeline = openRing({ codec, stages }, { capacity: 16 });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    const kept = (i: number): boolean => i % 4 !== 0 && i % 7 !== 0;
    const pushing = ingress.pushColumns(300, ({ kind, v }, { first, count, steps, offsets, from }) => {
      for (let k = 0; k < count; k++) {
        kind[(first + k) * steps.kind + offsets.kind] = kept(from + k) ? 0x4b : 0x6f;
        v[(first + k) * steps.v + offsets.v] = from + k;
      }
    });
    const wanted = numbers(0, 300).filter(kept);
    const seen: number[] = [];
    while (seen.length < wanted.length) {
      const polled = egress.pollColumns(({ v }, { first, count, steps, offsets }) => {
        for (let k = 0; k < count; k++) seen.push(v[(first + k) * steps.v + offsets.v] as number);
      });
      if (polled === 0) await turn();
    }
    expect(seen).toEqual(wanted);
    await pushing;
    const ledger = await pipeline.stop();
    expect(ledger).toMatchObject({ balanced: true, boundaries: { out: { out: wanted.length } } });
    expect(ledger.stages.keep).toMatchObject({ in: 300, filtered: 300 - wanted.length });
  });

  test('reads every shard of a ring, and names it', async () => {
    const key = { kind: 'field', name: 'v' } as const;
    const pipeline = openRing({ codec: TICK, shards: 3, shard_key: key }, { capacity: 64 });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    for (let v = 0; v < 60; v++) ingress.tryPush({ v });
    const shards = new Set<number>();
    const seen: number[] = [];
    await until(() => {
      egress.pollColumns((columns, rows) => {
        shards.add(rows.shard);
        readTicks(seen)(columns, rows);
      });
      return seen.length === 60;
    });
    expect(seen.sort((a, b) => a - b)).toEqual(numbers(0, 60));
    expect([...shards].sort()).toEqual([0, 1, 2]);
    expect((await pipeline.stop()).balanced).toBe(true);
  });

  test('has taken the stretch in which the function throws, and no other record', async () => {
    const { pipeline, ingress, egress } = await openAt(5);
    ingress.tryPushColumns(8, writeTicks(5));
    ingress.flush();
    await until(() => pipeline.snapshot().agents[1]?.sequence === 13);
    const fails = (): void => {
      throw new Error('enough');
    };
    expect(() => egress.pollColumns(fails)).toThrow('enough');
    expect(await collectTicks(egress, 5)).toEqual(numbers(8, 13));
    expect(await pipeline.stop()).toMatchObject({ balanced: true, boundaries: { out: { out: 13 } } });
  });

  test('ends after the stretch in which the handle is released, and its next owner goes on', async () => {
    const { pipeline, ingress, egress } = await openAt(5);
    ingress.tryPushColumns(8, writeTicks(5));
    ingress.flush();
    await until(() => pipeline.snapshot().agents[1]?.sequence === 13);
    expect(egress.pollColumns(() => egress.release())).toBe(3);
    expect(await collectTicks(pipeline.egress('out'), 5)).toEqual(numbers(8, 13));
    expect(() => egress.pollColumns(() => {})).toThrow('was given back');
  });

  test('refuses a promise as the answer, a poll inside, and a limit that is none', async () => {
    const { ingress, egress } = openTicks();
    ingress.tryPushColumns(2, writeTicks(0));
    let refused: unknown;
    const inside = (): void => {
      try {
        egress.pollColumns(() => {});
      } catch (error) {
        refused = error;
      }
    };
    await until(() => egress.pollColumns(inside, 1) === 1);
    expect(refused).toMatchObject({ code: 'WRONG_USE', message: expect.stringContaining('inside its own callback') });
    expect(() => egress.pollColumns(async () => {})).toThrow('cannot be async (its records have been taken)');
    expect(() => egress.pollColumns(() => {}, -1)).toThrow('limit is -1');
  });
});

describe('records that have no columns', () => {
  const refusal = (words: string) =>
    expect.objectContaining({ code: 'WRONG_USE', message: expect.stringContaining(words) });
  const ends = (pipeline: unknown) => endsOf(pipeline as Pipeline);
  const nothing = (): void => expect.unreachable();

  test('are refused by name where they are bytes', async () => {
    const { ingress, egress } = ends(openRing({ codec: 'bytes' }));
    const words =
      '"in" has no columns to push through: its codec is "bytes", not a struct; use tryPushBatch, or claim()';
    expect(() => ingress.tryPushColumns(1, nothing)).toThrow(refusal(words));
    await expect(ingress.pushColumns(1, nothing)).rejects.toEqual(refusal(words));
    expect(() => egress.pollColumns(nothing)).toThrow(
      refusal('"out" has no columns to poll: its codec is "bytes", not a struct; use poll or pollBatch'),
    );
  });

  test('are refused in a journal, whose records are frames', () => {
    const { ingress } = ends(openLine(TICK, { kind: 'Journal', fsync: 'none' }));
    expect(() => ingress.tryPushColumns(1, nothing)).toThrow(refusal('frames of a Journal lane'));
  });

  test('are refused in a ring whose stages may change their length', () => {
    const stages = [{ id: 'more', op: 'append', config: { text: '!' } }];
    const { ingress } = ends(openRing({ codec: TICK, stages, out: 'bytes' }));
    expect(() => ingress.tryPushColumns(1, nothing)).toThrow(refusal('a stage may change their length'));
  });

  test('are refused by the push handle of a ring of several shards', () => {
    const key = { kind: 'field', name: 'v' } as const;
    const { ingress } = ends(openRing({ codec: TICK, stages: IDENTITY, shards: 2, shard_key: key }));
    expect(() => ingress.tryPushColumns(1, nothing)).toThrow(
      refusal('it has 2 shards, and the key of a record decides its shard'),
    );
  });
});

test('a worker pushes through columns what another thread reads through them', async () => {
  const pipeline = openRing({ codec: TICK }, { capacity: 64 });
  const word = next(start('pushColumns', { number: pipeline.number, count: 5000 }));
  expect(await collectTicks(pipeline.egress('out'), 5000)).toEqual(numbers(0, 5000));
  expect(await word).toEqual({ pushed: 5000 });
  expect((await pipeline.stop()).balanced).toBe(true);
});
