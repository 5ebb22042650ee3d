import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { compile, open } from '../../lib/index.js';
import { Region } from '../../lib/runtime/region.js';
import { readSnapshot } from '../../lib/runtime/snapshot.js';
import { BLOCKED_ON_MAX, NO_AGENT, WaitChains } from '../../lib/runtime/wait-chains.js';

/** Follows the waits of one agent to the first that does not wait, or until the chain closes on itself. */
function followed(next: readonly number[], agent: number): number[] {
  const chain: number[] = [];
  const seen = new Set([agent]);
  for (let at = next[agent] as number; at !== NO_AGENT && !seen.has(at); at = next[at] as number) {
    seen.add(at);
    chain.push(at);
  }
  return chain;
}

const waits = fc
  .integer({ min: 1, max: 60 })
  .chain((count) => fc.array(fc.integer({ min: NO_AGENT, max: count - 1 }), { minLength: count, maxLength: count }));

describe('chains of waits', () => {
  test('are those that one finds by following each, circles included', () => {
    fc.assert(
      fc.property(waits, (next) => {
        const chains = new WaitChains(next);
        for (const agent of next.keys()) {
          const expected = followed(next, agent);
          const shown = expected.length <= BLOCKED_ON_MAX ? expected : [...expected.slice(0, 15), expected.at(-1)];
          const end = expected.at(-1) ?? NO_AGENT;
          const waiter = expected.length === 0 ? NO_AGENT : (expected.at(-2) ?? agent);
          const right = [expected.length, end, waiter, ...shown].join();
          const { count, end: foundEnd, waiter: foundWaiter } = chains.chain(agent);
          // Compared as text: an assertion for each agent would take most of the time.
          const found = [count, foundEnd, foundWaiter, ...chains.links(agent)].join();
          if (found !== right) expect({ next, agent, found }).toEqual({ next, agent, found: right });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['in a row', (agent: number, count: number) => (agent + 1 < count ? agent + 1 : NO_AGENT)],
    ['in a row, the other way round', (agent: number) => agent - 1],
    ['in a circle', (agent: number, count: number) => (agent + 1) % count],
    ['all for one', (agent: number) => (agent === 0 ? NO_AGENT : 0)],
    ['in a row into a circle', (agent: number, count: number) => (agent + 1 < count ? agent + 1 : count >> 1)],
  ])('take as many looks as there are agents: %s', (_, nextOf) => {
    for (const count of [256, 2048, 65_536]) {
      const chains = new WaitChains(Array.from({ length: count }, (_, agent) => nextOf(agent, count)));
      expect(chains.steps).toBeLessThanOrEqual(count);
      for (let agent = 0; agent < count; agent++) chains.links(agent);
      expect(chains.steps).toBeLessThanOrEqual((1 + BLOCKED_ON_MAX) * count);
    }
  });
});

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

/** Values and texts read from a region while `work` is done. */
function readsOf(work: () => void): number {
  const spies = (['u32', 'u64', 'f64', 'text', 'check'] as const).map((name) => vi.spyOn(Region.prototype, name));
  try {
    work();
    return spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test('a snapshot and a ledger read in proportion to the stages', () => {
  const reads = [64, 128, 256, 512].map((count) => {
    const pipeline = open(line(count) as never, { threads: 1, laneBytes: 256, recordMax: 16, pin: false });
    try {
      return { snapshot: readsOf(() => pipeline.snapshot()), ledger: readsOf(() => pipeline.ledger()) };
    } finally {
      pipeline.halt();
    }
  });
  for (const what of ['snapshot', 'ledger'] as const)
    for (const [at, { [what]: few }] of reads.slice(0, -1).entries()) {
      const many = reads[at + 1]?.[what] as number;
      // Twice the stages; chains that happen to be longer or shorter are bounded too.
      expect(many / few, what).toBeLessThan(2.5);
    }
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
    const options = { threads: 1, capacity: 16, recordMax: 16, arenaBytes: 1024, pin: false };
    const pipeline = open(sharded(shards) as never, options);
    try {
      return readsOf(() => pipeline.snapshot()) + readsOf(() => pipeline.ledger());
    } finally {
      pipeline.halt();
    }
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
