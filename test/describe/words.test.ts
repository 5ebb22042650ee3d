import { describe, expect, it } from 'vitest';
import {
  byteWords,
  configWords,
  keyWords,
  laneWords,
  listWords,
  policyWords,
  quoted,
} from '../../lib/plan/element-words.js';

describe('words', () => {
  it('quotes text, escapes control characters, and cuts between characters', () => {
    expect(quoted('a"b\n')).toBe('"a\\"b\\n"');
    expect(quoted('😀😀😀', 2)).toBe('"😀😀…"');
  });

  it('says keys', () => {
    expect(
      (
        [
          { kind: 'bytes', offset: 4, length: 8 },
          { kind: 'token', separator: '\t', index: 0 },
          { kind: 'json', pointer: '/a/b' },
          { kind: 'json', pointer: '' },
          { kind: 'field', name: 'user' },
        ] as const
      ).map(keyWords),
    ).toEqual(['8 bytes at 4', 'token 0 between "\\t"', 'JSON /a/b', 'the whole JSON value', 'field user']);
  });

  it('says lanes and policies with what the author said of them', () => {
    expect(laneWords({ kind: 'Events' })).toBe('Events');
    expect(laneWords({ kind: 'Journal', fsync: { interval_ms: 5 }, retain_bytes: 10 })).toBe(
      'Journal (fsync {"interval_ms":5}, retain_bytes 10)',
    );
    expect(policyWords('Ordered')).toBe('Ordered');
    expect(policyWords({ kind: 'KeyHash', key: { kind: 'field', name: 'x' } })).toBe('KeyHash of field x');
  });

  it('says configurations, and takes nothing for a key that is not one', () => {
    expect(configWords({ contains: 'x', invert: true })).toBe('contains "x", inverted');
    expect(configWords({ key: { kind: 'json', pointer: '/a' } })).toBe('key JSON /a');
    expect(configWords({ key: { kind: 'json' } })).toBe('key {"kind":"json"}');
    expect(configWords([1])).toBe('[1]');
    expect(configWords(undefined)).toBe('');
  });

  it('lists names as a sentence does', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listWords)).toEqual(['nothing', 'a', 'a and b', 'a, b and c']);
  });

  it('says bytes with the largest unit that is not below one', () => {
    expect([0, 1023, 1024, 1536, 2 ** 30, 2 ** 50].map(byteWords)).toEqual([
      '0 B',
      '1023 B',
      '1 KiB',
      '1.5 KiB',
      '1 GiB',
      '1024 TiB',
    ]);
  });
});
