import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { describeRing } from '../../lib/describe/describe.js';
import { planGraphMemory } from '../../lib/layout/graph-memory.js';
import { type EndRunner, type PlacementAsked, partition, place, placedThreads } from '../../lib/layout/placement.js';
import { lower } from '../../lib/lower/index.js';
import type { Spec } from '../../lib/lower/spec.js';
import type { CheckedPlan, PipelinePlanV2, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { validate } from '../../lib/validate/validate.js';
import { compile } from '../../lib/version/version.js';
import { graphs } from '../lower/graphs.js';

/**
 * The placement and the bytes that `describe` announces are those that pipelines have: they are opened and asked.
 */

const STAGES: readonly StageEntry[] = [
  { id: 'a', op: 'identity' },
  { id: 'b', op: 'filter', config: { contains: 'x' } },
  { id: 'c', op: 'count', config: { key: { kind: 'token', separator: ' ', index: 0 } } },
  { id: 'd', op: 'count' },
  { id: 'e', op: 'append', config: { text: '!' } },
  { id: 'f', op: 'checksum' },
];

function plan(stages: number, shards: number): CheckedPlan<SingleRingPlan> {
  const chosen = STAGES.slice(0, stages);
  const key = { kind: 'token', separator: ' ', index: 0 } as const;
  const validation = validate({
    version: 2,
    name: 'placed',
    target: 'SingleRing',
    stages: chosen,
    boundaries: [
      { id: 'in', kind: 'ingress' },
      { id: 'out', kind: 'egress' },
    ],
    single_ring: {
      stages: chosen.map(({ id }, at) => ({ stage: id, depends_on: at === 0 ? [] : [chosen[at - 1]?.id ?? ''] })),
      ...(shards === 1 ? {} : { shards, ordering: 'PerKey' as const, shard_key: key }),
    },
  } as SingleRingPlan);
  if (!validation.ok) throw new Error(JSON.stringify(validation.diagnostics));
  return validation.plan;
}

const ENDS: readonly (readonly [EndRunner, EndRunner, NonNullable<OpenOptions['ports']>])[] = [
  ['js', 'js', {}],
  ['js', 'discard', { out: 'discard' }],
  ['native', 'discard', { in: { lines: '/dev/null' }, out: 'discard' }],
  ['native', 'native', { in: { lines: '/dev/null' }, out: { lines: '/dev/null' } }],
];

interface Made {
  /** Ids of each thread. */
  readonly threads: (readonly string[])[];
  /** Bytes of the region. */
  readonly bytes: number;
}

const announcedFor = (spec: Spec, asked: PlacementAsked) => placedThreads(spec, place(spec, asked));

/** What the core makes of a plan, as it tells. */
function madeByCore(checked: CheckedPlan, options: OpenOptions): Made {
  const pipeline = open(compile(checked as PipelinePlanV2), { ...options, pin: false });
  const status = pipeline.status();
  pipeline.halt();
  return { threads: status.threads.map(({ agents }) => agents), bytes: status.region.bytes };
}

test.each(ENDS)(
  'ends %s and %s: every number of threads, stages and shards is placed as the core does, in as many bytes',
  (ingress, egress, ports) => {
    for (const stages of [1, 2, 3, 6])
      for (const shards of [1, 3])
        for (const threads of [1, 2, 3, 5, 12]) {
          const checked = plan(stages, shards);
          const announced = announcedFor(lower(checked), { ends: { in: ingress, out: egress }, threads, cpus: 1 });
          const made = madeByCore(checked, { ports, threads });
          const what = `${stages} stages, ${shards} shards, ${threads} threads`;
          expect(
            announced.map(({ agents }) => agents.map(({ id }) => id)),
            what,
          ).toEqual(made.threads);
          const { memory } = describeRing(compile(checked) as never, { threads: announced.length });
          expect(memory.totalBytes, what).toBe(made.bytes);
        }
  },
);

const folder = mkdtempSync(join(tmpdir(), 'byteor-placement-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GRAPH_ENDS: readonly (readonly [ingress: EndRunner, egress: EndRunner])[] = [
  ['js', 'js'],
  ['js', 'discard'],
  ['native', 'discard'],
  ['native', 'native'],
];

/** How `open` is told who runs an end. */
const portOf = (runner: EndRunner): NonNullable<OpenOptions['ports']>[string] =>
  runner === 'native' ? { lines: '/dev/null' } : runner;

test.each(GRAPH_ENDS)(
  'ends %s and %s: the roles and the journals of every graph are placed as the core does, in as many bytes',
  (ingress, egress) => {
    for (const [name, checked] of Object.entries(graphs)) {
      const spec = lower(checked);
      const ends = Object.fromEntries(
        spec.boundaries.map(({ id, kind }) => [id, kind === 'Ingress' ? ingress : egress]),
      );
      const ports = Object.fromEntries(Object.entries(ends).map(([id, runner]) => [id, portOf(runner)]));
      const keeps = spec.lanes.some(({ kind }) => kind === 'Journal');
      for (const threads of [1, 3, 12]) {
        const announced = announcedFor(spec, { ends, threads, cpus: 1 });
        // A folder of its own: a pipeline holds its journals until it is collected.
        const journal = keeps ? { journal: { folder: mkdtempSync(join(folder, name)) } } : {};
        const made = madeByCore(checked, { ports, threads, laneBytes: 4096, ...journal });
        const what = `${name}, ${threads} threads`;
        expect(
          announced.map(({ agents }) => agents.map(({ id }) => id)),
          what,
        ).toEqual(made.threads);
        expect(planGraphMemory(spec, { laneBytes: 4096 }, announced.length).totalBytes, what).toBe(made.bytes);
      }
    }
  },
);

test('without a number of threads there is one for each CPU, but one CPU is left to JavaScript', () => {
  const spec = lower(plan(6, 1));
  const count = (ingress: 'js' | 'native', cpus: number) =>
    place(spec, { ends: { in: ingress, out: 'discard' }, cpus }).threads;
  expect([count('native', 1), count('native', 3), count('native', 100)]).toEqual([1, 3, 7]);
  expect([count('js', 1), count('js', 3), count('js', 100)]).toEqual([1, 2, 6]);
});

/** Every cut tried: the first of the best ones. */
function partitionByTrying(weights: readonly number[], parts: number): number[] {
  const sums = [0];
  for (const weight of weights) sums.push((sums.at(-1) as number) + weight);
  const sum = (from: number, to: number): number => (sums[to] as number) - (sums[from] as number);
  const heaviest = (p: number, end: number): number => {
    if (p === 0) return end === 0 ? 0 : Number.POSITIVE_INFINITY;
    let best = Number.POSITIVE_INFINITY;
    for (let j = p - 1; j < end; j++) best = Math.min(best, Math.max(heaviest(p - 1, j), sum(j, end)));
    return best;
  };
  const part = Array<number>(weights.length).fill(0);
  for (let p = parts, end = weights.length; p >= 1; p--) {
    const best = heaviest(p, end);
    let begin = p - 1;
    while (Math.max(heaviest(p - 1, begin), sum(begin, end)) > best) begin++;
    part.fill(p - 1, begin, end);
    end = begin;
  }
  return part;
}

test('a partition cuts where trying every cut does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0, 0.05, 0.1, 0.5, 0.55, 0.6, 1, 1.5, 2, 2.5, 3, 4), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 8 }),
      (weights, parts) => {
        const most = Math.min(parts, weights.length);
        expect(partition(weights, most)).toEqual(partitionByTrying(weights, most));
      },
    ),
    { numRuns: 500 },
  );
});

test('a partition of thousands of roles into hundreds of threads is found at once', () => {
  const weights = Array.from({ length: 6000 }, (_, at) => 0.5 + (at % 7) / 4);
  const part = partition(weights, 256);
  const loads = Array<number>(256).fill(0);
  for (const [at, thread] of part.entries()) loads[thread] = (loads[thread] as number) + (weights[at] as number);
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / 256;
  // No run is heavier than the mean by more than the heaviest role.
  expect(Math.max(...loads)).toBeLessThanOrEqual(mean + 2);
  expect(Math.min(...loads)).toBeGreaterThan(0);
});

test('a partition makes the heaviest run as light as possible', () => {
  expect(partition([3, 1, 1, 4], 2)).toEqual([0, 0, 1, 1]);
  expect(partition([1, 1, 1, 1], 2)).toEqual([0, 0, 1, 1]);
  expect(partition([5], 1)).toEqual([0]);
});
