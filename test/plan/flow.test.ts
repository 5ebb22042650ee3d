import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lower } from '../../lib/lower/index.js';
import { type Ends, orderedOwners, ordinalUses } from '../../lib/plan/flow.js';
import { orderedEgresses } from '../../lib/plan/policy.js';
import { checked } from '../lower/plans.js';
import { arbitraryGraphPlan } from '../support/arbitrary-plan.js';

const ends = (...pairs: readonly `${string} ${string}`[]): Ends[] =>
  pairs.map((pair) => {
    const [from = '', to = ''] = pair.split(' ');
    return { from, to };
  });

const bitsAt = (connections: readonly Ends[], end: string, emits?: (id: string) => number): number | undefined =>
  ordinalUses(connections, orderedOwners(connections, [end]), emits).get(end)?.bits;

describe('the bits of an ordinal', () => {
  it.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [8, 3],
    [9, 4],
    [16, 4],
    [17, 5],
  ])('that a merge of %i takes are %i', (ways, bits) => {
    const branches = Array.from({ length: ways }, (_, way) => ends(`in b${way}`, `b${way} out`)).flat();
    expect(bitsAt(branches, 'out')).toBe(bits);
  });

  it('add up in a row, and count once beside each other', () => {
    const row = ends('in a', 'in b', 'a m', 'b m', 'm c', 'm d', 'c out', 'd out');
    expect(bitsAt(row, 'out')).toBe(2);
    const beside = ends('in a', 'in b', 'a m', 'b m', 'in c', 'in d', 'c n', 'd n', 'm out', 'n out');
    expect(bitsAt(beside, 'out')).toBe(2);
  });

  it('are also taken by what a stage emits', () => {
    expect(bitsAt(ends('in a', 'a out'), 'out', (id) => (id === 'a' ? 9 : 1))).toBe(4);
  });

  it('name the way that needs most', () => {
    const uses = ordinalUses(
      ends('in a', 'in b', 'a m', 'b m', 'm out', 'in out'),
      new Set(['m', 'out', 'a', 'b', 'in']),
    );
    expect(uses.get('out')).toEqual({ bits: 2, own: 1, before: 'm' });
  });

  it('are the same of a plan’s connections and of the roles that it is lowered to', () => {
    fc.assert(
      fc.property(arbitraryGraphPlan({ maxStages: 10 }), (plan) => {
        const { connections } = plan.lane_graph;
        const uses = ordinalUses(connections, orderedOwners(connections, orderedEgresses(plan)));
        const { roles, lanes } = lower(checked(plan));
        const used = lanes.map(() => 0);
        for (const { inlets, outlets, policy } of roles) {
          let bits = Math.max(0, ...inlets.map((lane) => used[lane] as number));
          for (let copies = 1; policy === 'Ordered' && copies < inlets.length; copies *= 2) bits += 1;
          for (const lane of outlets) used[lane] = bits;
        }
        expect(Math.max(0, ...[...uses.values()].map(({ bits }) => bits))).toBe(Math.max(0, ...used));
      }),
    );
  });
});
