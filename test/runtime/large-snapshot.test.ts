import { expect, test, vi } from 'vitest';
import { compile, type OpenOptions, open } from '../../lib/index.js';
import { readLedger } from '../../lib/observe/ledger.js';
import { readRegionFile } from '../../lib/observe/observed.js';
import { readSnapshot } from '../../lib/region/snapshot.js';
import { BLOCKED_ON_MAX } from '../../lib/region/wait-chains.js';

/** What a snapshot of a large pipeline costs, in looks: of the time only a quiet machine knows. */

/** A line of stages over Events lanes, each of which waits for the one before it. */
const line = (count: number) => {
  const ids = Array.from({ length: count }, (_, at) => `s${at}`);
  return compile({
    version: 2,
    name: 'line',
    target: 'LaneGraph',
    stages: ids.map((id) => ({ id, op: 'identity' })),
    boundaries: [
      { id: 'in', kind: 'ingress' },
      { id: 'out', kind: 'egress' },
    ],
    lane_graph: {
      connections: ['in', ...ids].map((from, at) => ({ from, to: ids[at] ?? 'out', lane: { kind: 'Events' } })),
    },
  });
};

interface Looks {
  /** Numbers that are looked at: of a region, and of the columns that are made of it. */
  numbers: number;
  /** Those of them that are made BigInts. */
  bigInts: number;
  /** Calls of a decoder. */
  texts: number;
}

function looksOf(work: () => void): Looks {
  const looks = { numbers: 0, bigInts: 0, texts: 0 };
  const counting = (words: object): object =>
    new Proxy(words, {
      get(target, key) {
        if (typeof key === 'string' && /^[0-9]/.test(key)) {
          looks.numbers++;
          if (target instanceof BigUint64Array) looks.bigInts++;
        }
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, key, value) => Reflect.set(target, key, value),
    });
  for (const name of ['Uint32Array', 'Int32Array', 'Float64Array', 'BigUint64Array'] as const) {
    const Words = globalThis[name] as new (...args: unknown[]) => object;
    vi.stubGlobal(name, new Proxy(Words, { construct: (_, args) => counting(new Words(...args)) }));
  }
  const decode = vi.spyOn(TextDecoder.prototype, 'decode');
  try {
    work();
    return { ...looks, texts: decode.mock.calls.length };
  } finally {
    decode.mockRestore();
    vi.unstubAllGlobals();
  }
}

/** What a pipeline's snapshot and its ledger look at. */
function looksOfBoth(version: object, options: OpenOptions): { readonly snapshot: Looks; readonly ledger: Looks } {
  const pipeline = open(version as never, { ...options, threads: 1, recordMax: 16, pin: false, observe: true });
  try {
    const bytes = readRegionFile(pipeline.status().region.path);
    return { snapshot: looksOf(() => readSnapshot(bytes)), ledger: looksOf(() => readLedger(bytes)) };
  } finally {
    pipeline.halt();
  }
}

test('a snapshot and a ledger read in proportion to the stages', () => {
  const reads = [64, 128, 256, 512].map((count) => looksOfBoth(line(count), { laneBytes: 256 }));
  for (const what of ['snapshot', 'ledger'] as const)
    for (const [at, { [what]: few }] of reads.slice(0, -1).entries()) {
      const many = reads[at + 1]?.[what] as Looks;
      // Twice the stages; chains that happen to be longer or shorter are bounded too.
      expect(many.numbers / few.numbers, what).toBeLessThan(2.5);
    }
});

test('a snapshot of a graph decodes texts and makes BigInts as often for many stages as for few', () => {
  const [few, many] = [64, 256].map((count) => looksOfBoth(line(count), { laneBytes: 256 }).snapshot);
  expect(many).toMatchObject({ bigInts: few?.bigInts, texts: few?.texts });
});

test('a snapshot of a ring reads in proportion to its shards', () => {
  const sharded = (shards: number) =>
    compile({
      version: 2,
      name: 'shards',
      target: 'SingleRing',
      stages: Array.from({ length: 16 }, (_, at) => ({ id: `s${at}`, op: 'identity' })),
      boundaries: [
        { id: 'in', kind: 'ingress' },
        { id: 'out', kind: 'egress' },
      ],
      single_ring: {
        shards,
        ordering: 'PerKey',
        shard_key: { kind: 'bytes', offset: 0, length: 1 },
        stages: Array.from({ length: 16 }, (_, at) => ({
          stage: `s${at}`,
          depends_on: at === 0 ? [] : [`s${at - 1}`],
        })),
      },
    });
  const reads = [8, 16, 32, 64].map((shards) => {
    const { snapshot, ledger } = looksOfBoth(sharded(shards), { capacity: 16, arenaBytes: 1024 });
    return snapshot.numbers + ledger.numbers;
  });
  for (const [at, few] of reads.slice(0, -1).entries()) expect((reads[at + 1] as number) / few).toBeLessThan(2.5);
});

test('of a long chain the first links and the last are shown, with how many there are', () => {
  const pipeline = open(line(40) as never, { threads: 1, laneBytes: 256, recordMax: 16, pin: false });
  try {
    pipeline.ingress('in' as never);
    const agents = pipeline.snapshot().agents;
    for (const { blocked_on, blocked_on_links } of agents)
      expect(blocked_on).toHaveLength(Math.min(blocked_on_links, BLOCKED_ON_MAX));
    expect(() => readSnapshot(new Uint8Array(8))).toThrow('a region has at least');
  } finally {
    pipeline.halt();
  }
});
