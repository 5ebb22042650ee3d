/**
 * What `npm test` is made of, in order. A step is
 *
 *   { title, needs: tool[], wants?: tool[], run(options) => { passed, failed, leftOut: string[], note } }
 *
 * and is left out, by the missing tool's name, when one of `needs` is not there; of `wants` it only says so.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nativeSteps } from './native.mjs';
import { tools } from './probe.mjs';
import { root, run } from './process.mjs';
import { vitest } from './vitest.mjs';

/** A step that is one program: it passes or fails as a whole. */
const program = (title, command, args, needs = []) => ({
  title,
  needs,
  run: async () => {
    const ended = await run(command, args());
    return { passed: ended.ok ? 1 : 0, failed: ended.ok ? 0 : 1, leftOut: [], note: ended.ok ? '' : ended.reason };
  },
});

/** Every C++ file of ours; build folders hold generated ones, native/third-party those of others. */
function cppFiles() {
  const folders = ['native', 'test/native', 'bench/native', 'bench/alternatives', 'examples'];
  return folders.flatMap((folder) => filesBelow(folder)).filter((path) => /\.(cpp|hpp|h)$/.test(path));
}

function filesBelow(folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return /^(build|node_modules|third-party)/.test(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}

/** Every step by name. */
export const steps = {
  build: program('the TypeScript build and the addon', 'npm', () => ['run', '-s', 'build:all']),
  biome: program('TypeScript lint and format', 'biome', () => ['check', '--error-on-warnings', '.']),
  format: program('C++ format', 'clang-format', () => ['--dry-run', '-Werror', ...cppFiles()], [tools.clangFormat]),
  abi: program('the generated ABI header', 'npm', () => ['run', '-s', 'abi', '--', '--check']),
  types: program('TypeScript types', 'tsc', () => ['-p', 'tsconfig.json', '--noEmit']),
  api: program(
    'the API reference, and a doc comment on every exported name',
    'npm',
    () => ['run', '-s', 'api-docs', '--', '--check'],
    [tools.typedoc],
  ),
  ...nativeSteps,
  counts: program(
    'what plans cost a record, against the baseline',
    process.execPath,
    () => ['bench/native.mjs', '--check', '--built'],
    [tools.cmake, tools.valgrind],
  ),
  unit: { title: 'vitest', needs: [], run: () => vitest() },
};

/** Names that stand for several steps. */
export const groups = {
  all: ['build', 'biome', 'format', 'abi', 'types', 'api', 'native', 'asan', 'tsan', 'fuzz', 'arm64', 'counts', 'unit'],
  lint: ['biome', 'format', 'abi'],
};
