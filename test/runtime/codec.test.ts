import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryOver } from '../../lib/channel/shard-memory.js';
import { resolveCodec } from '../../lib/handle/codec.js';
import { type StructRecord, structCodec } from '../../lib/handle/codec-struct.js';
import { layoutStruct } from '../../lib/plan/codec-layout.js';
import type { ScalarType, StructField } from '../../lib/plan/document.js';

const ARENA = 4096;

/** A codec over memory full of ones, so that bytes which are not written show. */
function bindDirty(fields: readonly StructField[], generated: boolean, align = 1) {
  const memory = memoryOver(new ArrayBuffer(ARENA), 0, ARENA, align);
  if (align === 1) memory.bytes.fill(0xff);
  return { memory, codec: structCodec(layoutStruct(fields), generated).bind(memory) };
}

const EVERY_KIND: readonly StructField[] = [
  { name: 'flag', type: 'bool' },
  { name: 'a', type: 'u8' },
  { name: 'b', type: 'i8' },
  { name: 'c', type: 'u16' },
  { name: 'd', type: 'i16' },
  { name: 'e', type: 'u32' },
  { name: 'f', type: 'i32' },
  { name: 'g', type: 'u64' },
  { name: 'h', type: 'i64' },
  { name: 'x', type: 'f32' },
  { name: 'y', type: 'f64' },
  { name: 'raw', type: 'bytes(3)' },
  { name: 'words', type: 'utf8(9)' },
];

const ONE: StructRecord = {
  flag: true,
  a: 255,
  b: -128,
  c: 65535,
  d: -32768,
  e: 4294967295,
  f: -2147483648,
  g: 2n ** 64n - 1n,
  h: -(2n ** 63n),
  x: 0.5,
  y: Math.PI,
  raw: new Uint8Array([1, 2, 3]),
  words: 'grün ✓',
};

