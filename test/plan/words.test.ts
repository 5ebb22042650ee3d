import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shorten } from '../../lib/plan/finding.js';
import { fromPointer, parentOf, toPointer, valueAt } from '../../lib/plan/pointer.js';
import { count, nearest, oneOf, quote } from '../../lib/plan/words.js';

describe('a JSON pointer', () => {
  it('comes back from its text', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => {
        expect(fromPointer(toPointer(segments))).toEqual(segments);
      }),
    );
  });

  it('finds own values only', () => {
    expect(valueAt({ a: [1, { b: 2 }] }, '/a/1/b')).toBe(2);
    expect(valueAt({}, '/constructor')).toBeUndefined();
    expect(valueAt([1], '/length')).toBe(1);
    expect(valueAt('text', '/0')).toBeUndefined();
  });

  it('has a parent, and the document is its own', () => {
    expect([parentOf('/a/b'), parentOf('/a'), parentOf('')]).toEqual(['/a', '', '']);
  });
});

describe('a hint', () => {
  it.each([
    ['shrads', 'shards'],
    ['lfet', 'left'],
    ['SINGLERING', 'SingleRing'],
    ['on-full', 'on_full'],
    ['depnds_on', 'depends_on'],
  ])('for %s is %s', (word, meant) => {
    expect(nearest(word, ['SingleRing', 'shards', 'on_full', 'depends_on', 'x', 'left'])).toBe(meant);
  });

  it('is not given where nothing is near', () => {
    expect(nearest('zebra', ['shards', 'x'])).toBeUndefined();
    expect(nearest('b', ['a', 'c'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
    expect(nearest('', ['a'])).toBeUndefined();
    expect(nearest(5, ['5'])).toBeUndefined();
    expect(nearest('x'.repeat(100), ['x'.repeat(99)])).toBeUndefined();
  });
});

describe('words', () => {
  it('are joined as in a sentence', () => {
    expect([oneOf([]), oneOf(['a']), oneOf(['a', 'b']), oneOf(['a', 'b', 'c'], 'and')]).toEqual([
      '',
      'a',
      'a or b',
      'a, b and c',
    ]);
    expect([count(1, 'item'), count(0, 'item'), count(2, 'ingress')]).toEqual(['1 item', '0 items', '2 ingresses']);
  });

  it('quote text with its escapes, cut where it is long', () => {
    expect(quote('a"\n')).toBe('"a\\"\\n"');
    expect(quote('x'.repeat(70))).toBe(`"${'x'.repeat(64)}…"`);
    expect([quote(1), quote(true), quote(null), quote([]), quote({})]).toEqual([
      '1',
      'true',
      'nothing (null)',
      'a list',
      'a map',
    ]);
  });
});

describe('a received value', () => {
  it('is kept while it is short', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(JSON.stringify(value).length <= 80);
        expect(JSON.stringify(shorten(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('is cut while it is long, whatever it is, and stays JSON', () => {
    const values = [
      'x'.repeat(10_000),
      Array(1000).fill(0),
      { a: 'x'.repeat(500) },
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, index])),
      10n ** 300n,
      Number.NaN,
      Symbol('s'),
      () => 1,
      { nested: { bad: 1n } },
    ];
    for (const value of values) expect(JSON.stringify(shorten(value)).length).toBeLessThan(250);
    expect(shorten('x'.repeat(10_000))).toBe(`${'x'.repeat(160)}… (10000 characters)`);
    expect(shorten(Array(1000).fill(0))).toBe('a list of 1000');
    expect(shorten({ nested: { bad: 1n } })).toBe('a map of 1');
  });

  it('is never changed by being shortened', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(() => JSON.stringify(shorten(value))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
