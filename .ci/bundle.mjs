/**
 * `node .ci/bundle.mjs`, the last step of `npm run build:lib`: what the package ships, made of the modules that the compiler has
 * left in dist/modules. Node reads, resolves and compiles each module by itself, and there would be hundreds of them
 * (docs/decisions/061 and 103).
 *
 *   dist/bin/         the command line: byteor.js (lib/cli/start.ts), the one file that it loads, and lap.js, which `bench` starts
 *   dist/node/        the library for Node, CommonJS; yaml and zod with the schemas are files that load at first use
 *   dist/*.{js,cjs}   its entry points, for `import` and for `require`
 *   dist/browser/     byteor/plan as one ES module that needs nothing
 *   dist/types/       the declarations that an entry point can reach
 *
 * What others have written stands in these files, so their licences stand beside them.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { writeDeclarations } from './bundle/declarations.mjs';
import { facades, toCommonJs } from './bundle/for-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const modules = join(dist, 'modules');

/** The entry points of package.json's `exports`. */
const ENTRIES = ['index', 'plan', 'observe'];

const MINIFY = { compress: true, mangle: false, codegen: { removeWhitespace: true } };

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

const commandLine = () =>
  bundle(
    { input: join(modules, 'cli', 'main.js'), platform: 'node', plugins: [withoutChildProcess] },
    // One file: a verb's modules still run only when the verb is asked for.
    { dir: join(dist, 'bin'), entryFileNames: '[name].js', codeSplitting: false, minify: MINIFY },
  );

/** What `bench` starts: its library is one that it is told. */
const lapOfBench = () =>
  bundle(
    { input: join(modules, 'cli', 'bench', 'lap.js'), platform: 'node' },
    { dir: join(dist, 'bin'), entryFileNames: 'lap.js', codeSplitting: false, minify: MINIFY },
  );

/** For Node yaml's package gives CommonJS, which would run as soon as its importer does. */
const YAML_MODULES = join(root, 'node_modules', 'yaml', 'browser', 'index.js');

const LAZY = [
  { name: 'yaml', test: /[\\/]node_modules[\\/]yaml[\\/]/ },
  { name: 'schema', test: /[\\/]node_modules[\\/]zod[\\/]|[\\/]plan[\\/](schema|op-configs)\.js$/ },
];

async function libraryForNode() {
  const input = Object.fromEntries(ENTRIES.map((name) => [name, join(modules, `${name}.js`)]));
  const chunks = await bundle(
    { input, platform: 'node', preserveEntrySignatures: 'allow-extension', resolve: { alias: { yaml: YAML_MODULES } } },
    {
      dir: join(dist, 'node'),
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      minify: { compress: true, mangle: { toplevel: false }, codegen: false },
      // One file of what runs often: between files every use of a name is a call of a getter.
      codeSplitting: { groups: [...LAZY, { name: 'core', test: /./ }], includeDependenciesRecursively: false },
    },
  );
  const lazy = (source) => source.startsWith('node:') || LAZY.some(({ name }) => source === `./${name}.js`);
  for (const { fileName, code } of chunks) {
    writeFileSync(join(dist, 'node', fileName.replace(/\.js$/, '.cjs')), toCommonJs(code, lazy));
    rmSync(join(dist, 'node', fileName));
  }
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
copyFileSync(join(modules, 'cli', 'start.js'), join(dist, 'bin', 'byteor.js'));
writeDeclarations(dist, ENTRIES);
const names = new Set(outputs.flatMap((chunk) => (chunk.moduleIds ?? []).map(foreign)).filter((name) => name));
const licences = await Promise.all([...names].sort().map(licenceOf));
writeFileSync(join(dist, 'LICENCES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
