/**
 * Latency of two sides under open-loop load, from pairs of processes as in pairs.ts: both get the same load, and what counts is
 * the ratio of a quantile within a pair. A latency begins when its record was due, whether or not the plan could take it then,
 * so that what a stall delays is not left out (Tene, "How NOT to Measure Latency"). No verdict comes from it: the far quantiles
 * of a shared machine are the machine's. Main thread.
 */
import { histogramValue } from '../runtime/histogram.js';
import { type Lap, type Pair, runPair, type StartContestant, undisturbed, undisturbedLaps } from './pairs.js';
import { judge } from './verdict.js';

export const QUANTILES: Readonly<Record<string, number>> = {
  p50: 0.5,
  p90: 0.9,
  p99: 0.99,
  'p99.9': 0.999,
  'p99.99': 0.9999,
};

/** Cells of a histogram that are not 0, in HdrHistogram's layout (lib/runtime/histogram.ts), by rising index. */
export type LatencyCounts = readonly (readonly [index: number, count: number])[];

export interface LoadedLap extends Lap {
  readonly latencies: LatencyCounts;
  readonly records: number;
}

export interface LatencyRow {
  readonly quantile: string;
  /** Over all laps that count, ns. */
  readonly a_ns: number;
  readonly b_ns: number;
  /** How much longer B's is than A's, as a share, over the pairs. */
  readonly change: number;
  readonly interval: readonly [low: number, high: number];
}

export interface Latencies {
  /** Empty where no pair counts. */
  readonly rows: readonly LatencyRow[];
  /** Those that count. */
  readonly pairs: number;
  readonly samples: readonly Pair<LoadedLap>[];
}

export interface LatencyOptions {
  /** No pair begins later than this, seconds. */
  readonly seconds: number;
  /** Laps of either side in a pair. */
  readonly laps: number;
  readonly progress?: (samples: readonly Pair<LoadedLap>[]) => void;
  readonly now?: () => number;
}

/** Enough for an interval; more would say little more. */
const PAIRS = 16;

/** @param start as for `runPairs` */
export async function runLatencies(start: StartContestant<LoadedLap>, options: LatencyOptions): Promise<Latencies> {
  const { seconds, laps, progress, now = () => performance.now() / 1000 } = options;
  const end = now() + seconds;
  const samples: Pair<LoadedLap>[] = [];
  for (;;) {
    samples.push(await runPair(start, samples.length % 2 === 0 ? 'a' : 'b', laps));
    progress?.(samples);
    if (samples.length % 2 !== 0) continue;
    if (undisturbed(samples).length >= PAIRS || now() >= end) return latenciesOf(samples);
  }
}

export function latenciesOf(samples: readonly Pair<LoadedLap>[]): Latencies {
  const kept = undisturbed(samples);
  const all = sidesOf(samples);
  const each = kept.map((pair) => sidesOf([pair]));
  const rows = Object.entries(QUANTILES).map(([quantile, share]): LatencyRow => {
    const ratios = each.map(({ a, b }) => Math.log(quantileOf(b, share) / quantileOf(a, share)));
    const { change, interval } = judge(ratios);
    return { quantile, a_ns: quantileOf(all.a, share), b_ns: quantileOf(all.b, share), change, interval };
  });
  return { rows: kept.length === 0 ? [] : rows, pairs: kept.length, samples };
}

/** The latencies of all laps that count. */
function sidesOf(samples: readonly Pair<LoadedLap>[]): Record<'a' | 'b', LatencyCounts> {
  const laps = undisturbedLaps(samples);
  return { a: merged(laps.map(({ a }) => a.latencies)), b: merged(laps.map(({ b }) => b.latencies)) };
}

function merged(all: readonly LatencyCounts[]): LatencyCounts {
  const counts = new Map<number, number>();
  for (const [index, count] of all.flat()) counts.set(index, (counts.get(index) ?? 0) + count);
  return [...counts].sort(([one], [other]) => one - other);
}

/** The least latency that the share of records did not exceed, ns, as exact as the histogram (1 %); NaN of no records. */
export function quantileOf(counts: LatencyCounts, share: number): number {
  const records = counts.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.max(1, Math.ceil(share * records));
  for (const [index, count] of counts) {
    left -= count;
    // A latency of 0 has no ratio.
    if (left <= 0) return Math.max(1, histogramValue(index));
  }
  return Number.NaN;
}
