import { describe, expect, it } from 'vitest';
import { planMemory, resolveSizes, SIZE_DEFAULTS, type SizesAsked } from '../../lib/layout/memory.js';
import { lower } from '../../lib/lower/index.js';
import { chain, diamond, shards } from '../lower/plans.js';

const plan = (spec: Parameters<typeof planMemory>[0], asked: SizesAsked = {}, threads = 1) =>
  planMemory(spec, resolveSizes(spec, asked), threads);

describe('resolveSizes', () => {
  it('takes the stated defaults', () => {
    expect(resolveSizes(lower(chain))).toEqual({
      capacity: SIZE_DEFAULTS.capacity,
      slotCount: 8192,
      slotStride: 16,
      wordBytes: 0,
      recordMax: 1_048_576,
      arenaBytes: 4_194_304,
      stampCount: 8,
    });
  });

  it('rounds slots up to a power of two and keeps the capacity exact', () => {
    expect(resolveSizes(lower(chain), { capacity: 1000 })).toMatchObject({
      capacity: 1000,
      slotCount: 1024,
      stampCount: 1,
    });
  });

  it('makes the arena large enough for two of the largest records with their room', () => {
    expect(resolveSizes(lower(chain), { recordMax: 4 * 1024 * 1024 }).arenaBytes).toBe(16 * 1024 * 1024);
  });

  it('shares the default arena among shards, down to what two records need', () => {
    const variable = { ...lower(shards), layout: 'Variable', recordBytes: 0 } as const;
    expect(resolveSizes(variable, { recordMax: 1000 }).arenaBytes).toBe(1024 * 1024);
    expect(resolveSizes({ ...variable, shards: 64 }, { recordMax: 100 }).arenaBytes).toBe(64 * 1024);
    expect(resolveSizes({ ...variable, shards: 64 }).arenaBytes).toBe(2 * 1024 * 1024);
  });

  it('needs no arena in the Fixed layout, whose slots are the records', () => {
    expect(resolveSizes(lower(shards))).toMatchObject({ slotStride: 24, recordMax: 24, arenaBytes: 0 });
  });

  it('keeps a slot with a sequence word within one cache line where it fits', () => {
    const spec = lower(shards);
    const strides = [1, 24, 56, 57, 200].map(
      (recordBytes) => resolveSizes({ ...spec, recordBytes }, { sequenceWords: true }).slotStride,
    );
    expect(strides).toEqual([16, 32, 64, 128, 256]);
    expect(resolveSizes(lower(chain), { sequenceWords: true }).slotStride).toBe(16);
  });

  it.each<[SizesAsked, string]>([
    [{ capacity: 0 }, 'capacity is 0; give an integer from 1 to 1073741824'],
    [{ capacity: 1.5 }, 'capacity is 1.5; give an integer from 1 to 1073741824'],
    [{ recordMax: 2 ** 30 }, 'recordMax is 1073741824; give an integer from 1 to 536870912'],
    [{ recordMax: 2 ** 29 }, 'recordMax is 536870912; with the room that this plan’s ops add, no arena can hold it'],
    [{ arenaBytes: 3 * 2 ** 20 }, 'arenaBytes is 3145728; give an integer from 4194304 to 1073741824'],
    [{ arenaBytes: 5 * 2 ** 20 }, 'arenaBytes is 5242880; give a power of two'],
  ])('refuses %j', (asked, message) => {
    expect(() => resolveSizes(lower(chain), asked)).toThrow(new RangeError(message.replace('’', "'")));
  });
});

describe('planMemory', () => {
  it('lists every table, in the order of the region, and its sum is the whole', () => {
    const { rows, totalBytes } = plan(lower(diamond));
    expect(rows.map((row) => row.table)).toEqual([
      'header',
      'agents',
      'threads',
      'rings',
      'producers',
      'consumers',
      'lists',
      'texts',
      'histograms',
      'stamps',
      'marks',
      'slots',
      'arenas',
      'padding',
    ]);
    expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(totalBytes);
    for (const row of rows) expect(row.bytes).toBe(row.count * row.bytesEach);
  });

  it('ends the observable part and the whole on a page', () => {
    const { observableBytes, totalBytes, sizes } = plan(lower(diamond));
    expect(observableBytes % 4096).toBe(0);
    expect(totalBytes - observableBytes).toBe(2 * sizes.slotCount + 16 * sizes.slotCount + sizes.arenaBytes);
  });

  it('grows by a whole set of tables a shard, and by one block and two list places a thread and shard', () => {
    const one = plan(lower(chain)).rows;
    const four = plan({ ...lower(chain), shards: 4 }, { arenaBytes: 4 * 2 ** 20 }).rows;
    const count = (rows: typeof one, table: string): number => rows.find((row) => row.table === table)?.count ?? 0;
    for (const table of [
      'agents',
      'rings',
      'producers',
      'consumers',
      'lists',
      'histograms',
      'stamps',
      'slots',
      'arenas',
    ])
      expect(count(four, table)).toBe(4 * count(one, table));
    const threads = plan(lower(chain), {}, 3).rows;
    expect(count(threads, 'threads')).toBe(3);
    const lists = (rows: typeof one): number => rows.find((row) => row.table === 'lists')?.bytes ?? 0;
    expect(lists(threads) - lists(one)).toBe(2 * 2 * 8);
  });
});

describe('what lies beside the region', () => {
  it('is a table of keys a shard for every keyed count, and nothing otherwise', () => {
    const { beside, totalBytes, mappedBytes } = plan(lower(diamond));
    expect(beside).toEqual([{ table: 'key tables', count: 1, bytesEach: 6_291_456, bytes: 6_291_456 }]);
    expect(mappedBytes - totalBytes).toBe(6_291_456);
    expect(plan(lower(chain)).beside).toEqual([]);
    expect(plan(lower(shards)).beside).toMatchObject([{ count: 4 }]);
  });
});
