import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../lib/expression/pattern.js';
import type { Dfa } from '../../lib/expression/pattern-dfa.js';
import { ExpressionError } from '../../lib/expression/source.js';

/** JavaScript's own engine is the oracle where both have the syntax. */

const place = (pattern: string) => ({ start: 0, end: pattern.length });
const dfaOf = (pattern: string): Dfa => compilePattern(pattern, place(pattern));

function matches(dfa: Dfa, text: string): boolean {
  let state = 0;
  for (const byte of new TextEncoder().encode(text)) {
    if (((dfa.accepts[state] as number) & 1) !== 0) return true;
    state = dfa.states[state * dfa.classCount + (dfa.classes[byte] as number)] as number;
  }
  return dfa.accepts[state] !== 0;
}

const TEXTS = [
  '',
  'a',
  'ab',
  'abc',
  'aab',
  'foo bar',
  'foo_bar',
  'foobar',
  'ERROR 42',
  'error: x',
  '10.0.0.1',
  '1.2.3',
  'über',
  'ÜBER',
  '日本語',
  '😀x',
  'x\ny',
  'line\n',
  '-',
  'é',
  'zz9',
  'ſtart',
  'K',
  'a@b.co',
];

describe('patterns', () => {
  test.each([
    'a',
    'ab|cd',
    '^a',
    'c$',
    '^$',
    '^abc$',
    'a*b',
    'a+b?c',
    '(?:ab)+',
    'a{2}',
    'a{1,2}b',
    '[a-c]{2,}',
    '[^a-z]',
    '^[^a]*$',
    '.',
    '^.$',
    '^..$',
    '\\d+',
    '\\D',
    '\\w+\\s\\w+',
    '\\bfoo\\b',
    '\\Bbar',
    'o\\b',
    '\\b\\d',
    '(\\d{1,3}\\.){3}\\d{1,3}',
    '[à-ü]',
    '[^\\x00-\\x7f]',
    '日.語',
    '^\\W',
    'x.y',
    '(a|b)*c',
    '[\\d-]',
    '[]x-]',
    '[\\]x]',
    'foo(?:_|\\s)bar',
    'a|',
    '(|a)b',
    '\\.',
    '(?:a*)*b',
    '(a|aa)+b',
    '[^\\n]\\n',
    'a??b',
  ])('%s finds what JavaScript finds', (pattern) => {
    const dfa = dfaOf(pattern);
    const oracle = new RegExp(pattern.replace('[]x-]', '[\\]x-]'), 'u');
    const wrong = TEXTS.filter((text) => matches(dfa, text) !== oracle.test(text));
    expect(wrong).toEqual([]);
  });

  test.each([
    ['(?i)error', 'i'],
    ['(?i)[a-c]+$', 'i'],
    ['(?i)über', 'i'],
    ['(?s)x.y', 's'],
    ['(?m)^y', 'm'],
    ['(?m)x$', 'm'],
  ])('%s has its flag', (pattern, flag) => {
    const dfa = dfaOf(pattern);
    const oracle = new RegExp(pattern.replace(/^\(\?.\)/, ''), `${flag}u`);
    expect(TEXTS.filter((text) => matches(dfa, text) !== oracle.test(text))).toEqual([]);
  });

  test('a flag ends with its group', () => {
    const dfa = dfaOf('(?i:a)b');
    expect(['Ab', 'AB'].map((text) => matches(dfa, text))).toEqual([true, false]);
  });

  test('random patterns of few letters agree with JavaScript', () => {
    let seed = 42;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const part = (depth: number): string => {
      const kind = random(depth > 2 ? 4 : 8);
      if (kind < 2) return 'ab'[kind] as string;
      if (kind === 2) return ['[ab]', '.', '\\b', '[^a]', '^', '$', '\\B'][random(7)] as string;
      if (kind === 3) return 'é';
      if (kind === 4) return `(?:${part(depth + 1)}|${part(depth + 1)})`;
      if (kind === 5) return `(?:${part(depth + 1)})${['*', '+', '?', '{2}', '{1,3}', '{2,}'][random(6)]}`;
      return part(depth + 1) + part(depth + 1);
    };
    const wrong: string[] = [];
    for (let round = 0; round < 400; round += 1) {
      const pattern = part(0);
      const dfa = dfaOf(pattern);
      const oracle = new RegExp(pattern, 'u');
      for (let sample = 0; sample < 12; sample += 1) {
        const text = Array.from({ length: random(7) }, () => ['a', 'b', 'é', ' ', '\n'][random(5)]).join('');
        if (matches(dfa, text) !== oracle.test(text)) wrong.push(`${pattern} on ${JSON.stringify(text)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ['a(?=b)', 'look-around', '(?=b'],
    ['(?<!a)b', 'look-around', '(?<!'],
    ['(a)\\1', 'back-reference', '\\1'],
    ['\\p{L}', 'Unicode classes', '\\p'],
    ['a**', 'repetition of a repetition', '*'],
    ['*a', 'nothing before it', '*'],
    ['a{2000}', 'out of range', '{2000}'],
    ['(a', 'not closed', '('],
    ['a)', 'closes nothing', ')'],
    ['[a', 'not closed', '['],
    ['[z-a]', 'descends', 'z-a'],
    ['a\\', 'backslash ends', '\\'],
  ])('%s is refused by name and place', (pattern, words, at) => {
    let error: unknown;
    try {
      dfaOf(pattern);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ExpressionError);
    const { message, start, end } = error as ExpressionError;
    expect(message).toContain(words);
    expect(pattern.slice(start, end)).toBe(at);
  });

  test.each([
    'error.{0,40}timeout',
    'x[a-z]{1,50}y',
    '(a|b)*a(a|b){14}',
    '((a{100}){100}){100}',
    `(${'ab|'.repeat(1500)}c){900}`,
  ])('%.40s is refused or made in bounded time', (pattern) => {
    const start = performance.now();
    try {
      expect(dfaOf(pattern).states.byteLength).toBeLessThanOrEqual(65_536);
    } catch (error) {
      expect((error as Error).message).toMatch(/repeat less/);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('an automaton is the smallest: what research has found for real patterns', () => {
    expect(dfaOf('(\\d{1,3}\\.){3}\\d{1,3}').accepts).toHaveLength(12);
    expect(dfaOf('[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}').accepts).toHaveLength(37);
  });
});
