import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalFields, layoutOf, layoutStruct, parseScalar } from '../../lib/plan/codec-layout.js';

describe('the layout of a struct codec', () => {
  it('aligns each field to its own size and rounds the record to the largest alignment', () => {
    const layout = layoutStruct([
      { name: 'a', type: 'u8' },
      { name: 'b', type: 'u32' },
      { name: 'c', type: 'utf8(5)' },
      { name: 'd', type: 'u16' },
    ]);
    expect(layout.fields.map((field) => [field.name, field.offset, field.size])).toEqual([
      ['a', 0, 1],
      ['b', 4, 4],
      ['c', 8, 5],
      ['d', 14, 2],
    ]);
    expect(layout.size).toBe(16);
    expect(layout.align).toBe(4);
  });

  it('rounds a record up behind its last field', () => {
    expect(
      layoutStruct([
        { name: 'big', type: 'f64' },
        { name: 'flag', type: 'bool' },
      ]).size,
    ).toBe(16);
  });

  it('gives bytes(N) and utf8(N) no alignment', () => {
    const layout = layoutStruct([
      { name: 'x', type: 'bool' },
      { name: 'y', type: 'bytes(3)' },
    ]);
    expect(layout).toMatchObject({ size: 4, align: 1 });
  });

  it('takes its hash over names, types, offsets and the size', () => {
    const fields = [
      { name: 'a', type: 'u8' },
      { name: 'b', type: 'u64' },
    ] as const;
    expect(canonicalFields(fields, [0, 8], 16)).toBe('a:u8@0;b:u64@8;=16');
    const expected = createHash('sha256').update('a:u8@0;b:u64@8;=16').digest('hex').slice(0, 16);
    expect(layoutStruct(fields).hash).toBe(expected);
  });

  it('gives another hash when a field is renamed, retyped or moved', () => {
    const hashes = [
      layoutStruct([
        { name: 'a', type: 'u8' },
        { name: 'b', type: 'u8' },
      ]),
      layoutStruct([
        { name: 'b', type: 'u8' },
        { name: 'a', type: 'u8' },
      ]),
      layoutStruct([
        { name: 'a', type: 'i8' },
        { name: 'b', type: 'u8' },
      ]),
      layoutStruct([
        { name: 'a', type: 'u8' },
        { name: 'c', type: 'u8' },
      ]),
    ].map((layout) => layout.hash);
    expect(new Set(hashes).size).toBe(4);
  });

  it('has none for bytes, utf8 and a codec left out', () => {
    expect([layoutOf('bytes'), layoutOf('utf8'), layoutOf(undefined)]).toEqual([undefined, undefined, undefined]);
  });
});

describe('a scalar type word', () => {
  it('is refused when it is unknown, sized zero, oversized or written with leading zeros', () => {
    const words = [
      'u7',
      'bytes',
      'bytes()',
      'bytes(0)',
      'utf8(012)',
      'bytes(65537)',
      'utf8(1e3)',
      'bytes(-1)',
      'toString',
    ];
    expect(words.filter((word) => parseScalar(word) !== undefined)).toEqual([]);
  });

  it('is accepted at the largest size', () => {
    expect(parseScalar('bytes(65536)')).toEqual({ kind: 'bytes', size: 65536, align: 1 });
  });
});
