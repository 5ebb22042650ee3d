/** Codes about the records that flow through a plan, and about ops that the caller brings. Part of the table in `codes.ts`. */
import { OP_TEXT_BYTES_MAX } from '../plan/limits.js';

const error = 'error' as const;
const warning = 'warning' as const;

export const RECORD_CODES = {
  EGRESS_CODEC: {
    severity: error,
    title: 'An egress that cannot hold what arrives',
    meaning:
      'The codec of an egress is compared with that of every ingress whose records reach it, along every way. A struct that no stage changes is read with the same fields, in the same order and of the same types. Behind `prepend` and `append` it is so many bytes longer, and the struct of the egress has that size. Records of a `utf8` or `json` ingress are no struct with numbers or booleans in it, and such a struct is no JSON. `utf8` holds a JSON text, and a text may be read as `json`. `bytes` holds anything, and records of a `bytes` ingress may be read as anything. Behind a `js:` or `native:` op that does not declare `keeps_layout` nothing is compared.',
    example:
      'boundaries:\n  - { id: in, kind: ingress, codec: { kind: struct, fields: [{ name: price, type: u32 }] } }\n  - { id: out, kind: egress, codec: { kind: struct, fields: [{ name: price, type: f32 }] } }',
    remedy: 'Write the same struct on both sides, or give one of them the codec `bytes` and cast on purpose.',
  },
  EGRESS_TEXT: {
    severity: warning,
    title: 'A struct that is read as text',
    meaning:
      'The records of the ingress are structs with numbers in them, and the egress is `utf8`: every byte that is not part of valid UTF-8 is read as U+FFFD. A file or a terminal gets the bytes as they are.',
    example:
      'boundaries:\n  - { id: in, kind: ingress, codec: { kind: struct, fields: [{ name: price, type: u32 }] } }\n  - { id: out, kind: egress, codec: utf8 }',
    remedy: 'Give the egress the struct of the ingress, or the codec `bytes`.',
  },
  KEY_FIELD_WRITTEN: {
    severity: warning,
    title: 'A field key behind a stage that changes records',
    meaning:
      'A field is found by its place in the struct of the ingress, and the bytes at that place are the key. Behind `prepend` other bytes lie there, and behind a `js:` or `native:` op that may write there is no struct any more. The plan runs, and counts what it finds.',
    example:
      'single_ring:\n  stages:\n    - { stage: tag }                       # op: prepend\n    - { stage: tally, depends_on: [tag] }  # op: count, config: { key: { kind: field, name: user } }',
    remedy: 'Put the stage with the key before the one that changes records, or use another kind of key.',
  },
} as const;

export const EXPRESSION_CODES = {
  EXPRESSION_WRONG: {
    severity: error,
    title: 'An expression that is wrong',
    meaning:
      'An expression is a text of CEL. It is parsed and checked for the records that reach the stage: names of fields, types, and what it gives; a condition gives bool. The column counts UTF-16 units from the start of the expression.',
    example:
      'stages:\n  - { id: dear, op: filter, config: { where: record.price * 2.0 > 10.0 } }\nboundaries:\n  - { id: in, kind: ingress, codec: json }',
    remedy: 'Correct it as the message says; `byteor explain --expr` shows what an expression is.',
  },
  EXPRESSION_ABSENT: {
    severity: warning,
    title: 'A member that may be absent',
    meaning:
      'In a record of JSON without a schema every member may be absent. An expression that reads it then has no value, and the record fails, which stops the pipeline unless `on_error` of the stage says otherwise.',
    example:
      'stages:\n  - { id: bad, op: filter, config: { where: record.level == "error" } }\nboundaries:\n  - { id: in, kind: ingress, codec: json }',
    remedy: 'Write `has(record.a) && …` or `record.?a.orValue(…)`, or give the stage an `on_error`.',
  },
  EXPRESSION_RECORDS: {
    severity: error,
    title: 'An expression over records of several kinds',
    meaning:
      'An expression is compiled for one codec. Where ways of several ingresses meet all have the same codec, and fields of a struct are read before anything makes its records longer.',
    example:
      'stages:\n  - { id: long, op: append, config: { text: x } }\n  - { id: few, op: filter, config: { where: record.id > 3u } }   # behind long',
    remedy: 'Put the stage before those that change the records, or on each way before they meet.',
  },
} as const;

