/**
 * What a reading end counts, and what a stage's counts must satisfy: the same in a ring and in a graph, so it stands once.
 * Pure reader of a region; see ledger.ts.
 */

import { type ConsumerBlock, enums, type ProducerBlock, type WordOf, words } from '../abi/definition.js';
import type { BoundaryFailures, CauseCounts, Imbalance, StageCounts } from './counts.js';
import type { BlockOf } from './region.js';

export type Consumer = BlockOf<typeof ConsumerBlock>;

const COUNTERS = [
  ...(['in', 'out', 'skipped', 'filtered', 'failed', 'stopped', 'dropped', 'dead_lettered', 'passed_failed'] as const),
  ...(['emitted', 'absorbed', 'abandoned', 'held', 'bytes', 'keyless'] as const),
];
type Counter = (typeof COUNTERS)[number];

/** What a reading end, or several together, have counted. */
export type EndCounts = { readonly [Name in Counter]: number } & { readonly causes: CauseCounts };

/** Places of the counters of causes behind the first one, and their words. */
const CAUSES = Object.entries(enums.FailureCause).map(
  ([name, place]) => [words.FailureCause[name as keyof typeof enums.FailureCause], place] as const,
);

/** @param counted the counter of the cause at a place */
export function addCauses(
  causes: { [Code in WordOf<'FailureCause'>]?: number },
  counted: (place: number) => number,
): void {
  for (const [code, place] of CAUSES) {
    const count = counted(place);
    if (count !== 0) causes[code] = (causes[code] ?? 0) + count;
  }
}

/** The counters of one end, or of all ends of a role or of a stage's shards together. */
export function sumOfEnds(ends: readonly (Consumer | undefined)[]): EndCounts {
  const sum = Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Record<Counter, number>;
  const causes: CauseCounts = {};
  for (const end of ends) {
    if (end === undefined) continue;
    for (const name of COUNTERS) sum[name] += end.f64(name);
    if (end.f64('failed') + end.f64('passed_failed') !== 0) addCauses(causes, (place) => end.f64('causes', place));
  }
  return { ...sum, causes };
}

/** What its op holds still stands before it, and is not counted as read yet. */
export function stageCounts(sum: EndCounts): StageCounts {
  const { out, emitted, passed_failed, filtered, failed, stopped, dropped, dead_lettered, absorbed, held } = sum;
  return {
    in: sum.in + held,
    out,
    passed_on: out - emitted,
    passed_failed,
    emitted,
    filtered,
    failed,
    stopped,
    dropped,
    dead_lettered,
    absorbed,
    abandoned: sum.abandoned,
    held,
    causes: sum.causes,
  };
}

/** The words of an equation are made only when it does not hold. */
export type Expect = (holds: boolean, equation: () => string, left: number, right: number) => void;

/** Adds what does not hold to `found`. */
export const expecting =
  (found: Imbalance[], at: string, shard: number | null): Expect =>
  (holds, equation, left, right) => {
    if (!holds) found.push({ at, shard, equation: equation(), left, right });
  };

const TAKEN = ['passed_on', 'filtered', 'failed', 'absorbed', 'abandoned', 'held'] as const;
const FAILED = ['stopped', 'dropped', 'dead_lettered'] as const;

/** The equations of one stage, or of a bridge, which is one. `out` = `passed_on` + `emitted` is how `passed_on` is known. */
export function checkStage(counts: StageCounts, settled: boolean, expect: Expect): void {
  const equal = (left: 'in' | 'failed', names: readonly (keyof StageCounts)[]): void => {
    const right = names.reduce((sum, name) => sum + (counts[name] as number), 0);
    expect(counts[left] === right, () => `${left} = ${names.join(' + ')}`, counts[left], right);
  };
  equal('in', TAKEN);
  equal('failed', FAILED);
  const { passed_on, passed_failed, failed, held } = counts;
  expect(passed_failed <= passed_on, () => 'passed_failed <= passed_on', passed_failed, passed_on);
  const caused = Object.values(counts.causes).reduce((sum, count) => sum + count, 0);
  expect(caused === failed + passed_failed, () => 'causes = failed + passed_failed', caused, failed + passed_failed);
  if (settled) expect(held === 0, () => 'held = 0 at the end', held, 0);
}

/** An egress delivers what reached it, or leaves it; or it failed there, and did not stop the pipeline. */
export function checkEgress(sum: EndCounts, expect: Expect): void {
  const { in: reached, out, abandoned } = sum;
  const failed = sum.dropped + sum.dead_lettered;
  const right = out + abandoned + failed;
  const names = `out + abandoned${failed === 0 ? '' : ' + failed'}`;
  expect(reached === right, () => `in = ${names}`, reached, right);
  checkCauses(sum, expect);
}

function checkCauses({ failed, causes }: Pick<EndCounts, 'failed' | 'causes'>, expect: Expect): void {
  const caused = Object.values(causes).reduce((total, count) => total + count, 0);
  expect(caused === failed, () => 'causes = failed', caused, failed);
}

/** What `failures` of a boundary says; nothing where no record failed there. */
export const failuresOf = ({
  dropped,
  dead_lettered,
  causes,
}: FailureCounts): { readonly failures?: BoundaryFailures } =>
  dropped + dead_lettered === 0
    ? {}
    : { failures: { failed: dropped + dead_lettered, dropped, dead_lettered, causes } };

export type FailureCounts = Pick<EndCounts, 'failed' | 'dropped' | 'dead_lettered' | 'causes'>;

/** What failed at the ingress that writes these shards, or this lane. */
export function ingressFailures(producers: readonly BlockOf<typeof ProducerBlock>[]): FailureCounts {
  const counts = { failed: 0, dropped: 0, dead_lettered: 0 };
  const causes: CauseCounts = {};
  for (const block of producers) {
    const failed = block.f64('failed');
    if (failed === 0) continue;
    counts.failed += failed;
    counts.dropped += block.f64('failed_dropped');
    counts.dead_lettered += block.f64('failed_dead_lettered');
    addCauses(causes, (place) => block.f64('causes', place));
  }
  return { ...counts, causes };
}
