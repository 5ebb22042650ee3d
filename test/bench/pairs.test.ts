import { expect, test } from 'vitest';
import {
  distanceOf,
  judgePairs,
  type Lap,
  type LapPair,
  lapOf,
  lapsPerPair,
  OFF_CPU_MAX,
  type Pair,
  pairOf,
  runPairs,
  type Side,
} from '../../lib/bench/pairs.js';

const quiet = { off_cpu: 0, distance_ns: [100, 110] } as const;

/** Processes whose laps take so many seconds, a little apart, the same in every run; `order` is what ran. */
function processes(seconds: Record<Side, number>, more: (lap: number) => Partial<Lap> = () => ({})) {
  const order: string[] = [];
  let laps = 0;
  const start = async (side: Side) => {
    order.push(`start ${side}`);
    const lap = async (): Promise<Lap> => {
      order.push(side);
      const jitter = 1 + 0.002 * Math.sin(++laps * 1.7);
      return { ...quiet, seconds: seconds[side] * jitter, ...more(laps) };
    };
    return { lap, end: async () => void order.push(`end ${side}`) };
  };
  return { order, start };
}

/** A clock that takes a second a look. */
const clock = () => {
  let now = 0;
  return () => now++;
};

const options = (laps = 1) => ({ seconds: 1000, laps, now: clock() });

test('two processes live beside each other and run laps in turn, after one that is not used', async () => {
  const { order, start } = processes({ a: 1, b: 1 });
  const paired = await runPairs(start, options(4));
  expect(order.slice(0, 14).join(' ')).toBe('start a start b a b a b b a a b b a end a end b');
  expect(order.slice(14, 28).join(' ')).toBe('start b start a b a b a a b b a a b end b end a');
  expect(paired.samples[0]?.laps).toHaveLength(4);
});

test('where laps are long, a pair has one of each side, and none before', async () => {
  const { order, start } = processes({ a: 1, b: 1 });
  await runPairs(start, options(1));
  expect(order.slice(0, 12).join(' ')).toBe('start a start b a b end a end b start b start a b a end b end a');
  expect([0.02, 0.1, 0.2, 0.4, 60].map(lapsPerPair)).toEqual([16, 4, 2, 1, 1]);
});

test('eight pairs tell a change that is plain, and the verdict turns with the sides', async () => {
  const slower = await runPairs(processes({ a: 1, b: 1.2 }).start, options());
  expect(slower).toMatchObject({ verdict: 'slower', pairs: 8 });
  expect(slower.change).toBeCloseTo(0.2, 2);
  expect(await runPairs(processes({ a: 1.2, b: 1 }).start, options())).toMatchObject({ verdict: 'faster' });
  expect(await runPairs(processes({ a: 1, b: 1 }).start, options(4))).toMatchObject({ verdict: 'same' });
});

test('one program among many needs more pairs: their verdicts are judged together', async () => {
  const { start } = processes({ a: 1, b: 1.2 });
  expect(await runPairs(start, { ...options(), programs: 20 })).toMatchObject({ verdict: 'slower', pairs: 16 });
});

test('a pair in which a thread had no CPU, or the CPUs moved, is made again and not judged', async () => {
  const more = (lap: number): Partial<Lap> => {
    if (lap === 3) return { off_cpu: OFF_CPU_MAX * 2, seconds: 9 };
    return lap === 5 ? { distance_ns: [100, 400], seconds: 9 } : {};
  };
  const paired = await runPairs(processes({ a: 1, b: 1 }, more).start, options());
  expect(paired.verdict).toBe('same');
  expect(paired.samples.map(({ disturbed }) => disturbed)).toEqual([
    null,
    'a thread had no CPU for 4.0 % of a lap',
    'the CPUs moved: near, far',
    ...Array.from({ length: 7 }, () => null),
  ]);
});

const lapPair = (a: number, b: number, first: Side = 'a', disturbed: string | null = null): LapPair => ({
  a: { ...quiet, seconds: a },
  b: { ...quiet, seconds: b },
  first,
  disturbed,
});

test('a pair is judged by its undisturbed laps as long as these are half of them', () => {
  const disturbed = lapPair(1, 9, 'b', 'the CPUs moved: near, far');
  const one = pairOf('a', [lapPair(1, 1.1), disturbed, lapPair(1, 1.1), disturbed]);
  expect(one.disturbed).toBeNull();
  expect(Math.exp(one.log_ratio)).toBeCloseTo(1.1, 6);
  expect(pairOf('a', [lapPair(1, 1.1), disturbed, disturbed, disturbed]).disturbed).toBe(
    '3 of 4 laps: the CPUs moved: near, far',
  );
});

test('a machine that is never quiet ends with no verdict when the time is up', async () => {
  const { start } = processes({ a: 1, b: 2 }, () => ({ off_cpu: 1 }));
  const paired = await runPairs(start, { ...options(), seconds: 5 });
  expect(paired).toMatchObject({ verdict: 'none', pairs: 0, pairsNeeded: null });
  expect(paired.samples.length).toBeGreaterThan(4);
});

test('there is no verdict between two looks, however plain the pairs are', () => {
  const pair = pairOf('a', [lapPair(1, 2)]);
  expect(judgePairs(Array.from({ length: 7 }, () => pair)).verdict).toBe('none');
  expect(judgePairs(Array.from({ length: 15 }, () => pair))).toMatchObject({ verdict: 'slower', pairs: 8 });
});

test('what laps of one side differ by raises the floor, and past 5 % there is no verdict', () => {
  // Whichever lap comes second takes longer: a change of nothing.
  const pairs = (drift: number, b: number): Pair[] =>
    Array.from({ length: 8 }, () =>
      pairOf('a', [
        lapPair(1, b),
        lapPair(1 + drift, b * (1 + drift), 'b'),
        lapPair((1 + drift) ** 2, b * (1 + drift) ** 2),
      ]),
    );
  expect(judgePairs(pairs(0.01, 1.045))).toMatchObject({ verdict: 'slower', floor: 0.03 });
  const raised = judgePairs(pairs(0.047, 1.045));
  expect(raised.verdict).toBe('same');
  expect(raised.floor).toBeCloseTo(0.047, 6);
  expect(judgePairs(pairs(0.08, 1.5)).verdict).toBe('none');
});

test('what rejects in a lap ends the run with its words, and both processes', async () => {
  const { order, start } = processes({ a: 1, b: 1 }, () => {
    throw new Error('the plan failed');
  });
  await expect(runPairs(start, options())).rejects.toThrow('the plan failed');
  expect(order.slice(-2)).toEqual(['end a', 'end b']);
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
