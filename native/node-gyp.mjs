/**
 * Compiles the addon with node-gyp into build/Release, for `byteor build` on a user's machine and for `npm run build:native`
 * in a clone: it ships, and needs nothing but Node.
 *
 *   node native/node-gyp.mjs     compiles what has changed; the first time, everything
 *
 * node-gyp is taken from the package manager that runs this, else from the npm that stands beside Node or on the PATH, else
 * from the PATH itself. Node's headers are taken from the folder Node is installed in where they are there (a normal
 * installation has them; then a build needs no network).
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The environment for node-gyp: `npm_config_nodedir` names Node's prefix where its headers fit this Node. */
export function withHeaders(env) {
  if (env.npm_config_nodedir) return env;
  const prefix = resolve(process.execPath, '../..');
  const header = resolve(prefix, 'include/node/node_version.h');
  if (!existsSync(header)) return env;
  const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(header, 'utf8'))?.[1];
  return major === process.versions.node.split('.')[0] ? { ...env, npm_config_nodedir: prefix } : env;
}

/**
 * Puts binding.gyp where node-gyp looks for it: in the package it lies aside, because package managers take one for the wish to
 * be compiled at installation.
 */
export function placeGyp(folder) {
  const shipped = join(folder, 'native', 'package.gyp');
  if (existsSync(shipped)) copyFileSync(shipped, join(folder, 'binding.gyp'));
}

function onPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** The script of node-gyp, or undefined where this machine has none. */
export function findNodeGyp() {
  const { npm_config_node_gyp: given, npm_execpath: manager } = process.env;
  const npm = onPath('npm');
  const packages = [
    ...(manager ? [resolve(dirname(manager), '..')] : []),
    resolve(process.execPath, '../../lib/node_modules/npm'),
    ...(npm === undefined ? [] : [resolve(dirname(realpathSync(npm)), '..')]),
  ];
  const inside = ['node_modules/node-gyp/bin/node-gyp.js', 'dist/node_modules/node-gyp/bin/node-gyp.js'];
  const candidates = [given, ...packages.flatMap((folder) => inside.map((path) => join(folder, path)))];
  const own = onPath('node-gyp');
  return candidates.find((path) => path && existsSync(path)) ?? (own && realpathSync(own));
}

/** As many compilers at a time as there are CPUs, unless JOBS says otherwise. */
function run(script, ...args) {
  const env = { JOBS: 'max', ...withHeaders(process.env) };
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, env, stdio: 'inherit' });
  if (result.error) process.stderr.write(`node-gyp could not be started: ${result.error.message}\n`);
  return result.status ?? 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const script = findNodeGyp();
  if (script === undefined)
    process.stderr.write('There is no node-gyp: install npm, or run `npm install -g node-gyp`.\n');
  placeGyp(root);
  process.exitCode = script === undefined ? 1 : run(script, 'configure') || run(script, 'build');
}
