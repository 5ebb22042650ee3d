/**
 * The programs that run plans without JavaScript (bench/native/plan), of this tree or of another commit. They are linked with
 * the addon's own objects, so that what is measured is what ships.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { folderOf } from '../../test/tools/cmake.mjs';
import { root } from '../../test/tools/process.mjs';
import { firstLine } from './machine.mjs';
import { milestone } from './report.mjs';

/** The CMake preset of the programs. */
const PRESET = 'plans';

/**
 * Builds library, addon and programs of a tree.
 *
 * @returns {Promise<{ name: string, compile: Function, planOpening?: Function, turns: string, lap: string, load: string, addon: string }>}
 *   `turns`, `lap` and `load` are paths of programs, `compile` and `planOpening` are the tree's own
 */
export async function buildPlans(folder, name, { built = false } = {}) {
  milestone(`building ${name}`);
  const quiet = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
  if (!built) execFileSync('npm', ['run', '-s', 'build:all'], quiet);
  const build = `import { buildPreset } from './test/tools/cmake.mjs';
    const { ok, reason } = await buildPreset(${JSON.stringify(PRESET)});
    if (!ok) throw new Error(reason);`;
  execFileSync(process.execPath, ['--input-type=module', '-e', build], quiet);
  const { compile } = await import(pathToFileURL(join(folder, 'dist/index.js')).href);
  // Commits before it had their core make layouts.
  const opening = join(folder, 'dist/modules/layout/opening.js');
  const { planOpening } = existsSync(opening) ? await import(pathToFileURL(opening).href) : {};
  const program = (which) => join(folder, folderOf(PRESET), `byteor_${which}`);
  return {
    name,
    compile,
    planOpening,
    turns: program('turns'),
    lap: program('lap'),
    load: program('load'),
    addon: join(folder, 'build/Release/byteor.node'),
  };
}

/** The commit of a name, twelve digits; undefined where there is none. */
export const commitOf = (ref) => firstLine('git', 'rev-parse', '--verify', '--short=12', `${ref}^{commit}`);

/** What a caller of `npm run bench:native` should have written otherwise; ends it with 2. */
export const wrong = (message) => Object.assign(new Error(message), { exit: 2 });

/**
 * The tree of a commit, in .cache beside this one's files, with its packages.
 * @throws Error where there is no such commit, or where it is older than these programs
 */
export function treeOf(ref) {
  const commit = commitOf(ref);
  if (commit === undefined) throw wrong(`--against ${ref}: there is no such commit.`);
  const folder = join(root, '.cache', `against-${commit}`);
  if (!existsSync(folder)) {
    const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 1 << 28 });
    mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['x'], { cwd: folder, input: archive });
  }
  if (!existsSync(join(folder, 'bench/native/plan/load.cpp')))
    throw wrong(`--against ${ref}: that commit is older than the programs that are compared; name a newer one.`);
  if (!existsSync(join(folder, 'node_modules'))) addPackages(folder);
  return { folder, commit };
}

function addPackages(folder) {
  const lock = (at) => readFileSync(join(at, 'package-lock.json'), 'utf8');
  if (lock(folder) === lock(root)) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  else execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
}
