/**
 * Builds the C++ programs that benchmarks start (CMake preset `rings`), and before them the library and the addon: plans are
 * compiled by the one, and the programs are linked with the objects of the other.
 */

import { execFileSync } from 'node:child_process';
import { buildPreset, folderOf } from '../../test/tools/cmake.mjs';
import { root } from '../../test/tools/process.mjs';

/** Where the programs are, from the repository's root. */
export const BUILD = folderOf('rings');
/** Stated with every result; what the preset says. */
export const FLAGS = '-std=c++20 -O3 -DNDEBUG';

/** Library and addon. */
export function buildPackage() {
  execFileSync('npm', ['run', '-s', 'build:all'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

export async function buildPrograms() {
  buildPackage();
  const built = await buildPreset('rings');
  if (!built.ok) throw new Error(`the benchmarks could not be built: ${built.reason}`);
}
