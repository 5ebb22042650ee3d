import { describe, expect, test } from 'vitest';
import { conformanceCases, disagreement } from '../support/expression/conformance.js';
import { NOT_PASSING } from '../support/expression/not-passing.js';

/**
 * The specification's own data: expressions with the values they must have. The compiler's programs run in the second evaluator here;
 * test/expression/native.test.ts runs them in C++. Constants are not folded, so that the machine computes them.
 */

const CORE = [
  'basic',
  'comparisons',
  'conversions',
  'fields',
  'fp_math',
  'integer_math',
  'lists',
  'logic',
  'macros',
  'namespace',
  'parse',
  'plumbing',
  'string',
  'timestamps',
  'type_deductions',
];

const isListed = (name: string): boolean => NOT_PASSING.some(([prefix]) => name.startsWith(prefix));

describe('the conformance data of CEL', () => {
  const cases = conformanceCases();

  test('has as many cases without messages as are known', () => {
    expect(cases.filter(({ section }) => CORE.includes(section))).toHaveLength(1107);
    expect(cases.filter(({ section }) => !CORE.includes(section))).toHaveLength(544);
  });

  test('gives its expected values but for what is listed with a reason', () => {
    const failures = cases.flatMap((one) => {
      const found = disagreement(one);
      return found === undefined || isListed(one.name) ? [] : [`${one.name}: ${one.test.expr}: ${found}`];
    });
    expect(failures).toEqual([]);
  });

  test('still fails as many of the listed cases as the list says', () => {
    const failing = cases.filter((one) => isListed(one.name) && disagreement(one) !== undefined);
    for (const [prefix, count] of NOT_PASSING)
      expect(
        failing.filter(({ name }) => name.startsWith(prefix)),
        prefix,
      ).toHaveLength(count);
  });
});
