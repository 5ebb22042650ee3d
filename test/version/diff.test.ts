import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LaneGraphPlan, PipelinePlanV2, SingleRingPlan } from '../../lib/plan/document.js';
import { diffPlans, type PlanDiff } from '../../lib/version/diff.js';
import { diffText } from '../../lib/version/diff-text.js';
import { planId } from '../../lib/version/id.js';
import { checked } from '../lower/plans.js';
import { fullGraph, fullRing } from './plans.js';

const diff = (a: PipelinePlanV2, b: PipelinePlanV2): PlanDiff => diffPlans(checked(a), checked(b));
const text = (a: PipelinePlanV2, b: PipelinePlanV2): string[] => diffText(diff(a, b)).split('\n').slice(1);

const ringWith = (change: object): SingleRingPlan => ({
  ...fullRing,
  single_ring: { ...fullRing.single_ring, ...change },
});
const graphWith = (change: object): LaneGraphPlan => ({
  ...fullGraph,
  lane_graph: { ...fullGraph.lane_graph, ...change },
});
const stageWith = (id: string, change: object): SingleRingPlan => ({
  ...fullRing,
  stages: fullRing.stages.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)),
});

/** The full ring without its last stage. */
const shorter: SingleRingPlan = {
  ...fullRing,
  stages: fullRing.stages.slice(0, 3),
  single_ring: { ...fullRing.single_ring, stages: fullRing.single_ring.stages.slice(0, 3) },
};

describe('diffPlans', () => {
  it('finds nothing between a plan and itself, nor between a plan and its cosmetic change', () => {
    const cosmetic = { ...fullRing, stages: [...fullRing.stages].reverse() };
    expect(diff(fullRing, cosmetic)).toMatchObject({ same: true, changes: [] });
    expect(diffText(diff(fullRing, cosmetic))).toBe(
      `same version ${planId(checked(fullRing)).slice(0, 12)}: comments, order of keys and catalogs, or defaults at most differ`,
    );
  });

  it('names both versions first', () => {
    const { before, after } = diff(fullRing, { ...fullRing, name: 'other' });
    expect(before).toEqual({ id: planId(checked(fullRing)), name: 'full-ring', target: 'SingleRing' });
    expect(after.name).toBe('other');
    expect(diffText(diff(fullRing, { ...fullRing, name: 'other' }))).toBe(
      `full-ring ${before.id.slice(0, 12)} → other ${after.id.slice(0, 12)}\n~ plan  other  name "full-ring" → "other"`,
    );
  });

  it.each<[string, PipelinePlanV2, PipelinePlanV2, string[]]>([
    [
      'a stage that was added',
      shorter,
      fullRing,
      [
        '+ stage  score  op "js:score", config.a.b [1,-0.5,{"0":null}], config.empty {}, config.none [], config.on true, waits for sum and users',
      ],
    ],
    [
      'a stage that was removed',
      fullRing,
      shorter,
      [
        '- stage  score  op "js:score", config.a.b [1,-0.5,{"0":null}], config.empty {}, config.none [], config.on true, waits for sum and users',
      ],
    ],
    ['another op', fullRing, stageWith('sum', { op: 'identity' }), ['~ stage  sum  op "checksum" → "identity"']],
    [
      'another configuration, field by field',
      fullRing,
      stageWith('keep', { config: { starts_with: 'x', invert: true } }),
      [
        '~ stage  keep  config.contains "a=\\"b\\"\\n" → (none)',
        '~ stage  keep  config.invert (none) → true',
        '~ stage  keep  config.starts_with (none) → "x"',
      ],
    ],
    [
      'another dependency list',
      fullRing,
      ringWith({
        stages: fullRing.single_ring.stages.map((entry) =>
          entry.stage === 'sum' ? { ...entry, depends_on: [] } : entry,
        ),
      }),
      ['~ stage  sum  waits for keep → the ingress'],
    ],
    [
      'another order of entries',
      fullRing,
      ringWith({ stages: [0, 2, 1, 3].map((at) => fullRing.single_ring.stages[at]) }),
      ['~ ring  full-ring  order keep, users, sum, score → keep, sum, users, score'],
    ],
    ['other shards', fullRing, ringWith({ shards: 8 }), ['~ ring  full-ring  shards 4 → 8']],
    [
      'another shard key',
      fullRing,
      ringWith({ shard_key: { kind: 'json', pointer: '/host' } }),
      ['~ ring  full-ring  shard_key token 2 between " " → JSON /host'],
    ],
    [
      'another codec',
      fullRing,
      {
        ...fullRing,
        boundaries: [
          { id: 'in', kind: 'ingress' },
          { id: 'out', kind: 'egress' },
        ],
      },
      ['~ boundary  in  codec "utf8" → "bytes"'],
    ],
    [
      'a connection that came and one that went',
      fullGraph,
      graphWith({
        connections: fullGraph.lane_graph.connections.map((entry) =>
          entry.from === 'left' ? { ...entry, to: 'right' } : entry,
        ),
      }),
      [
        '- connection  left→out    on_full "Drop", lane.fsync "each_batch", lane.kind "Journal", lane.retain_ms 60000',
        '+ connection  left→right  on_full "Drop", lane.fsync "each_batch", lane.kind "Journal", lane.retain_ms 60000',
      ],
    ],
    [
      'another lane and policy',
      fullGraph,
      graphWith({
        boundary_policy: {},
        connections: fullGraph.lane_graph.connections.map((entry) =>
          entry.from === 'right' ? { ...entry, lane: { kind: 'Events' } } : entry,
        ),
      }),
      [
        '~ boundary    out        policy "Ordered" → "Interleave"',
        '~ connection  right→out  lane.capacity 64 → (none)',
        '~ connection  right→out  lane.gating 4 → (none)',
        '~ connection  right→out  lane.kind "SequencedSlots" → "Events"',
      ],
    ],
  ])('tells %s', (_, a, b, lines) => {
    expect(text(a, b)).toEqual(lines);
  });

  it('does not compare the payloads of two targets', () => {
    const ring: SingleRingPlan = {
      ...fullRing,
      name: fullGraph.name,
      boundaries: fullGraph.boundaries,
      stages: fullGraph.stages,
      single_ring: { stages: [{ stage: 'left' }, { stage: 'right', depends_on: ['left'] }] },
    };
    expect(text(ring, fullGraph)).toEqual(['~ plan  full-graph  target "SingleRing" → "LaneGraph"']);
  });

  it('finds a change exactly when the ids differ', () => {
    const versions: PipelinePlanV2[] = [
      fullRing,
      shorter,
      fullGraph,
      ringWith({ shards: 8 }),
      ringWith({ producer: undefined }),
      stageWith('keep', { config: { contains: 'x' } }),
      stageWith('sum', { config: {} }),
      stageWith('score', { config: undefined }),
      stageWith('score', { config: {} }),
      stageWith('score', { config: { 'a.b': [1] } }),
      stageWith('score', { config: { a: { b: [1] } } }),
      graphWith({ on_full: 'Drop' }),
      graphWith({ on_full: undefined }),
      graphWith({ connections: [...fullGraph.lane_graph.connections].reverse() }),
      { ...fullGraph, name: 'x' },
    ];
    fc.assert(
      fc.property(fc.constantFrom(...versions), fc.constantFrom(...versions), (a, b) => {
        const { same, changes } = diff(a, b);
        expect(changes.length === 0).toBe(same);
        expect(same).toBe(planId(checked(a)) === planId(checked(b)));
      }),
      { numRuns: 400 },
    );
  });
});
