import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cacheFor, command, copyCheckout, withoutCompiler } from './checkout.js';
import { installed, louderPlan, SETUP_MS_MAX } from './installed.js';

/**
 * What a user gets: the tarball, made here from a copy of the checkout, installed where there is no compiler.
 */

/** Everything that may be in the package. */
const SHIPPED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/(index|plan|observe)\.(js|cjs|d\.ts)$/,
  /^dist\/(browser|node)\/[a-z]+\.c?js$/,
  /^dist\/bin\/(byteor\.js|lap\.mjs|package\.json|[a-z0-9-]+\.cjs)$/,
  /^dist\/types\/([a-z]+\/){0,2}[a-z-]+\.d\.ts$/,
  /^dist\/types\/package\.json$/,
  /^dist\/LICENCES\.txt$/,
  /^docs\/(?!lab\/).+\.(md|svg)$/,
  /^examples\/.+\.(mjs|ts|ya?ml|csv|log|c|cpp|txt)$/,
  /^completions\/byteor\.(bash|zsh|fish)$/,
  /^native\/[a-z]+\/[a-z_0-9/]+\.(cpp|hpp|h)$/,
  /^native\/[a-z]+\/[A-Z]+\.md$/,
  /^native\/third-party\/(README\.txt|[a-z-]+\/(LICENSE(\.md)?|[a-z-]+(\.deprecated)?\.(h|cpp)))$/,
  /^native\/(node-gyp\.mjs|package\.gyp|sources\.cjs|sources\.json)$/,
  /^prebuilds\/linux-(x64|arm64)\/byteor\.glibc\.node$/,
];

const ELF_MACHINE = { x64: 0x3e, arm64: 0xb7 } as const;
type Arch = keyof typeof ELF_MACHINE;

const user = installed();
const files = (): readonly string[] => user().packed.files;
/** A file of the installed package. */
const inside = (path: string): string => join(user().cwd, 'node_modules/byteor', path);
const root = fileURLToPath(new URL('../..', import.meta.url));

const absent = (paths: readonly string[]): string[] => paths.filter((path) => !files().includes(path));

const plan = louderPlan('packed');

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

const inline = (type: string, program: string): Promise<string> =>
  command('node', [`--input-type=${type}`, '-e', program], user());

