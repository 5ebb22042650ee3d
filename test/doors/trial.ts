/**
 * A patch, applied to a copy of the checkout and built as far as its own tests need: the TypeScript compiler over lib/, the headers
 * that are generated, one C++ program of what stands between a lowered plan and an op, and a vitest over the files that the patch
 * brings. No addon: the templates that run an op in a ring or a graph know only its contract.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFor, command, copyCheckout, ended, GENERATED, type Outcome, PARTS } from '../package/checkout.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the tests of a patch read besides lib/ and native/. */
const TEST_PARTS = ['test/abi', 'test/lower', 'test/native', 'test/support'];

export interface Trial {
  /** Paths that the patch and the generator have added or changed, sorted. */
  readonly changed: readonly string[];
  /** The patch's own tests, and that the generated headers are those of its tree. */
  readonly typescript: Outcome;
  /** The patch's own C++ tests; the folder of their headers is compiled with exceptions off first. */
  readonly cpp: Outcome;
}

export async function tryPatch(patch: string): Promise<Trial> {
  const copy = copyCheckout(TEST_PARTS);
  // Not as a part of a repository that the temporary folder may lie in.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(copy) };
  await command('git', ['apply', '--whitespace=nowarn', join(root, 'test/doors', patch)], { cwd: copy, env });
  await command(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { cwd: copy });
  await command(process.execPath, ['dist/modules/abi/generate.js'], { cwd: copy });
  const changed = changedPaths(copy);
  const added = (ending: RegExp): string[] => changed.filter((path) => ending.test(path));
  return {
    changed,
    typescript: await runTypescript(copy, added(/\.test\.ts$/)),
    cpp: await runCpp(copy, added(/_test\.cpp$/), added(/^native\/.*(?<!_generated)\.hpp$/)),
  };
}

function filesBelow(folder: string): string[] {
  if (!statSync(folder).isDirectory()) return [''];
  return readdirSync(folder, { withFileTypes: true }).flatMap(({ name }) => {
    const path = join(folder, name);
    return GENERATED.test(path) ? [] : filesBelow(path).map((below) => (below === '' ? name : `${name}/${below}`));
  });
}

function changedPaths(copy: string): string[] {
  const read = (folder: string, path: string): string | undefined => {
    try {
      return readFileSync(join(folder, path), 'latin1');
    } catch {
      return undefined;
    }
  };
  const pathsOf = (part: string, folder: string): string[] =>
    filesBelow(join(folder, part)).map((below) => (below === '' ? part : `${part}/${below}`));
  const paths = [...PARTS, ...TEST_PARTS].flatMap((part) => [...pathsOf(part, root), ...pathsOf(part, copy)]);
  return [...new Set(paths)].filter((path) => read(root, path) !== read(copy, path)).sort();
}

async function runTypescript(copy: string, tests: readonly string[]): Promise<Outcome> {
  const config = join(copy, 'vitest.trial.config.mjs');
  writeFileSync(config, "export default { test: { include: ['test/**/*.test.ts'], pool: 'forks' } };\n");
  // The one that runs us has told its children what they are.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const files = ['test/abi/generated.test.ts', ...tests];
  return ended(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...files], {
    cwd: copy,
    env,
  });
}

/** From a lowered plan to an op at work: all that an op's own C++ tests may link. */
const SOURCES = /^native\/(decode|expression|json|op)\/|^native\/graph\/(decode\w*|spec_reader)\.cpp$/;

/** All in one unit: headers are read once, and nothing of it is compiled again. */
async function runCpp(copy: string, tests: readonly string[], headers: readonly string[]): Promise<Outcome> {
  const { core } = JSON.parse(readFileSync(join(copy, 'native/sources.json'), 'utf8')) as { core: readonly string[] };
  const include = (path: string): string => `#include "${join(copy, path)}"\n`;
  writeFileSync(join(copy, 'hot.cpp'), headers.map(include).join(''));
  writeFileSync(
    join(copy, 'trial.cpp'),
    [...core.filter((path) => SOURCES.test(path)), ...tests].map(include).join(''),
  );
  const [compiler = 'g++', ...launched] = (process.env.CXX ?? 'g++').split(' ');
  const folders = (await command(process.execPath, ['native/sources.cjs', 'include'], { cwd: copy }))
    .trim()
    .split('\n');
  const flags = [
    '-std=c++20',
    '-Wall',
    '-Wextra',
    '-Wno-unused-parameter',
    '-Werror',
    '-Inative',
    '-Itest/native',
  ].concat(folders.flatMap((folder) => ['-isystem', folder]));
  const options = { cwd: copy, env: { ...process.env, ...cacheFor(copy) } };
  const compile = (args: readonly string[]) => command(compiler, [...launched, ...flags, ...args], options);
  await compile(['-fno-exceptions', '-fsyntax-only', 'hot.cpp']);
  await compile(['-c', 'trial.cpp', '-o', 'trial.o']);
  await command(compiler, [...launched, 'trial.o', '-lgtest_main', '-lgtest', '-pthread', '-o', 'trial'], options);
  return ended(join(copy, 'trial'), [], { cwd: copy });
}
