import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, ended } from './checkout.js';
import { installed } from './installed.js';
import { installTools, needTool } from './tools.js';

/** What docs/install.md says of bundlers, test runners and workers. */

const PLAN = `{
  version: 2, name: 'bundled', target: 'SingleRing', stages: [{ id: 's', op: 'append', config: { text: '!' } }],
  boundaries: [{ id: 'in', kind: 'ingress', codec: 'utf8' }, { id: 'out', kind: 'egress', codec: 'utf8' }],
  single_ring: { stages: [{ stage: 's' }] },
}`;

const RUN = `
const pipeline = open(compile(${PLAN}));
const push = pipeline.ingress('in');
push.tryPush('a');
push.close();
`;

const PROGRAM = `
import { compile, open } from 'byteor';
${RUN}
(async () => { for await (const record of pipeline.egress('out')) console.log(record); await pipeline.stop(); })();
`;

/** The main thread opens, the worker attaches and says which files of the package it has loaded. */
const WORKER = `
import { createRequire } from 'node:module';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { attach, compile, open } from 'byteor';
if (isMainThread) {
  ${RUN}
  const worker = new Worker(new URL(import.meta.url), { workerData: pipeline.number });
  worker.on('exit', () => pipeline.halt());
} else {
  const pipeline = attach(workerData);
  for await (const record of pipeline.egress('out')) console.log(record);
  const files = Object.keys(createRequire(import.meta.url).cache).map((path) => path.split('/').at(-1));
  console.log(files.sort().join());
}
`;

const user = installed(async ({ cwd }) => {
  await installTools();
  writeFileSync(join(cwd, 'program.ts'), PROGRAM);
  writeFileSync(join(cwd, 'worker.mjs'), WORKER);
});

const esbuild = (...args: string[]) =>
  command(process.execPath, [needTool('esbuild', 'bin', 'esbuild'), ...args], user());

test.each(['esm', 'cjs'])('a program bundled by esbuild as %s that keeps byteor external runs', async (format) => {
  const file = format === 'esm' ? 'out.mjs' : 'out.cjs';
  await esbuild(
    'program.ts',
    '--bundle',
    '--platform=node',
    `--format=${format}`,
    '--external:byteor',
    `--outfile=${file}`,
  );
  expect(await command(process.execPath, [file], user())).toBe('a!\n');
});

test('the bundle of a worker that keeps byteor external runs', async () => {
  await esbuild(
    'worker.mjs',
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--external:byteor',
    '--outfile=out-worker.mjs',
  );
  expect(await command(process.execPath, ['out-worker.mjs'], user())).toMatch(/^a!\n/);
});

test('a worker that attaches has loaded neither yaml nor zod', async () => {
  const [record, files] = (await command(process.execPath, ['worker.mjs'], user())).split('\n');
  expect(record).toBe('a!');
  expect(files?.split(',')).toEqual(['byteor.glibc.node', 'core.cjs', 'index.cjs']);
});

test('byteor/plan is bundled for a browser without anything of Node', async () => {
  const source = `import { compile, validateText } from 'byteor/plan';
const checked = validateText(${JSON.stringify(`name: x\n`)});
globalThis.answer = [checked.ok, compile(${PLAN}).id];`;
  writeFileSync(join(user().cwd, 'page.mjs'), source);
  await esbuild('page.mjs', '--bundle', '--platform=browser', '--format=esm', '--outfile=page.out.mjs');
  const bundle = readFileSync(join(user().cwd, 'page.out.mjs'), 'utf8');
  expect(bundle).not.toMatch(/["'`]node:[a-z]|\brequire\(|\bprocess\./);
  // In a realm that has what browsers have, and nothing of Node: the library of expressions looks whether there is a Buffer.
  const run = `const vm = require('node:vm'); const text = require('node:fs').readFileSync('page.out.mjs', 'utf8');
const realm = vm.createContext({ TextEncoder, TextDecoder }); vm.runInContext(text, realm);
const { compile } = require('byteor');
console.log(realm.answer[0], realm.answer[1] === compile(${PLAN}).id);`;
  expect(await command(process.execPath, ['-e', run], user())).toBe('false true\n');
});

test('tsx runs a program', async () => {
  expect(await command(process.execPath, [needTool('tsx', 'dist', 'cli.mjs'), 'program.ts'], user())).toBe('a!\n');
});

test('jest runs a test that requires byteor, without a transform', async () => {
  const folder = join(user().cwd, 'jest');
  mkdirSync(folder);
  writeFileSync(join(user().cwd, 'jest.config.json'), JSON.stringify({ transform: {}, roots: ['<rootDir>/jest'] }));
  const { cwd } = user();
  writeFileSync(
    join(folder, 'pipeline.test.js'),
    `const { compile, open, validateText } = require('byteor');
test('a record comes out', async () => {
  expect(validateText('name: x').ok).toBe(false);
  ${RUN}
  const records = [];
  for await (const record of pipeline.egress('out')) records.push(record);
  expect(records).toEqual(['a!']);
  expect((await pipeline.stop()).balanced).toBe(true);
});`,
  );
  const jest = ['--config', 'jest.config.json', '--runInBand', '--no-cache', '--no-watchman'];
  const { code, stderr } = await ended(process.execPath, [needTool('jest', 'bin', 'jest.js'), ...jest], {
    ...user(),
    cwd,
  });
  expect(stderr).toMatch(/1 passed/);
  expect(code).toBe(0);
});
