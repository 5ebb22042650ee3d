/**
 * `npm run prebuild [-- linux-x64 linux-arm64] [--out DIR]`: fills prebuilds/ (of DIR) with the addons that the package ships, linux-x64 and, through
 * Debian's cross compiler, linux-arm64. Without arguments both; a target whose compiler is missing fails by name.
 *
 * Each target is built in a folder of its own below .cache/ from the files that the package ships and no others, so that a
 * prebuild is also the proof that a user can compile them, without anything in node_modules. (And node-gyp writes to build/
 * beside its binding.gyp, where the developer's own build/Release must stay what it is.)
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { placeGyp, withHeaders } from '../native/node-gyp.mjs';
import { copyShipped, removeShipped } from './prepack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What stands before the compiler in the environment (`ccache g++`): it serves a cross compiler too. */
const LAUNCHER = /^(\S*ccache) /.exec(process.env.CXX ?? '')?.[0] ?? '';

/** The compilers of a target, as node-gyp and prebuildify read them from the environment. */
function toolsFor(arch) {
  const triple = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[arch];
  const named = (tool) => (process.arch === arch ? tool : `${triple}-${tool}`);
  const tools = { CC: LAUNCHER + named('gcc'), CXX: LAUNCHER + named('g++') };
  return { ...tools, AR: named('ar'), PREBUILD_STRIP_BIN: named('strip') };
}

const packages = {
  'aarch64-linux-gnu': 'g++-aarch64-linux-gnu',
  'x86_64-linux-gnu': 'g++-x86-64-linux-gnu',
};

function missing(tools) {
  const names = Object.values(tools).map((tool) => tool.slice(tool.startsWith(LAUNCHER) ? LAUNCHER.length : 0));
  return names.find((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0);
}

/** The files of the package, as npm itself lists them before it packs. */
function shippedFiles() {
  copyShipped();
  const list = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' });
  if (list.status !== 0) throw new Error(`npm pack could not list the package's files: ${list.stderr}`);
  return JSON.parse(list.stdout)[0].files.map((file) => file.path);
}

/** A folder with just what the package ships, in which node-gyp may write. */
function stage(target) {
  const folder = `${root}.cache/prebuild-${target}`;
  rmSync(folder, { recursive: true, force: true });
  for (const path of shippedFiles().filter((path) => !path.startsWith('prebuilds/'))) {
    mkdirSync(dirname(`${folder}/${path}`), { recursive: true });
    copyFileSync(`${root}${path}`, `${folder}/${path}`);
  }
  placeGyp(folder);
  return folder;
}

function build(target, out) {
  const arch = target.slice('linux-'.length);
  const tools = toolsFor(arch);
  const absent = missing(tools);
  if (absent !== undefined) {
    const triple = /^(.*-gnu)-/.exec(absent)?.[1];
    const remedy =
      triple === undefined ? 'install a C++ compiler and binutils' : `install ${packages[triple]} (Debian)`;
    throw new Error(`${target} needs ${absent}, which is not on the PATH: ${remedy}, or name the targets you want.`);
  }
  const options = ['--napi', '--strip', '--tag-libc', `--arch=${arch}`, '--cwd', stage(target), '--out', out];
  const result = spawnSync('prebuildify', options, {
    cwd: root,
    env: { ...withHeaders(process.env), ...tools, JOBS: 'max' },
    stdio: 'inherit',
  });
  if (result.error)
    throw new Error(`prebuildify could not be started (${result.error.message}); use npm run prebuild.`);
  if (result.status !== 0) throw new Error(`${target} was not built: prebuildify ended with ${result.status}.`);
}

const known = ['linux-x64', 'linux-arm64'];
const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: root } },
});
try {
  if (process.platform !== 'linux') throw new Error(`Prebuilt addons are made on Linux; this is ${process.platform}.`);
  const strange = asked.filter((target) => !known.includes(target));
  if (strange.length > 0)
    throw new Error(`There is no target ${strange.join(', ')}; there are ${known.join(' and ')}.`);
  for (const target of asked.length > 0 ? asked : known) build(target, resolve(root, values.out));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  removeShipped();
}
