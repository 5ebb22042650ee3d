/**
 * Latency counts in HdrHistogram's layout, as native threads write them (native/core/histogram.hpp): unit 1 ns, 256
 * sub-buckets. Values above the highest count as the highest. Pure.
 */

import { HISTOGRAM_COUNTS, HISTOGRAM_MAX_NS, HISTOGRAM_SUB_BUCKET_COUNT } from '../abi/definition.js';

const HALF = HISTOGRAM_SUB_BUCKET_COUNT / 2;
const HALF_MAGNITUDE = Math.log2(HALF);
const TWO_32 = 2 ** 32;

/** floor(log2(value)) for 1 ≤ value < 2^53. */
function highestBit(value: number): number {
  const high = Math.floor(value / TWO_32);
  return high === 0 ? 31 - Math.clz32(value) : 63 - Math.clz32(high);
}

/** Which count a value of `ns` nanoseconds adds to. */
export function histogramIndex(ns: number): number {
  const value = ns <= 0 ? 0 : Math.min(Math.floor(ns), HISTOGRAM_MAX_NS);
  if (value < HISTOGRAM_SUB_BUCKET_COUNT) return value;
  const bucket = highestBit(value) - HALF_MAGNITUDE;
  return Math.min(bucket * HALF + Math.floor(value / 2 ** bucket), HISTOGRAM_COUNTS - 1);
}

/** Largest value, ns, that adds to count `index`: what a percentile reports. */
export function histogramValue(index: number): number {
  if (index < HISTOGRAM_SUB_BUCKET_COUNT) return index;
  const bucket = Math.floor(index / HALF) - 1;
  const sub = index - bucket * HALF;
  return (sub + 1) * 2 ** bucket - 1;
}

/** Latencies of sampled records. */
export interface LatencySummary {
  /** Records that were sampled: one in 1024. */
  readonly samples: number;
  /** Half of the samples took at most so many nanoseconds. */
  readonly p50: number;
  /** 90 of 100 samples took at most so many nanoseconds. */
  readonly p90: number;
  /** 99 of 100 samples took at most so many nanoseconds. */
  readonly p99: number;
  /** 999 of 1000 samples took at most so many nanoseconds. */
  readonly p999: number;
  /** The longest, in nanoseconds. */
  readonly max: number;
}

const SHARES = [0.5, 0.9, 0.99, 0.999] as const;

/**
 * Percentiles of a table of counts, or null when nothing has been sampled yet.
 * @param first the first count that may not be 0
 * @param last the last one
 */
export function summarizeHistogram(counts: Uint32Array, first = 0, last = counts.length - 1): LatencySummary | null {
  let samples = 0;
  let highest = first;
  for (let i = first; i <= last; i++) {
    const count = counts[i] as number;
    if (count === 0) continue;
    samples += count;
    highest = i;
  }
  if (samples === 0) return null;
  const values = [0, 0, 0, 0];
  let seen = 0;
  let found = 0;
  for (let i = first; i <= highest; i++) {
    seen += counts[i] as number;
    while (found < SHARES.length && seen >= Math.ceil(samples * (SHARES[found] as number))) {
      values[found++] = histogramValue(i);
    }
  }
  const [p50, p90, p99, p999] = values as [number, number, number, number];
  return { samples, p50, p90, p99, p999, max: histogramValue(highest) };
}

/**
 * Adds up the tables of one agent after the other. Few counts of a table are not 0, so it keeps between which they lie.
 * @internal
 */
export class HistogramSum {
  readonly #counts = new Uint32Array(HISTOGRAM_COUNTS);
  #first = HISTOGRAM_COUNTS;
  #last = -1;

  /**
   * Adds the table that begins at a word; its words two at a time are `doubles`, of which most are 0.
   * @param word even
   */
  add(words: Uint32Array, doubles: Float64Array, word: number): void {
    const counts = this.#counts;
    for (let i = 0, pair = word / 2; i < HISTOGRAM_COUNTS; i += 2, pair++) {
      if (doubles[pair] === 0) continue;
      counts[i] = (counts[i] as number) + (words[word + i] as number);
      counts[i + 1] = (counts[i + 1] as number) + (words[word + i + 1] as number);
      this.#first = Math.min(this.#first, i);
      this.#last = Math.max(this.#last, i + 1);
    }
  }

  /** The summary of what was added since the last one, or null. */
  take(): LatencySummary | null {
    if (this.#last < 0) return null;
    const summary = summarizeHistogram(this.#counts, this.#first, this.#last);
    this.#counts.fill(0, this.#first, this.#last + 1);
    this.#first = HISTOGRAM_COUNTS;
    this.#last = -1;
    return summary;
  }
}
