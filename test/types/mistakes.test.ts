/** What the compiler says of a plan that does not fit: the sentence names the id and the choices. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const CATALOG = `version: 2, name: 'x',
  stages: [{ id: 'a', op: 'identity' }, { id: 'b', op: 'identity' }],
  boundaries: [{ id: 'in', kind: 'ingress' }, { id: 'out', kind: 'egress' }],`;
const ring = (entries: string, more = ''): string => `definePlan({ ${CATALOG} target: 'SingleRing',
  single_ring: { stages: [${entries}]${more} } });`;
const graph = (connection: string, more = ''): string => `definePlan({ ${CATALOG} target: 'LaneGraph',
  lane_graph: { connections: [${connection}]${more} } });`;
const lane = "lane: { kind: 'Events' }";
const FINE = `{ from: 'in', to: 'a', ${lane} }`;
const own = (stages: string, boundaries: string): string => `definePlan({ version: 2, name: 'x', target: 'SingleRing',
  stages: [${stages}], boundaries: [${boundaries}], single_ring: { stages: [{ stage: 'a' }] } });`;
const ENDS = "{ id: 'in', kind: 'ingress' }, { id: 'out', kind: 'egress' }";

const CASES: readonly (readonly [name: string, code: string, words: string])[] = [
  ['a ring entry of no stage', ring("{ stage: 'c' }"), '"c" is not a stage of the plan; its stages: a, b'],
  ['a ring entry twice', ring("{ stage: 'a' }, { stage: 'a', depends_on: [] }"), '"a" stands in the ring already'],
  [
    'a stage that is left out',
    ring("{ stage: 'a' }"),
    '"b" does not stand in the ring; every stage of the catalog does',
  ],
  [
    'a dependency on no stage',
    ring("{ stage: 'a' }, { stage: 'b', depends_on: ['c'] }"),
    '"c" is not a stage of the plan; its stages: a, b',
  ],
  [
    'a dependency on a later stage',
    ring("{ stage: 'a', depends_on: ['b'] }, { stage: 'b', depends_on: [] }"),
    '"b" stands later in the ring; a stage depends on earlier ones',
  ],
  ['a dependency on itself', ring("{ stage: 'a' }, { stage: 'b', depends_on: ['b'] }"), '"b" depends on itself'],
  [
    'a boundary in a dependency list',
    ring("{ stage: 'a' }, { stage: 'b', depends_on: ['in'] }"),
    '"in" is not a stage of the plan; its stages: a, b',
  ],
  [
    'a field of a ring',
    ring("{ stage: 'a' }, { stage: 'b', depends_on: [] }", ', shrads: 2'),
    '"shrads" is not a field here',
  ],
  [
    'a connection from nobody',
    graph(`{ from: 'zz', to: 'a', ${lane} }`),
    '"zz" is not a stage or ingress of the plan; from: a, b, in',
  ],
  [
    'a connection from an egress',
    graph(`{ from: 'out', to: 'a', ${lane} }`),
    '"out" is an egress, where records leave; from: a, b, in',
  ],
  [
    'a connection to nobody',
    graph(`{ from: 'a', to: 'zz', ${lane} }`),
    '"zz" is not a stage or egress of the plan; to: a, b, out',
  ],
  [
    'a connection to an ingress',
    graph(`{ from: 'a', to: 'in', ${lane} }`),
    '"in" is an ingress, where records enter; to: a, b, out',
  ],
  [
    'a connection past all stages',
    graph(`{ from: 'in', to: 'out', ${lane} }`),
    '"out" is an egress, and "in" an ingress; put a stage between: a, b',
  ],
  ['a connection to itself', graph(`{ from: 'a', to: 'a', ${lane} }`), '"a" leads back to itself'],
  ['a field of a connection', graph(`{ from: 'in', to: 'a', when: 'x', ${lane} }`), '"when" is not a field here'],
  [
    'a field of a lane',
    graph("{ from: 'in', to: 'a', lane: { kind: 'Events', capacity: 4 } }"),
    '"capacity" is not a field here',
  ],
  [
    'the second of two connections',
    graph(`${FINE}, { from: 'a', to: 'outt', ${lane} }`),
    '"outt" is not a stage or egress of the plan; to: a, b, out',
  ],
  [
    'a policy for a stage',
    graph(FINE, ", boundary_policy: { a: 'Broadcast' }"),
    '"a" is not a boundary of the plan; its boundaries: in, out',
  ],
  [
    'a policy of the other kind',
    graph(FINE, ", boundary_policy: { in: 'Ordered' }"),
    '"in" is an ingress; its policy: Broadcast, RoundRobin or KeyHash',
  ],
  [
    'a policy of the other kind at an egress',
    graph(FINE, ", boundary_policy: { out: 'RoundRobin' }"),
    '"out" is an egress; its policy: Interleave or Ordered',
  ],
  [
    'an id twice',
    own("{ id: 'a', op: 'identity' }", "{ id: 'a', kind: 'ingress' }, { id: 'out', kind: 'egress' }"),
    '"a" is the id of an earlier stage or boundary already',
  ],
  [
    'two ingresses of a ring',
    own("{ id: 'a', op: 'identity' }", `${ENDS}, { id: 'in2', kind: 'ingress' }`),
    '"in2" is a second ingress; a SingleRing has one',
  ],
  [
    'a ring without an egress',
    own("{ id: 'a', op: 'identity' }", "{ id: 'in', kind: 'ingress' }"),
    'a SingleRing has one ingress and one egress; there is no egress',
  ],
  [
    'a field of a key of count',
    own("{ id: 'a', op: 'count', config: { key: { kind: 'json', pointer: '/a', depth: 1 } } }", ENDS),
    '"depth" is not a field here',
  ],
  [
    'a field of a config',
    own("{ id: 'a', op: 'filter', config: { contains: 'x', invrt: true } }", ENDS),
    '"invrt" is not a field here',
  ],
];

/** Line of the file → the messages of the compiler there, of which each case has lines of its own. */
let found: readonly { readonly line: number; readonly text: string }[] = [];
const starts: number[] = [];
let folder = '';

