import { describe, expect, it } from 'vitest';
import { describePlan } from '../../lib/describe/describe.js';
import type { GraphDescription } from '../../lib/describe/describe-graph.js';
import { describeText } from '../../lib/describe/describe-text.js';
import { planDot } from '../../lib/describe/dot.js';
import type { BoundaryPolicy, CheckedPlan } from '../../lib/plan/document.js';
import { type ConnectionText, eventsDiamond, graph, journalBranch, line } from '../lower/graphs.js';
import { callers, chain, checked, diamond, eight, ring, shards } from '../lower/plans.js';
import { fullGraph, fullRing } from '../version/plans.js';

const golden: readonly (readonly [string, CheckedPlan])[] = [
  ['chain', chain],
  ['diamond', diamond],
  ['eight', eight],
  ['shards', shards],
  ['callers', callers],
  ['full-ring', checked(fullRing)],
  ['full-graph', checked(fullGraph)],
  ['events-diamond', eventsDiamond],
  ['journal-branch', journalBranch],
  ['line', line],
];

const oneConnection = (policy: Readonly<Record<string, BoundaryPolicy>>): CheckedPlan =>
  graph('one', [['in -> a'], ['a -> out']], { policy });

const DIAMOND: readonly ConnectionText[] = [['in -> a'], ['in -> b'], ['a -> out'], ['b -> out']];

describe('describe', () => {
  it.each(golden)('gives the golden text for %s', async (name, plan) => {
    await expect(`${describeText(describePlan(plan))}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it('says who waits for whom, who holds the producer back, and whose marks are read', () => {
    expect(describePlan(diamond)).toMatchObject({
      ingress: { id: 'in', gatedBy: ['out'], gatedByWhenDiscarded: ['tail'] },
      egress: { id: 'out', waitsFor: ['tail'], skipsFilteredBy: ['left'] },
      stages: [
        { id: 'head', waitsFor: ['in'], skipsFilteredBy: [], terminal: false, filters: true },
        { id: 'left', waitsFor: ['head'], skipsFilteredBy: ['head'], terminal: false, filters: true },
        { id: 'right', waitsFor: ['head'], skipsFilteredBy: ['head'], terminal: false, sink: true },
        { id: 'tail', waitsFor: ['left', 'right'], skipsFilteredBy: ['left'], terminal: true, fails: true },
      ],
    });
  });

  it('gives the reason for the layout', () => {
    const withStruct = ring('w', [['a', 'append', [], { text: 'x' }]], { boundaries: shards.boundaries });
    expect([shards, chain, withStruct].map((plan) => describePlan(plan))).toMatchObject([
      {
        layout: {
          kind: 'Fixed',
          reason: 'events takes structs of 24 bytes and no stage changes their length, so the record is the slot',
        },
      },
      { layout: { kind: 'Variable', reason: 'records of in have any length, so slots point into an arena' } },
      { layout: { kind: 'Variable', reason: 'a may change the length of a record, so slots point into an arena' } },
    ]);
  });

  it('counts the bytes for the sizes asked for', () => {
    const sizes = { capacity: 64, recordMax: 100, arenaBytes: 4096 };
    expect(describePlan(chain, { sizes, threads: 2 })).toMatchObject({
      memory: { threads: 2, sizes: { capacity: 64, arenaBytes: 4096 } },
    });
    expect(() => describePlan(chain, { sizes: { capacity: -1 } })).toThrow('capacity is -1; give an integer from 1');
  });

  it('shows the graph that runs beside the one that is written, inserted elements marked', () => {
    expect(describePlan(eventsDiamond)).toMatchObject({
      drawing: ['       ┌─▶ left ──┐', '   in ─┤          ├─▶ tail ─▶ out', '       └─▶ right ─┘'].map((row) =>
        row.slice(3),
      ),
      lowered: {
        drawing: [
          '                   ┌─▶ left ──┐',
          'in ─▶ [router:in] ─┤          ├─▶ [merge:tail] ─▶ tail ─▶ out',
          '                   └─▶ right ─┘',
        ],
        inserted: [{ id: 'router:in' }, { id: 'merge:tail' }],
      },
    });
  });

  it.each([undefined, 'Broadcast', 'RoundRobin'] as const)(
    'says no policy of an ingress with one connection, to which nothing is left to decide, also with %s',
    (stated) => {
      const plan = oneConnection(stated === undefined ? {} : { in: stated });
      const [ingress] = (describePlan(plan) as GraphDescription).boundaries;
      expect(ingress).toMatchObject({ policy: stated ?? 'Broadcast', policyWords: 'one connection' });
      expect(describeText(describePlan(plan))).not.toMatch(/Broadcast|RoundRobin/);
    },
  );

  it('says of an Ordered egress with one connection that it is ordered, because what is before it is', () => {
    const { boundaries } = describePlan(oneConnection({ out: 'Ordered' })) as GraphDescription;
    expect(boundaries.map(({ policyWords }) => policyWords)).toEqual(['one connection', 'Ordered']);
  });

  it('can be printed as JSON', () => {
    for (const [, plan] of golden) expect(JSON.parse(JSON.stringify(describePlan(plan)))).toEqual(describePlan(plan));
  });
});

describe('dot', () => {
  it.each(golden)('gives the golden text for %s', async (name, plan) => {
    await expect(planDot(plan)).toMatchFileSnapshot(`golden/${name}.dot`);
  });

  it('does not depend on the order of catalogs, dependency lists and keys', () => {
    const stages = fullRing.stages.map((stage) =>
      stage.config === undefined
        ? stage
        : { ...stage, config: Object.fromEntries(Object.entries(stage.config as object).reverse()) },
    );
    const entries = fullRing.single_ring.stages.map(({ stage, depends_on = [] }) => ({
      depends_on: [...depends_on].reverse(),
      stage,
    }));
    const other = {
      ...fullRing,
      stages: stages.reverse(),
      boundaries: [...fullRing.boundaries].reverse(),
      single_ring: { ...fullRing.single_ring, stages: entries },
    };
    expect(planDot(checked(other))).toBe(planDot(checked(fullRing)));
  });

  it('does not depend on whether a policy that is the default is written out', () => {
    expect(planDot(graph('d', DIAMOND, { policy: { in: 'Broadcast', out: 'Interleave' } }))).toBe(
      planDot(graph('d', DIAMOND)),
    );
  });

  it('names no policy of an ingress with one connection', () => {
    expect(planDot(oneConnection({ in: 'Broadcast' }))).toContain('"in" [shape=oval, label="in\\nbytes"]');
  });

  it('escapes what Graphviz would read as its own', () => {
    const plan = ring('p', [['a', 'filter', [], { contains: '"]; x -> y \\N\\\n' }]]);
    expect(planDot(plan)).toContain(
      '"a" [label="a\\nfilter\\ncontains \\"\\\\\\"]; x -> y \\\\\\\\N\\\\\\\\\\\\n\\""];',
    );
  });
});
