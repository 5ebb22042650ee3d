/**
 * `node .ci/bundle.mjs`, the last step of `npm run build:lib`: what the package ships, made of the modules that the compiler has
 * left in dist/modules. Node reads, resolves and compiles each module by itself, and there would be hundreds of them
 * (docs/decisions/061, 103 and 121).
 *
 *   dist/bin/         the command line, CommonJS: byteor.js (lib/cli/start.ts), the files that it loads at first use, and lap.mjs,
 *                     which `bench` starts
 *   dist/node/        the library for Node, CommonJS; yaml and zod with the schemas are files that load at first use. worker.cjs is
 *                     what a thread runs that is started for a module of stages, by the library and by the command line
 *   dist/*.{js,cjs}   its entry points, for `import` and for `require`
 *   dist/browser/     byteor/plan as one ES module that needs nothing
 *   dist/types/       the declarations that an entry point can reach
 *
 * What others have written stands in these files, so their licences stand beside them.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { writeDeclarations } from './bundle/declarations.mjs';
import { facades, toCommonJs } from './bundle/for-node.mjs';
import { commandGroups, LIBRARY_GROUPS, LIBRARY_LAZY } from './bundle/groups.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const modules = join(dist, 'modules');

/** The entry points of package.json's `exports`. */
const ENTRIES = ['index', 'plan', 'observe'];

const MINIFY = { compress: true, mangle: false, codegen: { removeWhitespace: true } };

/** Of what Babel prints: names that a stack trace shows stay. */
const COMPRESS = { compress: true, mangle: { toplevel: false }, codegen: false };

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

async function bundle(input, output) {
  const made = await rolldown(input);
  const written = await made.write({ format: 'esm', ...output });
  await made.close();
  return written.output;
}

/** For Node these packages give CommonJS, which would run as soon as its importer does. */
const AS_MODULES = {
  yaml: join(root, 'node_modules', 'yaml', 'browser', 'index.js'),
  'fastest-levenshtein': join(root, 'node_modules', 'fastest-levenshtein', 'esm', 'mod.js'),
};

/** Rolldown's chunks as files of CommonJS; `isLazy` says which of their imports wait for the first use. */
function writeCommonJs(folder, chunks, isLazy, options) {
  for (const { fileName, code } of chunks) {
    writeFileSync(join(folder, fileName.replace(/\.js$/, '.cjs')), toCommonJs(code, isLazy, options));
    rmSync(join(folder, fileName));
  }
}

async function commandLine() {
  const dir = join(dist, 'bin');
  const chunks = await bundle(
    {
      input: join(modules, 'cli', 'main.js'),
      platform: 'node',
      preserveEntrySignatures: 'allow-extension',
      plugins: [withoutChildProcess],
      resolve: { alias: AS_MODULES },
    },
    {
      dir,
      entryFileNames: '[name].js',
      chunkFileNames: ({ isDynamicEntry }) => (isDynamicEntry ? 'verb-[name].js' : '[name].js'),
      minify: COMPRESS,
      codeSplitting: { groups: commandGroups(modules), includeDependenciesRecursively: false },
    },
  );
  writeCommonJs(dir, chunks, () => true, { compact: true });
  writeFileSync(join(dir, 'package.json'), '{ "type": "commonjs" }\n');
  return chunks;
}

/** What `bench` starts: its library is one that it is told. */
const lapOfBench = () =>
  bundle(
    { input: join(modules, 'cli', 'bench', 'lap.js'), platform: 'node' },
    { dir: join(dist, 'bin'), entryFileNames: 'lap.mjs', codeSplitting: false, minify: MINIFY },
  );

async function libraryForNode() {
  const input = Object.fromEntries([...ENTRIES, 'worker'].map((name) => [name, join(modules, `${name}.js`)]));
  const chunks = await bundle(
    { input, platform: 'node', preserveEntrySignatures: 'allow-extension', resolve: { alias: AS_MODULES } },
    {
      dir: join(dist, 'node'),
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      minify: COMPRESS,
      codeSplitting: { groups: LIBRARY_GROUPS, includeDependenciesRecursively: false },
    },
  );
  const lazy = (source) => source.startsWith('node:') || LIBRARY_LAZY.some(({ name }) => source === `./${name}.js`);
  writeCommonJs(join(dist, 'node'), chunks, lazy);
  for (const name of ENTRIES) {
    const { js, cjs } = facades(name, Object.keys(await import(input[name])));
    writeFileSync(join(dist, `${name}.js`), js);
    writeFileSync(join(dist, `${name}.cjs`), cjs);
  }
  return chunks;
}

const planForBrowsers = () =>
  bundle(
    { input: join(modules, 'plan.js'), platform: 'browser' },
    { dir: join(dist, 'browser'), entryFileNames: 'plan.js', codeSplitting: false, minify: MINIFY },
  );

for (const entry of readdirSync(dist)) if (entry !== 'modules') rmSync(join(dist, entry), { recursive: true });
const outputs = [await commandLine(), await lapOfBench(), await libraryForNode(), await planForBrowsers()].flat();
const start = readFileSync(join(modules, 'cli', 'start.js'), 'utf8');
writeFileSync(
  join(dist, 'bin', 'byteor.js'),
  toCommonJs(start, () => true),
);
writeDeclarations(dist, ENTRIES);
const names = new Set(outputs.flatMap((chunk) => (chunk.moduleIds ?? []).map(foreign)).filter((name) => name));
const licences = await Promise.all([...names].sort().map(licenceOf));
writeFileSync(join(dist, 'LICENCES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
