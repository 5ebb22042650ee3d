import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyFolder, ended, type Outcome, userEnvironment, withoutCompiler } from './checkout.js';
import { SETUP_MS_MAX } from './installed.js';
import { type Packed, packed } from './tarball.js';
import { installTools, needTool, toolPath } from './tools.js';

/** Each package manager in an empty folder, without a compiler. */

let made: Packed;
const folders: string[] = [];

beforeAll(async () => {
  made = await packed();
  await installTools();
}, SETUP_MS_MAX);
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface User {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A user whose `node` may be another one than that of the tests: npm 12 does not run on Node 20. */
function newUser(node: string): User {
  const cwd = emptyFolder('user');
  folders.push(cwd);
  const path = join(cwd, 'path');
  mkdirSync(path);
  symlinkSync(node, join(path, 'node'));
  // pnpm starts programs through a script that needs these.
  for (const program of ['sh', 'sed', 'dirname', 'uname']) symlinkSync(`/bin/${program}`, join(path, program));
  writeFileSync(join(cwd, 'package.json'), '{ "private": true }');
  return { cwd, env: userEnvironment(path) };
}

const LOADS = "require('byteor').capabilities(); console.log('loaded')";
const loads = (user: User): Promise<Outcome> => ended('node', ['-e', LOADS], user);

const npm12Node = (): string => toolPath('node22', 'bin', 'node') ?? process.execPath;

describe.each([
  ['npm 11', 'npm11', () => process.execPath],
  ['npm 12', 'npm12', npm12Node],
])('%s', (_, tool, node) => {
  const npm = (user: User, ...args: string[]) => ended('node', [needTool(tool, 'bin', 'npm-cli.js'), ...args], user);
  const npx = (user: User, ...args: string[]) => ended('node', [needTool(tool, 'bin', 'npx-cli.js'), ...args], user);

  test.each([[[]], [['--ignore-scripts']]])(
    'installs one package that loads, with %j, and has no script to speak of',
    async (more) => {
      const user = newUser(node());
      const { code, stdout, stderr } = await npm(user, 'install', '--no-audit', '--no-fund', ...more, made.tarball);
      expect(code).toBe(0);
      expect(stdout).toContain('added 1 package');
      expect(stderr).not.toContain('script');
      expect(await loads(user)).toEqual({ code: 0, stdout: 'loaded\n', stderr: '' });
    },
  );

  test('without a binary: `npx byteor build` is found, and says what to install where there is no compiler', async () => {
    const user = newUser(node());
    await npm(user, 'install', '--no-audit', '--no-fund', made.bare);
    expect((await loads(user)).stderr).toContain('npx byteor build');
    const { code, stderr } = await npx(user, 'byteor', 'build');
    expect(code).toBe(5);
    expect(stderr).toContain('byteor build: There is no C++ compiler: g++ does not run.');
    expect(stderr).toContain('apt-get install g++ make python3');
  });

  test('without a binary: `npm rebuild` changes nothing, as the error says', async () => {
    const user = newUser(node());
    await npm(user, 'install', '--no-audit', '--no-fund', made.bare);
    await npm(user, 'rebuild', 'byteor');
    const { code, stderr } = await loads(user);
    expect(code).toBe(1);
    expect(stderr).toContain('`npm rebuild` and approving scripts change nothing');
  });
});

describe('pnpm and bun', () => {
  test('`pnpm exec byteor build` is found', async () => {
    const user = newUser(process.execPath);
    const pnpm = needTool('pnpm', 'bin', 'pnpm.cjs');
    const added = await ended('node', [pnpm, 'add', made.tarball], user);
    expect(added).toMatchObject({ code: 0 });
    expect(added.stdout).not.toContain('approve-builds');
    const { stdout } = await ended('node', [pnpm, 'exec', 'byteor', 'build'], user);
    expect(stdout).toContain('The native core loads from ');
  });

  test('`bunx byteor build` is found', async (context) => {
    const bun = toolPath('@oven', 'bun-linux-x64', 'bin', 'bun');
    if (bun === undefined) return context.skip(`there is no binary of Bun for ${process.arch} in the tools`);
    const user = newUser(process.execPath);
    expect(await ended(bun, ['add', made.tarball], user)).toMatchObject({ code: 0 });
    // What `bunx` is a short form of.
    const { stdout } = await ended(bun, ['x', 'byteor', 'build'], user);
    expect(stdout).toContain('The native core loads from ');
  });
});

describe.each([
  ['yarn 1', 'yarn1', 'file:'],
  ['yarn 4 with its default linker, Plug’n’Play', 'yarn4', 'byteor@file:'],
])('%s', (_, tool, prefix) => {
  const yarn = ({ cwd, env }: User, ...args: string[]) =>
    ended('node', [needTool(tool, 'bin', 'yarn.js'), ...args], { cwd, env: { ...env, YARN_ENABLE_TELEMETRY: '0' } });

  async function userWith(tarball: string): Promise<User> {
    const user = newUser(process.execPath);
    // Yarn 4 looks for the project's root in the folders above.
    writeFileSync(join(user.cwd, 'yarn.lock'), '');
    expect(await yarn(user, 'add', `${prefix}${tarball}`)).toMatchObject({ code: 0 });
    return user;
  }

  test('installs a package that loads', async () => {
    const user = await userWith(made.tarball);
    expect(await yarn(user, 'node', '-e', LOADS)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('loaded\n'),
    });
  });

  test('without a binary: `yarn byteor build` is found', async () => {
    const { code, stderr } = await yarn(await userWith(made.bare), 'byteor', 'build');
    expect(code).not.toBe(0);
    expect(stderr).toContain('byteor build: There is no C++ compiler: g++ does not run.');
  });
});

describe('`byteor build`', () => {
  test('where it cannot write names the folder and what to do', async () => {
    const user = newUser(process.execPath);
    const npm = needTool('npm11', 'bin', 'npm-cli.js');
    await ended('node', [npm, 'install', '--no-audit', '--no-fund', made.bare], user);
    const build = join(user.cwd, 'node_modules/byteor/build');
    writeFileSync(build, 'in the way');
    const bin = join(dirname(build), 'dist/bin/byteor.js');
    const { code, stderr } = await ended('node', [bin, 'build'], {
      ...user,
      env: { ...user.env, PATH: process.env.PATH },
    });
    expect(code).toBe(5);
    expect(stderr).toContain(`Cannot write to ${build}, where the native core is compiled:`);
    expect(stderr).toContain('as the user who owns node_modules');
  });

  test('takes no wrong number of compilers', async () => {
    const user = { cwd: process.cwd(), env: userEnvironment(withoutCompiler()) };
    const { code, stderr } = await ended('node', ['dist/bin/byteor.js', 'build', '--jobs', 'many'], user);
    expect(code).toBe(2);
    expect(stderr).toContain('Give a whole number from 1 to 1024.');
  });
});
