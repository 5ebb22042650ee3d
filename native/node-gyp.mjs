/**
 * Runs node-gyp so that it finds Node's headers without a download where they are installed beside Node itself (a normal
 * installation has them; then a build needs no network). Used by the package's install script and by the build scripts, so
 * it ships and needs nothing but Node; it expects the PATH of an npm script, which holds npm's own node-gyp.
 *
 *   node native/node-gyp.mjs install    use the prebuilt addon if it loads on this machine, else compile
 *   node native/node-gyp.mjs build      compile what has changed into build/Release
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
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

/** As many compilers at a time as there are CPUs, unless JOBS says otherwise. */
function run(command, ...args) {
  // On Windows npm's commands are .cmd files, which only a shell starts.
  const shell = process.platform === 'win32';
  const env = { JOBS: 'max', ...withHeaders(process.env) };
  const result = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', shell });
  if (result.error)
    process.stderr.write(`${command} could not be started (${result.error.message}); run it through npm.\n`);
  return result.status ?? 1;
}

const steps = {
  install: () => run('node-gyp-build'),
  build: () => run('node-gyp', 'configure') || run('node-gyp', 'build'),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const step = steps[process.argv[2]];
  if (step === undefined) process.stderr.write(`Usage: node native/node-gyp.mjs ${Object.keys(steps).join('|')}\n`);
  process.exitCode = step === undefined ? 2 : step();
}
