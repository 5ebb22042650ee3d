/**
 * The steps that build and run C++: GoogleTest under a CMake preset, the fuzzer, the benchmarks.
 */

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPreset, folderOf, testPreset } from './cmake.mjs';
import { GTEST_SOURCE, threadSanitizerPrefix, tools } from './probe.mjs';
import { root, run } from './process.mjs';

const sources = JSON.parse(readFileSync(join(root, 'native/sources.json'), 'utf8'));

/**
 * Tests that qemu-user cannot be asked: what the kernel does with memory, and millions of hand-overs between a store and a
 * load of another cell. Emulated on x86-64, arm64's sequentially consistent store and load are not ordered (qemu 7.2: the
 * two-thread test of exactly that went wrong in 23,161 of 2,000,000 rounds, in none on the machine itself), so a wake-up
 * is lost once in a while.
 */
const UNEMULATED = '^(Mapping\\.PrefaultMakesEveryPageResident|Sleeper\\.(LosesNoWake|IsWokenByManyWakers))';

/** Long tests of what runs on one thread, where ThreadSanitizer has nothing to see and an emulator changes nothing. */
const ON_ONE_THREAD =
  '^(Crc32c\\.AllWaysAgree|CountOp\\.(StaysWithin|ShowsTheMost)|FramedLane\\.ABatchLeaves|LineSourceTest\\.(EveryMix|LongLines))';

const failure = (note) => ({ passed: 0, failed: 1, leftOut: [], note });

/** Builds a preset and runs its tests, all or some (`testPreset`); a build that fails counts as one failure. */
export async function buildAndTest(preset, options = {}, definitions = []) {
  const built = await buildPreset(preset, definitions);
  return built.ok ? testPreset(preset, options) : failure(`the build failed: ${built.reason}`);
}

async function benchmark() {
  const built = await buildPreset('bench');
  if (!built.ok) return failure(`the build failed: ${built.reason}`);
  const ended = await run(join(root, folderOf('bench'), 'byteor_bench'), ['--benchmark_min_time=0.2']);
  return ended.ok ? { passed: 1, failed: 0, leftOut: [], note: '' } : failure(ended.reason);
}

/**
 * The preset of AddressSanitizer: clang's, whose one build has libFuzzer's target beside the tests; without clang the same
 * by g++, where the target is fed with mutated buffers.
 */
const asanPreset = () => (tools.libfuzzer.has() ? 'asan' : 'asan-gcc');

/** A bounded run over the corpus. Inputs that break it stay in the build folder, named by the fuzzer's own message. */
async function fuzz({ seconds }) {
  const preset = asanPreset();
  if (sources.fuzzers.length === 0)
    return { passed: 0, failed: 0, leftOut: ['fuzzing: no fuzz target is listed'], note: '' };
  const built = await buildPreset(preset);
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
    ? { passed: 1, failed: 0, leftOut: [], note: preset === 'asan' ? '' : 'by mutation' }
    : failure(ended.reason);
}

/**
 * The tests over the addon's own objects, which are thus compiled once; byteor_core of its own, as the preset alone has it, is
 * for a debugger.
 */
async function testShipped() {
  const built = await run('npm', ['run', '-s', 'build:native'], { seconds: 1800 });
  if (!built.ok) return failure(`the build failed: ${built.reason}`);
  return buildAndTest('plain', {}, [`-DBYTEOR_OBJECTS=${join(root, 'build/Release/obj.target')}`]);
}

/** The same for arm64, over the objects that `npm run prebuild` makes; the prebuilt addon itself is put beside the tests. */
async function testShippedArm64() {
  const out = join(root, folderOf('arm64'), 'prebuilt');
  const built = await run('npm', ['run', '-s', 'prebuild', '--', '--out', out, 'linux-arm64'], { seconds: 1800 });
  if (!built.ok) return failure(`the build failed: ${built.reason}`);
  return buildAndTest('arm64', { without: `${UNEMULATED}|${ON_ONE_THREAD}` }, [
    '-DBYTEOR_TEST_LAUNCHER=qemu-aarch64-static;-L;/usr/aarch64-linux-gnu',
    `-DBYTEOR_GTEST_SOURCE=${GTEST_SOURCE}`,
    `-DBYTEOR_OBJECTS=${join(root, '.cache/prebuild-linux-arm64/build/Release/obj.target')}`,
  ]);
}

const buildTools = [tools.cmake, tools.ctest, tools.compiler];

/** Steps by name; see steps.mjs for what a step is. */
export const nativeSteps = {
  native: {
    title: 'C++ tests, optimised',
    needs: [...buildTools, tools.gtest],
    run: testShipped,
  },
  asan: {
    title: 'C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer',
    needs: [...buildTools, tools.gtest, tools.asan],
    run: () => buildAndTest(asanPreset(), { env: { UBSAN_OPTIONS: 'print_stacktrace=1' } }),
  },
  tsan: {
    title: 'C++ tests under ThreadSanitizer',
    needs: [...buildTools, tools.gtest, tools.tsan],
    run: () =>
      buildAndTest('tsan', { env: { TSAN_OPTIONS: 'halt_on_error=1' }, without: ON_ONE_THREAD }, [
        `-DBYTEOR_TEST_LAUNCHER=${threadSanitizerPrefix().join(';')}`,
      ]),
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
    run: testShippedArm64,
  },
  bench: {
    title: 'native benchmarks',
    needs: [...buildTools, tools.benchmark],
    run: benchmark,
  },
};
