import { expect, test } from 'vitest';
import {
  distanceOf,
  judgePairs,
  type Lap,
  lapOf,
  OFF_CPU_MAX,
  type Pair,
  runPairs,
  type Side,
} from '../../lib/bench/pairs.js';

const quiet = { off_cpu: 0, distance_ns: [100, 110] } as const;

/** Laps of `seconds` each, a little apart, the same in every run. */
function laps(seconds: Record<Side, number>, more: (lap: number) => Partial<Lap> = () => ({})) {
  const order: Side[] = [];
  const lap = async (side: Side): Promise<Lap> => {
    order.push(side);
    const jitter = 1 + 0.004 * Math.sin(order.length * 1.7);
    return { ...quiet, seconds: seconds[side] * jitter, ...more(order.length) };
  };
  return { order, lap };
}

/** A clock that takes a second a look. */
const clock = () => {
  let now = 0;
  return () => now++;
};

test('laps come as A B B A, then B A A B', async () => {
  const { order, lap } = laps({ a: 1, b: 1 });
  await runPairs(lap, { seconds: 1000, now: clock() });
  expect(order.slice(0, 8).join('')).toBe('abbabaab');
});

test('eight pairs tell a change that is plain, and the verdict turns with the sides', async () => {
  const slower = await runPairs(laps({ a: 1, b: 1.2 }).lap, { seconds: 1000, now: clock() });
  expect(slower).toMatchObject({ verdict: 'slower', pairs: 8 });
  expect(slower.change).toBeCloseTo(0.2, 2);
  expect(await runPairs(laps({ a: 1.2, b: 1 }).lap, { seconds: 1000, now: clock() })).toMatchObject({
    verdict: 'faster',
  });
  expect(await runPairs(laps({ a: 1, b: 1 }).lap, { seconds: 1000, now: clock() })).toMatchObject({ verdict: 'same' });
});

test('a pair in which a thread had no CPU, or the CPUs moved, is made again and not judged', async () => {
  const more = (lap: number): Partial<Lap> => {
    if (lap === 3) return { off_cpu: OFF_CPU_MAX * 2, seconds: 9 };
    return lap === 5 ? { distance_ns: [100, 400], seconds: 9 } : {};
  };
  const paired = await runPairs(laps({ a: 1, b: 1 }, more).lap, { seconds: 1000, now: clock() });
  expect(paired.verdict).toBe('same');
  expect(paired.laps.map(({ disturbed }) => disturbed)).toEqual([
    null,
    'a thread had no CPU for 4.0 % of a lap',
    'the CPUs moved: near, far',
    ...Array.from({ length: 7 }, () => null),
  ]);
});

test('a machine that is never quiet ends with no verdict when the time is up', async () => {
  const paired = await runPairs(laps({ a: 1, b: 2 }, () => ({ off_cpu: 1 })).lap, { seconds: 5, now: clock() });
  expect(paired).toMatchObject({ verdict: 'none', pairs: 0, pairsNeeded: null });
  expect(paired.laps.length).toBeGreaterThan(4);
});

test('there is no verdict between two looks, however plain the pairs are', () => {
  const pair: Pair = { a: { ...quiet, seconds: 1 }, b: { ...quiet, seconds: 2 }, first: 'a', disturbed: null };
  expect(judgePairs(Array.from({ length: 7 }, () => pair)).verdict).toBe('none');
  expect(judgePairs(Array.from({ length: 15 }, () => pair))).toMatchObject({ verdict: 'slower', pairs: 8 });
});

test('what laps of one side differ by raises the floor, and past 5 % there is no verdict', () => {
  // The second pair of every block takes longer on both sides: a change of nothing.
  const blocks = (drift: number, b: number): Pair[] =>
    Array.from({ length: 8 }, (_, at) => {
      const longer = at % 2 === 0 ? 1 : 1 + drift;
      const first: Side = at % 4 === 0 || at % 4 === 3 ? 'a' : 'b';
      return { a: { ...quiet, seconds: longer }, b: { ...quiet, seconds: b * longer }, first, disturbed: null };
    });
  expect(judgePairs(blocks(0.01, 1.045))).toMatchObject({ verdict: 'slower', floor: 0.03 });
  const raised = judgePairs(blocks(0.047, 1.045));
  expect(raised.verdict).toBe('same');
  expect(raised.floor).toBeCloseTo(0.047, 6);
  expect(judgePairs(blocks(0.08, 1.5)).verdict).toBe('none');
});

test('what rejects in a lap ends the run with its words', async () => {
  const lap = () => Promise.reject(new Error('the plan failed'));
  await expect(runPairs(lap, { seconds: 5, now: clock() })).rejects.toThrow('the plan failed');
});

test('a lap is as much off the CPU as the thread that waited longest', () => {
  const status = { threads: [{ waited_seconds: 0.001 }, { waited_seconds: 0.02 }, { waited_seconds: null }] };
  expect(lapOf({ seconds: 0.25, distance_ns: null, status })).toEqual({
    seconds: 0.25,
    distance_ns: null,
    off_cpu: 0.08,
  });
});

test('distances have the names of the tables', () => {
  expect([50, 100, 249, 250, 600].map(distanceOf)).toEqual(['same core', 'near', 'near', 'far', 'far']);
});
