/** Builds the C++ programs that benchmarks start (CMake preset `rings`). */

import { tools } from '../../test/tools/probe.mjs';
import { run } from '../../test/tools/process.mjs';

/** Where the programs are, from the repository's root. */
export const BUILD = 'native/build-rings';
/** Stated with every result; what the preset says. */
export const FLAGS = '-std=c++20 -O3 -DNDEBUG';

export async function buildPrograms() {
  const generator = tools.ninja.has() ? [] : ['-G', 'Unix Makefiles'];
  const quiet = { onLine: (line) => (/rror|arning/.test(line) ? line : undefined) };
  const configured = await run('cmake', ['-S', 'native', '--preset', 'rings', ...generator], quiet);
  if (!configured.ok) throw new Error(`cmake could not configure the benchmarks: ${configured.reason}`);
  const args = ['--build', BUILD, '--parallel', '2'];
  const built = await run('cmake', args, { seconds: 1800, ...quiet });
  if (!built.ok) throw new Error(`the benchmarks could not be built: ${built.reason}`);
}
