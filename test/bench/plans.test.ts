/** The plans that are measured are all of those hot paths that a plan can reach, and each is one that anyone can run. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import { OP_CATALOG } from '../../lib/plan/op-catalog.js';
import { compile } from '../../lib/version/version.js';

interface Program {
  readonly name: string;
  readonly reaches: string;
  readonly plan: PipelinePlanV2;
}

const path = new URL('../../bench/plans.mjs', import.meta.url).href;
const { PROGRAMS: programs } = (await import(path)) as { readonly PROGRAMS: readonly Program[] };
const text = JSON.stringify(programs.map(({ plan }) => plan));
const baseline = JSON.parse(readFileSync(new URL('../../bench/counts/baseline.json', import.meta.url), 'utf8'));

test.each(programs)('$name: the library accepts the plan', ({ plan, name }) => {
  expect(compile(plan).spec.length, name).toBeGreaterThan(0);
});

describe('there is a plan', () => {
  test.each([...OP_CATALOG.keys()])('for the op %s', (op) => {
    expect(programs.filter(({ plan }) => plan.stages.some((stage) => stage.op === op))).not.toEqual([]);
  });

  test.each([
    ...['Events', 'Journal', 'SequencedSlots', 'FanoutBroadcast', 'RoundRobin', 'KeyHash', 'Ordered', 'Drop'],
    ...['shards', 'depends_on'],
  ])('for %s', (word) => {
    expect(text).toContain(`"${word}"`);
  });
});

test('the baseline has the counts of each plan, and a reason', () => {
  expect(Object.keys(baseline.counts)).toEqual(programs.map(({ name }) => name));
  expect(baseline.reason.length).toBeGreaterThan(10);
});
