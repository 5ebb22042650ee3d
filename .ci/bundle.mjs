/**
 * `node .ci/bundle.mjs`, the last step of `npm run build:lib`: the command line and all that it imports as two files,
 * dist/bin/byteor.js (lib/cli/start.ts) and the one that it loads. Node reads, resolves and compiles each module by
 * itself, and there would be some two hundred of them before `byteor run` opens its input (docs/decisions/061). Programs
 * that import byteor get the modules as they are.
 *
 * What others have written stands in the bundle, so their licences stand beside it.
 */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist', 'bin');

/** Loaded at run time from where the package is installed: it finds the binary by its own place. */
const OUTSIDE = /^node-gyp-build$/;

/** The parser of arguments starts programs for subcommands that are files of their own; there are none here. */
const withoutChildProcess = {
  name: 'without-child-process',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('commander') ? '\0no-child-process' : null,
  load: (id) => (id === '\0no-child-process' ? 'module.exports = {};' : null),
};

const foreign = (id) => id.split(`${sep}node_modules${sep}`)[1]?.match(/^(@[^\\/]+[\\/])?[^\\/]+/)?.[0];

async function licenceOf(name) {
  const place = join(root, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
  const file = (await readdir(place)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? license : readFileSync(join(place, file), 'utf8').trim();
  return `${name} ${version}\n\n${text}\n`;
}

rmSync(folder, { recursive: true, force: true });
const bundle = await rolldown({
  input: join(root, 'dist', 'cli', 'main.js'),
  platform: 'node',
  external: OUTSIDE,
  plugins: [withoutChildProcess],
});
const { output } = await bundle.write({
  dir: folder,
  format: 'esm',
  entryFileNames: '[name].js',
  // One file: a verb's modules still run only when the verb is asked for.
  codeSplitting: false,
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
});
await bundle.close();
copyFileSync(join(root, 'dist', 'cli', 'start.js'), join(folder, 'byteor.js'));
const names = new Set(output.flatMap((chunk) => (chunk.moduleIds ?? []).map(foreign)).filter((name) => name));
const licences = await Promise.all([...names].sort().map(licenceOf));
writeFileSync(join(folder, 'LICENCES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
