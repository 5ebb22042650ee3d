/**
 * Latency of two sides under open-loop load, from pairs of processes as in pairs.ts: both get the same load, and what counts is
 * the ratio of a quantile within a pair. A latency begins when its record was due, whether or not the plan could take it then,
 * so that what a stall delays is not left out (Tene, "How NOT to Measure Latency"). No verdict comes from it: the far quantiles
 * of a shared machine are the machine's. Main thread.
 */
import { histogramValue } from '../region/histogram.js';
import {
  type Contestant,
  type Lap,
  type Pair,
  runPair,
  type Side,
  type StartContestant,
  undisturbed,
  undisturbedLaps,
} from './pairs.js';
import { judge } from './verdict.js';

export const QUANTILES: Readonly<Record<string, number>> = {
  p50: 0.5,
  p90: 0.9,
  p99: 0.99,
  'p99.9': 0.999,
  'p99.99': 0.9999,
};

/** Cells of a histogram that are not 0, in HdrHistogram's layout (lib/region/histogram.ts), by rising index. */
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

/** What a lap is asked to take. */
export interface Load {
  readonly per_second: number;
  readonly count: number;
}

export interface LoadedLatencies {
  /** Records a second that both sides got. */
  readonly per_second: number;
  readonly latencies: Latencies;
}

/** Enough for an interval; more would say little more. */
const PAIRS = 16;
/** Queues are then what a burst makes of them, and not what a shortage does. */
const SHARE_OF_RATE = 0.25;
/** More than any plan takes: how long its records need then says what it manages. */
const FLOOD_PER_SECOND = 1e12;
const FLOOD_LAPS = 3;
const LAPS = 16;

/**
 * Latencies of both sides at a quarter of what the slower one manages.
 * @param start a process whose laps have this load
 * @param options `floodCount`: records of a lap that says what a side manages; `lapSeconds`: how long a lap takes at the load
 */
export async function runLoaded(
  start: (side: Side, load: Load) => Promise<Contestant<LoadedLap>>,
  options: Omit<LatencyOptions, 'laps'> & { readonly floodCount: number; readonly lapSeconds: number },
): Promise<LoadedLatencies> {
  const { floodCount, lapSeconds, ...more } = options;
  const rateOf = async (side: Side): Promise<number> => {
    const process = await start(side, { per_second: FLOOD_PER_SECOND, count: floodCount });
    try {
      let least = Number.POSITIVE_INFINITY;
      for (let lap = 0; lap < FLOOD_LAPS; lap++) least = Math.min(least, (await process.lap()).seconds);
      return floodCount / least;
    } finally {
      await process.end();
    }
  };
  const per_second = Math.max(1, Math.round(SHARE_OF_RATE * Math.min(await rateOf('a'), await rateOf('b'))));
  const load = { per_second, count: Math.max(1, Math.round(per_second * lapSeconds)) };
  return { per_second, latencies: await runLatencies((side) => start(side, load), { ...more, laps: LAPS }) };
}

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
