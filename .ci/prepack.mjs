/**
 * `node .ci/prepack.mjs [--restore]`, before and after npm packs. Puts in place what the package has and the repository has not:
 *
 * - the C++ files of others that a build from source needs, each with its licence, from the packages that the lock pins, in
 *   native/third-party. So the package compiles without any dependency, and no source of others stands in the repository
 *   (docs/decisions/102). In a clone native/sources.cjs links them there from node_modules;
 * - binding.gyp as native/package.gyp: package managers take a package with a binding.gyp for one that wants to be compiled,
 *   and pnpm asks to approve that. native/node-gyp.mjs puts it back before it compiles;
 * - a package.json without what is of use in a clone only. npm 12 takes even `prepare`, which it never runs for a package
 *   that is installed, for a script that wants to be approved.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Package → the folder in it, and the files. The names, without a scope, are those that native/sources.cjs looks for. xxHash's licence stands at
 * the head of its only file, and is put beside it: prebuilt binaries hold its code too.
 */
const HEADERS = {
  'xxhash-addon': { from: 'xxHash', files: ['xxhash.h'], licenceIn: 'xxhash.h' },
  'node-addon-api': { from: '.', files: ['napi.h', 'napi-inl.h', 'napi-inl.deprecated.h', 'LICENSE.md'] },
  '@nozbe/simdjson': { from: '.', files: ['src/simdjson.cpp', 'LICENSE'] },
};

const target = join(root, 'native', 'third-party');

const shippedGyp = join(root, 'native', 'package.gyp');

function removeCopies() {
  rmSync(target, { recursive: true, force: true });
  rmSync(shippedGyp, { force: true });
}

/** Leaves the clone as a build leaves it: with links to the headers where copies were. */
export function removeShipped() {
  removeCopies();
  execFileSync(process.execPath, [join(root, 'native', 'sources.cjs'), 'include'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The first comment of a C header. */
function licenceAtHead(path) {
  const comment = /^\/\*([\s\S]*?)\*\//.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
  if (!comment.includes('Copyright')) throw new Error(`${path} does not begin with its licence any more.`);
  return comment.replace(/^ \* ?/gm, '').trim();
}

export function copyShipped() {
  removeCopies();
  copyFileSync(join(root, 'binding.gyp'), shippedGyp);
  const lines = Object.entries(HEADERS).map(([name, { from, files, licenceIn }]) => {
    const place = dirname(require.resolve(`${name}/package.json`));
    const folder = join(target, basename(name));
    mkdirSync(folder, { recursive: true });
    for (const file of files) copyFileSync(join(place, from, file), join(folder, basename(file)));
    if (licenceIn) writeFileSync(join(folder, 'LICENSE'), `${licenceAtHead(join(place, from, licenceIn))}\n`);
    const { version } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
    return `${name} ${version}: ${files.map((file) => basename(file)).join(', ')}`;
  });
  writeFileSync(
    join(target, 'README.txt'),
    `Copied from npm packages when this package was made:\n\n${lines.join('\n')}\n`,
  );
}

const manifest = join(root, 'package.json');
const kept = join(root, '.cache', 'package.json.before-pack');
const OF_A_CLONE = ['scripts', 'devDependencies', 'allowScripts'];

/** Also after a pack that was interrupted. */
function restoreManifest() {
  if (!existsSync(kept)) return;
  copyFileSync(kept, manifest);
  rmSync(kept);
}

function slimManifest() {
  restoreManifest();
  mkdirSync(dirname(kept), { recursive: true });
  copyFileSync(manifest, kept);
  const all = Object.entries(JSON.parse(readFileSync(manifest, 'utf8')));
  const slim = Object.fromEntries(all.filter(([field]) => !OF_A_CLONE.includes(field)));
  writeFileSync(manifest, `${JSON.stringify(slim, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === '--restore') {
    removeShipped();
    restoreManifest();
  } else {
    copyShipped();
    slimManifest();
  }
}
