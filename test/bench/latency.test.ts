import { expect, test } from 'vitest';
import { type LatencyCounts, type LoadedLap, latenciesOf, quantileOf, runLatencies } from '../../lib/bench/latency.js';
import { pairOf, type Side } from '../../lib/bench/pairs.js';
import { histogramIndex } from '../../lib/region/histogram.js';

/** So many records at each latency, ns. */
const counts = (...latencies: (readonly [ns: number, count: number])[]): LatencyCounts =>
  latencies.map(([ns, count]) => [histogramIndex(ns), count]);

const lap = (latencies: LatencyCounts, off_cpu = 0): LoadedLap => ({
  seconds: 0.02,
  off_cpu,
  distance_ns: [100, 100],
  latencies,
  records: latencies.reduce((sum, [, count]) => sum + count, 0),
});

test('a quantile is the least latency that the share of records did not exceed', () => {
  const all = counts([100, 90], [200, 9], [250, 1]);
  expect([0.5, 0.9, 0.91, 0.99, 0.999].map((share) => quantileOf(all, share))).toEqual([100, 100, 200, 200, 250]);
  expect(quantileOf([], 0.5)).toBeNaN();
});

test('a quantile of both sides is compared within each pair, over the laps of it that count', () => {
  const before = counts([100, 999], [200, 1]);
  const after = counts([110, 999], [200, 1]);
  const wild = counts([5000, 1000]);
  const samples = Array.from({ length: 8 }, () =>
    pairOf('a', [
      { a: lap(before), b: lap(after), first: 'a', disturbed: null },
      { a: lap(before), b: lap(wild, 0.5), first: 'b', disturbed: 'a thread had no CPU' },
    ]),
  );
  const { rows, pairs } = latenciesOf(samples);
  expect(pairs).toBe(8);
  expect(rows.map(({ quantile }) => quantile)).toEqual(['p50', 'p90', 'p99', 'p99.9', 'p99.99']);
  expect(rows[0]).toMatchObject({ a_ns: 100, b_ns: 110 });
  expect(rows[0]?.change).toBeCloseTo(0.1, 6);
  expect(rows[4]).toMatchObject({ a_ns: 200, b_ns: 200, change: 0 });
});

test('pairs run until sixteen count, or the time is up; of a machine that is never quiet there are no rows', async () => {
  const run = async (off_cpu: number, seconds: number) => {
    let now = 0;
    const start = async (_side: Side) => ({ lap: async () => lap(counts([100, 10]), off_cpu), end: async () => {} });
    return await runLatencies(start, { seconds, laps: 2, now: () => now++ });
  };
  expect(await run(0, 1000)).toMatchObject({ pairs: 16, rows: { length: 5 } });
  const disturbed = await run(0.5, 5);
  expect(disturbed).toMatchObject({ pairs: 0, rows: [] });
  expect(disturbed.samples.length).toBeGreaterThan(4);
});
