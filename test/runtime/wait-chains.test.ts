import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOCKED_ON_MAX, NO_AGENT, WaitChains } from '../../lib/region/wait-chains.js';

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
        const chains = new WaitChains(Int32Array.from(next));
        for (const agent of next.keys()) {
          const expected = followed(next, agent);
          const shown = expected.length <= BLOCKED_ON_MAX ? expected : [...expected.slice(0, 15), expected.at(-1)];
          const end = expected.at(-1) ?? NO_AGENT;
          const waiter = expected.length === 0 ? NO_AGENT : (expected.at(-2) ?? agent);
          const right = [expected.length, end, waiter, ...shown].join();
          const ends = [chains.counts[agent], chains.ends[agent], chains.waiters[agent]];
          // Compared as text: an assertion for each agent would take most of the time.
          const found = [...ends, ...chains.links(agent, [...next.keys()])].join();
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
      const chains = new WaitChains(Int32Array.from({ length: count }, (_, agent) => nextOf(agent, count)));
      expect(chains.steps).toBeLessThanOrEqual(count);
      const all = Int32Array.from({ length: count }, (_, agent) => agent);
      for (let agent = 0; agent < count; agent++) chains.links(agent, all);
      expect(chains.steps).toBeLessThanOrEqual((1 + BLOCKED_ON_MAX) * count);
    }
  });
});
