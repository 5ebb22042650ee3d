import { describe, expect, test } from 'vitest';
import { type CompileOptions, compileExpressions } from '../../lib/expression/compile.js';
import { CelMap, type CelValue, fromPlain } from '../../lib/expression/values.js';
import { layoutStruct } from '../../lib/plan/codec-layout.js';
import { decodeProgram } from '../support/expression/decode.js';
import { evaluateJson, type Outcome } from '../support/expression/machine.js';

const JSON_RECORD: CompileOptions = { record: { kind: 'json' } };
const ORDER: CompileOptions = {
  record: {
    kind: 'struct',
    fields: layoutStruct([
      { name: 'id', type: 'u64' },
      { name: 'price', type: 'f32' },
      { name: 'name', type: 'utf8(8)' },
      { name: 'delta', type: 'i16' },
      { name: 'open', type: 'bool' },
      { name: 'raw', type: 'bytes(4)' },
    ]).fields,
  },
};

function refusal(text: string, options: CompileOptions = JSON_RECORD): { message: string; at: string } {
  const compiled = compileExpressions([text], options);
  if (compiled.ok) throw new Error(`compiles: ${text}`);
  return { message: compiled.message, at: text.slice(compiled.start, compiled.end) };
}

function accepted(text: string, options: CompileOptions = JSON_RECORD) {
  const compiled = compileExpressions([text], options);
  if (!compiled.ok) throw new Error(`${text}: ${compiled.message}`);
  return compiled;
}

const typeOf = (text: string, options?: CompileOptions): string => accepted(text, options).types[0] as string;

const warningsOf = (text: string): string[] =>
  (accepted(text).warnings[0] ?? []).map(({ start, end }) => text.slice(start, end));

const run = (text: string, record: string, options?: CompileOptions): Outcome =>
  evaluateJson(decodeProgram(accepted(text, options).bytes), 0, record);

const resultOf = (text: string, record: string, options?: CompileOptions): CelValue | undefined => {
  const outcome = run(text, record, options);
  if (outcome.fault !== undefined) throw new Error(`${text}: ${outcome.fault}`);
  return outcome.value;
};

describe('types', () => {
  test('fields of a struct have the types of their layout', () => {
    const types = ['id', 'price', 'name', 'delta', 'open', 'raw'].map((name) => typeOf(`record.${name}`, ORDER));
    expect(types).toEqual(['uint', 'double', 'string', 'int', 'bool', 'bytes']);
  });

  test('a record of text is a string, one of bytes is bytes', () => {
    expect(typeOf('record.startsWith("x")', { record: { kind: 'utf8' } })).toBe('bool');
    expect(typeOf('record', { record: { kind: 'bytes' } })).toBe('bytes');
  });

  test('a member of JSON without a schema is of a type that is not known', () => {
    expect(typeOf('record.a.b')).toBe('dyn');
    expect(typeOf('record.items.exists(i, i.sku == "x")')).toBe('bool');
  });

  test('members of config have the types of their constants', () => {
    const constants = new Map([['config', fromPlain({ limit: 3, names: ['a'] })]]);
    expect(typeOf('config.limit + 1', { ...JSON_RECORD, constants })).toBe('int');
    expect(refusal('config.limt > 3', { ...JSON_RECORD, constants })).toMatchObject({ at: 'limt' });
  });

  test('a span added to a time is a time', () => {
    expect(typeOf('duration("1s") + timestamp(0)')).toBe('google.protobuf.Timestamp');
  });

  test('a condition that gives no bool is refused with what it gives', () => {
    const found = refusal('record.a + "x"', { ...JSON_RECORD, result: ['bool'] });
    expect(found.message).toBe(
      'the expression gives string, and bool is needed here; compare it, such as … == "x" or … > 0',
    );
  });
});

