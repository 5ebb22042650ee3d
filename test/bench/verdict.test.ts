import { describe, expect, test } from 'vitest';
import { ALPHA_OF_A_LOOK, FLOOR_DEFAULT, judge, judgeTogether, LOOKS } from '../../lib/bench/verdict.js';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log-ratios around a change, with outliers as a shared machine makes them. */
function laps(count: number, change: number, spread: number, seed: number): number[] {
  const next = numbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: count }, () => Math.log1p(change) + spread * normal() * (next() < 0.05 ? 8 : 1));
}

describe('a verdict', () => {
  test('is slower, faster or same only where the whole interval says so', () => {
    expect(judge(laps(32, 0.1, 0.015, 1))).toMatchObject({ verdict: 'slower', pairs: 32 });
    expect(judge(laps(32, -0.1, 0.015, 2))).toMatchObject({ verdict: 'faster' });
    expect(judge(laps(32, 0, 0.015, 3))).toMatchObject({ verdict: 'same' });
  });

  test('is none on the floor itself, however many pairs there are', () => {
    expect(judge(laps(64, FLOOR_DEFAULT, 0.015, 4)).verdict).toBe('none');
  });

  test('is none of too few pairs, whose interval has no end', () => {
    expect(judge(laps(7, 0.5, 0.001, 5))).toMatchObject({ verdict: 'none', interval: [-1, Infinity] });
    expect(judge([])).toMatchObject({ verdict: 'none', pairs: 0, change: Number.NaN });
  });

  test('says of none how many pairs it would take, and they do', () => {
    const { verdict, pairsNeeded } = judge(laps(16, 0.05, 0.06, 6));
    expect(verdict).toBe('none');
    expect(pairsNeeded).toBeGreaterThan(16);
    expect(judge(laps(4 * (pairsNeeded as number), 0.05, 0.06, 6)).verdict).toBe('slower');
  });

  test('turns round where A and B do', () => {
    const values = laps(16, 0.06, 0.01, 7);
    const there = judge(values);
    const back = judge(
      values.map((value) => -value),
      0.03,
    );
    expect(there.verdict).toBe('slower');
    expect(back.verdict).toBe('faster');
    expect(1 + back.change).toBeCloseTo(1 / (1 + there.change), 12);
  });
});

describe('the interval', () => {
  test('is that of the signed ranks: of 8 pairs at 98.75 % all of them, at 95 % without the three outermost means', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8].map((value) => value / 100);
    const [low, high] = judge(values).interval;
    expect(Math.log1p(low)).toBeCloseTo(0.01, 12);
    expect(Math.log1p(high)).toBeCloseTo(0.08, 12);
    // P(W ≤ 3) = 5/256 ≤ 0.025: the fourth mean from either end.
    const [low95, high95] = judge(values, FLOOR_DEFAULT, 0.05).interval;
    expect(Math.log1p(low95)).toBeCloseTo(0.02, 12);
    expect(Math.log1p(high95)).toBeCloseTo(0.07, 12);
  });

  test('covers the truth as often as it says', () => {
    let covered = 0;
    const runs = 1000;
    for (let seed = 0; seed < runs; seed++) {
      const [low, high] = judge(laps(16, 0.02, 0.02, 100 + seed), FLOOR_DEFAULT, 0.05).interval;
      if (low <= 0.02 && 0.02 <= high) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.935);
    expect(covered / runs).toBeLessThan(0.975);
  });

  test('is hardly moved by one wild pair', () => {
    const calm = laps(16, 0, 0.01, 8);
    expect(Math.abs(judge([...calm.slice(1), 3]).change)).toBeLessThan(0.01);
  });
});

describe('looks', () => {
  /** Pairs are added until a look gives a verdict. */
  function sequential(change: number, seed: number): { verdict: string; pairs: number } {
    const values = laps(64, change, 0.015, seed);
    for (const pairs of LOOKS) {
      const { verdict } = judge(values.slice(0, pairs));
      if (verdict !== 'none') return { verdict, pairs };
    }
    return { verdict: 'none', pairs: 64 };
  }

  test('of one program against itself are the same in nearly every run, and changed in none', () => {
    const ends = Array.from({ length: 300 }, (_, seed) => sequential(0, 5000 + seed));
    expect(ends.filter(({ verdict }) => verdict === 'slower' || verdict === 'faster')).toHaveLength(0);
    expect(ends.filter(({ verdict }) => verdict === 'same').length).toBeGreaterThan(270);
  });

  test('find 5 % in nearly every run', () => {
    const ends = Array.from({ length: 300 }, (_, seed) => sequential(0.05, 9000 + seed));
    expect(ends.filter(({ verdict }) => verdict === 'slower').length).toBeGreaterThan(270);
    expect(ends.filter(({ verdict }) => verdict === 'faster' || verdict === 'same').length).toBeLessThan(6);
  });
});

describe('a suite', () => {
  test('keeps what is clear and takes back what chance explains', () => {
    const clear = judge(laps(32, 0.2, 0.01, 11));
    const weak = { ...clear, p: ALPHA_OF_A_LOOK / 2 / 3 };
    const many = judgeTogether([weak, clear, ...Array.from({ length: 8 }, (_, i) => judge(laps(32, 0, 0.3, 12 + i)))]);
    expect(many.map(({ verdict }) => verdict).slice(0, 2)).toEqual(['none', 'slower']);
    expect(judgeTogether([weak]).map(({ verdict }) => verdict)).toEqual(['slower']);
  });
});
