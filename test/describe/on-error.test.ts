import { expect, it } from 'vitest';
import { describePlan } from '../../lib/describe/describe.js';
import { describeText } from '../../lib/describe/describe-text.js';
import { planDot } from '../../lib/describe/dot.js';
import { asLaneGraph } from '../../lib/view/as-lane-graph.js';
import { viewAsGraph, viewAsRing } from '../../lib/view/canvas.js';
import { canvasText } from '../../lib/view/canvas-text.js';
import { checked } from '../lower/plans.js';

/** What becomes of records that fail in a stage, wherever a plan is told to people. */

const ring = checked({
  version: 2,
  name: 'x',
  target: 'SingleRing',
  stages: [
    { id: 'known', op: 'filter', config: { contains: 'id' } },
    { id: 'good', op: 'reject', config: { contains: 'bad' }, on_error: 'drop' },
    { id: 'short', op: 'reject', config: { contains: 'long' }, on_error: 'pass' },
    { id: 'last', op: 'reject', config: { equals: 'end' } },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress', on_error: 'drop' },
  ],
  single_ring: {
    stages: [
      { stage: 'known' },
      { stage: 'good', depends_on: ['known'] },
      { stage: 'short', depends_on: ['good'] },
      { stage: 'last', depends_on: ['short'] },
    ],
  },
});
const graph = checked(asLaneGraph(ring));

it('describe has it as a fact of each stage of a ring', () => {
  const description = describePlan(ring);
  if (description.target !== 'SingleRing') throw new TypeError(description.target);
  expect(description.stages.map(({ onError }) => onError)).toEqual(['stop', 'drop', 'pass', 'stop']);
});

it('describe says it in words, and of later stages whether they skip what was filtered or dropped', () => {
  const text = describeText(describePlan(ring));
  expect(text).toMatch(/good .* skips what known filtered; drops what fails$/m);
  expect(text).toMatch(/short .* skips what good dropped; passes what fails on as it came$/m);
  expect(text).toMatch(/last .* skips what good dropped; may fail a record$/m);
  expect(text).toMatch(/out +egress .* skips what good dropped; drops what fails$/m);
  expect(describeText(describePlan(graph))).toMatch(/out +egress +bytes +one connection; drops what fails$/m);
  expect(describeText(describePlan(graph))).toMatch(/good +reject +contains "bad" +drops what fails$/m);
});

it.each([
  ['ring', ring],
  ['graph', graph],
])('drawings and views of a %s show it where it is not stop', (_, plan) => {
  expect(planDot(plan)).toContain('"good" [label="good\\nreject\\ncontains \\"bad\\"\\ndrops what fails"]');
  expect(planDot(plan)).toContain('"out" [shape=oval, label="out\\nbytes\\ndrops what fails"]');
  expect(planDot(plan)).toContain('"last" [label="last\\nreject\\nequals \\"end\\""]');
  expect(viewAsRing(plan).stages.map(({ on_error }) => on_error)).toEqual([undefined, 'drop', 'pass', undefined]);
  const stages = viewAsGraph(plan).nodes.filter(({ kind }) => kind === 'stage');
  expect(stages.map(({ on_error }) => on_error)).toEqual([undefined, 'drop', 'pass', undefined]);
  for (const canvas of [viewAsRing(plan), viewAsGraph(plan)])
    expect(canvasText(canvas)).toMatch(/short +reject .* passes what fails on as it came$/m);
});
