import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, copyCheckout, emptyFolder, pathWithoutCompiler, userEnvironment } from './checkout.js';

/**
 * What a user gets: the tarball, made here from a copy of the checkout, installed where there is no compiler.
 */

const SETUP_MS_MAX = 600_000;

/** Everything that may be in the package. */
const SHIPPED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|binding\.gyp)$/,
  /^dist\/.+\.(js|d\.ts)$/,
  /^dist\/bin\/LICENCES\.txt$/,
  /^completions\/byteor\.(bash|zsh|fish)$/,
  /^native\/[a-z]+\/[a-z_0-9/]+\.(cpp|hpp|h)$/,
  /^native\/(node-gyp\.mjs|sources\.cjs|sources\.json)$/,
  /^prebuilds\/linux-(x64|arm64)\/byteor\.glibc\.node$/,
];

const ELF_MACHINE = { x64: 0x3e, arm64: 0xb7 } as const;
type Arch = keyof typeof ELF_MACHINE;

let checkout: string;
let tarball: string;
let files: string[];
/** Where the tarball is installed with scripts not run. */
let user: User;
const folders: string[] = [];

const temporary = (folder: string): string => {
  folders.push(folder);
  return folder;
};

const prebuilt = (arch: Arch): string => join(checkout, `prebuilds/linux-${arch}/byteor.glibc.node`);

