/**
 * Pairs of processes of A and B, until they tell which is faster or the time is up. The two processes of a pair live beside
 * each other and run laps in turn: a virtual machine's CPUs wander, and only laps a few milliseconds apart ran on the same
 * machine. Every lap makes all its memory anew, and every pair its processes, so that neither side keeps what the other has
 * not; the order turns from lap to lap and from pair to pair, so that a drift and the place in the order cancel.
 *
 *   pair 1: A B | B A | A B | …      pair 2: B A | A B | B A | …      looks at 8, 16, 32, 64 undisturbed pairs
 *           └laps┘
 *
 * A pair's ratio is the Hodges–Lehmann estimate over its laps. Laps during which the machine was disturbed are not used, and a
 * pair with too many of them is made again. Two laps of one side that follow each other are a change of nothing: what they
 * differ by is what this run cannot tell.
 */
import { ALPHA_OF_A_LOOK, estimateOf, FLOOR_DEFAULT, type Judgement, judge, LOOKS, medianOfSorted } from './verdict.js';

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
export interface LapPair<L extends Lap = Lap> {
  readonly a: L;
  readonly b: L;
  readonly first: Side;
  /** Why it is not used; null of one that is. */
  readonly disturbed: string | null;
}

/** Two processes beside each other. */
export interface Pair<L extends Lap = Lap> {
  readonly first: Side;
  readonly laps: readonly LapPair<L>[];
  /** ln(seconds of B / seconds of A): of its undisturbed laps, or of all where it is disturbed. */
  readonly log_ratio: number;
  /** Why it is not judged; null of one that is. */
  readonly disturbed: string | null;
}

export interface Paired<L extends Lap = Lap> extends Judgement {
  /** The floor that was used: the one asked, or what laps of one side differ by where that is more. */
  readonly floor: number;
  /** How far laps of one side that follow each other lie apart, as a share: a change of nothing. */
  readonly same_side: number;
  /** All pairs in the order in which they ran, judged or not. */
  readonly samples: readonly Pair<L>[];
}

/** A process of one side. */
export interface Contestant<L extends Lap = Lap> {
  /** One lap; what it rejects with ends all. */
  lap(): Promise<L>;
  end(): Promise<void>;
}

export type StartContestant<L extends Lap = Lap> = (side: Side) => Promise<Contestant<L>>;

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

/** Long enough for a pair to be worth two processes. */
const PAIR_SECONDS = 0.5;
const LAPS_MAX = 16;

/** How many laps of either side a pair has where one of both sides together takes so long. */
export function lapsPerPair(secondsOfBoth: number): number {
  const laps = Math.min(LAPS_MAX, Math.round(PAIR_SECONDS / secondsOfBoth));
  // An even number, so that either side is first as often.
  return laps < 2 ? 1 : laps - (laps % 2);
}

export interface PairOptions<L extends Lap = Lap> {
  readonly floor?: number;
  /** No pair begins later than this, seconds. */
  readonly seconds: number;
  /** Laps of either side in a pair (`lapsPerPair`); where there are several, each process runs one before, which is not used. */
  readonly laps: number;
  /** How many programs are judged together: one among many has to tell more clearly (`judgeTogether`). */
  readonly programs?: number;
  /** Called after every pair with all so far. */
  readonly progress?: (samples: readonly Pair<L>[]) => void;
  readonly now?: () => number;
}

/** @param start what it rejects with, and what a lap rejects with, ends all; both processes are ended before */
export async function runPairs<L extends Lap>(start: StartContestant<L>, options: PairOptions<L>): Promise<Paired<L>> {
  const {
    floor = FLOOR_DEFAULT,
    seconds,
    laps,
    programs = 1,
    progress,
    now = () => performance.now() / 1000,
  } = options;
  const end = now() + seconds;
  const samples: Pair<L>[] = [];
  for (;;) {
    samples.push(await runPair(start, samples.length % 2 === 0 ? 'a' : 'b', laps));
    progress?.(samples);
    // Only after both orders.
    if (samples.length % 2 !== 0) continue;
    const paired = judgePairs(samples, floor);
    const told = paired.verdict !== 'none' && paired.p <= ALPHA_OF_A_LOOK / 2 / programs;
    if (told || paired.pairs === LOOKS.at(-1) || now() >= end) return paired;
  }
}

