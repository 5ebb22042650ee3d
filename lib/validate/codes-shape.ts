/** Codes about values that are wrong on their own, and about the two catalogs. Part of the table in `codes.ts`. */
import { KEY_LENGTH_MAX, OP_TEXT_BYTES_MAX, STRUCT_BYTES_MAX, STRUCT_FIELD_BYTES_MAX } from '../plan/limits.js';

const error = 'error' as const;

export const SHAPE_CODES = {
  FIELD_MISSING: {
    severity: error,
    title: 'A required field is missing',
    meaning: 'The path is where the field would stand. Nothing is filled in for it.',
    example: 'stages:\n  - id: parse   # no op',
    remedy: 'Add the field.',
  },
  FIELD_UNKNOWN: {
    severity: error,
    title: 'A field that the document does not know',
    meaning: 'Unknown fields are errors, because a misspelt field that is skipped silently changes what a plan does.',
    example: 'single_ring:\n  shard: 4',
    remedy: 'Correct the name, move the field to where it belongs, or remove it.',
  },
  FIELD_TYPE: {
    severity: error,
    title: 'A value of the wrong type',
    meaning: 'The value is not of the type that the field takes, for example text in place of a list.',
    example: 'stages: parse',
    remedy: 'Write a value of the type that the message names.',
  },
  FIELD_VALUE: {
    severity: error,
    title: 'A word that is not among the choices',
    meaning: 'The field takes one of a few words, and they are case-sensitive.',
    example: 'boundaries:\n  - { id: in, kind: input }',
    remedy: 'Use one of the words that the message lists.',
  },
  FIELD_RANGE: {
    severity: error,
    title: 'A number out of range, or not whole',
    meaning: 'The bounds are stated in the message; docs/plan.md gives the reason for each.',
    example: 'lane: { kind: SequencedSlots, capacity: 0, gating: 4 }',
    remedy: 'Use a whole number within the bounds.',
  },
  FIELD_LENGTH: {
    severity: error,
    title: 'A list or text that is too short or too long',
    meaning: `Lists of stages, ring entries, connections and struct fields are not empty; text for ops has at most ${OP_TEXT_BYTES_MAX} bytes.`,
    example: 'stages: []',
    remedy: 'Add what is wanting or shorten it.',
  },
  ID_SYNTAX: {
    severity: error,
    title: 'Not an id',
    meaning:
      'An id is a letter and up to 63 letters, digits, `_` or `-`. Names of elements that the compiler inserts hold a character that no id can have, so the two never collide.',
    example: 'stages:\n  - { id: 2nd stage, op: identity }',
    remedy: 'Rename it, and every reference to it.',
  },
  PLAN_VERSION: {
    severity: error,
    title: 'Not a plan of version 2',
    meaning: '`version: 2` marks the document as a PipelinePlanV2. Other versions are not read.',
    example: 'version: 1',
    remedy: 'Write `version: 2` (a number) if the document is one.',
  },
  PLAN_TARGET: {
    severity: error,
    title: 'An unknown target',
    meaning:
      'A plan names its execution model, `SingleRing` or `LaneGraph`. It is never inferred from the shape of the plan.',
    example: 'target: Ring',
    remedy: 'Write `SingleRing` or `LaneGraph`.',
  },
  PAYLOAD_MISSING: {
    severity: error,
    title: "The target's payload is missing",
    meaning: 'A SingleRing plan has `single_ring`, a LaneGraph plan has `lane_graph`.',
    example: 'target: SingleRing   # and no single_ring',
    remedy: 'Add the payload, or correct the target.',
  },
  PAYLOAD_SUPERFLUOUS: {
    severity: error,
    title: "The other target's payload is present",
    meaning:
      'A payload is present exactly when the target is its own; a second one would be dead text that looks alive.',
    example: 'target: SingleRing\nlane_graph: { connections: [] }',
    remedy: 'Remove it, or change the target.',
  },
  ID_DUPLICATE: {
    severity: error,
    title: 'An id is declared twice',
    meaning:
      'Stages and boundaries share one namespace; every id names one thing. The later declaration is reported, and stages come before boundaries.',
    example: 'stages:\n  - { id: in, op: identity }\nboundaries:\n  - { id: in, kind: ingress }',
    remedy: 'Rename one of the two and its references.',
  },
  OP_UNKNOWN: {
    severity: error,
    title: 'An op that does not exist',
    meaning:
      'An op is a stable key of the catalog (`byteor capabilities` lists it), or `js:<name>` or `native:<name>` for an op that you bring to `open`. Configuration never stands in the key.',
    example: 'stages:\n  - { id: errors, op: "filter:ERROR" }',
    remedy: 'Correct the key; put configuration into `config`.',
  },
  OP_NAME: {
    severity: error,
    title: 'Not the name of an op of yours',
    meaning:
      'Behind `js:` or `native:` stands a letter and up to 63 letters, digits, `_`, `-` or `.`. It is a name, not a file path: `open` is told which code it stands for.',
    example: 'stages:\n  - { id: parse, op: "js:./parse.js" }',
    remedy: 'Give the op a name and hand the code to `open` under it.',
  },
  OP_MATCHER: {
    severity: error,
    title: 'Not exactly one way to match',
    meaning: '`filter` and `reject` take exactly one of `contains`, `starts_with`, `ends_with` and `equals`.',
    example: 'config: { contains: a, equals: b }',
    remedy: 'Keep one; for two conditions put two stages in a row.',
  },
  CODEC_TYPE: {
    severity: error,
    title: 'An unknown field type in a struct',
    meaning: `Types are u8 to u64, i8 to i64, f32, f64, bool, bytes(N) and utf8(N); N is a whole number from 1 to ${STRUCT_FIELD_BYTES_MAX} without leading zeros.`,
    example: 'fields:\n  - { name: user, type: string }',
    remedy: 'Use one of these types; for text `utf8(N)` with room for the longest.',
  },
  CODEC_FIELD_NAME: {
    severity: error,
    title: 'Not a name of a struct field',
    meaning:
      'A field name is a letter and up to 63 letters, digits or `_`, so that it is an identifier in JavaScript and in C.',
    example: 'fields:\n  - { name: user-id, type: u32 }',
    remedy: 'Rename it.',
  },
  CODEC_FIELD_DUPLICATE: {
    severity: error,
    title: 'Two fields of a struct have one name',
    meaning: 'The record type would have one property for two places in the bytes.',
    example: 'fields:\n  - { name: a, type: u8 }\n  - { name: a, type: u16 }',
    remedy: 'Rename one.',
  },
  CODEC_JSON_SCHEMA: {
    severity: error,
    title: 'A schema of JSON records, which this version does not know',
    meaning:
      'The codec `json` is one JSON text a record, and its values have any type. `schema` and `check`, which are to say more of them, come with a later version.',
    example: 'boundaries:\n  - { id: in, kind: ingress, codec: { kind: json, check: true } }',
    remedy: 'Remove the field.',
  },
  CODEC_SIZE: {
    severity: error,
    title: 'A struct that is too large',
    meaning: `A struct has at most ${STRUCT_BYTES_MAX} bytes, padding included.`,
    example: 'fields:   # seventeen of these\n  - { name: a, type: bytes(65536) }',
    remedy: 'Use the codec `bytes` for large records.',
  },
  KEY_POINTER: {
    severity: error,
    title: 'Not a JSON pointer',
    meaning: 'A pointer (RFC 6901) is empty or starts with `/`; `~` stands only in `~0` (a tilde) and `~1` (a slash).',
    example: 'shard_key: { kind: json, pointer: user.id }',
    remedy: 'Write `/user/id`.',
  },
  KEY_FIELD_CODEC: {
    severity: error,
    title: 'A field key over records without fields',
    meaning: 'A key of kind `field` reads a struct. The other three kinds work on the bytes of any codec.',
    example: 'shard_key: { kind: field, name: user }\nboundaries:\n  - { id: in, kind: ingress, codec: utf8 }',
    remedy: `Give the ingress a struct codec, or use a bytes key (at most ${KEY_LENGTH_MAX} bytes), a token key or a json key.`,
  },
  KEY_FIELD_UNKNOWN: {
    severity: error,
    title: 'A field key names a field that the struct does not have',
    meaning: 'The name is looked up in the struct of the ingress whose records the key reads.',
    example: 'shard_key: { kind: field, name: usr }',
    remedy: 'Correct the name, or add the field.',
  },
  KEY_FIELD_LAYOUT: {
    severity: error,
    title: 'A field key over structs that place the field differently',
    meaning:
      'Records of several ingresses reach this stage, and a stage reads the field at one place. The field must have the same type at the same offset in all of them.',
    example: 'config: { key: { kind: field, name: user } }   # behind two ingresses with other structs',
    remedy: 'Give the ingresses the same struct up to that field.',
  },
} as const;
