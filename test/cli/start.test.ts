import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { byteor, ROOT, temporaryFile, temporaryFolder } from './child.js';
import { GRAPH_PLAN, ringPlan, YAML_PLAN } from './plans.js';

/**
 * What the command line loads before it works. A short run takes twice the time of a bare Node, and most of that is reading and
 * compiling: a module more in one of these lists is what makes it slow (docs/decisions/121).
 */

interface Loaded {
  readonly files: readonly string[];
  /** Modules of Node that were not there before. */
  readonly builtins: readonly string[];
}

const HOOK = fileURLToPath(new URL('loaded.cjs', import.meta.url));

/** Bytes of JavaScript that a run of a ring reads: 397 KB since stages and ends have policies and letters, stages of one's own are looked for, and a condition may be an expression. */
const RUN_BYTES_MAX = 398_000;

/** Runs a command line with its outputs in a file: for a pipe Node loads its sockets. */
async function loadedBy(args: readonly string[], code = 0): Promise<Loaded> {
  const folder = temporaryFolder();
  const list = join(folder, 'loaded.json');
  const output = openSync(join(folder, 'output'), 'w');
  const ended = await byteor(args, {
    env: { NODE_OPTIONS: `--require=${HOOK}`, BYTEOR_LOADED: list },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  expect({ code: ended.code, words: readFileSync(join(folder, 'output'), 'utf8') }).toMatchObject({ code });
  return JSON.parse(readFileSync(list, 'utf8')) as Loaded;
}

const names = ({ files }: Loaded): string[] => files.map((file) => basename(file)).sort();

const runOf = (plan: string): string[] => {
  const input = temporaryFile('in.log', 'an ERROR\nnothing\n');
  return ['run', temporaryFile('plan.yaml', plan), '--ingress', `in=lines:${input}`, '--egress', 'out=discard'];
};

const RING_FILES = ['byteor.js', 'byteor.node', 'core.cjs', 'main.cjs', 'rolldown-runtime.cjs', 'run.cjs', 'yaml.cjs'];

test('a run of a ring loads neither zod, nor what graphs, handles and diagnostics need', async () => {
  expect(names(await loadedBy(runOf(YAML_PLAN)))).toEqual(RING_FILES);
});

test('a run of a ring reads little more JavaScript than it did', async () => {
  const { files } = await loadedBy(runOf(YAML_PLAN));
  const scripts = files.filter((file) => /js$/.test(file));
  expect(scripts.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(RUN_BYTES_MAX);
});

test('a run of a ring loads no module of Node that it has no work for', async () => {
  const { builtins } = await loadedBy(runOf(YAML_PLAN));
  const heavy =
    /NativeModule (child_process|cluster|crypto|dgram|fs\/promises|https?|net|perf_hooks|readline|repl|tls|zlib|.*webstreams\/(readable|writable)stream)$/;
  expect(builtins.length).toBeGreaterThan(0);
  expect(builtins.filter((name) => heavy.test(name))).toEqual([]);
});

test('a run of a graph loads what graphs need, and no zod', async () => {
  expect(names(await loadedBy(runOf(GRAPH_PLAN)))).toEqual([...RING_FILES, 'graph.cjs'].sort());
});

test('a plan with errors loads zod and the words of diagnostics', async () => {
  const plan = temporaryFile('plan.yaml', YAML_PLAN.replace('SingleRing', 'SingelRing'));
  const loaded = names(await loadedBy(['validate', plan], 1));
  expect(loaded).toEqual(expect.arrayContaining(['schema.cjs', 'words.cjs', 'verb-validate.cjs']));
});

test('asking for the version loads no addon and no plan', async () => {
  const loaded = names(await loadedBy(['--version']));
  expect(loaded).toContain('main.cjs');
  expect(loaded.filter((name) => /byteor\.node|yaml|schema|^run/.test(name))).toEqual([]);
});

test('a program that compiles a sound plan loads neither yaml nor zod', () => {
  const program = `const { compile } = require(process.argv[1]);
compile(JSON.parse(process.argv[2]));
console.log(Object.keys(require.cache).map((file) => require('node:path').basename(file)).sort().join());`;
  const library = join(ROOT, 'dist', 'index.cjs');
  for (const plan of [GRAPH_PLAN, ringPlan([{ id: 'keep', op: 'filter', config: { contains: 'x' } }])]) {
    const loaded = execFileSync(process.execPath, ['-e', program, library, plan], { encoding: 'utf8' });
    expect(loaded).toBe('core.cjs,index.cjs,index.cjs,shapes.cjs\n');
  }
});

test('a verb that nothing is left to end has failed, although Node would end with 0', async () => {
  const hook = temporaryFile(
    'silent.cjs',
    `const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
Object.defineProperty(process, 'stdin', { get: () => silent });`,
  );
  const { code, stderr } = await byteor(['validate', '-'], { env: { NODE_OPTIONS: `--require=${hook}` } });
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(/^byteor: Nothing is left that could end this verb\.\nThis is a bug in byteor\./),
  });
});
