import { expect, test } from 'vitest';
import { compileExpressions } from '../../lib/expression/compile.js';
import { type ConformanceCase, conformanceCases, disagreement, optionsOf } from '../support/expression/conformance.js';
import { decodeProgram } from '../support/expression/decode.js';
import { evaluate, evaluateJson, type Outcome } from '../support/expression/machine.js';
import { evaluateNatively, fromNative } from '../support/expression/native.js';
import { equal } from '../support/expression/operators.js';
import { randomExpression, randomOf, randomRecord } from '../support/expression/random.js';

/**
 * The C++ evaluator beside the one in test/support/expression: the conformance data, and random expressions over random records. By
 * hand with more: BYTEOR_EXPRESSION_PAIRS=1000000.
 */

const RECORDS_AN_EXPRESSION = 50;
const PAIRS = Number(process.env.BYTEOR_EXPRESSION_PAIRS ?? 100_000);

const words = (value: unknown): string =>
  JSON.stringify(value, (_, of) => (typeof of === 'bigint' ? `${of}` : Object.is(of, -0) ? '-0' : of));

/** Undefined where both say the same; both fail by an error of their own name, which is not compared. */
function difference(program: Uint8Array, record: Uint8Array, reference: Outcome): string | undefined {
  const native = evaluateNatively(program, 0, record);
  if (!native.ok) return reference.fault === undefined ? `${native.fault}, not ${words(reference.value)}` : undefined;
  if (reference.fault !== undefined) return `${words(native.value)}, not ${reference.fault}`;
  const [got, want] = [fromNative(native.value), reference.value as never];
  const same = equal(got, want) || words(got) === words(want);
  return same ? undefined : `${words(got)}, not ${words(want)}`;
}

function conformanceDifference(one: ConformanceCase): string | undefined {
  const compiled = compileExpressions([one.test.expr], optionsOf(one));
  if (!compiled.ok) return undefined;
  const record = new Uint8Array();
  return difference(compiled.bytes, record, evaluate(decodeProgram(compiled.bytes), 0, record));
}

test('the conformance data gives natively what the second evaluator gives, which is what it must', () => {
  const wrong = conformanceCases().flatMap((one) => {
    if (disagreement(one) !== undefined) return [];
    const found = conformanceDifference(one);
    return found === undefined ? [] : [`${one.name}: ${one.test.expr}: ${found}`];
  });
  expect(wrong).toEqual([]);
});

test(`${PAIRS} random expressions and records have one result`, () => {
  const random = randomOf(20_261_201);
  const records = Array.from({ length: 200 }, () => randomRecord(random));
  const encoder = new TextEncoder();
  const wrong: string[] = [];
  for (let done = 0; done < PAIRS; done += RECORDS_AN_EXPRESSION) {
    const text = randomExpression(random);
    const compiled = compileExpressions([text], { record: { kind: 'json' }, fold: random(2) === 0 });
    // Types that cannot be are refused, as they must.
    if (!compiled.ok) continue;
    const program = decodeProgram(compiled.bytes);
    for (let count = 0; count < RECORDS_AN_EXPRESSION; count += 1) {
      const record = records[random(records.length)] as string;
      const found = difference(compiled.bytes, encoder.encode(record), evaluateJson(program, 0, record));
      if (found !== undefined) wrong.push(`${text} over ${record}: ${found}`);
    }
    if (wrong.length > 20) break;
  }
  expect(wrong).toEqual([]);
});