beforeAll(async () => {
  checkout = temporary(copyCheckout());
  const here = { cwd: checkout };
  await command('npm', ['run', '-s', 'build:lib'], here);
  await command('npm', ['run', '-s', 'prebuild', '--', `linux-${process.arch}`], here);
  const packed = await command('npm', ['pack', '--json', '--ignore-scripts'], here);
  const [entry] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  tarball = join(checkout, entry.filename);
  files = entry.files.map((file) => file.path);
  user = await install('--ignore-scripts');
}, SETUP_MS_MAX);

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface User {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Installs the tarball as a user would, in an empty folder with no compiler on the PATH. */
async function install(...options: string[]): Promise<User> {
  const cwd = temporary(emptyFolder('install'));
  const env = userEnvironment(temporary(pathWithoutCompiler()));
  await command('npm', ['install', '--prefix', cwd, '--no-audit', '--no-fund', ...options, tarball], { cwd, env });
  return { cwd, env };
}

const absent = (paths: readonly string[]): string[] => paths.filter((path) => !files.includes(path));

const plan = {
  version: 2,
  name: 'packed',
  target: 'SingleRing',
  stages: [{ id: 'louder', op: 'append', config: { text: '!' } }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: [{ stage: 'louder' }] },
};

/** A program's text, run in the installed folder: pushes three records and prints what came out and how it balanced. */
const runPlan = `async () => {
  const pipeline = open(compile(${JSON.stringify(plan)}));
  const ingress = pipeline.ingress('in');
  await ingress.pushBatch(['a', 'b', 'c']);
  ingress.close();
  const out = [];
  for await (const record of pipeline.egress('out')) out.push(record);
  const ledger = await pipeline.stop();
  console.log(out.join(), 'balanced', ledger.balanced);
}`;

/** A user's TypeScript: each line below a ts-expect-error must not compile, the rest must. */
const typedProgram = `
import { compile, definePlan, type Ledger, open, PushStatus } from 'byteor';
const version = compile(definePlan(${JSON.stringify(plan, null, 2)}));
const pipeline = open(version);
const status: PushStatus = pipeline.ingress('in').tryPush('a');
export const lines: AsyncIterable<string> = pipeline.egress('out');
export const ledger: Promise<Ledger> = pipeline.stop();
export const full: boolean = status === PushStatus.FULL;
// @ts-expect-error no such boundary
pipeline.ingress('nowhere');
// @ts-expect-error an egress is not an ingress
pipeline.ingress('out');
// @ts-expect-error a utf8 record is a string
pipeline.ingress('in').tryPush(1);
`;

const inline = (type: string, program: string): Promise<string> =>
  command('node', [`--input-type=${type}`, '-e', program], user);

describe('the tarball', () => {
  test('holds only what a user needs', () => {
    expect(files.filter((path) => !SHIPPED.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test('holds the documents, the binary and every module of the library', () => {
    const modules = readdirSync(join(checkout, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.js') && path !== 'abi/generate.js' && !path.startsWith('cli/'))
      .map((path) => `dist/${path}`);
    const binary = `prebuilds/linux-${process.arch}/byteor.glibc.node`;
    expect(absent([...modules, 'README.md', 'LICENSE', 'CHANGELOG.md', binary])).toEqual([]);
  });

  test('holds every source that a build on a machine without a binary reads', () => {
    const lists = JSON.parse(readFileSync(join(checkout, 'native/sources.json'), 'utf8')) as Record<string, string[]>;
    const sources = [...(lists.core ?? []), ...(lists.addon ?? [])];
    const included = files
      .filter((path) => /^native\/.+\.(cpp|hpp|h)$/.test(path))
      .flatMap((path) => [...readFileSync(join(checkout, path), 'utf8').matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)])
      .map((match) => `native/${match[1]}`);
    expect(sources).not.toEqual([]);
    expect(absent(['binding.gyp', ...sources, ...included])).toEqual([]);
  });

  test('names the file of every entry point it promises', () => {
    const { exports, types, bin } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
      types: string;
      bin: Record<string, string>;
    };
    const targets = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? entry : Object.values(entry),
    );
    const promised = [...targets, types, ...Object.values(bin)].map((path) => path.replace(/^\.\//, ''));
    expect(absent(promised)).toEqual([]);
  });
});

describe('installed without a compiler and with scripts not run', () => {
  test('ESM and CommonJS import the same names', async () => {
    const names = 'console.log(Object.keys(byteor).sort().join());';
    const fromEsm = await inline('module', `import * as byteor from 'byteor'; ${names}`);
    const fromCjs = await inline('commonjs', `const byteor = require('byteor'); ${names}`);
    expect(fromEsm.split(',')).toEqual(expect.arrayContaining(['compile', 'open', 'validate']));
    expect(fromCjs).toBe(fromEsm);
  });

  test.each([
    ['module', "import { compile, open } from 'byteor';"],
    ['commonjs', "const { compile, open } = require('byteor');"],
  ])('a program of type %s runs a plan', async (type, load) => {
    const printed = await inline(type, `${load} (${runPlan})();`);
    expect(printed).toBe('a!,b!,c! balanced true\n');
  });

  test('the types of the package tell a record from a wrong one', async () => {
    writeFileSync(join(user.cwd, 'typed.ts'), typedProgram);
    const types = { typeRoots: [join(checkout, 'node_modules/@types')], types: ['node'] };
    const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', lib: ['esnext'] };
    const settings = { compilerOptions: { ...compilerOptions, ...types, skipLibCheck: false }, files: ['typed.ts'] };
    writeFileSync(join(user.cwd, 'tsconfig.json'), JSON.stringify(settings));
    const complaints = await command(join(checkout, 'node_modules/.bin/tsc'), ['-p', user.cwd], { cwd: user.cwd });
    expect(complaints).toBe('');
  });

  test('the command line stands in node_modules/.bin and runs a plan', async () => {
    writeFileSync(join(user.cwd, 'plan.json'), JSON.stringify(plan));
    writeFileSync(join(user.cwd, 'in.txt'), 'one\ntwo\r\nthree');
    const adapters = ['--ingress', 'in=lines:in.txt', '--egress', 'out=lines:out.txt', '--assert-conserved'];
    await command('node_modules/.bin/byteor', ['run', 'plan.json', ...adapters], user);
    expect(readFileSync(join(user.cwd, 'out.txt'), 'utf8')).toBe('one!\ntwo!\r\nthree!');
  });
});

describe('installed without a compiler', () => {
  test('its install script finds the prebuilt binary and compiles nothing', async () => {
    const { cwd } = await install();
    expect(existsSync(join(cwd, 'node_modules/byteor/package.json'))).toBe(true);
    expect(existsSync(join(cwd, 'node_modules/byteor/build'))).toBe(false);
  });
});

describe('the prebuilt binary', () => {
  const machine = (arch: Arch): number => readFileSync(prebuilt(arch)).readUInt16LE(18);

  test('is an ELF file for this machine', () => {
    expect(machine(process.arch as Arch)).toBe(ELF_MACHINE[process.arch as Arch]);
  });

  test('for arm64 is an ELF file for AArch64 that registers itself with Node-API', {
    timeout: SETUP_MS_MAX,
  }, async (context) => {
    const compiler = 'aarch64-linux-gnu-g++';
    const there = await command(compiler, ['--version'], { cwd: checkout }).catch(() => undefined);
    if (there === undefined) context.skip(`needs ${compiler}`);
    await command('npm', ['run', '-s', 'prebuild', '--', 'linux-arm64'], { cwd: checkout });
    const bytes = readFileSync(prebuilt('arm64'));
    expect(bytes.toString('latin1', 0, 4)).toBe('\x7fELF');
    expect(machine('arm64')).toBe(ELF_MACHINE.arm64);
    expect(bytes.includes('napi_register_module_v1')).toBe(true);
  });

  test('asks for a target that does not exist by name', async () => {
    const asked = command('npm', ['run', '-s', 'prebuild', '--', 'linux-mips'], { cwd: checkout });
    await expect(asked).rejects.toThrow('There is no target linux-mips; there are linux-x64 and linux-arm64.');
  });

  test('cannot be made without its compiler, which the message names', async () => {
    const env = { ...process.env, PATH: temporary(pathWithoutCompiler()) };
    const asked = command(process.execPath, ['.ci/prebuild.mjs', 'linux-arm64'], { cwd: checkout, env });
    await expect(asked).rejects.toThrow(
      'linux-arm64 needs aarch64-linux-gnu-gcc, which is not on the PATH: install g++-aarch64-linux-gnu (Debian), ' +
        'or name the targets you want.',
    );
  });
});
