/**
 * Pairs of laps of A and B, until they tell which is faster or the time is up. A lap is a process of its own, so that
 * neither side keeps memory the other had not; laps come as A B B A and B A A B in turn, so that a drift of the machine and
 * the place in a block cancel. A pair during which the machine was disturbed is made again, never judged.
 *
 *   A B | B A      B A | A B      …      looks at 8, 16, 32, 64 undisturbed pairs
 *   └pair┘└pair┘
 *
 * Each block also has two laps of A and two of B: what these differ by is what a change of nothing looks like here.
 */
import { FLOOR_DEFAULT, type Judgement, judge, LOOKS } from './verdict.js';

/** What one lap took, and whether anything disturbed it. */
export interface Lap {
  readonly seconds: number;
  /** Greatest share of its time in which a thread was ready to run and had no CPU. */
  readonly off_cpu: number;
  /** Round trip of a flag between the CPUs of its threads before and after it, ns; null with one CPU. */
  readonly distance_ns: readonly [before: number, after: number] | null;
}

/** What a process that ran a lap prints: `status` is the pipeline's, after its end. */
export interface LapReport extends Pick<Lap, 'seconds' | 'distance_ns'> {
  readonly status: { readonly threads: readonly { readonly waited_seconds: number | null }[] };
}

/** Where the kernel does not say how long threads waited for a CPU, nothing is taken for disturbed by that. */
export function lapOf({ seconds, distance_ns, status }: LapReport): Lap {
  const waited = status.threads.map(({ waited_seconds }) => waited_seconds ?? 0);
  return { seconds, distance_ns, off_cpu: Math.max(0, ...waited) / seconds };
}

export type Side = 'a' | 'b';

/** `L`: what a lap has beside its time, kept with its pair. */
export interface Pair<L extends Lap = Lap> {
  readonly a: L;
  readonly b: L;
  readonly first: Side;
  /** Why it is not judged; null of one that is. */
  readonly disturbed: string | null;
}

export interface Paired<L extends Lap = Lap> extends Judgement {
  /** The floor that was used: the one asked, or what laps of one side differ by where that is more. */
  readonly floor: number;
  /** How far laps of one side lie apart by their place in the run, as a share: a change of nothing. */
  readonly same_side: number;
  /** All pairs in the order in which they ran, judged or not. */
  readonly laps: readonly Pair<L>[];
}

/** How far apart the CPUs are: one core, one cache, or further. */
export type Distance = 'same core' | 'near' | 'far';

const SAME_CORE_NS = 65;
const NEAR_NS = 250;

export function distanceOf(roundTripNs: number): Distance {
  if (roundTripNs < SAME_CORE_NS) return 'same core';
  return roundTripNs < NEAR_NS ? 'near' : 'far';
}

/** A lap counts as long as no thread had to wait for a CPU for more of its time than this. */
export const OFF_CPU_MAX = 0.02;

/** A floor above it would call changes the same that everybody wants to know. */
export const FLOOR_MAX = 0.05;

export interface PairOptions<L extends Lap = Lap> {
  readonly floor?: number;
  /** No block begins later than this, seconds. */
  readonly seconds: number;
  /** Called after every pair with all so far. */
  readonly progress?: (pairs: readonly Pair<L>[]) => void;
  readonly now?: () => number;
}

/** @param lap runs one lap of a side; what it rejects with ends all */
export async function runPairs<L extends Lap>(
  lap: (side: Side) => Promise<L>,
  options: PairOptions<L>,
): Promise<Paired<L>> {
  const { floor = FLOOR_DEFAULT, seconds, progress, now = () => performance.now() / 1000 } = options;
  const end = now() + seconds;
  const pairs: Pair<L>[] = [];
  for (let block = 0; ; block++) {
    const outer: Side = block % 2 === 0 ? 'a' : 'b';
    for (const first of [outer, other(outer)]) {
      pairs.push(await runPair(lap, first));
      progress?.(pairs);
    }
    const paired = judgePairs(pairs, floor);
    if (paired.verdict !== 'none' || paired.pairs === LOOKS.at(-1) || now() >= end) return paired;
  }
}

const other = (side: Side): Side => (side === 'a' ? 'b' : 'a');

async function runPair<L extends Lap>(lap: (side: Side) => Promise<L>, first: Side): Promise<Pair<L>> {
  const one = await lap(first);
  const two = await lap(other(first));
  const [a, b] = first === 'a' ? [one, two] : [two, one];
  return { a, b, first, disturbed: disturbanceOf(a, b) };
}

function disturbanceOf(a: Lap, b: Lap): string | null {
  const off = Math.max(a.off_cpu, b.off_cpu);
  if (off > OFF_CPU_MAX) return `a thread had no CPU for ${(100 * off).toFixed(1)} % of a lap`;
  const places = new Set([a, b].flatMap(({ distance_ns }) => distance_ns ?? []).map(distanceOf));
  return places.size > 1 ? `the CPUs moved: ${[...places].join(', ')}` : null;
}

/**
 * The verdict over the undisturbed pairs of a run, at the last look that there are enough of them for. Between looks there
 * is none: a look at any time would find what is not there.
 */
export function judgePairs<L extends Lap>(laps: readonly Pair<L>[], floorAsked = FLOOR_DEFAULT): Paired<L> {
  const kept = laps.filter(({ disturbed }) => disturbed === null);
  const look = LOOKS.filter((pairs) => pairs <= kept.length).at(-1);
  const same_side = sameSide(kept);
  const floor = Math.max(floorAsked, Math.min(same_side, FLOOR_MAX));
  const logRatios = kept.slice(0, look).map(({ a, b }) => Math.log(b.seconds / a.seconds));
  const judgement = judge(logRatios, floor);
  const common = { floor, same_side, laps };
  if (look !== undefined && same_side <= FLOOR_MAX) return { ...judgement, ...common };
  return { ...judgement, verdict: 'none', p: 1, pairsNeeded: judgement.pairsNeeded ?? null, ...common };
}

/** Hodges–Lehmann estimate of how laps of one side differ between the first and the second pair of a block. */
function sameSide(kept: readonly Pair[]): number {
  const ratios = kept.slice(1).flatMap((pair, index) => {
    const before = kept[index] as Pair;
    if (before.first === pair.first) return [];
    return (['a', 'b'] as const).map((side) => Math.log(pair[side].seconds / before[side].seconds));
  });
  return ratios.length === 0 ? 0 : Math.abs(judge(ratios).change);
}