describe('the tarball', () => {
  test('holds only what a user needs', () => {
    expect(files().filter((path) => !SHIPPED.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test('holds the documents, the licences of others and the binary', () => {
    const binary = `prebuilds/linux-${process.arch}/byteor.glibc.node`;
    const documents = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs/install.md', 'examples/push-and-poll.mjs'];
    const ofOthers = ['xxhash-addon/LICENSE', 'simdjson/LICENSE', 'node-addon-api/LICENSE.md'];
    const licences = ['dist/LICENCES.txt', ...ofOthers.map((path) => `native/third-party/${path}`)];
    expect(absent([...documents, ...licences, binary])).toEqual([]);
    expect(readFileSync(inside('native/third-party/xxhash-addon/LICENSE'), 'utf8')).toContain('Yann Collet');
  });

  test('holds every source that a build on a machine without a binary reads', () => {
    const lists = JSON.parse(readFileSync(inside('native/sources.json'), 'utf8')) as Record<string, string[]>;
    const sources = [...(lists.core ?? []), ...(lists.addon ?? [])];
    const included = files()
      .filter((path) => /^native\/(?!third-party).+\.(cpp|hpp|h)$/.test(path))
      .flatMap((path) => [...readFileSync(inside(path), 'utf8').matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)])
      .map((match) => `native/${match[1]}`);
    expect(sources).not.toEqual([]);
    expect(absent(['native/package.gyp', 'native/node-gyp.mjs', ...sources, ...included])).toEqual([]);
  });

  test('names the file of every entry point it promises', () => {
    const targets = (entry: unknown): string[] =>
      typeof entry === 'string' ? [entry] : Object.values(entry as object).flatMap(targets);
    const { exports, types, main, bin } = manifest();
    const promised = [exports, types, main, bin].flatMap(targets).map((path) => path.replace(/^\.\//, ''));
    expect(promised.length).toBeGreaterThan(10);
    expect(absent(promised)).toEqual([]);
  });

  test('has no script, no dependency, and nothing for npm to compile', () => {
    const { scripts, dependencies, optionalDependencies, peerDependencies, gypfile, os } = manifest();
    expect({ scripts, dependencies, optionalDependencies, peerDependencies }).toEqual({});
    expect(gypfile).toBe(false);
    expect(os).toEqual(['linux', 'darwin']);
  });

  test('leaves the checkout that it was packed from as it was', () => {
    const { scripts, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(Object.keys(scripts)).toContain('prepare');
    expect(Object.keys(devDependencies)).toContain('yaml');
  });

  test('has documents whose links lead to something in it', () => {
    const documents = files().filter((path) => path.endsWith('.md'));
    const dead = documents.flatMap((path) =>
      [...readFileSync(inside(path), 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => target as string)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(inside(join(dirname(path), target))))
        .map((target) => `${path}: ${target}`),
    );
    expect(documents.length).toBeGreaterThan(10);
    expect(dead).toEqual([]);
  });
});

const manifest = (): Record<string, unknown> => JSON.parse(readFileSync(inside('package.json'), 'utf8'));

describe('installed without a compiler and with scripts not run', () => {
  test.each(['byteor', 'byteor/plan', 'byteor/observe'])(
    'ESM and CommonJS get the same objects of %s',
    async (name) => {
      const same = `
      import { createRequire } from 'node:module';
      import * as esm from '${name}';
      const cjs = createRequire(import.meta.url)('${name}');
      const names = Object.keys(esm).filter((key) => key !== 'module.exports' && key !== 'default').sort();
      console.log(names.join() === Object.keys(cjs).sort().join() && names.every((key) => esm[key] === cjs[key]));
    `;
      expect(await inline('module', same)).toBe('true\n');
    },
  );

  test.each([
    ['module', "import { compile, open } from 'byteor';"],
    ['commonjs', "const { compile, open } = require('byteor');"],
  ])('a program of type %s runs a plan', async (type, load) => {
    const printed = await inline(type, `${load} (${runPlan})();`);
    expect(printed).toBe('a!,b!,c! balanced true\n');
  });

  test.each([
    [
      'module',
      "import { compile, open } from 'byteor';",
      'shout.mjs',
      "import { compile } from 'byteor';",
      'export default',
    ],
    [
      'commonjs',
      "const { compile, open } = require('byteor');",
      'shout.cjs',
      "const { compile } = require('byteor');",
      'module.exports =',
    ],
  ])('a program of type %s runs the module of a stage in a worker', async (type, load, file, uses, exported) => {
    writeFileSync(join(user().cwd, file), `${uses}\n${exported} (text) => typeof compile + text.toUpperCase();\n`);
    const stages = [{ id: 'louder', op: 'js:shout', room: 16 }];
    const own = runPlan
      .replace(JSON.stringify(plan), JSON.stringify({ ...plan, stages }))
      .replace('))', `), { stages: { shout: { module: './${file}' } } })`);
    expect(await inline(type, `${load} (${own})();`)).toBe('functionA,functionB,functionC balanced true\n');
  });

  test('byteor/observe reads what a running pipeline says of itself, without the addon', async () => {
    const watch = `
      import { observedPipelines, readLedger, readRegionFile, readSnapshot } from 'byteor/observe';
      const [{ path, process: life }] = observedPipelines().filter(({ pid }) => pid === Number(process.argv[1]));
      const bytes = readRegionFile(path);
      const { name, state } = readSnapshot(bytes);
      const { settled, boundaries } = readLedger(bytes);
      console.log(JSON.stringify([life, name, state, settled, boundaries.in.published]));
    `;
    const program = `
      import { execFileSync } from 'node:child_process';
      import { compile, open } from 'byteor';
      const pipeline = open(compile(${JSON.stringify(plan)}), { observe: true });
      await pipeline.ingress('in').pushBatch(['a', 'b']);
      const args = ['--no-addons', '--input-type=module', '-e', ${JSON.stringify(watch)}, String(process.pid)];
      process.stdout.write(execFileSync(process.execPath, args));
      pipeline.halt();
    `;
    expect(JSON.parse(await inline('module', program))).toEqual(['alive', 'packed', 'Running', false, 2]);
  });

  test('the command line stands in node_modules/.bin and runs a plan', async () => {
    const { cwd } = user();
    writeFileSync(join(cwd, 'plan.json'), JSON.stringify(plan));
    writeFileSync(join(cwd, 'in.txt'), 'one\ntwo\r\nthree');
    const adapters = ['--ingress', 'in=lines:in.txt', '--egress', 'out=lines:out.txt', '--assert-conserved'];
    await command('node_modules/.bin/byteor', ['run', 'plan.json', ...adapters], user());
    expect(readFileSync(join(cwd, 'out.txt'), 'utf8')).toBe('one!\ntwo!\r\nthree!');
  });

  test.each(['push-and-poll.mjs', 'worker.mjs', 'streams.mjs'])(
    'the example %s runs where it was installed',
    async (name) => {
      expect(await command('node', [`node_modules/byteor/examples/${name}`], user())).not.toBe('');
    },
  );
});

describe('a prebuilt binary', () => {
  const machine = (path: string): number => readFileSync(path).readUInt16LE(18);

  test('is an ELF file for this machine', () => {
    const path = inside(`prebuilds/linux-${process.arch}/byteor.glibc.node`);
    expect(machine(path)).toBe(ELF_MACHINE[process.arch as Arch]);
  });

  test('for arm64 is an ELF file for AArch64 that registers itself with Node-API', {
    timeout: SETUP_MS_MAX,
  }, async (context) => {
    const compiler = 'aarch64-linux-gnu-g++';
    const there = await command(compiler, ['--version'], { cwd: root }).catch(() => undefined);
    if (there === undefined) context.skip(`needs ${compiler}`);
    const checkout = copyCheckout();
    try {
      const env = { ...process.env, ...cacheFor(checkout) };
      await command('npm', ['run', '-s', 'prebuild', '--', 'linux-arm64'], { cwd: checkout, env });
      const path = join(checkout, 'prebuilds/linux-arm64/byteor.glibc.node');
      const bytes = readFileSync(path);
      expect(bytes.toString('latin1', 0, 4)).toBe('\x7fELF');
      expect(machine(path)).toBe(ELF_MACHINE.arm64);
      expect(bytes.includes('napi_register_module_v1')).toBe(true);
    } finally {
      rmSync(checkout, { recursive: true, force: true });
    }
  });

  test('asks for a target that does not exist by name', async () => {
    const asked = command('npm', ['run', '-s', 'prebuild', '--', 'linux-mips'], { cwd: root });
    await expect(asked).rejects.toThrow('There is no target linux-mips; there are linux-x64 and linux-arm64.');
  });

  test('cannot be made without its compiler, which the message names', async () => {
    const env = { ...process.env, PATH: withoutCompiler() };
    const asked = command(process.execPath, ['.ci/prebuild.mjs', 'linux-arm64'], { cwd: root, env });
    await expect(asked).rejects.toThrow(
      'linux-arm64 needs aarch64-linux-gnu-gcc, which is not on the PATH: install g++-aarch64-linux-gnu (Debian), ' +
        'or name the targets you want.',
    );
  });
});