const other = (side: Side): Side => (side === 'a' ? 'b' : 'a');

/** One pair: its processes, started and ended, and `count` laps of either. */
export async function runPair<L extends Lap>(start: StartContestant<L>, first: Side, count: number): Promise<Pair<L>> {
  const contestants: Partial<Record<Side, Contestant<L>>> = {};
  try {
    const sides = [first, other(first)] as const;
    for (const side of sides) contestants[side] = await start(side);
    const both = contestants as Record<Side, Contestant<L>>;
    if (count > 1) for (const side of sides) await both[side].lap();
    const laps: LapPair<L>[] = [];
    for (let at = 0; at < count; at++) laps.push(await runLaps(both, at % 2 === 0 ? first : other(first)));
    return pairOf(first, laps);
  } finally {
    for (const contestant of Object.values(contestants)) await contestant.end();
  }
}

async function runLaps<L extends Lap>(both: Record<Side, Contestant<L>>, first: Side): Promise<LapPair<L>> {
  const one = await both[first].lap();
  const two = await both[other(first)].lap();
  const [a, b] = first === 'a' ? [one, two] : [two, one];
  return { a, b, first, disturbed: disturbanceOf(a, b) };
}

/** What laps say together. */
export function pairOf<L extends Lap>(first: Side, laps: readonly LapPair<L>[]): Pair<L> {
  const kept = laps.filter(({ disturbed }) => disturbed === null);
  const enough = kept.length > 0 && 2 * kept.length >= laps.length;
  const used = enough ? kept : laps;
  const log_ratio = estimateOf(used.map(({ a, b }) => Math.log(b.seconds / a.seconds)));
  return { first, laps, log_ratio, disturbed: enough ? null : reasonOf(laps) };
}

function reasonOf(laps: readonly LapPair[]): string {
  const reasons = laps.flatMap(({ disturbed }) => disturbed ?? []);
  return laps.length === 1 ? (reasons[0] as string) : `${reasons.length} of ${laps.length} laps: ${reasons[0]}`;
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
export function judgePairs<L extends Lap>(samples: readonly Pair<L>[], floorAsked = FLOOR_DEFAULT): Paired<L> {
  const kept = undisturbed(samples);
  const look = LOOKS.filter((pairs) => pairs <= kept.length).at(-1);
  const same_side = sameSide(samples);
  const floor = Math.max(floorAsked, Math.min(same_side, FLOOR_MAX));
  const judgement = judge(
    kept.slice(0, look).map(({ log_ratio }) => log_ratio),
    floor,
  );
  const common = { floor, same_side, samples };
  if (look !== undefined && same_side <= FLOOR_MAX) return { ...judgement, ...common };
  return { ...judgement, verdict: 'none', p: 1, pairsNeeded: judgement.pairsNeeded ?? null, ...common };
}

/** Those that count. */
export const undisturbed = <Sample extends { readonly disturbed: string | null }>(
  samples: readonly Sample[],
): Sample[] => samples.filter(({ disturbed }) => disturbed === null);

/** The laps that count, of pairs that do. */
export const undisturbedLaps = <L extends Lap>(samples: readonly Pair<L>[]): LapPair<L>[] =>
  undisturbed(samples).flatMap(({ laps }) => undisturbed(laps));

/** Estimate of how the second of two laps of one side that follow each other differs from the first. */
function sameSide(samples: readonly Pair[]): number {
  const laps = samples.flatMap((pair) => pair.laps);
  const ratios = laps.slice(1).flatMap((now, index) => {
    const before = laps[index] as LapPair;
    if (before.first === now.first || before.disturbed !== null || now.disturbed !== null) return [];
    return [Math.log(now[now.first].seconds / before[now.first].seconds)];
  });
  return ratios.length === 0 ? 0 : Math.abs(Math.expm1(medianOf(ratios)));
}

const medianOf = (values: readonly number[]): number => medianOfSorted(Float64Array.from(values).sort());
