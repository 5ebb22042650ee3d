/**
 * Compiles the addon from the sources of the package into its build/Release, with node-gyp (native/node-gyp.mjs). Says what
 * is missing before it starts, and keeps everything that the tools print in a file beside the result. Main thread.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CliError, ExitCode } from './exit-code.js';
import { systemWords } from './system-words.js';

/** What the packages are called that bring a compiler, make and python3. */
const INSTALL = [
  ['Debian, Ubuntu', 'apt-get install g++ make python3'],
  ['Alpine', 'apk add g++ make python3 linux-headers'],
  ['Fedora, RHEL', 'dnf install gcc-c++ make python3'],
  ['macOS', 'xcode-select --install'],
] as const;

/** Needs concepts, spans and bit operations: what the sources use of C++20. */
const PROBE = '#include <bit>\n#include <concepts>\n#include <span>\nint main() { return std::popcount(1u) - 1; }\n';

const SHOWN_LINES = 25;

const cannot = (message: string, remedy?: string): CliError => new CliError(ExitCode.MachineCannot, message, remedy);

const runs = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

const installWords = (): string =>
  `Install what is missing:\n${INSTALL.map(([system, line]) => `  ${line}   (${system})`).join('\n')}`;

/** The compiler that node-gyp will take, with its own arguments (`ccache g++`). */
export function compilerCommand(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const given = (env.CXX ?? '').split(/\s+/).filter((word) => word !== '');
  if (given.length > 0) return given;
  return [process.platform === 'linux' ? 'g++' : 'c++'];
}

/** The first line that the compiler says of itself. */
function checkCompiler(): string {
  const [program = '', ...args] = compilerCommand();
  const asked = spawnSync(program, [...args, '--version'], { encoding: 'utf8' });
  if (asked.status !== 0)
    throw cannot(`There is no C++ compiler: ${[program, ...args].join(' ')} does not run.`, installWords());
  const name = asked.stdout.split('\n')[0] ?? program;
  const probe = spawnSync(program, [...args, '-std=c++20', '-fsyntax-only', '-x', 'c++', '-'], { input: PROBE });
  if (probe.status !== 0)
    throw cannot(
      `The compiler is too old for C++20: ${name}.`,
      'Install g++ 10 or clang 13, or a newer one, and name it in CXX (CXX=g++-12 npx byteor build).',
    );
  return name;
}

function checkTools(): void {
  const python = process.env.PYTHON ?? process.env.npm_config_python ?? 'python3';
  const missing = [...(runs('make') ? [] : ['make']), ...(runs(python) ? [] : [python])];
  if (missing.length > 0) throw cannot(`${missing.join(' and ')} cannot be run.`, installWords());
}

async function checkNodeGyp(root: string): Promise<void> {
  const url = pathToFileURL(join(root, 'native', 'node-gyp.mjs')).href;
  const { findNodeGyp } = (await import(url)) as { findNodeGyp: () => string | undefined };
  if (findNodeGyp() === undefined)
    throw cannot('There is no node-gyp, which comes with npm.', 'Install npm, or run `npm install -g node-gyp`.');
}

function checkFolder(root: string, log: string): void {
  try {
    mkdirSync(join(root, 'build'), { recursive: true });
    writeFileSync(log, '');
  } catch (error) {
    throw cannot(
      `Cannot write to ${join(root, 'build')}, where the native core is compiled: ${systemWords(error)}.`,
      'Run `byteor build` as the user who owns node_modules, where the package is writable.',
    );
  }
}

/** What the compiler is started for: the units of native/sources.cjs, of which each holds several sources. */
function unitCount(root: string): number {
  const { unitsOf } = createRequire(import.meta.url)(join(root, 'native', 'sources.cjs')) as {
    unitsOf: (list: string) => unknown[];
  };
  return ['control', 'hot', 'addon'].reduce((sum, list) => sum + unitsOf(list).length, 0);
}

export interface BuildTools {
  readonly compiler: string;
  readonly units: number;
  readonly log: string;
}

/** @throws CliError (the machine cannot) that names what is missing and how it is installed */
export async function checkBuild(root: string): Promise<BuildTools> {
  if (!existsSync(join(root, 'native', 'sources.json')))
    throw cannot(`There are no sources in ${root}.`, 'Install byteor anew: its package holds them.');
  const compiler = checkCompiler();
  checkTools();
  await checkNodeGyp(root);
  const log = join(root, 'build', 'byteor-build.log');
  checkFolder(root, log);
  return { compiler, units: unitCount(root), log };
}

/** A line of make that names an object file which is compiled now. */
const COMPILES = /^\s*CXX\(/;

/**
 * Compiles. `onUnit` hears of each unit as its compiler starts.
 * @throws CliError (the machine cannot) with the last lines that were printed
 */
export async function compileAddon(
  root: string,
  { log }: BuildTools,
  jobs: number | undefined,
  onUnit: (count: number) => void,
): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'native', 'node-gyp.mjs')], {
    cwd: root,
    env: { ...process.env, ...(jobs === undefined ? {} : { JOBS: String(jobs) }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = await output(child, log, onUnit);
  if (printed.code === 0) return;
  const lines = printed.text.trimEnd().split('\n').slice(-SHOWN_LINES);
  const headers = /headers|ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT/.test(printed.text)
    ? "\nWithout a network, npm_config_nodedir=PREFIX names the folder that holds Node's include/node."
    : '';
  throw cannot(
    `The native core was not compiled. The last lines of ${log}:\n${lines.join('\n')}`,
    `Everything that was printed is in that file.${headers}`,
  );
}

function output(
  child: ChildProcess,
  log: string,
  onUnit: (count: number) => void,
): Promise<{ readonly code: number; readonly text: string }> {
  const file = createWriteStream(log);
  let text = '';
  let sources = 0;
  const take = (chunk: Buffer): void => {
    file.write(chunk);
    text += chunk.toString('utf8');
    const started = text.split('\n').filter((line) => COMPILES.test(line)).length;
    if (started > sources) onUnit(started);
    sources = started;
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => file.end(() => resolve({ code: code ?? 1, text })));
  });
}
