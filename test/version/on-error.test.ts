import { describe, expect, it } from 'vitest';
import type { BoundaryOnError, LaneGraphPlan, OnError, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';
import { diffPlans } from '../../lib/version/diff.js';
import { diffText } from '../../lib/version/diff-text.js';
import { planText } from '../../lib/version/id.js';
import { compile, type Version } from '../../lib/version/version.js';
import { checked } from '../lower/plans.js';
import { decodeSpec } from '../support/spec/decode.js';

const WORDS: readonly OnError[] = ['stop', 'drop', 'pass', 'dead_letter'];
const BOUNDARIES = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
] as const;
const stages = (onError: OnError | undefined): readonly StageEntry[] => [
  { id: 'good', op: 'reject', config: { contains: 'bad' }, ...(onError === undefined ? {} : { on_error: onError }) },
  { id: 'total', op: 'count' },
];

const ring = (onError?: OnError): SingleRingPlan => ({
  version: 2,
  name: 'x',
  target: 'SingleRing',
  stages: stages(onError),
  boundaries: BOUNDARIES,
  single_ring: { stages: [{ stage: 'good' }, { stage: 'total', depends_on: ['good'] }] },
});

const graph = (onError?: OnError): LaneGraphPlan => ({
  version: 2,
  name: 'x',
  target: 'LaneGraph',
  stages: stages(onError),
  boundaries: BOUNDARIES,
  lane_graph: {
    connections: [
      { from: 'in', to: 'good', lane: { kind: 'Events' } },
      { from: 'good', to: 'total', lane: { kind: 'Events' } },
      { from: 'total', to: 'out', lane: { kind: 'Events' } },
    ],
  },
});

describe.each([
  ['a ring', ring],
  ['a graph', graph],
])('on_error of a stage of %s', (_, plan) => {
  it('has no line of canonical text at its default, written out or not', () => {
    expect(planText(checked(plan('stop')))).toBe(planText(checked(plan())));
    expect(planText(checked(plan()))).not.toContain('on_error');
  });

  it('has one line where it is another, and so another id', () => {
    expect(planText(checked(plan('drop')))).toContain('\nstages.0.on_error="drop"\nstages.0.op="reject"\n');
    expect(new Set(WORDS.map((word) => compile(plan(word)).id)).size).toBe(WORDS.length);
  });

  it('is lowered, and read back from the buffer', () => {
    const lowered = WORDS.map((word) => compile(plan(word)));
    expect(lowered.map((version) => version.lowered.stages[0]?.onError)).toEqual([
      'Stop',
      'Drop',
      'Pass',
      'DeadLetter',
    ]);
    for (const version of lowered) expect(decodeSpec(version.spec)).toEqual(version.lowered);
  });

  it('is a change of its own in a diff', () => {
    const diff = diffPlans(checked(plan()), checked(plan('pass')));
    expect(diff.changes).toEqual([{ change: 'changed', what: 'stage', id: 'good', field: 'on_error', after: 'pass' }]);
    expect(diffText(diff)).toContain('~ stage  good  on_error stop → pass');
  });

  it('stands in the report of its role where it is not stop', () => {
    const roles = (word: OnError) => compile(plan(word)).report.roles.filter(({ kind }) => kind === 'stage');
    expect(roles('stop')).toEqual([
      { id: 'good', kind: 'stage', shards: 1 },
      { id: 'total', kind: 'stage', shards: 1 },
    ]);
    expect(roles('dead_letter')).toEqual([
      { id: 'good', kind: 'stage', shards: 1, on_error: 'dead_letter' },
      { id: 'total', kind: 'stage', shards: 1 },
    ]);
  });
});

it.each([
  ['stop', 0, []],
  ['pass', 0, []],
  ['drop', 1, [0]],
  ['dead_letter', 1, [0]],
] as const)('a ring stage that fails records has a mark plane under on_error: %s as needed', (word, planes, marks) => {
  expect(compile(ring(word)).lowered).toMatchObject({
    markCount: planes,
    entries: [{}, { readsMarksOf: marks }],
    egressReadsMarksOf: marks,
  });
});

describe.each(['in', 'out'])('on_error of the boundary "%s"', (id) => {
  const ended = (plan: SingleRingPlan | LaneGraphPlan, on_error?: BoundaryOnError) => ({
    ...plan,
    boundaries: BOUNDARIES.map((entry) => (entry.id === id && on_error !== undefined ? { ...entry, on_error } : entry)),
  });

  it.each([
    ['a ring', ring()],
    ['a graph', graph()],
  ])('of %s is lowered, has a line of canonical text and stands in the report where it is not stop', (_, plan) => {
    const [plain, stop, drop, letter] = [undefined, 'stop', 'drop', 'dead_letter'].map((word) =>
      compile(ended(plan, word as BoundaryOnError | undefined)),
    ) as unknown as [Version, Version, Version, Version];
    expect(stop.id).toBe(plain.id);
    expect(new Set([stop.id, drop.id, letter.id]).size).toBe(3);
    expect(planText(checked(ended(plan, 'drop')))).toMatch(/boundaries\.[01]\.on_error="drop"\n/);
    for (const version of [stop, drop, letter]) expect(decodeSpec(version.spec)).toEqual(version.lowered);
    const role = ({ report }: Version) => report.roles.find((one) => one.id === id);
    expect(role(stop)).not.toHaveProperty('on_error');
    expect(role(letter)).toMatchObject({ on_error: 'dead_letter' });
  });
});
