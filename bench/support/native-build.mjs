/** Builds the C++ programs that benchmarks start (CMake preset `rings`). */

import { buildPreset, folderOf } from '../../test/tools/cmake.mjs';

/** Where the programs are, from the repository's root. */
export const BUILD = folderOf('rings');
/** Stated with every result; what the preset says. */
export const FLAGS = '-std=c++20 -O3 -DNDEBUG';

export async function buildPrograms() {
  const built = await buildPreset('rings');
  if (!built.ok) throw new Error(`the benchmarks could not be built: ${built.reason}`);
}