export const SET_FIELD_CODES = {
  SET_FIELD_FORM: {
    severity: error,
    title: 'A set_field without one way to make the new value',
    meaning:
      '`set_field` writes a constant (`value`), the sum of the field and a constant (`add`), or another field (`from`): exactly one of them stands in its config.',
    example: 'stages:\n  - { id: mark, op: set_field, config: { field: seen } }',
    remedy: 'Add one, or remove all but one.',
  },
  SET_FIELD_RECORDS: {
    severity: error,
    title: 'A set_field where no struct arrives',
    meaning:
      'A field has a place only in a struct that is known and unchanged in length. `bytes` and `utf8` records have no fields, `prepend` and `append` make a struct longer, a `js:` or `native:` op that may write keeps it only where it declares `keeps_layout: true`, and where ways of several ingresses meet all bring the same struct.',
    example:
      'stages:\n  - { id: mark, op: set_field, config: { field: seen, value: true } }\nboundaries:\n  - { id: in, kind: ingress }   # codec: bytes',
    remedy: 'Give the ingresses the struct, and put the stage before those that change the length.',
  },
  SET_FIELD_UNKNOWN: {
    severity: error,
    title: 'A field that the struct does not have',
    meaning: '`field` and `from` name fields of the struct that the ingress declares. Case matters.',
    example:
      'stages:\n  - { id: mark, op: set_field, config: { field: prise, value: 1 } }\nboundaries:\n  - { id: in, kind: ingress, codec: { kind: struct, fields: [{ name: price, type: u32 }] } }',
    remedy: 'Correct the name, or add the field to the struct.',
  },
  SET_FIELD_VALUE: {
    severity: error,
    title: 'A constant that is not of the field’s type',
    meaning:
      'Integers are whole and within the range of their type; those of 64 bits may be written as decimal text, because a number of a plan is exact up to 2^53 only. `f32` rounds to the nearest and is finite. `utf8(N)` is text of at most N bytes, `bytes(N)` text of 2N hexadecimal digits, `bool` is true or false. `add` is for numbers only.',
    example:
      'stages:\n  - { id: mark, op: set_field, config: { field: level, value: 256 } }\nboundaries:\n  - { id: in, kind: ingress, codec: { kind: struct, fields: [{ name: level, type: u8 }] } }',
    remedy: 'Write a value of the type that the message names, or give the field a wider type.',
  },
  SET_FIELD_FROM: {
    severity: error,
    title: 'A copy between fields of different types',
    meaning: '`from` copies the bytes of another field of exactly the same type. It converts nothing.',
    example:
      'stages:\n  - { id: mark, op: set_field, config: { field: total, from: price } }\nboundaries:\n  - { id: in, kind: ingress, codec: { kind: struct, fields: [{ name: total, type: u64 }, { name: price, type: u32 }] } }',
    remedy: 'Name a field of the same type, or give both the same type.',
  },
} as const;

export const OWN_OP_CODES = {
  OP_DECLARATION: {
    severity: error,
    title: 'A built-in op that declares something',
    meaning:
      'Only the entry of a `js:` or `native:` op has the fields `access`, `sink`, `filters`, `emits`, `emits_max`, `room` and `keeps_layout`. What a built-in op does stands in the catalog (`byteor capabilities`).',
    example: 'stages:\n  - { id: a, op: identity, access: read }',
    remedy: 'Remove the field.',
  },
  OP_DECLARATIONS_DISAGREE: {
    severity: error,
    title: 'Two declarations of one op that cannot both hold',
    meaning: `\`emits_max\` needs \`emits: true\`. An op with \`access: read\` has no \`room\` (at most ${OP_TEXT_BYTES_MAX} bytes of an op that writes), and keeps the layout of a struct unless it emits.`,
    example: 'stages:\n  - { id: score, op: "js:score", access: read, room: 16 }',
    remedy: 'Remove one of the two.',
  },
  ORDERED_EMITS: {
    severity: error,
    title: 'An emitting op before Ordered without a bound',
    meaning:
      'What a record emits stands at that record’s place, so its ordinal has bits for as many. An op with `emits: true` upstream of an `Ordered` egress therefore states `emits_max`.',
    example:
      'stages:\n  - { id: cut, op: "js:cut", emits: true }\nlane_graph:\n  boundary_policy: { out: Ordered }   # and cut is before out',
    remedy: 'Add `emits_max`, or use `Interleave`.',
  },
} as const;