function compilerSays(config: string): Promise<string> {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', config, '--pretty', 'false'], { maxBuffer: 1 << 26 }, (_, stdout) =>
      resolve(stdout),
    );
  });
}

beforeAll(async () => {
  // Inside the project, so that the compiler finds the types of Node where it finds them for everything else.
  folder = mkdtempSync(join(root, 'test', 'types', 'wrong-'));
  const lines = ["import { definePlan } from '../../../lib/plan/builder.js';"];
  for (const [, code] of CASES) {
    starts.push(lines.length + 1);
    lines.push(...code.split('\n'));
  }
  writeFileSync(join(folder, 'wrong.ts'), `${lines.join('\n')}\n`);
  const config = { extends: '../../../tsconfig.json', include: ['wrong.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const output = await compilerSays(join(folder, 'tsconfig.json'));
  found = output.split(/^(?=\S)/m).map((text) => ({ line: Number(/wrong\.ts\((\d+),/.exec(text)?.[1] ?? 0), text }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the compiler', () => {
  it('objects to each wrong plan and to nothing else', () => {
    const lines = found.map(({ line }) => line).filter((line) => line > 0);
    const cases = lines.map((line) => starts.filter((start) => start <= line).length - 1);
    expect([...new Set(cases)].sort((a, b) => a - b)).toEqual([...CASES.keys()]);
  });

  it.each(CASES.map(([name, , words], index) => [name, words, index] as const))('says of %s: %s', (_, words, index) => {
    const [from = 0, to = Number.POSITIVE_INFINITY] = [starts[index], starts[index + 1]];
    const said = found.filter(({ line }) => line >= from && line < to).map(({ text }) => text);
    // The compiler prints a text inside a type with its quotes escaped.
    expect(said.join('').replaceAll('\\"', '"')).toContain(words);
    expect(said.join('')).not.toContain("to type 'never'");
  });
});
