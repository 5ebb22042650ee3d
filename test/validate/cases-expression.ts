/** Plans whose `where` is wrong. Part of `cases.ts`. */
import type { Case } from './cases.js';
import { edited, GRAPH, ringOf } from './plans.js';

const filtering = (where: string, codec: string): string =>
  edited(ringOf(`{ id: a, op: filter, config: { where: '${where}' } }`), [
    '{ id: in, kind: ingress }',
    `{ id: in, kind: ingress, codec: ${codec} }`,
  ]);

const ID = '{ kind: struct, fields: [{ name: id, type: u32 }] }';

export const EXPRESSION_CASES: readonly Case[] = [
  {
    because: 'the name is known to nothing',
    code: 'EXPRESSION_WRONG',
    path: '/stages/0/config/where',
    marks: "'recrd.a == 1'",
    plan: filtering('recrd.a == 1', 'json'),
    received: 'recrd',
    message: 'Stage "a": `config/where`, column 1 of the expression: Unknown variable: recrd; known here: record.',
  },
  {
    because: 'a record may be without it',
    code: 'EXPRESSION_ABSENT',
    path: '/stages/0/config/where',
    marks: "'true && record.a == 1'",
    plan: filtering('true && record.a == 1', 'json'),
    received: 'record.a',
    message:
      'Stage "a": `config/where`, column 9 of the expression: record.a may be absent, and then the record fails; write has(record.a) && …, or record.?a.orValue(…).',
  },
  {
    because: 'a stage before it makes structs longer',
    code: 'EXPRESSION_RECORDS',
    path: '/stages/2/config/where',
    marks: 'record.id > 3u',
    plan: edited(
      GRAPH,
      ['{ id: in, kind: ingress }', `{ id: in, kind: ingress, codec: ${ID} }`],
      ['{ id: left, op: identity }', '{ id: left, op: append, config: { text: x } }'],
      ['{ id: join, op: identity }', '{ id: join, op: filter, config: { where: record.id > 3u } }'],
    ),
    message:
      'Stage "join": `config/where` reads fields of a struct, but behind the stage "left" the records are not structs any more.',
    hint: 'Put this stage before "left".',
  },
];
