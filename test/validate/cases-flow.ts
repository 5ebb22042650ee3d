/** Plans whose records do not fit where they arrive, and ops of the caller. Part of `cases.ts`. */
import type { Case } from './cases.js';
import { edited, GRAPH, RING, ringOf } from './plans.js';

const PRICE = (type: string) => `{ kind: struct, fields: [{ name: price, type: ${type} }] }`;
/** A ring whose last stage adds one byte. */
const structs = (ingress: string, egress: string) =>
  edited(
    RING,
    ['codec: utf8', `codec: ${ingress}`],
    ['{ id: out, kind: egress }', `{ id: out, kind: egress, codec: ${egress} }`],
  );
const quiet = (text: string) => edited(text, ['op: append, config: { text: "!" }', 'op: identity']);

export const FLOW_CASES: readonly Case[] = [
  {
    because: 'a u32 is read as an f32',
    code: 'EGRESS_CODEC',
    path: '/boundaries/1/codec',
    marks: PRICE('f32'),
    plan: quiet(structs(PRICE('u32'), PRICE('f32'))),
    received: { kind: 'struct', fields: [{ name: 'price', type: 'f32' }] },
    message:
      'The egress "out" reads its records as another struct than they are: field 0 is `price: f32` at byte 0 here, and `price: u32` at byte 0 in the records of the ingress "in".',
    hint: 'Write the same fields in the same order on both sides, or give the egress the codec `bytes`.',
  },
  {
    because: 'a stage has made the struct longer',
    code: 'EGRESS_CODEC',
    path: '/boundaries/1/codec',
    marks: PRICE('u32'),
    plan: structs(PRICE('u32'), PRICE('u32')),
    message:
      'The egress "out" reads its records as a struct of 4 bytes, but those of the ingress "in" arrive with 5 bytes: the 4 of its struct and 1 byte that stages put to them.',
    hint: 'Declare the text that is added as `bytes(N)` or `utf8(N)` fields of the egress, or give it the codec `bytes`.',
  },
  {
    because: 'text is read as a number',
    code: 'EGRESS_CODEC',
    path: '/boundaries/1/codec',
    marks: PRICE('u32'),
    plan: structs('utf8', PRICE('u32')),
    message:
      'The egress "out" reads its records as a struct with the field `price: u32` at byte 0, but those of the ingress "in" are text (`utf8`).',
    hint: 'If the records hold such structs, give the ingress the codec `bytes` or the same struct.',
  },
  {
    because: 'JSON is read as a number',
    code: 'EGRESS_CODEC',
    path: '/boundaries/1/codec',
    marks: PRICE('u32'),
    plan: quiet(structs('{ kind: json }', PRICE('u32'))),
    message:
      'The egress "out" reads its records as a struct with the field `price: u32` at byte 0, but those of the ingress "in" are text (`json`).',
    hint: 'If the records hold such structs, give the ingress the codec `bytes` or the same struct.',
  },
  {
    because: 'a number is read as JSON',
    code: 'EGRESS_CODEC',
    path: '/boundaries/1/codec',
    marks: 'json',
    plan: quiet(structs(PRICE('u32'), 'json')),
    received: 'json',
    message:
      'The egress "out" reads its records as JSON, but those of the ingress "in" are structs with the field `price: u32` at byte 0.',
    hint: 'Give the egress the struct of the ingress, or the codec `bytes`.',
  },
  {
    because: 'a number is read as text',
    code: 'EGRESS_TEXT',
    path: '/boundaries/1/codec',
    marks: 'utf8',
    plan: quiet(structs(PRICE('u32'), 'utf8')),
    received: 'utf8',
    message:
      'The egress "out" reads its records as text, but those of the ingress "in" are structs: bytes that are no UTF-8 become U+FFFD.',
    hint: 'Give the egress the struct of the ingress, or the codec `bytes`.',
  },
  {
    because: 'text stands before the field',
    code: 'KEY_FIELD_WRITTEN',
    path: '/stages/2/config/key/name',
    marks: 'price',
    plan: edited(
      RING,
      ['codec: utf8', `codec: ${PRICE('u32')}`],
      ['op: identity', 'op: prepend, config: { text: ">" }'],
      ['op: append, config: { text: "!" }', 'op: count, config: { key: { kind: field, name: price } }'],
    ),
    received: 'price',
    message:
      'Stage "tag": `config/key` asks for the field "price", but the stage "clean" puts text before it, so that it lies elsewhere.',
    hint: 'Put this stage before "clean".',
  },
  {
    because: 'an op of the caller may have changed the struct',
    code: 'KEY_FIELD_WRITTEN',
    path: '/stages/2/config/key/name',
    marks: 'price',
    plan: edited(
      GRAPH,
      ['{ id: in, kind: ingress }', `{ id: in, kind: ingress, codec: ${PRICE('u32')} }`],
      ['{ id: left, op: identity }', '{ id: left, op: js:score }'],
      ['{ id: join, op: identity }', '{ id: join, op: count, config: { key: { kind: field, name: price } } }'],
    ),
    message:
      'Stage "join": `config/key` asks for the field "price", but behind the stage "left" the records are not structs any more.',
    hint: 'Put this stage before "left", or declare `keeps_layout: true` there if its op keeps the struct.',
  },
  {
    because: 'a built-in op says what it does',
    code: 'OP_DECLARATION',
    path: '/stages/0/access',
    marks: 'access: read',
    plan: ringOf('{ id: a, op: identity, access: read }'),
    received: 'read',
    message: 'Stage "a" has the field `access`, which only a `js:` or `native:` op has: what `identity` does is known.',
    hint: 'Remove it.',
  },
  {
    because: 'an op that only reads makes records longer',
    code: 'OP_DECLARATIONS_DISAGREE',
    path: '/stages/0/room',
    marks: '16',
    plan: ringOf('{ id: a, op: js:score, access: read, room: 16 }'),
    received: 16,
    message: 'Stage "a" says `room: 16`, but with `access: read` it makes no record longer.',
    hint: 'Write `access: write`, or remove it.',
  },
  {
    because: 'a bound is stated for what is not emitted',
    code: 'OP_DECLARATIONS_DISAGREE',
    path: '/stages/0/emits_max',
    marks: '4',
    plan: ringOf('{ id: a, op: js:score, emits: false, emits_max: 4 }'),
    received: 4,
    message: 'Stage "a" says `emits_max: 4`, but not `emits: true`.',
    hint: 'Write `emits: true`, or remove it.',
  },
  {
    because: 'an op that only reads loses the layout',
    code: 'OP_DECLARATIONS_DISAGREE',
    path: '/stages/0/keeps_layout',
    marks: 'false',
    plan: ringOf('{ id: a, op: js:score, access: read, keeps_layout: false }'),
    received: false,
    message: 'Stage "a" says `keeps_layout: false`, but with `access: read` a record stays as it is.',
    hint: 'Remove one of the two.',
  },
  {
    because: 'an op of the caller emits in a ring',
    code: 'OP_EMITS_IN_RING',
    path: '/stages/0/emits',
    marks: 'true',
    plan: ringOf('{ id: a, op: js:cut, emits: true }'),
    received: true,
    message:
      'Stage "a" has the op `js:cut`, which emits other records than it reads; a slot of a SingleRing holds one record.',
    hint: 'Use the target LaneGraph, or another op than `js:cut`.',
  },
  {
    because: 'it is not said how many records are emitted before an ordered egress',
    code: 'ORDERED_EMITS',
    path: '/stages/0/emits_max',
    marks: '{ id: left',
    plan: `${edited(GRAPH, ['{ id: left, op: identity }', '{ id: left, op: js:cut, emits: true }'])}  boundary_policy: { out: Ordered }\n`,
    message:
      'The stage "left" emits records, and an `Ordered` egress is behind it, so it needs the field `emits_max`: how many they are at most for one that it reads.',
    hint: 'For example `emits_max: 16`, which takes 4 bits of every ordinal; or write `Interleave` at the egress.',
  },
  {
    because: 'what is emitted and merged needs more bits than an ordinal has',
    code: 'ORDERED_BITS',
    path: '/lane_graph/boundary_policy/out',
    marks: 'Ordered',
    plan: `${edited(GRAPH, ['{ id: left, op: identity }', '{ id: left, op: js:cut, emits: true, emits_max: 16777216 }'])}  boundary_policy: { out: Ordered }\n`,
    received: 'Ordered',
    message:
      'The egress "out" is `Ordered`, and on the way to it 25 bits of a record\'s ordinal are needed to tell its copies apart; there are 24. 2 stages in a row use them: "left" (24) and "join" (1).',
    hint: 'Write `Interleave`, or let fewer branches meet again one behind the other: a merge of k connections takes log2(k) bits, rounded up.',
  },
  {
    because: 'a declaration is not a word of the document',
    code: 'FIELD_VALUE',
    path: '/stages/0/access',
    marks: 'execute',
    plan: ringOf('{ id: a, op: js:score, access: execute }'),
    received: 'execute',
    message: 'Stage "a": `access` must be `read` or `write`, not "execute".',
  },
];
