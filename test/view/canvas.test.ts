import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import { compile } from '../../lib/version/version.js';
import { viewAsGraph, viewAsRing } from '../../lib/view/canvas.js';
import { canvasText } from '../../lib/view/canvas-text.js';
import { graph, graphs, journalBranch, ordered } from '../lower/graphs.js';
import { callers, chain, checked, diamond, eight, shards } from '../lower/plans.js';
import { arbitraryPlan } from '../support/arbitrary-plan.js';

const golden = { chain, diamond, eight, shards, callers, ...graphs };

describe('a view', () => {
  it.each(Object.entries(golden))('gives the golden texts for %s', async (name, plan) => {
    const texts = [viewAsRing(plan), viewAsGraph(plan)].map((canvas) => `${canvasText(canvas)}\n`);
    await expect(texts.join('\n----\n\n')).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it('shows a graph as a line, every stage behind those that it depends on', () => {
    expect(viewAsRing(journalBranch)).toMatchObject({
      as: 'ring',
      plan: { name: 'journal-branch', target: 'LaneGraph' },
      ingresses: ['in'],
      stages: [
        { stage: 'split', op: 'identity', depends_on: [], ingresses: ['in'] },
        { stage: 'keep', op: 'identity', depends_on: ['split'], ingresses: [] },
      ],
      egresses: [{ id: 'out', depends_on: ['split', 'keep'] }],
      notes: ['Its 4 connections are lanes (Events, Journal), which are not shown.'],
    });
  });

  it('shows a ring as a topology, with a place for each node', () => {
    expect(viewAsGraph(diamond)).toMatchObject({
      as: 'graph',
      plan: { name: 'diamond', target: 'SingleRing' },
      nodes: [
        { id: 'in', kind: 'ingress', column: 0, row: 0 },
        { id: 'head', kind: 'stage', op: 'filter', column: 1, row: 0 },
        { id: 'left', kind: 'stage', op: 'filter', column: 2, row: 0 },
        { id: 'right', kind: 'stage', op: 'count', column: 2, row: 1 },
        { id: 'tail', kind: 'stage', op: 'reject', column: 3, row: 0 },
        { id: 'out', kind: 'egress', column: 4, row: 0 },
      ],
      edges: [
        { from: 'in', to: 'head', lane: 'Ring', on_full: 'Block' },
        { from: 'head', to: 'left' },
        { from: 'head', to: 'right' },
        { from: 'left', to: 'tail' },
        { from: 'right', to: 'tail' },
        { from: 'tail', to: 'out' },
      ],
    });
  });

  it('says what it cannot show', () => {
    expect(viewAsRing(ordered).notes).toEqual([
      'Its 8 connections are lanes (Events, SequencedSlots), which are not shown.',
      'Policies are not shown: in, out.',
    ]);
    const several = graph('p', [['in-a -> x', 'Events', 'Drop'], ['in-b -> x'], ['x -> out']]);
    expect(viewAsRing(several).notes).toEqual([
      'A ring has one ingress and one egress; this plan has 2 and 1.',
      'Its 3 connections are lanes (Events), which are not shown.',
      '1 connection may drop records; a ring never does.',
    ]);
    expect(viewAsGraph(shards).notes).toEqual([
      'Its stages work in place on the slots of a ring; there are no lanes.',
      'It runs 4 times in parallel (shards), each with a part of the records.',
      'Order is kept for each key, which is not shown.',
    ]);
    expect(viewAsRing(chain).notes).toEqual([]);
    expect(viewAsGraph(journalBranch).notes).toEqual([]);
  });
});

describe('views of any plan', () => {
  const plans = arbitraryPlan({ callerOps: true, maxStages: 10 });

  it('leave the document, its text and its id as they are', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const before = structuredClone(plan);
        const version = compile(plan as PipelinePlanV2);
        const views = [viewAsRing(version.plan), viewAsGraph(version.plan)];
        expect(plan).toEqual(before);
        expect(version.plan).toEqual(before);
        const again = compile(plan as PipelinePlanV2);
        expect([again.id, again.text]).toEqual([version.id, version.text]);
        for (const view of views) expect(view.plan).toEqual({ id: version.id, name: plan.name, target: plan.target });
      }),
    );
  });

  it('hold every boundary and stage once, in an order of flow', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const all = [...plan.boundaries, ...plan.stages].map(({ id }) => id).sort();
        const ring = viewAsRing(checked(plan as PipelinePlanV2));
        const stages = ring.stages.map(({ stage }) => stage);
        expect([...ring.ingresses, ...stages, ...ring.egresses.map(({ id }) => id)].sort()).toEqual(all);
        for (const [index, { depends_on, ingresses }] of ring.stages.entries()) {
          expect(depends_on.every((before) => stages.indexOf(before) < index)).toBe(true);
          expect(depends_on.length + ingresses.length).toBeGreaterThan(0);
        }
        const { nodes, edges } = viewAsGraph(checked(plan as PipelinePlanV2));
        expect(nodes.map(({ id }) => id).sort()).toEqual(all);
        const columnOf = new Map(nodes.map(({ id, column }) => [id, column]));
        for (const { from, to } of edges) expect(columnOf.get(from)).toBeLessThan(columnOf.get(to) as number);
        const places = new Set(nodes.map(({ column, row }) => `${column} ${row}`));
        expect(places.size).toBe(nodes.length);
      }),
    );
  });

  it('show exactly what the plan joins', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const { edges } = viewAsGraph(checked(plan as PipelinePlanV2));
        if (plan.target === 'LaneGraph') {
          const { connections, on_full: graphOnFull = 'Block' } = plan.lane_graph;
          const joined = connections.map(({ from, to, lane, on_full = graphOnFull }) => {
            return { from, to, lane: lane.kind, on_full };
          });
          expect(edges).toEqual(joined);
        } else {
          for (const { stage, depends_on = [] } of plan.single_ring.stages) {
            const before = edges.filter(({ to }) => to === stage).map(({ from }) => from);
            const ingress = plan.boundaries.find(({ kind }) => kind === 'ingress')?.id;
            expect(before).toEqual(depends_on.length === 0 ? [ingress] : depends_on);
          }
        }
      }),
    );
  });
});