describe('errors', () => {
  test('name the fields of a struct where one is not known', () => {
    expect(refusal('record.pirce > 1.0', ORDER)).toEqual({
      message: 'No such key: pirce; the record has "id", "price", "name", "delta", "open", "raw"',
      at: 'pirce',
    });
  });

  test('stand at the operand whose number is of no known type, with the hint', () => {
    expect(refusal('record.qty > 1 && record.price * 2.0 > 10.0')).toEqual({
      message:
        'the type of the number record.price is not known before a record is seen; say which: double(record.price) * 2.0',
      at: 'record.price',
    });
    expect(refusal('-record.a').at).toBe('record.a');
    expect(accepted('record.name + "-x" == "a-x"').ok).toBe(true);
    expect(accepted('double(record.price) * 2.0 > 1.0').ok).toBe(true);
  });

  test('keep their columns behind characters of several units and lines', () => {
    expect(refusal('record.a == "😀" &&\n nosuch > 1')).toMatchObject({ at: 'nosuch' });
  });

  test('say what a variable may be', () => {
    expect(refusal('recrd.a == 1').message).toBe('Unknown variable: recrd; known here: record');
  });

  test('refuse a pattern that is no literal', () => {
    expect(refusal('record.a.matches(record.b)')).toMatchObject({
      message: 'the pattern of matches() is built before a record is seen, so it is a literal; write it in quotes',
      at: 'record.b',
    });
  });

  test('stand at the repetition that makes a pattern too large', () => {
    const found = refusal(`record.a.matches(r'x[a-z]{1,50}y')`);
    expect(found.message).toMatch(/automaton of the pattern is too large.*anchor it/);
    expect(found.at).toBe('[a-z]{1,50}');
  });

  test('name functions that there are not', () => {
    expect(refusal('b"abc".hex() == "x"').message).toContain('there is no function .hex()');
    expect(refusal('record.a.frobnicate()').message).toContain('frobnicate');
  });

  test('refuse a struct as a value by itself', () => {
    expect(refusal('[record].size() == 1', ORDER).message).toContain('name a field, such as record.id');
  });
});

describe('bounds', () => {
  const quick = (text: string): string => {
    const start = performance.now();
    const { message } = refusal(text);
    expect(performance.now() - start).toBeLessThan(3000);
    return message;
  };

  test('refuse a text of a megabyte unread', () => {
    expect(quick(`record.a == "${'x'.repeat(1_000_000)}"`)).toContain('8192 are allowed');
  });

  test('refuse what is nested or repeated too often', () => {
    expect(quick(`${'!'.repeat(5000)}true`)).toMatch(/nested too deeply|too large/);
    expect(quick(`${'('.repeat(4000)}1${')'.repeat(4000)}`)).toMatch(/nested too deeply|too large/);
    expect(quick(Array.from({ length: 1200 }, () => 'true').join('||'))).toMatch(/too large/);
  });

  test('hold for macros in macros: an evaluation has steps for no more than the cap', () => {
    const nested = 'record.all(a, record.all(b, record.all(c, record.all(d, a == d))))';
    expect(accepted(nested).bounds.steps).toBe(1_000_000);
    expect(run(nested, JSON.stringify(Array.from({ length: 60 }, () => 1)))).toEqual({ fault: 'TooManySteps' });
  });

  test('are small where nothing loops', () => {
    const { bounds } = accepted('record.level == "error" && record.latency > 500');
    expect(bounds.steps).toBeLessThan(200_000);
    expect(bounds.scratchValues).toBeLessThan(100);
  });
});

describe('members that may be absent', () => {
  test('are noted where nothing guards them', () => {
    expect(warningsOf('record.a == 1 && record.b.c > 2')).toEqual(['record.a', 'record.b']);
  });

  test('are guarded by has, in both directions', () => {
    expect(warningsOf('has(record.a) && record.a > 1')).toEqual([]);
    expect(warningsOf('!has(record.a) || record.a > 1')).toEqual([]);
    expect(warningsOf('has(record.a) ? record.a > 1 : false')).toEqual([]);
    expect(warningsOf('!has(record.a) ? false : record.a > 1')).toEqual([]);
    expect(warningsOf('"a" in record && record.a > 1')).toEqual([]);
    expect(warningsOf('has(record.a) && has(record.a.b) && record.a.b > 1')).toEqual([]);
    expect(warningsOf('has(record.a) || record.a > 1')).toEqual(['record.a']);
  });

  test('are guarded by optional selection', () => {
    expect(warningsOf('record.?a.orValue(0) > 1')).toEqual([]);
    expect(warningsOf('record.?a.b.orValue(0) > 1')).toEqual([]);
  });
});

