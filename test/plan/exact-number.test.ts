import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExact } from '../../lib/plan/exact-number.js';
import { validateText } from '../../lib/validate/validate.js';

describe('the text of a number', () => {
  it.each([
    ...['1', '1.0', '1e0', '10e-1', '+1', '00012', '0', '-0', '0e5', '0.0', '.5', '5.', '0.10', '-15e2', '1e23'],
    ...['9007199254740992', '0x10', '0o17', '5e-324', '1.7976931348623157e308', '0.0000001', '18446744073709551616'],
  ])('is exact: %s', (text) => {
    expect(isExact(text, Number(text.replace(/^\+/, '')))).toBe(true);
  });

  it.each([
    ...['1.00000000000000011', '9007199254740993', '0x20000000000001', '1e-400', '18446744073709551615'],
    ...[
      '0.1000000000000000055511151231257827',
      '100000000000000000000000',
      '2.00000000000000000001',
      '0.30000000000000001',
    ],
  ])('would be rounded: %s', (text) => {
    expect(isExact(text, Number(text))).toBe(false);
  });

  it('is exact however JavaScript writes a number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(isExact(value.toExponential(), value)).toBe(true);
        // Its longer form of a whole number beyond 2^53 has zeros in place of digits, which is another number.
        if (Math.abs(value) < 2 ** 53) expect(isExact(String(value), value)).toBe(true);
      }),
    );
  });

  it('is an error in a plan where it would be rounded, also where the rounded number would be right', () => {
    const plan = (shards: string) =>
      `version: 2\nname: x\ntarget: SingleRing\nstages: [{ id: a, op: identity }]\nboundaries: [{ id: in, kind: ingress }, { id: out, kind: egress }]\nsingle_ring: { stages: [{ stage: a }], shards: ${shards} }\n`;
    expect(validateText(plan('1.0')).diagnostics).toEqual([]);
    expect(validateText(plan('1.00000000000000011')).diagnostics).toMatchObject([
      { code: 'PLAN_NUMBER', path: '/single_ring/shards', line: 6, received: '1.00000000000000011' },
    ]);
  });
});
