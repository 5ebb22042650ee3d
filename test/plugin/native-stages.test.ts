import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, open, type PipelinePlanV2, type Version } from '../../lib/index.js';
import type { StageEntry } from '../../lib/plan/document.js';
import type { Ledger } from '../../lib/region/counts.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';

/** Plug-ins through `open` and the command line: the examples as their readers build them, and one that misbehaves on demand. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const headers = join(root, 'native/plugin');

let scratch = '';
const library = (name: string): string => join(scratch, `${name}.so`);

/** One line, as docs/plugins.md has it. */
const cc = (source: string, name: string, ...more: string[]): void => {
  execFileSync('cc', ['-std=c99', '-O2', '-shared', '-fPIC', '-I', headers, ...more, source, '-o', library(name)]);
};

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'byteor-plugin-'));
  cc(join(root, 'examples/plugins/starts_with.c'), 'starts_with', '-Wall', '-Wextra', '-Wpedantic', '-Werror');
  const odd = join(root, 'test/plugin/odd.c');
  cc(odd, 'odd');
  cc(odd, 'old', '-DABI=7');
  cc(odd, 'hidden', '-DHIDDEN');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const native = (id: string, name: string, more: Partial<StageEntry> = {}): StageEntry => ({
  id,
  op: `native:${name}`,
  ...more,
});

const boundaries = (codec: unknown) => [
  { id: 'in', kind: 'ingress', codec },
  { id: 'out', kind: 'egress', codec },
];

function ring(stage: StageEntry, more: object = {}, codec: unknown = 'utf8'): Version {
  const single_ring = { stages: [{ stage: stage.id, depends_on: [] }], ...more };
  const plan = { version: 2, name: 'ring', target: 'SingleRing', stages: [stage], boundaries: boundaries(codec) };
  return compile({ ...plan, single_ring } as unknown as PipelinePlanV2);
}

function graph(stage: StageEntry, more: object = {}, codec: unknown = 'utf8'): Version {
  const lane = { kind: 'Events' };
  const connections = [
    { from: 'in', to: stage.id, lane },
    { from: stage.id, to: 'out', lane },
  ];
  const plan = { version: 2, name: 'graph', target: 'LaneGraph', stages: [stage], boundaries: boundaries(codec) };
  return compile({ ...plan, lane_graph: { connections, ...more } } as unknown as PipelinePlanV2);
}

interface Run {
  readonly out: readonly unknown[];
  readonly ledger: Ledger;
  readonly reports: Readonly<Record<string, unknown>>;
}

async function through(
  version: Version,
  stages: OpenOptions['stages'],
  records: readonly unknown[],
  options: object = {},
): Promise<Run> {
  const pipeline = open(version, { ...options, stages } as never) as unknown as Pipeline;
  const ingress = pipeline.ingress('in');
  const out: unknown[] = [];
  const polled = (async () => {
    for await (const record of pipeline.egress('out')) out.push(record);
  })().catch(() => {});
  try {
    for (const record of records) await ingress.push(record as never);
    ingress.close();
  } catch {
    // The pipeline has failed: its ledger says so.
  }
  await polled;
  const ledger = await pipeline.stop();
  return { out, ledger, reports: pipeline.reports() };
}

