/**
 * `node .ci/third-party.mjs [--remove]`, before and after npm packs: the C++ headers of others that a build from source needs,
 * each with its licence, from the packages that the lock pins into native/third-party. So the package compiles without any
 * dependency, and no source of others stands in the repository (docs/decisions/102). In a clone native/sources.cjs finds
 * them in node_modules.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Package → the folder in it, and the files. The names are those that native/sources.cjs looks for. */
const HEADERS = {
  'xxhash-addon': { from: 'xxHash', files: ['xxhash.h', 'LICENSE'] },
  'node-addon-api': { from: '.', files: ['napi.h', 'napi-inl.h', 'napi-inl.deprecated.h', 'LICENSE.md'] },
};

const target = join(root, 'native', 'third-party');

function copyHeaders() {
  const lines = Object.entries(HEADERS).map(([name, { from, files }]) => {
    const place = dirname(require.resolve(`${name}/package.json`));
    mkdirSync(join(target, name), { recursive: true });
    for (const file of files) copyFileSync(join(place, from, file), join(target, name, file));
    return `${name} ${JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')).version}: ${files.join(', ')}`;
  });
  writeFileSync(
    join(target, 'README.txt'),
    `Copied from npm packages when this package was made:\n\n${lines.join('\n')}\n`,
  );
}

rmSync(target, { recursive: true, force: true });
if (process.argv[2] !== '--remove') copyHeaders();
