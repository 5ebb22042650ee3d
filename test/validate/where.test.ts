import { describe, expect, test } from 'vitest';
import { encodeSpec } from '../../lib/lower/encode.js';
import { lower } from '../../lib/lower/index.js';
import { validateText } from '../../lib/validate/validate.js';

/** `where` of filter and reject: what validate says, and what it becomes. */

const plan = (where: string, codec = 'json', more = ''): string => `version: 2
name: where
target: LaneGraph
boundaries:
  - { id: in, kind: ingress, codec: ${codec} }
  - { id: out, kind: egress }
stages:
  - id: few
    op: filter
    config:
      where: ${where}${more}
lane_graph:
  connections:
    - { from: in, to: few, lane: { kind: Events } }
    - { from: few, to: out, lane: { kind: Events } }
`;

const ORDER = '{ kind: struct, fields: [{ name: id, type: u64 }, { name: name, type: utf8(8) }] }';

const found = (text: string) =>
  validateText(text).diagnostics.map(({ code, line, message, received }) => ({ code, line, message, received }));

describe('where', () => {
  test('is refused at its line, with the column of the expression and what stands there', () => {
    expect(found(plan('has(record.a) && record.a * 2 > 4'))).toEqual([
      {
        code: 'EXPRESSION_WRONG',
        line: 11,
        message:
          'Stage "few": `config/where`, column 18 of the expression: the type of the number record.a is not known before a record is seen; say which: int(record.a) * 2.',
        received: 'record.a',
      },
    ]);
  });

  test('knows the fields of a struct', () => {
    const [first] = found(plan('record.ident > 3u', ORDER));
    expect(first).toMatchObject({ code: 'EXPRESSION_WRONG', received: 'ident' });
    expect(first?.message).toContain('No such key: ident; the record has "id", "name"');
    expect(found(plan('record.id > 3u && record.name != ""', ORDER))).toEqual([]);
  });

  test('must give bool', () => {
    expect(found(plan('record.id', ORDER))[0]?.message).toContain('gives uint, and bool is needed here');
  });

  test('warns of a member that may be absent, unless the stage says what becomes of such records', () => {
    expect(found(plan('record.a == 1'))).toMatchObject([{ code: 'EXPRESSION_ABSENT', received: 'record.a' }]);
    expect(found(plan('record.a == 1', 'json', '\n    on_error: drop'))).toEqual([]);
    expect(found(plan('record.?a.orValue(0) == 1'))).toEqual([]);
  });

  test('stands alone among the conditions', () => {
    const [first] = found(plan('"true"', 'json', '\n      contains: x'));
    expect(first?.message).toContain('exactly one of `contains`, `starts_with`, `ends_with`, `equals` or `where`');
  });

  test('is no member of a struct behind a stage that makes it longer', () => {
    const text = plan('record.id > 3u', ORDER)
      .replace('stages:\n', 'stages:\n  - { id: long, op: append, config: { text: x } }\n')
      .replace('from: in, to: few', 'from: in, to: long')
      .replace('connections:\n', 'connections:\n    - { from: long, to: few, lane: { kind: Events } }\n');
    expect(found(text)).toMatchObject([{ code: 'EXPRESSION_RECORDS' }]);
  });

  test('becomes a program in the spec, and records can fail in its stage', () => {
    const validation = validateText(plan('record.?a.orValue(0) == 1'));
    if (!validation.ok) throw new Error(JSON.stringify(validation.diagnostics));
    const spec = lower(validation.plan);
    const [stage] = spec.stages;
    expect(stage).toMatchObject({ op: 'FilterWhere', fails: true, filters: true });
    expect(stage?.config).toMatchObject({ invert: 0, text: 'record.?a.orValue(0) == 1' });
    expect(encodeSpec(spec).length).toBeGreaterThan(500);
  });
});
