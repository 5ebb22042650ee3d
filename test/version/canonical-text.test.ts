import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CanonicalObject,
  CanonicalTextError,
  canonicalText,
  parseCanonicalText,
} from '../../lib/version/canonical-text.js';

/** Trees of JSON data, keys chosen to look like structure. */
const key = fc.oneof(
  fc.constantFrom('a', 'b.c', '0', '01', '', '=', 'x=y', '"', '\\', '\n', '__proto__', 'a-b', '-a', 'é', 'constructor'),
  fc.string(),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -0, 1, 1e21, 0.1, '', '0', 'true', '{}', '[]', 'null'),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('tree')),
    fc.dictionary(key, tie('tree')),
  ),
}));
const root = fc.dictionary(key, tree) as fc.Arbitrary<CanonicalObject>;

/** Equal as data: key order does not matter, the sign of zero does. */
function sameData(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((name) => Object.hasOwn(b, name) && sameData(Reflect.get(a, name), Reflect.get(b, name)));
}

describe('canonicalText', () => {
  it('writes one leaf a line, keys ascending, array elements by index', () => {
    expect(canonicalText({ b: [1, { y: true, x: 'é\n' }], a: -0.5 })).toBe('a=-0.5\nb.0=1\nb.1.x="é\\n"\nb.1.y=true\n');
  });

  it('quotes keys that look like structure', () => {
    expect(canonicalText({ a: { 'b.c': 1, '0': 2, 'x=y': 3, '': 4, __proto__x: 5 } })).toBe(
      'a.""=4\na."0"=2\na.__proto__x=5\na."b.c"=1\na."x=y"=3\n',
    );
  });

  it('writes empty objects and arrays as leaves, and skips properties without a value', () => {
    expect(canonicalText({ a: {}, b: [], c: { d: undefined }, e: undefined })).toBe('a={}\nb=[]\nc={}\n');
  });

  it.each([
    ['NaN', Number.NaN, 'a.0 is NaN, which a plan cannot hold'],
    ['a function', () => 1, 'a.0 is a function, which a plan cannot hold'],
    ['a bigint', 1n, 'a.0 is a bigint, which a plan cannot hold'],
    ['a hole', undefined, 'a.0 is a undefined, which a plan cannot hold'],
  ])('refuses %s', (_, value, message) => {
    expect(() => canonicalText({ a: [value as never] })).toThrow(message);
  });

  it('round-trips every tree', () => {
    fc.assert(
      fc.property(root, (value) => {
        const text = canonicalText(value);
        const parsed = parseCanonicalText(text);
        expect(canonicalText(parsed)).toBe(text);
        expect(sameData(parsed, value)).toBe(true);
      }),
    );
  });

  it('gives different trees different texts', () => {
    fc.assert(
      fc.property(root, root, (a, b) => {
        expect(canonicalText(a) === canonicalText(b)).toBe(sameData(a, b));
      }),
    );
  });
});

describe('parseCanonicalText', () => {
  it.each([
    ['an unfinished last line', 'a=1\nb=2', 2, 'the last line has no end'],
    ['a line without a key', '=1\n', 1, 'a key is missing before "="'],
    ['a line without "="', 'a\n', 1, 'a key is followed by neither "." nor "="'],
    ['an empty line', 'a=1\n\nb=2\n', 2, 'a key is missing before "="'],
    ['a bad escape in a key', '"\\x"=1\n', 1, '"\\x" is not JSON'],
    ['a value that is not JSON', 'a=yes\n', 1, 'yes is not JSON'],
    ['a value with parts', 'a={"b":1}\n', 1, 'a value with parts stands on one line'],
    ['a key twice', 'a=1\na=1\n', 2, 'a key stands twice'],
    ['a value that is also a parent', 'a=1\na.b=2\n', 2, 'a value is also a parent'],
    ['a parent that is also a value', 'a.b=2\na=1\n', 2, 'a key stands twice'],
    ['another order', 'b=1\na=2\n', 1, 'expected a=2'],
    ['a gap in an array', 'a.1=1\n', 1, 'expected a.0=1'],
    ['a number in another form', 'a=1.0\n', 1, 'expected a=1'],
    ['a space', 'a= 1\n', 1, 'expected a=1'],
    ['a carriage return', 'a=1\r\n', 1, 'expected a=1'],
    ['a key that is quoted without need', '"a"=1\n', 1, 'expected a=1'],
  ])('refuses %s', (_, text, line, message) => {
    let caught: unknown;
    try {
      parseCanonicalText(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(CanonicalTextError);
    expect(caught).toMatchObject({ line, message: `line ${line} of the canonical text: ${message}` });
  });

  it('reads the empty text as an object without properties', () => {
    expect(Object.keys(parseCanonicalText(''))).toEqual([]);
  });
});