describe('programs over JSON', () => {
  const record = '{"a":{"b":5,"c-d":"x"},"n":null,"big":18446744073709551615,"list":[1,2,3],"f":1.5,"b":true}';

  test.each([
    ['record.a.b == 5', true],
    ['record["a"]["c-d"] == "x"', true],
    ['record.a.`c-d` == "x"', true],
    ['has(record.a.b) && !has(record.a.x)', true],
    ['has(record.n)', true],
    ['record.n == null', true],
    ['record.big == 18446744073709551615u', true],
    ['record.f > 1', true],
    ['record.?a.?x.orValue(7)', 7n],
    ['record.?x.?y.orValue(7)', 7n],
    ['record.?a.b.orValue(7)', 5n],
    ['record.?a.?b.optMap(v, v == 5).orValue(false)', true],
    ['record.list.map(x, int(x) * 2)', [2n, 4n, 6n]],
    ['record.list.filter(x, x > 1).size()', 2n],
    ['record.list.exists_one(x, x == 2)', true],
    ['record.list.all(i, v, i < v)', true],
    ['[?record.?x, 1, ?record.?b]', [1n, true]],
    ['cel.bind(v, record.a.b, v == 5 && v != 6)', true],
    ['record.nope == 1 || record.b', true],
    ['timestamp_ms(1500) == timestamp("1970-01-01T00:00:01.5Z")', true],
  ])('%s', (text, value) => {
    expect(resultOf(text, record)).toEqual(value);
    expect(resultOf(text, record, { ...JSON_RECORD, fold: false })).toEqual(value);
  });

  test.each([
    ['record.nope == 1', 'NoSuchKey'],
    ['record.n.x == 1', 'NoSuchOverload'],
    ['has(record.nope.x)', 'NoSuchKey'],
    ['record.a.x.?y.hasValue()', 'NoSuchKey'],
    ['record.nope && false ? 1 : 2', undefined],
    ['record.a ? 1 : 2', 'NoSuchOverload'],
    ['record.list[3] == 1', 'BadIndex'],
    ['record.b.all(x, x)', 'NoSuchOverload'],
  ])('%s fails by its reason alone', (text, fault) => {
    expect(run(text, record).fault).toBe(fault);
  });

  test('members are one trie with a slot for each path, however often it is read', () => {
    const { program } = accepted('record.a.b == 1 || record.a.b == 2 || record.a.c == 3');
    expect(program.slots.map(({ path }) => path.join('.'))).toEqual(['a.b', 'a.c']);
  });

  test('constants stand once, and compares with them are one instruction', () => {
    const { program } = accepted('record.a == "x" || record.b == "x"');
    expect(program.constantValues).toEqual(['x']);
    expect(program.instructions.map(({ op }) => op)).toEqual([
      'Slot',
      'EqualConstant',
      'JumpIfTrue',
      'Slot',
      'EqualConstant',
      'Or',
      'Return',
    ]);
  });

  test('what is constant is folded, but no error', () => {
    const constants = new Map([['config', fromPlain({ limit: 5 })]]);
    const folded = accepted('config.limit * 2 + 1 == 11 && "a" + "b" == "ab" || record.x', {
      ...JSON_RECORD,
      constants,
    });
    expect(folded.program.instructions.filter(({ op }) => op === 'Multiply' || op === 'Add')).toEqual([]);
    expect(run('false && 1 / 0 == 1', '{}').value).toBe(false);
    expect(run('9223372036854775807 + 1 == 0', '{}').fault).toBe('Overflow');
  });

  test('several expressions share one program', () => {
    const compiled = compileExpressions(['record.a == 1', 'record.a == 2'], JSON_RECORD);
    if (!compiled.ok) throw new Error(compiled.message);
    const program = decodeProgram(compiled.bytes);
    expect([0, 1].map((entry) => evaluateJson(program, entry, '{"a":2}').value)).toEqual([false, true]);
    expect(compiled.program.slots).toHaveLength(1);
  });
});

test('maps of constants keep keys of every type', () => {
  expect(resultOf('{1: "a", true: "b", "c": 2u}', '{}')).toBeInstanceOf(CelMap);
});
