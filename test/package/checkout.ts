/**
 * A copy of the repository in which a test may build, pack and install, while other tests go on using the checkout's own
 * dist/ and build/. Commands run without a terminal and with a watchdog; a failure shows what they printed.
 */

import { type ExecFileOptionsWithStringEncoding, execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const SOURCES = ['lib', 'native', '.ci', 'binding.gyp', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs', 'examples', 'completions'];

/** Folders below those that a build makes. */
export const GENERATED = /(^|\/)native\/(build[^/]*|third-party|package\.gyp)$/;

/** What a build and a pack read; node_modules is linked. */
export const PARTS = [...SOURCES, ...DOCUMENTS];

const COMMAND_MS_MAX = 900_000;

/** An empty folder below the system's own temporary one. */
export const emptyFolder = (name: string): string => mkdtempSync(join(tmpdir(), `byteor-${name}-`));

/** @param more parts besides those that a build and a pack read */
export function copyCheckout(more: readonly string[] = []): string {
  const copy = emptyFolder('checkout');
  for (const part of [...PARTS, ...more]) {
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !GENERATED.test(path) });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Runs a program to its end and returns its standard output. Throws with all that it printed when it fails. */
export function command(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<string> {
  const settings: ExecFileOptionsWithStringEncoding = {
    encoding: 'utf8',
    timeout: COMMAND_MS_MAX,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  };
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')} failed: ${error.message}\n${stdout}\n${stderr}`));
    });
    child.stdin?.end();
  });
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. */
export function ended(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  const settings = { encoding: 'utf8', timeout: COMMAND_MS_MAX, killSignal: 'SIGKILL', maxBuffer: 1 << 26 } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { ...settings, ...options }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(new Error(`${program} ${args.join(' ')} did not end by itself: ${error?.message}`));
    });
    child.stdin?.end();
  });
}

let compilerless: string | undefined;

/** The same PATH for all of a process. */
export function withoutCompiler(): string {
  compilerless ??= pathWithoutCompiler();
  return compilerless;
}

/** A PATH that holds Node, npm and a shell, and no compiler. */
export function pathWithoutCompiler(): string {
  const folder = emptyFolder('path');
  const found = (program: string) =>
    (process.env.PATH ?? '')
      .split(':')
      .map((part) => join(part, program))
      .find((path) => existsSync(path)) ?? `/bin/${program}`;
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const program of ['npm', 'npx', 'sh']) symlinkSync(realpathSync(found(program)), join(folder, program));
  return folder;
}

const NPM_SETTINGS = ['registry', 'cache', 'userconfig', 'globalconfig', 'proxy', 'https_proxy', 'noproxy', 'cafile'];

/**
 * The environment of a user on a machine without a compiler. Under `npm test` our own holds npm's settings of this checkout, of
 * which only those that say where packages come from may reach the npm that installs the tarball.
 */
export function userEnvironment(path: string): NodeJS.ProcessEnv {
  const settings = NPM_SETTINGS.map((name) => `npm_config_${name}`);
  const kept = ['HOME', 'TMPDIR', 'LANG', 'http_proxy', 'https_proxy', 'no_proxy', 'NODE_EXTRA_CA_CERTS', ...settings];
  const entries = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...Object.fromEntries(entries), PATH: path };
}

/** The compilers' cache of this environment; in `folder` it names files as it does in the checkout, so that they are found. */
export function cacheFor(folder: string): Readonly<Record<string, string | undefined>> {
  const set = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('CCACHE_')));
  return Object.hasOwn(set, 'CCACHE_BASEDIR') ? { ...set, CCACHE_BASEDIR: folder } : set;
}