const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${i % 3 === 0 ? 'ERROR' : 'ok'} ${i}`);

describe.each([
  ['ring', ring],
  ['graph', graph],
])('in a %s', (_, plan) => {
  test('the example in C, built by one compiler line, filters, and the ledger balances', async () => {
    const version = plan(native('errors', 'starts_with', { access: 'read', config: { text: 'ERROR' } }));
    const { out, ledger } = await through(version, { starts_with: { library: library('starts_with') } }, texts(5000));
    expect(out).toEqual(texts(5000).filter((text) => text.startsWith('ERROR')));
    expect(ledger.imbalances).toEqual([]);
    expect(ledger.stages.errors).toMatchObject({ in: 5000, filtered: 3333, failed: 0, abandoned: 0 });
  });

  test('records are changed in place, and grow by the room of their stage', async () => {
    const version = plan(native('loud', 'odd', { room: 1, config: { does: 'grow' } }));
    const { out } = await through(version, { odd: { library: library('odd') } }, ['a', '', 'bc']);
    expect(out).toEqual(['A!', '!', 'BC!']);
  });

  test('a struct is still that struct behind a plug-in that says so', async () => {
    const codec = { kind: 'struct', fields: [{ name: 'unit', type: 'utf8(2)' }] };
    const version = plan(native('loud', 'odd', { keeps_layout: true, config: { does: 'upper' } }), {}, codec);
    const { out } = await through(version, { odd: { library: library('odd') } }, [{ unit: 'ab' }, { unit: 'c' }]);
    expect(out).toEqual([{ unit: 'AB' }, { unit: 'C' }]);
  });

  test('a record that the plug-in fails stops the pipeline with its message', async () => {
    const version = plan(native('odd', 'odd', { config: { does: 'fail' } }));
    const { out, ledger } = await through(version, { odd: { library: library('odd') } }, ['a', 'b', 'c', 'd']);
    expect(out).toEqual(['a', 'b']);
    expect(ledger.failure).toMatchObject({ stage: 'odd', cause: 'the third one; give two' });
    expect(ledger.stages.odd).toMatchObject({ failed: 1, causes: { THROWN: 1 } });
  });

  test('a count that lies fails the record by the name of the library', async () => {
    const version = plan(native('odd', 'odd', { config: { does: 'lie' } }));
    const { out, ledger } = await through(version, { odd: { library: library('odd') } }, ['a']);
    expect(out).toEqual([]);
    expect(ledger.failure?.cause).toBe(
      `the plug-in ${library('odd')} answered a batch of 1 records that it is done with 2 of them; answer with 1 to ` +
        'batch->count',
    );
    expect(ledger.stages.odd).toMatchObject({ causes: { BAD_ANSWER: 1 } });
  });
});

test('each shard has an instance of its own, and the report has one of each', async () => {
  const version = ring(native('odd', 'odd'), {
    shards: 2,
    ordering: 'PerKey',
    shard_key: { kind: 'bytes', offset: 0, length: 1 },
  });
  const { out, reports } = await through(version, { odd: { library: library('odd') } }, ['a', 'b', 'c', 'd']);
  expect([...out].sort()).toEqual(['a', 'b', 'c', 'd']);
  expect(reports).toEqual({ odd: [0, 1] });
});

describe('what open refuses', () => {
  const refusal = (version: Version, stages: unknown): { code?: string; message: string } => {
    try {
      open(version, { stages } as never).halt();
    } catch (error) {
      return error as Error;
    }
    throw new Error('it was opened');
  };
  const odd = (more: Partial<StageEntry> = {}) => graph(native('s', 'odd', more));

  test('a stage without a library', () => {
    expect(refusal(odd(), undefined)).toMatchObject({
      code: 'OP_UNAVAILABLE',
      message:
        'plan "graph" has a stage that nothing runs: "s" (native:odd); give open its library, ' +
        'stages: { "odd": { library: PATH } }',
    });
  });

  test.each([
    ['a path that is no text', { odd: { library: 7 } }, 'stages.odd.library is 7: give the path of a shared library'],
    [
      'another member',
      { odd: { library: 'x.so', workers: 2 } },
      'stages.odd.workers is 2: beside library, an entry has nothing',
    ],
    [
      'a name that no stage has',
      { even: { library: 'x.so' } },
      'stages.even is an object (Object): no stage of the plan has the op native:even; it has native:odd',
    ],
  ])('an entry with %s', (_, stages, message) => {
    expect(refusal(odd(), stages)).toMatchObject({ code: 'BAD_OPTION', message });
  });

  test.each([
    ['that does not exist', 'PLUGIN_LOAD', 'absent', 'does not exist: compile it, or correct the path'],
    ['that does not export its function', 'PLUGIN_LOAD', 'hidden', 'does not export byteor_plugin()'],
    [
      'of another version',
      'PLUGIN_ABI',
      'old',
      'was compiled against version 7 of byteor_plugin.h, and this byteor has 1',
    ],
  ])('a library %s', (_, code, name, words) => {
    const error = refusal(odd(), { odd: { library: library(name) } });
    expect(error.code).toBe(code);
    expect(error.message).toContain(library(name));
    expect(error.message).toContain(words);
  });

  test('a file that is no library, and a folder', () => {
    const path = join(scratch, 'text.so');
    writeFileSync(path, 'text');
    const error = refusal(odd(), { odd: { library: relative(process.cwd(), path) } });
    expect(error.code).toBe('PLUGIN_LOAD');
    expect(error.message).toMatch(/^the plug-in \/.*\/text\.so cannot be loaded: /);
    expect(refusal(odd(), { odd: { library: scratch } })).toMatchObject({
      code: 'PLUGIN_LOAD',
      message: `the library of native:odd, ${scratch}, is a folder: give the path of a shared library`,
    });
  });

  test('a config that the plug-in refuses, and a plug-in that does more than the plan declares', () => {
    const given = { odd: { library: library('odd') } };
    const before = `stage s: the plug-in ${library('odd')}`;
    expect(refusal(odd({ config: 'refuse' }), given)).toMatchObject({
      code: 'PLUGIN_REFUSED',
      message: `${before} refused its config: give it another word`,
    });
    expect(refusal(odd({ config: 'upper', access: 'read' }), given)).toMatchObject({
      code: 'PLUGIN_REFUSED',
      message: `${before} may change records, and the plan declares access: read; declare access: write`,
    });
  });
});

describe('on the command line', () => {
  const byteor = (...args: string[]): string =>
    execFileSync(process.execPath, [join(root, 'dist/bin/byteor.js'), ...args], { encoding: 'utf8', stdio: 'pipe' });

  test('the example in C++, built by CMake, emits words and reports them', () => {
    const build = join(scratch, 'build');
    execFileSync('cmake', ['-S', join(root, 'examples/plugins'), '-B', build, `-DBYTEOR=${root}`]);
    execFileSync('cmake', ['--build', build]);
    const [plan, input, output] = ['plan.yaml', 'in.txt', 'out.txt'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    const stage = native('words', 'words', { access: 'read', emits: true });
    writeFileSync(plan, JSON.stringify(graph(stage).plan));
    writeFileSync(input, 'one two  three\n\n four\n');
    const words = `words=${join(build, 'words.so')}`;
    const ends = ['--ingress', `in=lines:${input}`, '--egress', `out=lines:${output}`];
    const facts = JSON.parse(byteor('run', plan, ...ends, '--stage', words, '--json')) as { stages: unknown };
    expect(readFileSync(output, 'utf8')).toBe('one\ntwo\nthree\nfour\n');
    expect(facts.stages).toEqual({ words: { words: 4, longest: 5 } });
    const unnamed = () => byteor('run', plan, ...ends);
    expect(unnamed).toThrow(/"words" \(native:words\); name its library, --stage words=\.\/words\.so/);
    const other = () => byteor('run', plan, ...ends, '--stage', 'words=./words.txt');
    expect(other).toThrow(/--stage words names "\.\/words\.txt", which is no module and no shared library by its name/);
  });
});
