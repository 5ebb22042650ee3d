import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SingleRingPlan } from '../../lib/plan/document.js';
import { validate } from '../../lib/validate/validate.js';
import { compile } from '../../lib/version/version.js';
import { asLaneGraph, NoLaneGraphError } from '../../lib/view/as-lane-graph.js';
import { eventsDiamond } from '../lower/graphs.js';
import { chain, checked, diamond, eight, ring, shards } from '../lower/plans.js';
import { arbitraryRingPlan } from '../support/arbitrary-plan.js';

describe('asLaneGraph', () => {
  it('joins the stages of a chain by Events lanes', () => {
    expect(asLaneGraph(chain)).toEqual({
      version: 2,
      name: 'chain',
      target: 'LaneGraph',
      stages: chain.stages,
      boundaries: chain.boundaries,
      lane_graph: {
        connections: [
          { from: 'in', to: 'errors', lane: { kind: 'Events' } },
          { from: 'errors', to: 'stamp', lane: { kind: 'Events' } },
          { from: 'stamp', to: 'sum', lane: { kind: 'Events' } },
          { from: 'sum', to: 'out', lane: { kind: 'Events' } },
        ],
      },
    });
  });

  it('takes a stage that also waits for earlier ones as one of the chain', () => {
    const plan = ring('p', [
      ['a', 'identity', []],
      ['b', 'identity', ['a']],
      ['c', 'identity', ['a', 'b']],
    ]);
    expect(asLaneGraph(plan).lane_graph.connections.map(({ from, to }) => [from, to])).toEqual([
      ['in', 'a'],
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'out'],
    ]);
  });

  it.each([
    [
      diamond,
      'plan "diamond" has no LaneGraph document that does the same: "right" waits for "head" and not for "left", so it is not a chain',
    ],
    [eight, '"d" waits for "b" and not for "c"'],
    [shards, 'it has 4 shards, and a graph runs once'],
    [eventsDiamond, 'plan "events-diamond" has no LaneGraph document that does the same: it is one already'],
    [
      ring('p', [
        ['a', 'identity', []],
        ['b', 'identity', []],
      ]),
      '"b" waits for the ingress and not for "a"',
    ],
  ])('refuses what is not a chain on one ring, and says why', (plan, reason) => {
    expect(() => asLaneGraph(plan)).toThrow(NoLaneGraphError);
    expect(() => asLaneGraph(plan)).toThrow(reason);
  });

  it('gives a valid plan with nothing to insert for every chain', () => {
    const chains = arbitraryRingPlan({ callerOps: true, maxShards: 1 }).map((plan): SingleRingPlan => {
      const stages = plan.single_ring.stages.map(({ stage }, index, all) => {
        return { stage, depends_on: index === 0 ? [] : [all[index - 1]?.stage ?? ''] };
      });
      return { ...plan, single_ring: { ...plan.single_ring, stages } };
    });
    fc.assert(
      fc.property(chains, (plan) => {
        const before = structuredClone(plan);
        const document = asLaneGraph(checked(plan));
        expect(plan).toEqual(before);
        expect(validate(document).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        const [from, to] = [compile(plan), compile(document)];
        expect(to.report.inserted).toEqual([]);
        expect(to.report.roles.map(({ id, kind }) => [id, kind])).toEqual(
          from.report.roles.map(({ id, kind }) => [id, kind]),
        );
        expect(to.lowered.stages).toEqual(from.lowered.stages);
      }),
    );
  });
});
