import { describe, expect, it } from 'vitest';
import { parseScalar } from '../../lib/plan/codec-layout.js';
import { constantBytes } from '../../lib/plan/field-constant.js';

const constant = (type: string, value: unknown) =>
  constantBytes(parseScalar(type) as NonNullable<ReturnType<typeof parseScalar>>, value);
const bits = (type: string, value: unknown): string | undefined => constant(type, value)?.bits.toString(16);

describe('a constant of a field', () => {
  it.each<[string, unknown, string]>([
    ['u8', 255, 'ff'],
    ['u16', 0, '0'],
    ['u32', 4_294_967_295, 'ffffffff'],
    ['u64', '18446744073709551615', 'ffffffffffffffff'],
    ['u64', 9_007_199_254_740_991, '1fffffffffffff'],
    ['i8', -128, '80'],
    ['i16', -1, 'ffff'],
    ['i32', -2, 'fffffffe'],
    ['i64', '-9223372036854775808', '8000000000000000'],
    ['i64', '-0', 'none'],
    ['i64', -0, '0'],
    ['f32', 0.1, '3dcccccd'],
    ['f32', -0, '0'],
    ['f32', 3.4028235e38, '7f7fffff'],
    ['f64', -1.5, 'bff8000000000000'],
    ['bool', true, '1'],
    ['bool', false, '0'],
  ])('of type %s, %s, is stored as %s', (type, value, expected) => {
    expect(bits(type, value) ?? 'none').toBe(expected);
  });

  it('keeps text as it is and digits in lower case', () => {
    expect(constant('utf8(4)', 'é1')).toEqual({ bits: 0n, text: 'é1' });
    expect(constant('utf8(4)', '')).toEqual({ bits: 0n, text: '' });
    expect(constant('bytes(2)', '00Ff')).toEqual({ bits: 0n, text: '00ff' });
  });

  it.each<[string, unknown]>([
    ['utf8(2)', 'é1'],
    ['utf8(4)', 'a\0'],
    ['utf8(4)', 1],
    ['bytes(2)', 'zz00'],
    ['bytes(2)', '000000'],
    ['bool', 'true'],
    ['u32', '1'],
    ['u64', '007'],
    ['u64', '-1'],
    ['f32', 3.4028236e38],
    ['f64', '1'],
    ['i8', null],
  ])('of type %s is not %j', (type, value) => {
    expect(constant(type, value)).toBeUndefined();
  });
});
