/**
 * The one place from which C++ is built and tested outside the package: CMake's presets, a compiler cache where there is
 * one, and ctest. Checks, soaks and benchmarks go through it.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tools } from './probe.mjs';
import { root, run } from './process.mjs';

/** Compilers and tests at a time. Each compiler may want 1.5 GB, and a test of threads wants both CPUs to itself. */
const PARALLEL = '2';

/** The folder of a preset, from the repository's root. */
export const folderOf = (preset) => `native/build-${preset}`;

/** The generator that a preset's folder was made for, if there is one. */
function generatorOf(preset) {
  try {
    const cache = readFileSync(join(root, folderOf(preset), 'CMakeCache.txt'), 'utf8');
    return /^CMAKE_GENERATOR:INTERNAL=(.*)$/m.exec(cache)?.[1];
  } catch {
    return undefined;
  }
}

/**
 * Configures and builds a preset.
 *
 * @param {string} preset a name of native/CMakePresets.json
 * @param {string[]} definitions `-D…` beside the preset's own
 * @returns {Promise<{ ok: boolean, reason: string }>} as `run` gives it
 */
export async function buildPreset(preset, definitions = []) {
  // The presets ask for Ninja; make does as well where it is missing. cmake refuses to change over in a used folder.
  const generator = tools.ninja.has() ? 'Ninja' : 'Unix Makefiles';
  const fresh = [undefined, generator].includes(generatorOf(preset)) ? [] : ['--fresh'];
  const cache = tools.ccache.has() ? ['-DCMAKE_CXX_COMPILER_LAUNCHER=ccache'] : [];
  const args = ['-S', 'native', '--preset', preset, '-G', generator, ...fresh, ...cache, ...definitions];
  const onLine = (line) => (line.startsWith('CMake') || line.includes('rror') ? line : undefined);
  const configured = await run('cmake', args, { onLine });
  if (!configured.ok) return configured;
  return run('cmake', ['--build', folderOf(preset), '--parallel', PARALLEL], { seconds: 1800 });
}

/**
 * Runs the tests of a preset that is built, each in a process of its own, printing only what failed.
 *
 * @param {string} preset
 * @param {{ env?: Record<string, string>, seconds?: number, only?: string, without?: string }} options `only` and `without`
 *   are regular expressions over the names of tests; `seconds` is how long one test may take (default 300).
 * @returns {Promise<{ passed: number, failed: number, leftOut: string[], note: string }>}
 */
export async function testPreset(preset, { env = {}, seconds = 300, only, without } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-ctest-'));
  const report = join(folder, 'report.xml');
  const select = [...(only ? ['-R', only] : []), ...(without ? ['-E', without] : [])];
  const args = ['--test-dir', folderOf(preset), '--parallel', PARALLEL, '--timeout', String(seconds), ...select];
  const progress = /^ *\d+\/\d+ Test .*Passed|^ +Start +\d+:|^$/;
  const onLine = (line) => (progress.test(line) ? undefined : line);
  try {
    const reporting = ['--output-junit', report, '--output-on-failure', '--no-tests=error'];
    return count(
      report,
      await run('ctest', [...args, ...reporting], { env, seconds: Math.max(3600, seconds + 60), onLine }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Totals of ctest's report. Without one ctest could not even list the tests, which is one failure. */
function count(report, ended) {
  let text;
  try {
    text = readFileSync(report, 'utf8');
  } catch {
    return { passed: 0, failed: 1, leftOut: [], note: `ctest gave no report: ${ended.reason}` };
  }
  const cases = [...text.matchAll(/<testcase name="([^"]*)"[^>]* status="(\w+)"/g)].map(([, name, status]) => ({
    name,
    status,
  }));
  const leftOut = cases.filter(({ status }) => status !== 'run' && status !== 'fail');
  const failed = cases.filter(({ status }) => status === 'fail').length;
  return {
    passed: cases.length - leftOut.length - failed,
    failed: failed === 0 && !ended.ok ? 1 : failed,
    leftOut: leftOut.map(({ name, status }) => `${name} (${status})`),
    note: ended.ok ? '' : ended.reason,
  };
}
