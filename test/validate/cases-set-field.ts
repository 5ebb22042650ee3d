/** Plans whose `set_field` has no field to write, or nothing to write into it. Part of `cases.ts`. */
import type { Case } from './cases.js';
import { edited, GRAPH, ringOf } from './plans.js';

const ORDER =
  '{ kind: struct, fields: [{ name: price, type: u32 }, { name: level, type: i8 }, { name: ratio, type: f32 }, { name: total, type: u64 }, { name: paid, type: bool }, { name: code, type: bytes(2) }, { name: city, type: utf8(4) }, { name: last, type: u32 }] }';

/** A ring with one `set_field` over a struct of all kinds. */
const setting = (config: string, codec = ORDER): string =>
  edited(ringOf(`{ id: a, op: set_field, config: ${config} }`), [
    '{ id: in, kind: ingress }',
    `{ id: in, kind: ingress, codec: ${codec} }`,
  ]);

/** A constant that is none of its field's type. */
const wrong = (because: string, field: string, type: string, value: string, words: string, not: string): Case => ({
  because,
  code: 'SET_FIELD_VALUE',
  path: '/stages/0/config/value',
  marks: value,
  plan: setting(`{ field: ${field}, value: ${value} }`),
  message: `Stage "a": \`config/value\`, for the field "${field}" of type \`${type}\`, must be ${words}, not ${not}.`,
});

const U64 = 'a whole number from 0 to 18446744073709551615 (beyond 2^53 as text, in decimal)';

const VALUE_CASES: readonly Case[] = [
  wrong(
    'it is more than a u32 holds',
    'price',
    'u32',
    '4294967296',
    'a whole number from 0 to 4294967295',
    '4294967296',
  ),
  wrong('a u32 has no sign', 'price', 'u32', '-1', 'a whole number from 0 to 4294967295', '-1'),
  wrong('an i8 is whole', 'level', 'i8', '1.5', 'a whole number from -128 to 127', '1.5'),
  wrong('a number is no text', 'level', 'i8', '"1"', 'a whole number from -128 to 127', '"1"'),
  wrong('a number of a plan is exact to 2^53 only', 'total', 'u64', '9007199254740992', U64, '9007199254740992'),
  wrong('decimal text has no other form', 'total', 'u64', '"0x10"', U64, '"0x10"'),
  wrong('it is more than a u64 holds', 'total', 'u64', '"18446744073709551616"', U64, '"18446744073709551616"'),
  wrong(
    'it rounds to no f32',
    'ratio',
    'f32',
    '3.5e38',
    'a number that an f32 holds (less than 2^128 - 2^103)',
    '3.5e+38',
  ),
  wrong('a bool is no number', 'paid', 'bool', '1', 'true or false', '1'),
  wrong('two bytes have four digits', 'code', 'bytes(2)', '"abc"', 'text of 4 hexadecimal digits, two a byte', '"abc"'),
  wrong(
    'the text is longer than the field',
    'city',
    'utf8(4)',
    '"Zürich"',
    'text of at most 4 bytes of UTF-8 that does not end in NUL',
    '"Zürich"',
  ),
  wrong('a list is no constant', 'price', 'u32', '[1]', 'a whole number from 0 to 4294967295', 'a list'),
];

