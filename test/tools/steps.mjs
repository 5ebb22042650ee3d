/**
 * What `npm test` is made of, in order. A step is
 *
 *   { title, needs: tool[], wants?: tool[], run(options) => { passed, failed, leftOut: string[], note } }
 *
 * and is left out, by the missing tool's name, when one of `needs` is not there; of `wants` it only says so.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeSteps } from './native.mjs';
import { tools } from './probe.mjs';
import { root, run } from './process.mjs';

/** A step that is one program: it passes or fails as a whole. */
const program = (title, command, args, needs = []) => ({
  title,
  needs,
  run: async () => {
    const ended = await run(command, args());
    return { passed: ended.ok ? 1 : 0, failed: ended.ok ? 0 : 1, leftOut: [], note: ended.ok ? '' : ended.reason };
  },
});

/** Every C++ file of ours; build folders hold generated ones. */
function cppFiles() {
  const folders = ['native', 'test/native', 'bench/native', 'examples'];
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
    if (entry.isDirectory()) return /^(build|node_modules)/.test(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}

/** vitest streams its own report; the counts come from its JSON twin. */
async function vitest() {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-vitest-'));
  const report = join(folder, 'report.json');
  try {
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const ended = await run('vitest', args, { seconds: 1800 });
    return countVitest(report, ended);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countVitest(report, ended) {
  let totals;
  try {
    totals = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, leftOut: [], note: `no report: ${ended.reason}` };
  }
  const tests = totals.testResults.flatMap((file) => file.assertionResults);
  const leftOut = tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => `${test.fullName} (${test.status})`);
  // A file that does not even load, and an error outside any test, fail without a failed test.
  const brokenFiles = totals.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const named = totals.numFailedTests + brokenFiles;
  const failed = named === 0 && !ended.ok ? 1 : named;
  return { passed: totals.numPassedTests, failed, leftOut, note: ended.ok ? '' : ended.reason };
}

/** Every step by name. */
export const steps = {
  build: program('the TypeScript build and the addon', 'npm', () => ['run', '-s', 'build:all']),
  biome: program('TypeScript lint and format', 'biome', () => ['check', '--error-on-warnings', '.']),
  format: program('C++ format', 'clang-format', () => ['--dry-run', '-Werror', ...cppFiles()], [tools.clangFormat]),
  abi: program('the generated ABI header', 'npm', () => ['run', '-s', 'abi', '--', '--check']),
  types: program('TypeScript types', 'tsc', () => ['-p', 'tsconfig.json', '--noEmit']),
  ...nativeSteps,
  unit: { title: 'vitest', needs: [], run: vitest },
};

/** Names that stand for several steps. */
export const groups = {
  all: ['build', 'biome', 'format', 'abi', 'types', 'native', 'asan', 'tsan', 'fuzz', 'arm64', 'unit'],
  lint: ['biome', 'format', 'abi'],
};
