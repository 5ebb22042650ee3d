/** Wrong texts and values. Part of `cases.ts`. */
import type { Case } from './cases.js';
import { edited, RING, ringOf } from './plans.js';

const config = (value: unknown) => ({
  version: 2,
  name: 'one',
  target: 'SingleRing',
  stages: [{ id: 'a', op: 'js:a', config: value }],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: { stages: [{ stage: 'a' }] },
});

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

let deep: unknown = 1;
for (let level = 0; level < 100_000; level++) deep = [deep];

export const READING_CASES: readonly Case[] = [
  {
    because: 'a bracket is missing',
    code: 'PLAN_SYNTAX',
    path: '',
    marks: '- { id: errors',
    plan: edited(RING, ['op: identity }', 'op: identity ']),
    message:
      'The text is neither JSON nor YAML: Flow map in block collection must be sufficiently indented and end with a }.',
    hint: 'Is a bracket missing before this, or is this line indented wrongly?',
  },
  {
    because: 'a tab indents',
    code: 'PLAN_SYNTAX',
    path: '',
    marks: '\tstages: []',
    plan: 'single_ring:\n\tstages: []\n',
    message: 'The text is neither JSON nor YAML: Tabs are not allowed as indentation.',
  },
  {
    because: 'a key is a list',
    code: 'PLAN_SYNTAX',
    path: '',
    marks: '[a',
    plan: '? [a]\n: 1\n',
    message: 'A key of a map must be text.',
  },
  {
    because: 'the text is empty',
    code: 'PLAN_EMPTY',
    path: '',
    marks: '',
    plan: '',
    message: 'The text holds no plan, only blanks or comments.',
  },
  {
    because: 'the text is a comment',
    code: 'PLAN_EMPTY',
    path: '',
    marks: '# later',
    plan: '# later\n',
    message: 'The text holds no plan, only blanks or comments.',
  },
  {
    because: 'there is a NUL byte',
    code: 'PLAN_NOT_TEXT',
    path: '',
    marks: '\u0000rders',
    plan: edited(RING, ['orders', 'o\u0000rders']),
    message: 'The text holds the character U+0000, which no text file has.',
    hint: 'Is this a plan file, saved as UTF-8?',
  },
  {
    because: 'the bytes are not UTF-8',
    code: 'PLAN_NOT_TEXT',
    path: '',
    plan: new Uint8Array([0xff, 0xfe, 0x41, 0x00]),
    message: 'The plan is not UTF-8 text.',
    hint: 'Is this a plan file, saved as UTF-8?',
  },
  {
    because: 'the text is 100 MB long',
    code: 'PLAN_TOO_LARGE',
    path: '',
    plan: `name: ${'x'.repeat(100_000_000)}`,
    message: 'The text is longer than the 1048576 characters that a plan may have.',
    hint: 'Is this the plan, or the data that it shall process?',
  },
  {
    because: 'the text is all punctuation',
    code: 'PLAN_TOO_LARGE',
    path: '',
    marks: '',
    plan: '- a\n'.repeat(110_000),
    message: 'The text has more than 400000 tokens.',
  },
  {
    because: 'aliases multiply',
    code: 'PLAN_TOO_LARGE',
    path: '',
    marks: 'a: &a',
    plan: `a: &a [x, x, x, x, x, x, x, x, x, x]\n${['b', 'c', 'd', 'e', 'f']
      .map((name, index) => `${name}: &${name} [${`*${'abcde'[index]}, `.repeat(10)}]\n`)
      .join('')}`,
    message: 'The plan has more than 200000 values (aliases counted at each use).',
  },
  {
    because: 'brackets nest 100000 deep',
    code: 'PLAN_TOO_DEEP',
    path: '',
    marks: '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
    plan: '['.repeat(100_000),
    message: 'Lists and maps stand more than 64 deep in each other.',
  },
  {
    because: 'list marks nest 100000 deep',
    code: 'PLAN_TOO_DEEP',
    path: '',
    marks: '- - - - - - - - - - - - - - - ',
    plan: '- '.repeat(100_000),
    message: 'Lists and maps stand more than 64 deep in each other.',
  },
  {
    because: 'objects nest 100000 deep',
    code: 'PLAN_TOO_DEEP',
    path: `/stages/0/config${'/0'.repeat(61)}`,
    plan: config(deep),
    message: 'Lists and maps stand more than 64 deep in each other.',
  },
  {
    because: 'there is a second document',
    code: 'PLAN_SEVERAL_DOCUMENTS',
    path: '',
    marks: '---',
    plan: `${RING}---\nname: two\n`,
    message: 'The text holds more than one document; a file holds one plan.',
    hint: 'Put each plan in a file of its own.',
  },
  {
    because: 'a tag is of no type that a plan has',
    code: 'PLAN_TAG',
    path: '',
    marks: '!secret',
    plan: edited(RING, ['name: orders', 'name: !secret orders']),
    message: 'The text has a tag that a plan cannot have: Unresolved tag: !secret.',
    hint: 'Remove the tag; a plan is plain data.',
  },
  {
    because: 'an alias has no anchor',
    code: 'PLAN_ALIAS',
    path: '/stages/0/config',
    marks: '*other',
    plan: edited(ringOf('{ id: a, op: js:a }'), ['op: js:a', 'op: js:a, config: *other']),
    received: 'other',
    message: 'The alias "other" names no anchor before it.',
  },
  {
    because: 'an alias stands inside its own anchor',
    code: 'PLAN_CYCLE',
    path: '/stages/0/config/inner',
    marks: '*c',
    plan: ringOf('{ id: a, op: js:a, config: &c { inner: *c } }'),
    message: 'The alias stands inside the value that it names.',
  },
  {
    because: 'an object holds itself',
    code: 'PLAN_CYCLE',
    path: '/stages/0/config/self',
    plan: config(cyclic),
    message: 'This is the same object as "/stages/0/config", which holds it.',
  },
  {
    because: 'a key stands twice',
    code: 'PLAN_KEY_DUPLICATE',
    path: '/name',
    marks: 'name: other',
    plan: edited(RING, ['name: orders', 'name: orders\nname: other']),
    message: 'The key "name" stands twice in one map.',
    hint: 'Keep one of the two.',
  },
  {
    because: 'a key stands twice in JSON',
    code: 'PLAN_KEY_DUPLICATE',
    path: '/stages/0/config/a',
    marks: '"a":2',
    plan: JSON.stringify(config({ a: 1, b: 2 }))
      .replace('"b"', '"a"')
      .replace('"version":2,"name":"one",', '"version":2,"name":"one",'),
    message: 'The key "a" stands twice in one map.',
    hint: 'Keep one of the two.',
  },
  {
    because: 'a key is __proto__',
    code: 'PLAN_KEY_FORBIDDEN',
    path: '/stages/0/config/__proto__',
    marks: '__proto__: { x: 1',
    plan: ringOf('{ id: a, op: js:a, config: { __proto__: { x: 1 } } }'),
    message: 'A key must not be named "__proto__".',
  },
  {
    because: 'a parsed key is __proto__',
    code: 'PLAN_KEY_FORBIDDEN',
    path: '/stages/0/config/__proto__',
    plan: config(JSON.parse('{"__proto__": 1}')),
    message: 'A key must not be named "__proto__".',
  },
  {
    because: 'a number is not a number',
    code: 'PLAN_NUMBER',
    path: '/single_ring/shards',
    marks: '.nan',
    plan: `${RING}  shards: .nan\n`,
    received: '.nan',
    message: '.nan is not a number that JSON can hold.',
  },
  {
    because: 'a number is infinite',
    code: 'PLAN_NUMBER',
    path: '/stages/0/config',
    plan: config(Number.POSITIVE_INFINITY),
    received: 'Infinity',
    message: 'Infinity is not a number that JSON can hold.',
  },
  {
    because: 'a whole number would be rounded',
    code: 'PLAN_NUMBER',
    path: '/stages/0/config',
    marks: '9007199254740993',
    plan: ringOf('{ id: a, op: js:a, config: 9007199254740993 }'),
    received: '9007199254740993',
    message: '9007199254740993 would be rounded to 9007199254740992.',
  },
  {
    because: 'a text is half a character',
    code: 'PLAN_UNICODE',
    path: '/stages/0/config',
    marks: '"\\ud83d" }',
    plan: ringOf('{ id: a, op: js:a, config: "\\ud83d" }'),
    message: 'The text holds half of a surrogate pair, which no UTF-8 text can hold.',
  },
  {
    because: 'a value is a function',
    code: 'PLAN_NOT_JSON',
    path: '/stages/0/config',
    plan: config(() => 1),
    received: 'a function',
    message: 'A function is not JSON data.',
  },
  {
    because: 'a value is a BigInt',
    code: 'PLAN_NOT_JSON',
    path: '/stages/0/config',
    plan: config(12n),
    received: '12n',
    message: 'A bigint is not JSON data.',
  },
  {
    because: 'a value is an instance of a class',
    code: 'PLAN_NOT_JSON',
    path: '/stages/0/config',
    plan: config(new Date(0)),
    received: 'a Date',
    message: 'An instance of Date is not JSON data.',
  },
  {
    because: 'a property is computed',
    code: 'PLAN_NOT_JSON',
    path: '/stages/0/config/x',
    plan: config({
      get x() {
        throw new Error('a getter must not be called');
      },
    }),
    message: 'A property that is computed by a getter is not JSON data.',
  },
  {
    because: 'a list has a hole',
    code: 'PLAN_NOT_JSON',
    path: '/stages/0/config/0',
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested.
    plan: config([, 1]),
    message: 'The list has a hole here.',
  },
  {
    because: 'a proxy refuses',
    code: 'PLAN_NOT_JSON',
    path: '/stages/0/config',
    plan: config(
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
    ),
    message: 'The object refuses to be read: no.',
  },
];