export const SET_FIELD_CASES: readonly Case[] = [
  ...VALUE_CASES,
  {
    because: 'a bool has no sum',
    code: 'SET_FIELD_VALUE',
    path: '/stages/0/config/add',
    marks: '1',
    plan: setting('{ field: paid, add: 1 }'),
    received: 1,
    message: 'Stage "a": `config/add`, for the field "paid" of type `bool`, has no meaning: only numbers are added to.',
    hint: 'Write `value` or `from`.',
  },
  {
    because: 'there is no way to make the new value',
    code: 'SET_FIELD_FORM',
    path: '/stages/0/config',
    marks: '{ field: price }',
    plan: setting('{ field: price }'),
    message: 'Stage "a": `config` must have exactly one of `value`, `add` or `from`; it has none.',
  },
  {
    because: 'there are two ways to make the new value',
    code: 'SET_FIELD_FORM',
    path: '/stages/0/config',
    marks: '{ field: price, value: 1, add: 1 }',
    plan: setting('{ field: price, value: 1, add: 1 }'),
    message: 'Stage "a": `config` must have exactly one of `value`, `add` or `from`; it has `value` and `add`.',
  },
  {
    because: 'the field is misspelt',
    code: 'SET_FIELD_UNKNOWN',
    path: '/stages/0/config/field',
    marks: 'prise',
    plan: setting('{ field: prise, value: 1 }'),
    received: 'prise',
    message: 'Stage "a": `config/field` is "prise", a field which the struct of ingress "in" does not have.',
    hint: 'Did you mean "price"?',
  },
  {
    because: 'the copied field does not exist',
    code: 'SET_FIELD_UNKNOWN',
    path: '/stages/0/config/from',
    marks: 'zzzzzz',
    plan: setting('{ field: price, from: zzzzzz }'),
    message: 'Stage "a": `config/from` is "zzzzzz", a field which the struct of ingress "in" does not have.',
    hint: 'Its fields: price, level, ratio, total, paid, code, city, last.',
  },
  {
    because: 'the copied field has another type',
    code: 'SET_FIELD_FROM',
    path: '/stages/0/config/from',
    marks: 'price',
    plan: setting('{ field: total, from: price }'),
    received: 'price',
    message: 'Stage "a": `config/from` is "price", of type `u32`, but "total" is of type `u64`.',
    hint: 'Name another field of the same type: a copy converts nothing.',
  },
  {
    because: 'the field is copied onto itself',
    code: 'SET_FIELD_FROM',
    path: '/stages/0/config/from',
    marks: 'price',
    plan: setting('{ field: price, from: price }'),
    message: 'Stage "a": `config/from` is "price", which is the field itself.',
    hint: 'Name another field of the same type: a copy converts nothing.',
  },
  {
    because: 'two fields are set in no stated order',
    code: 'RING_WRITE_RACE',
    path: '/single_ring/stages/1',
    marks: '{ stage: b',
    plan: edited(
      setting('{ field: price, value: 1 }'),
      ['boundaries:', '  - { id: b, op: set_field, config: { field: last, from: price } }\nboundaries:'],
      ['stages: [{ stage: a }]', 'stages: [{ stage: a }, { stage: b, depends_on: [] }]'],
    ),
    message: 'The stages "a" and "b" work on the same slot in no stated order, and "a" and "b" write to it.',
    hint: 'Add "a" to the `depends_on` of "b".',
  },
  {
    because: 'bytes have no fields',
    code: 'SET_FIELD_RECORDS',
    path: '/stages/0/op',
    marks: 'set_field',
    plan: setting('{ field: price, value: 1 }', 'bytes'),
    received: 'set_field',
    message: 'Stage "a" writes a field, but the records of ingress "in" are `bytes` and have no fields.',
    hint: 'Give the ingress a struct codec.',
  },
  {
    because: 'a stage before it adds text, though an empty one',
    code: 'SET_FIELD_RECORDS',
    path: '/stages/2/op',
    marks: 'set_field',
    plan: edited(
      GRAPH,
      ['{ id: in, kind: ingress }', `{ id: in, kind: ingress, codec: ${ORDER} }`],
      ['{ id: left, op: identity }', '{ id: left, op: append, config: { text: "" } }'],
      ['{ id: join, op: identity }', '{ id: join, op: set_field, config: { field: price, value: 1 } }'],
    ),
    message:
      'Stage "join" writes a field, but the stage "left" adds text to the records, so that they are not structs any more.',
    hint: 'Put this stage before "left".',
  },
  {
    because: 'an op of the caller may have changed the struct',
    code: 'SET_FIELD_RECORDS',
    path: '/stages/2/op',
    marks: 'set_field',
    plan: edited(
      GRAPH,
      ['{ id: in, kind: ingress }', `{ id: in, kind: ingress, codec: ${ORDER} }`],
      ['{ id: left, op: identity }', '{ id: left, op: js:score }'],
      ['{ id: join, op: identity }', '{ id: join, op: set_field, config: { field: price, value: 1 } }'],
    ),
    message: 'Stage "join" writes a field, but behind the stage "left" the records are not structs any more.',
    hint: 'Put this stage before "left", or declare `keeps_layout: true` there if its op keeps the struct.',
  },
  {
    because: 'different structs meet',
    code: 'SET_FIELD_RECORDS',
    path: '/stages/2/op',
    marks: 'set_field',
    plan: edited(
      GRAPH,
      [
        '  - { id: in, kind: ingress }',
        `  - { id: in, kind: ingress, codec: ${ORDER} }\n  - { id: more, kind: ingress, codec: { kind: struct, fields: [{ name: price, type: u32 }] } }`,
      ],
      ['{ from: in, to: right', '{ from: more, to: right'],
      ['{ id: join, op: identity }', '{ id: join, op: set_field, config: { field: price, value: 1 } }'],
    ),
    message:
      'Stage "join" writes a field, but the records of ingress "in" and of ingress "more" are different structs.',
    hint: 'Give both ingresses the same struct, or set the field on each way before they meet.',
  },
];
