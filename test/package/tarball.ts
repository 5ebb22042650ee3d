/**
 * What all tests of the package share: the tarball as it is published, and how its binary came about. One compilation serves
 * both: a package without binaries is installed, `byteor build` compiles it there as a user would, and what it made is the
 * binary of the package that the other tests install. Kept in .cache until something of the package changes.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  cacheFor,
  command,
  copyCheckout,
  emptyFolder,
  ended,
  GENERATED,
  type Outcome,
  PARTS,
  userEnvironment,
  withoutCompiler,
} from './checkout.js';
import { once } from './once.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Packed {
  /** The published form, with the binary for this machine. */
  readonly tarball: string;
  /** The same without any binary. */
  readonly bare: string;
  /** Paths in `tarball`. */
  readonly files: readonly string[];
  /** What the bare package said: a program before, the build, and the same program after. */
  readonly before: Outcome;
  readonly build: Outcome;
  readonly again: Outcome;
  readonly after: Outcome;
}

/** Every file that makes the package what it is. */
function keyOf(): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  const take = (path: string): void => {
    if (GENERATED.test(path)) return;
    if (statSync(join(root, path)).isDirectory()) {
      for (const entry of readdirSync(join(root, path)).sort()) take(`${path}/${entry}`);
    } else hash.update(`${path}\n`).update(readFileSync(join(root, path)));
  };
  for (const part of [...PARTS, 'package-lock.json']) take(part);
  return hash.digest('hex').slice(0, 16);
}

const prebuilt = `prebuilds/linux-${process.arch}/byteor.glibc.node`;

async function pack(checkout: string, name: string, to: string): Promise<string[]> {
  await command('node', ['.ci/prepack.mjs'], { cwd: checkout });
  const printed = await command('npm', ['pack', '--json', '--ignore-scripts'], { cwd: checkout });
  const [entry] = JSON.parse(printed) as [{ filename: string; files: { path: string }[] }];
  await command('node', ['.ci/prepack.mjs', '--restore'], { cwd: checkout });
  cpSync(join(checkout, entry.filename), join(to, name));
  rmSync(join(checkout, entry.filename));
  return entry.files.map((file) => file.path);
}

async function make(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const checkout = copyCheckout();
  const user = emptyFolder('build');
  try {
    await command('npm', ['run', '-s', 'build:lib'], { cwd: checkout });
    await pack(checkout, 'bare.tgz', folder);
    const env = userEnvironment(process.env.PATH ?? '');
    await command('npm', ['install', '--no-audit', '--no-fund', join(folder, 'bare.tgz')], { cwd: user, env });
    const program = ['-e', "require('byteor').capabilities(); console.log('loaded')"];
    const before = await ended('node', program, { cwd: user, env });
    // Compilers and their cache are taken as this environment has them.
    const compilers = { CC: process.env.CC, CXX: process.env.CXX, JOBS: process.env.JOBS };
    const cache = cacheFor(user);
    const build = await ended('npx', ['byteor', 'build'], { cwd: user, env: { ...env, ...compilers, ...cache } });
    const again = await ended('npx', ['byteor', 'build'], { cwd: user, env: { ...env, PATH: withoutCompiler() } });
    const after = await ended('node', program, { cwd: user, env });
    const binary = join(checkout, prebuilt);
    mkdirSync(join(binary, '..'), { recursive: true });
    await command('strip', ['-o', binary, join(user, 'node_modules/byteor/build/Release/byteor.node')], { cwd: user });
    const files = await pack(checkout, 'byteor.tgz', folder);
    writeFileSync(join(folder, 'packed.json'), JSON.stringify({ files, before, build, again, after }));
  } finally {
    for (const made of [checkout, user]) rmSync(made, { recursive: true, force: true });
  }
}

/** Another run may still be using what it found; nothing takes hours. */
const OLD_MS = 3_600_000;

function forgetOld(): void {
  const packages = readdirSync(join(root, '.cache')).filter((name) => /^package-[0-9a-f]{16}/.test(name));
  for (const path of packages.map((name) => join(root, '.cache', name)))
    if (Date.now() - statSync(path).mtimeMs > OLD_MS) rmSync(path, { recursive: true, force: true });
}

/** The package of this checkout, made by the first test that asks. */
export const packed = (): Promise<Packed> =>
  once('package', async () => {
    const folder = join(root, '.cache', `package-${keyOf()}`);
    if (!existsSync(join(folder, 'packed.json'))) {
      forgetOld();
      await make(`${folder}.new`);
      renameSync(`${folder}.new`, folder);
    }
    const facts = JSON.parse(readFileSync(join(folder, 'packed.json'), 'utf8')) as Omit<Packed, 'tarball' | 'bare'>;
    return { ...facts, tarball: join(folder, 'byteor.tgz'), bare: join(folder, 'bare.tgz') };
  });