const values: Record<string, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  u8: fc.integer({ min: 0, max: 255 }),
  u16: fc.integer({ min: 0, max: 65535 }),
  u32: fc.integer({ min: 0, max: 4294967295 }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i8: fc.integer({ min: -128, max: 127 }),
  i16: fc.integer({ min: -32768, max: 32767 }),
  i32: fc.integer({ min: -2147483648, max: 2147483647 }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f32: fc.float({ noNaN: true }),
  f64: fc.double(),
  'bytes(5)': fc.uint8Array({ minLength: 5, maxLength: 5 }),
  'utf8(12)': fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((s) => Buffer.byteLength(s) <= 12 && !s.endsWith('\0')),
};

/** A struct of a few fields with a value for each. */
const structs = fc
  .array(fc.constantFrom(...(Object.keys(values) as ScalarType[])), { minLength: 1, maxLength: 12 })
  .chain((types) => {
    const fields = types.map((type, index) => ({ name: `f${index}`, type }));
    const record = fc.record(
      Object.fromEntries(fields.map(({ name, type }) => [name, values[type] as fc.Arbitrary<unknown>])),
    );
    return fc.record({ fields: fc.constant(fields), record });
  });

describe('the struct codec', () => {
  test.each([
    ['generated', true],
    ['closures', false],
  ])('writes and reads a field of every kind (%s)', (_, generated) => {
    const { codec } = bindDirty(EVERY_KIND, generated);
    expect(codec.write(ONE, 40, 0)).toBe(layoutStruct(EVERY_KIND).size);
    expect(codec.read(40, layoutStruct(EVERY_KIND).size)).toEqual(ONE);
  });

  test('gives the same bytes generated and from closures, in slots and in arenas', () => {
    fc.assert(
      fc.property(structs, ({ fields, record }) => {
        const { size } = layoutStruct(fields);
        const written = [
          bindDirty(fields, true),
          bindDirty(fields, false),
          bindDirty(fields, true, 8),
          bindDirty(fields, false, 8),
        ].map(({ memory, codec }) => {
          expect(codec.write(record, 64, 0)).toBe(size);
          expect(codec.read(64, size)).toEqual(record);
          return Buffer.from(memory.bytes.slice(64, 64 + size)).toString('hex');
        });
        expect(new Set(written).size).toBe(1);
      }),
      { numRuns: 300 },
    );
  });

  test('writes little-endian at natural alignment, with zeros in the gaps', () => {
    const fields = [
      { name: 'a', type: 'u8' },
      { name: 'b', type: 'u32' },
      { name: 'c', type: 'utf8(5)' },
    ] as const;
    const { memory, codec } = bindDirty(fields, true);
    codec.write({ a: 1, b: 0x01020304, c: 'xy' }, 0, 0);
    expect(Buffer.from(memory.bytes.slice(0, 16)).toString('hex')).toBe('01000000040302017879000000000000');
  });

  test.each([true, false])('has accessors that read and write in place (generated: %s)', (generated) => {
    const { codec } = bindDirty(EVERY_KIND, generated);
    codec.write(ONE, 8, 0);
    const fields = codec.fields as unknown as Record<string, unknown> & { _at: number };
    fields._at = 8;
    expect(fields.y).toBe(Math.PI);
    fields.y = -1;
    fields.words = 'new';
    expect(codec.read(8, layoutStruct(EVERY_KIND).size)).toEqual({ ...ONE, y: -1, words: 'new' });
    expect(() => {
      fields.words = 'longer than nine';
    }).toThrow('field "words" takes a string of at most 9 bytes of UTF-8, received the string "longer than nine"');
  });

  test('knows field names that other objects have already', () => {
    const fields = [
      { name: 'constructor', type: 'u8' },
      { name: 'toString', type: 'u16' },
      { name: 'at', type: 'u32' },
    ] as const;
    for (const generated of [true, false]) {
      const { codec } = bindDirty(fields, generated);
      codec.write({ constructor: 1, toString: 2, at: 3 }, 0, 0);
      expect({ ...codec.read(0, 8) }).toEqual({ constructor: 1, toString: 2, at: 3 });
      expect((codec.fields as unknown as { at: number }).at).toBe(3);
    }
  });

  test.each([true, false])('refuses a text that is too long by its field (generated: %s)', (generated) => {
    const { codec } = bindDirty([{ name: 't', type: 'utf8(4)' }], generated);
    expect(codec.write({ t: 'éé' }, 0, 0)).toBe(4);
    const message = 'field "t" takes a string of at most 4 bytes of UTF-8';
    expect(() => codec.write({ t: 'ééé' }, 0, 0)).toThrow(`${message}, received the string "ééé" (6 bytes)`);
    expect(() => codec.write({ t: 'a\0' }, 0, 0)).toThrow(expect.objectContaining({ code: 'BAD_RECORD', field: 't' }));
    expect(codec.write({ t: 'a\0b' }, 0, 0)).toBe(4);
    expect(codec.read(0, 4)).toEqual({ t: 'a\0b' });
  });

  test.each([
    [{ a: 256 }, 'field "a" takes an integer from 0 to 255, received 256'],
    [{ a: 1.5 }, 'field "a" takes an integer from 0 to 255, received 1.5'],
    [{ a: '1' }, 'field "a" takes an integer from 0 to 255, received the string "1"'],
    [{}, 'field "a" takes an integer from 0 to 255, received undefined'],
    [{ b: 129 }, 'field "b" takes an integer from -128 to 127, received 129'],
    [{ e: -1 }, 'field "e" takes an integer from 0 to 4294967295, received -1'],
    [{ g: 5 }, 'field "g" takes a bigint from 0n to 2n ** 64n - 1n, received 5'],
    [{ g: 2n ** 64n }, 'field "g" takes a bigint from 0n to 2n ** 64n - 1n, received 18446744073709551616n'],
    [{ h: 2n ** 63n }, 'field "h" takes a bigint from -(2n ** 63n) to 2n ** 63n - 1n'],
    [{ flag: 1 }, 'field "flag" takes true or false, received 1'],
    [{ y: null }, 'field "y" takes a number, received null'],
    [{ a: 1n }, 'field "a" takes an integer from 0 to 255, received 1n'],
    [{ e: Symbol('s') }, 'field "e" takes an integer from 0 to 4294967295, received Symbol(s)'],
    [{ f: Number.NaN }, 'field "f" takes an integer from -2147483648 to 2147483647, received NaN'],
    [{ x: 1e39 }, 'field "x" takes a number that an f32 holds'],
    [{ x: -(2 ** 128 - 2 ** 103) }, 'field "x" takes a number that an f32 holds'],
    [{ x: 1n }, 'NaN or an infinity, received 1n'],
    [{ y: Symbol('s') }, 'field "y" takes a number, received Symbol(s)'],
    [{ g: Symbol('s') }, 'field "g" takes a bigint from 0n'],
    [{ flag: 1n }, 'field "flag" takes true or false, received 1n'],
    [{ raw: [1, 2, 3] }, 'field "raw" takes a Uint8Array of exactly 3 bytes, received an object (Array)'],
    [{ raw: new Uint8Array(2) }, 'field "raw" takes a Uint8Array of exactly 3 bytes, received a Uint8Array of 2 bytes'],
    [{ words: 7 }, 'field "words" takes a string of at most 9 bytes of UTF-8, received 7'],
  ])('refuses a wrong value by its field: %o', (wrong, message) => {
    const key = Object.keys(wrong)[0] ?? 'a';
    for (const generated of [true, false]) {
      const { codec } = bindDirty(EVERY_KIND, generated);
      expect(() => codec.write({ ...ONE, [key]: (wrong as StructRecord)[key] }, 0, 0)).toThrow(message);
    }
  });

  test.each([true, false])(
    'takes what each number type holds, zeros and infinities included (generated: %s)',
    (generated) => {
      const { codec } = bindDirty(EVERY_KIND, generated);
      const { size } = layoutStruct(EVERY_KIND);
      for (const x of [Number.NaN, Number.POSITIVE_INFINITY, -Number.POSITIVE_INFINITY, -0, 3.4028234663852886e38])
        for (const name of ['x', 'y']) {
          codec.write({ ...ONE, [name]: x }, 0, 0);
          expect(codec.read(0, size)[name]).toBe(x);
        }
      // The nearest f32 below the limit, and -0 as an integer.
      codec.write({ ...ONE, x: 3.4028235677973362e38, a: -0 }, 0, 0);
      expect(codec.read(0, size)).toMatchObject({ x: 3.4028234663852886e38, a: 0 });
    },
  );

  test.each([true, false])(
    'refuses the same in place, and runs no code of a wrong value (generated: %s)',
    (generated) => {
      const { codec } = bindDirty(EVERY_KIND, generated);
      codec.write(ONE, 8, 0);
      const fields = codec.fields as unknown as Record<string, unknown> & { _at: number };
      fields._at = 8;
      let ran = 0;
      const evil = { valueOf: () => ++ran, toString: () => `${++ran}`, [Symbol.toPrimitive]: () => ++ran };
      for (const { name } of EVERY_KIND)
        for (const value of [evil, Symbol('s'), undefined, null, [], new Proxy(new Uint8Array(3), {})]) {
          expect(() => {
            fields[name] = value;
          }).toThrow(expect.objectContaining({ code: 'BAD_RECORD', field: name }));
          expect(() => codec.write({ ...ONE, [name]: value }, 0, 0)).toThrow(expect.objectContaining({ field: name }));
        }
      expect(ran).toBe(0);
      expect(codec.read(8, layoutStruct(EVERY_KIND).size)).toEqual(ONE);
    },
  );

  test('refuses what is not an object', () => {
    for (const generated of [true, false]) {
      const { codec } = bindDirty([{ name: 'a', type: 'u8' }], generated);
      expect(() => codec.write(null as unknown as StructRecord, 0, 0)).toThrow(
        'a struct record is an object with the fields a; received null',
      );
    }
  });

  test('refuses to read a record of another length', () => {
    const { codec } = bindDirty([{ name: 'a', type: 'u32' }], true);
    expect(() => codec.read(0, 5)).toThrow('a record of 5 bytes came to a struct of 4 bytes');
  });
});

test('a struct passes through a process that forbids code generation', () => {
  const script = `
    import { compile, open } from '${new URL('../../dist/index.js', import.meta.url).href}';
    const codec = { kind: 'struct', fields: [{ name: 'a', type: 'u64' }, { name: 't', type: 'utf8(5)' }] };
    const pipeline = open(compile({
      version: 2, name: 'strict', target: 'SingleRing', stages: [{ id: 'pass', op: 'identity' }],
      boundaries: [{ id: 'in', kind: 'ingress', codec }, { id: 'out', kind: 'egress', codec }],
      single_ring: { stages: [{ stage: 'pass', depends_on: [] }] },
    }));
    const ingress = pipeline.ingress('in');
    ingress.tryPush({ a: 5n, t: 'five' });
    const writer = ingress.claim();
    writer.fields.a = 6n;
    writer.fields.t = 'six';
    ingress.publish();
    ingress.close();
    for await (const { a, t } of pipeline.egress('out')) console.log(a, t);
  `;
  const forbid = '--disallow-code-generation-from-strings';
  expect(() => execFileSync(process.execPath, [forbid, '-e', 'new Function("")'], { stdio: 'pipe' })).toThrow();
  const out = execFileSync(process.execPath, [forbid, '--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(out).toBe('5n five\n6n six\n');
});

describe('the text codec', () => {
  const memory = memoryOver(new ArrayBuffer(ARENA), 0, ARENA, 1);
  const codec = resolveCodec('utf8').bind(memory);

  test('writes and reads any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (words) => {
        const length = codec.write(words, 10, 0);
        expect(length).toBe(Buffer.byteLength(words));
        expect(length).toBeLessThanOrEqual(codec.bound(words));
        expect(codec.read(10, length)).toBe(words);
      }),
    );
  });

  test('writes a lone surrogate as the replacement character', () => {
    expect(codec.read(0, codec.write('a\ud800b', 0, 0))).toBe('a\ufffdb');
  });

  test('refuses what is not a string', () => {
    expect(() => codec.bound(5)).toThrow('a utf8 record is a string, received 5');
  });
});
