/**
 * What this machine has. Node, a C++ compiler, cmake and python3 are enough to build and use the package; the rest is asked for
 * here, so that a check that cannot run is left out by name and never silently. The Debian package that brings a tool
 * stands beside it.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { succeeds } from './process.mjs';

const compiler = process.env.CXX ?? 'g++';

/** Where Debian keeps the source of GoogleTest, needed to build it for a machine that is not this one. */
export const GTEST_SOURCE = '/usr/src/googletest';

const onPath = (command) => () => succeeds(command, ['--version']);

const preprocesses = (command, include) => () => succeeds(command, ['-E', '-x', 'c++', '-'], `#include <${include}>\n`);

/** Whether a program built by `command` with `flags` links here and, started through `prefix`, runs. */
function links(command, flags, source, prefix = []) {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-probe-'));
  const program = join(folder, 'probe');
  try {
    if (!succeeds(command, ['-x', 'c++', '-', ...flags, '-o', program], source)) return false;
    const [first, ...rest] = [...prefix, program];
    return succeeds(first, [...rest, '-runs=1']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const EMPTY_MAIN = 'int main() { return 0; }';
const EMPTY_FUZZER = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';

/**
 * How to start a program built with ThreadSanitizer: its run-time library of this age does not start where the kernel
 * randomises many address bits, and then wants randomisation off. Undefined when it starts in neither way.
 */
export function threadSanitizerPrefix() {
  const ways = [[], ['setarch', '-R']];
  return ways.find((prefix) => links(compiler, ['-fsanitize=thread'], EMPTY_MAIN, prefix));
}

/** A tool's name as printed when it is missing, and the question whether it is there. */
export const tools = {
  cmake: { name: 'cmake', has: onPath('cmake') },
  compiler: { name: `a C++ compiler (${compiler})`, has: onPath(compiler) },
  ccache: { name: 'ccache', has: onPath('ccache') },
  ctest: { name: 'ctest (cmake)', has: onPath('ctest') },
  ninja: { name: 'ninja (ninja-build)', has: onPath('ninja') },
  clangFormat: { name: 'clang-format', has: onPath('clang-format') },
  gtest: { name: 'GoogleTest (libgtest-dev)', has: preprocesses(compiler, 'gtest/gtest.h') },
  benchmark: { name: 'Google Benchmark (libbenchmark-dev)', has: preprocesses(compiler, 'benchmark/benchmark.h') },
  asan: {
    name: 'AddressSanitizer (libasan)',
    has: () => links(compiler, ['-fsanitize=address,undefined'], EMPTY_MAIN),
  },
  tsan: { name: 'ThreadSanitizer (libtsan)', has: () => threadSanitizerPrefix() !== undefined },
  libfuzzer: {
    name: 'libFuzzer (clang, libclang-rt-dev)',
    has: () => links('clang++', ['-fsanitize=fuzzer,address'], EMPTY_FUZZER),
  },
  arm64Compiler: {
    name: 'aarch64-linux-gnu-g++ (g++-aarch64-linux-gnu)',
    has: onPath('aarch64-linux-gnu-g++'),
  },
  qemu: { name: 'qemu-aarch64-static (qemu-user-static)', has: onPath('qemu-aarch64-static') },
  valgrind: { name: 'valgrind', has: onPath('valgrind') },
  typedoc: {
    name: 'typedoc (npm ci --prefix tools/api-docs)',
    has: () => existsSync(new URL('../../tools/api-docs/node_modules/typedoc', import.meta.url)),
  },
  gtestSource: {
    name: `the source of GoogleTest in ${GTEST_SOURCE} (googletest)`,
    has: () => succeeds('test', ['-f', `${GTEST_SOURCE}/CMakeLists.txt`]),
  },
};
