/**
 * Whether B is slower than A, from pairs of laps: each pair ran side by side, so what disturbs both cancels in their ratio.
 *
 *   log-ratios ln(B / A) of pairs ──▶ Hodges–Lehmann estimate, signed-rank interval ──▶ slower | faster | same | none
 *
 * The estimate is the median of all means of two pairs, the interval runs between two of those means so that it covers the
 * truth with the level asked (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3.1 to 3.3). The distribution
 * of the signed ranks is computed, not approximated: looks come early, at 8 pairs. Pure.
 */

/** `same` is a claim as well: the whole interval lies within the floor. `none`: these pairs do not tell. */
export type Verdict = 'slower' | 'faster' | 'same' | 'none';

export interface Judgement {
  readonly verdict: Verdict;
  /** How much longer B takes than A, as a share: 0.05 is 5 % slower. NaN of no pairs. */
  readonly change: number;
  /** Covers the true change with the level of the look; infinite where there are too few pairs. */
  readonly interval: readonly [low: number, high: number];
  readonly pairs: number;
  /** Pairs that would tell, should the spread stay what it is; only of `none`, and null where no number would do. */
  readonly pairsNeeded?: number | null;
  /** Probability of pairs that speak as clearly for the verdict though it is wrong; 1 of `none`. */
  readonly p: number;
}

/** Numbers of pairs at which a verdict is looked for. A look more often than that would find what is not there. */
export const LOOKS: readonly number[] = [8, 16, 32, 64];

/** Chance of a false verdict over all looks at one program. */
const ALPHA = 0.05;

/** Chance of one look, both sides together. */
export const ALPHA_OF_A_LOOK = ALPHA / LOOKS.length;

/** Changes below it are layout, not code: two builds of equal speed differ by that much. */
export const FLOOR_MIN = 0.02;
export const FLOOR_DEFAULT = 0.03;

/**
 * Judges pairs.
 * @param logRatios ln(seconds of B / seconds of A), one of each pair
 * @param floor the least change that matters, as a share
 * @param alpha chance of a false verdict, both sides together
 */
export function judge(logRatios: readonly number[], floor = FLOOR_DEFAULT, alpha = ALPHA_OF_A_LOOK): Judgement {
  const pairs = logRatios.length;
  const means = pairwiseMeans(logRatios);
  const [low, high] = signedRankInterval(means, pairs, alpha / 2);
  const estimate = medianOfSorted(means);
  const [slower, faster] = [Math.log1p(floor), Math.log1p(-floor)];
  const common = { change: Math.expm1(estimate), interval: [Math.expm1(low), Math.expm1(high)] as const, pairs };
  if (low > slower) return { ...common, verdict: 'slower', p: above(logRatios, slower) };
  if (high < faster) return { ...common, verdict: 'faster', p: below(logRatios, faster) };
  if (low > faster && high < slower)
    return { ...common, verdict: 'same', p: Math.max(above(logRatios, faster), below(logRatios, slower)) };
  const edge = Math.min(Math.abs(estimate - slower), Math.abs(estimate - faster));
  return { ...common, verdict: 'none', p: 1, pairsNeeded: pairsNeeded(pairs, (high - low) / 2, edge) };
}

/**
 * Takes back verdicts of a suite that chance may have made: with many programs one of them looks changed (Holm 1979).
 * @param judgements of every program, each at its last look
 * @param alpha as of `judge`
 */
export function judgeTogether(judgements: readonly Judgement[], alpha = ALPHA_OF_A_LOOK): Judgement[] {
  const order = [...judgements.keys()].sort((a, b) => (judgements[a] as Judgement).p - (judgements[b] as Judgement).p);
  const result = [...judgements];
  let holds = true;
  for (const [rank, index] of order.entries()) {
    const one = judgements[index] as Judgement;
    holds &&= one.p <= alpha / 2 / (judgements.length - rank);
    if (!holds && one.verdict !== 'none') result[index] = { ...one, verdict: 'none', p: 1, pairsNeeded: null };
  }
  return result;
}

/** Means of all pairs of values, each value with itself too, sorted. */
function pairwiseMeans(values: readonly number[]): Float64Array {
  const means = new Float64Array((values.length * (values.length + 1)) / 2);
  let at = 0;
  for (let i = 0; i < values.length; i++)
    for (let j = i; j < values.length; j++) means[at++] = ((values[i] as number) + (values[j] as number)) / 2;
  return means.sort();
}

/** Hodges–Lehmann: the median of all means of two values; NaN of none. */
export const estimateOf = (values: readonly number[]): number => medianOfSorted(pairwiseMeans(values));

/** NaN of none. */
export function medianOfSorted(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Means between which the truth lies but for a chance of `tail` at either end. */
function signedRankInterval(means: Float64Array, pairs: number, tail: number): [number, number] {
  let outside = 0;
  let chance = 0;
  for (const share of rankSums(pairs)) {
    chance += share;
    if (chance > tail) break;
    outside++;
  }
  if (outside === 0) return [-Infinity, Infinity];
  return [means[outside - 1] as number, means[means.length - outside] as number];
}

/** Chances that the ranks of positive values add up to 0, 1, 2, …, where either sign is as likely. */
function rankSums(count: number): Float64Array {
  const chances = new Float64Array((count * (count + 1)) / 2 + 1);
  chances[0] = 1;
  for (let rank = 1; rank <= count; rank++)
    for (let sum = (rank * (rank + 1)) / 2; sum >= 0; sum--)
      chances[sum] = ((chances[sum] as number) + (sum >= rank ? (chances[sum - rank] as number) : 0)) / 2;
  return chances;
}

/** Chance that the values lie this far above the bound though their middle does not. */
function above(values: readonly number[], bound: number): number {
  const byDistance = values.map((value) => value - bound).sort((a, b) => Math.abs(a) - Math.abs(b));
  const sum = byDistance.reduce((total, value, index) => total + (value > 0 ? index + 1 : 0), 0);
  return rankSums(values.length)
    .subarray(sum)
    .reduce((total, chance) => total + chance, 0);
}

const below = (values: readonly number[], bound: number): number =>
  above(
    values.map((value) => -value),
    -bound,
  );

/** The interval shrinks with the root of the number of pairs; it has to leave the nearer bound of the floor out. */
function pairsNeeded(pairs: number, halfWidth: number, edge: number): number | null {
  const needed = Math.ceil(pairs * (halfWidth / edge) ** 2);
  return Number.isFinite(needed) ? Math.max(needed, pairs + 1) : null;
}
