/**
 * The steps that build and run C++: GoogleTest under a CMake preset, the fuzzer, the benchmarks.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GTEST_SOURCE, threadSanitizerPrefix, tools } from './probe.mjs';
import { root, run } from './process.mjs';

const sources = JSON.parse(readFileSync(join(root, 'native/sources.json'), 'utf8'));

const folderOf = (preset) => `native/build-${preset}`;

/** The generator that a preset's folder was made for, if there is one. */
function generatorOf(preset) {
  try {
    return /^CMAKE_GENERATOR:INTERNAL=(.*)$/m.exec(
      readFileSync(join(root, folderOf(preset), 'CMakeCache.txt'), 'utf8'),
    )?.[1];
  } catch {
    return undefined;
  }
}

/** Configures and builds a preset; resolves to what `run` gives. Two compilers at a time: each may want 1 GB. */
async function build(preset, extra = []) {
  // The presets ask for Ninja; make does as well where it is missing. cmake refuses to change over in a used folder.
  const generator = tools.ninja.has() ? 'Ninja' : 'Unix Makefiles';
  const fresh = [undefined, generator].includes(generatorOf(preset)) ? [] : ['--fresh'];
  const onLine = (line) => (line.startsWith('CMake') || line.includes('rror') ? line : undefined);
  const configured = await run('cmake', ['-S', 'native', '--preset', preset, '-G', generator, ...fresh, ...extra], {
    onLine,
  });
  if (!configured.ok) return configured;
  return run('cmake', ['--build', folderOf(preset), '--parallel', '2'], { seconds: 1800 });
}

/**
 * Tests that qemu-user cannot be asked: what the kernel does with memory, and millions of hand-overs between a store and a
 * load of another cell. Emulated on x86-64, arm64's sequentially consistent store and load are not ordered (qemu 7.2: the
 * two-thread test of exactly that went wrong in 23,161 of 2,000,000 rounds, in none on the machine itself), so a wake-up
 * is lost once in a while.
 */
const UNEMULATED = ['Mapping.PrefaultMakesEveryPageResident', 'Sleeper.LosesNoWake*', 'Sleeper.IsWokenByManyWakers*'];

/** Runs a GoogleTest program, printing what failed and counting from its own report. */
async function runTests(preset, { prefix = [], env = {}, seconds = 900, only = [], without = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-gtest-'));
  const report = join(folder, 'report.json');
  let current = '';
  const onLine = (line) => {
    if (line.startsWith('[ RUN      ]')) current = line.slice(13);
    return /^\[( RUN {6}| {7}OK |----------)\]/.test(line) || line === '' ? undefined : line;
  };
  try {
    const program = join(root, folderOf(preset), 'byteor_tests');
    const options = [`--gtest_output=json:${report}`, `--gtest_filter=${only.join(':')}-${without.join(':')}`];
    const [command, ...args] = [...prefix, program, ...options];
    const ended = await run(command, args, { env, seconds, onLine });
    return count(report, ended, current);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Totals of a GoogleTest report. Without one the program died, and the test that was running is the one failure. */
function count(report, ended, current) {
  let totals;
  try {
    totals = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, leftOut: [], note: `${ended.reason}, in the test ${current || '(none started)'}` };
  }
  const tests = totals.testsuites.flatMap((suite) => suite.testsuite);
  const leftOut = tests
    .filter((test) => test.result === 'SKIPPED' || test.status === 'NOTRUN')
    .map((test) => `${test.classname}.${test.name} (skipped itself)`);
  const failed = totals.failures + (totals.failures === 0 && !ended.ok ? 1 : 0);
  return {
    passed: tests.length - totals.failures - leftOut.length,
    failed,
    leftOut,
    note: ended.ok ? '' : ended.reason,
  };
}

/** Builds a preset and runs its tests, all or `only` some; a build that fails counts as one failure. */
export async function buildAndTest(preset, options = {}, extra = []) {
  const built = await build(preset, extra);
  if (!built.ok) return { passed: 0, failed: 1, leftOut: [], note: `the build failed: ${built.reason}` };
  return runTests(preset, options);
}

async function benchmark() {
  const built = await build('bench');
  if (!built.ok) return { passed: 0, failed: 1, leftOut: [], note: `the build failed: ${built.reason}` };
  const ended = await run(join(root, folderOf('bench'), 'byteor_bench'), ['--benchmark_min_time=0.2']);
  return { passed: ended.ok ? 1 : 0, failed: ended.ok ? 0 : 1, leftOut: [], note: ended.ok ? '' : ended.reason };
}

/** A bounded run over the corpus. Inputs that break it stay in the build folder, named by the fuzzer's own message. */
async function fuzz({ seconds }) {
  const preset = tools.libfuzzer.has() ? 'fuzz' : 'mutate';
  const failure = (note) => ({ passed: 0, failed: 1, leftOut: [], note });
  if (sources.fuzzers.length === 0)
    return { passed: 0, failed: 0, leftOut: ['fuzzing: no fuzz target is listed'], note: '' };
  const built = await build(preset);
  if (!built.ok) return failure(`the build failed: ${built.reason}`);
  const folder = join(root, folderOf(preset));
  const corpus = join(folder, 'corpus');
  mkdirSync(corpus, { recursive: true });
  const seeded = await run(process.execPath, ['test/tools/fuzz-corpus.mjs', corpus]);
  if (!seeded.ok) return failure(`the corpus could not be written: ${seeded.reason}`);
  const args = [
    corpus,
    `-max_total_time=${seconds}`,
    '-max_len=65536',
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-verbosity=0',
  ];
  const ended = await run(
    join(folder, 'byteor_fuzz'),
    [...args, '-print_final_stats=1', `-artifact_prefix=${folder}/`],
    {
      seconds: seconds + 300,
    },
  );
  return ended.ok
    ? { passed: 1, failed: 0, leftOut: [], note: preset === 'fuzz' ? '' : 'by mutation' }
    : failure(ended.reason);
}

const buildTools = [tools.cmake, tools.compiler];

/** Steps by name; see steps.mjs for what a step is. */
export const nativeSteps = {
  native: {
    title: 'C++ tests, optimised',
    needs: [...buildTools, tools.gtest],
    run: () => buildAndTest('plain'),
  },
  asan: {
    title: 'C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer',
    needs: [...buildTools, tools.gtest, tools.asan],
    run: () => buildAndTest('asan', { env: { UBSAN_OPTIONS: 'print_stacktrace=1' } }),
  },
  tsan: {
    title: 'C++ tests under ThreadSanitizer',
    needs: [...buildTools, tools.gtest, tools.tsan],
    run: () => buildAndTest('tsan', { prefix: threadSanitizerPrefix(), env: { TSAN_OPTIONS: 'halt_on_error=1' } }),
  },
  fuzz: {
    title: 'fuzzing of the lowered buffer',
    needs: [...buildTools, tools.asan],
    // Without libFuzzer the same target runs over mutated real buffers; strict runs ask for the guided one.
    wants: [tools.libfuzzer],
    run: fuzz,
  },
  arm64: {
    title: 'C++ tests built for arm64, under qemu-user',
    needs: [...buildTools, tools.arm64Compiler, tools.qemu, tools.gtestSource],
    run: () =>
      buildAndTest('arm64', { prefix: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'], without: UNEMULATED }, [
        `-DBYTEOR_GTEST_SOURCE=${GTEST_SOURCE}`,
      ]),
  },
  bench: {
    title: 'native benchmarks',
    needs: [...buildTools, tools.benchmark],
    run: benchmark,
  },
};
