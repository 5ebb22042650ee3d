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

/** Percentiles of a table of counts, or null when nothing has been sampled yet. */
export function summarizeHistogram(counts: Uint32Array): LatencySummary | null {
  let samples = 0;
  let last = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] as number;
    samples += count;
    if (count > 0) last = i;
  }
  if (samples === 0) return null;
  const at = (share: number): number => {
    const wanted = Math.max(1, Math.ceil(samples * share));
    let seen = 0;
    for (let i = 0; i < counts.length; i++) {
      seen += counts[i] as number;
      if (seen >= wanted) return histogramValue(i);
    }
    return histogramValue(last);
  };
  return { samples, p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: histogramValue(last) };
}
