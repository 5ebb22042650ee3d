'use strict';

/**
 * One list of C++ sources feeds two build systems, and this is the only reader of it: binding.gyp and
 * native/CMakeLists.txt both run `node native/sources.cjs WHAT` and get one path a line, relative to the repository's root.
 * It runs on a user's machine too (a build from source), so it needs nothing but Node.
 *
 * WHAT is a list of sources.json, or one of
 *   hot      the part of "core" that lies in a hot folder; both builds compile it with C++ exceptions off. op/ is not one
 *            of them: its headers are hot, and its sources are what those leave to the control path
 *   control  the rest of "core"
 *   units LIST   the files that node-gyp compiles for a list: written into build/units, each includes several sources, because
 *            reading headers is most of what a compiler does for a small one. The same program in half the time
 *   include  the folders besides native/ that hold what is included: xxHash, node-addon-api and simdjson (one file that
 *            native/json/stage1.cpp includes whole; a build without it says so), in native/third-party. The package has
 *            copies there (.ci/prepack.mjs); in a clone they are made here as links to node_modules, so that the
 *            preprocessor names headers alike in both, and a compiler cache serves both
 */

const { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
const { basename, dirname, join, relative } = require('node:path');
const lists = require('./sources.json');

const root = dirname(__dirname);
const hotFolders = /^native\/(core|lane|ring)\//;

function sources(what) {
  if (what === 'hot') return lists.core.filter((path) => hotFolders.test(path));
  if (what === 'control') return lists.core.filter((path) => !hotFolders.test(path));
  if (Object.hasOwn(lists, what)) return lists[what];
  throw new Error(`native/sources.json has no list "${what}"; it has ${Object.keys(lists).join(', ')}.`);
}

function checked(what) {
  const paths = sources(what);
  const missing = paths.filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0)
    throw new Error(
      `native/sources.json lists ${missing.join(', ')}, which does not exist; add the file or remove the line.`,
    );
  const twice = paths.filter((path, index) => paths.indexOf(path) !== index);
  if (twice.length > 0) throw new Error(`native/sources.json lists ${twice.join(', ')} twice; remove one line.`);
  return paths;
}

/** Sources of a unit. More would leave a CPU waiting for the last one, and make a change of one source dear. */
const UNIT_SOURCES = 8;
/**
 * Compiled by themselves: what runs for each record, which a compiler inlines otherwise beside other code (22 instructions a record of
 * a ring of lines); the templates of all ops over all channels, and simdjson, which take as long as a unit of others.
 */
const BY_THEMSELVES = /^native\/(adapter\/|graph\/(lane|ring)_graph\.cpp$|json\/stage1\.cpp$)/;

/** The sources of a list, by the units that they are compiled in. */
function unitsOf(what) {
  const paths = checked(what);
  const alone = paths.filter((path) => BY_THEMSELVES.test(path));
  const others = paths.filter((path) => !alone.includes(path));
  const count = Math.ceil(others.length / UNIT_SOURCES);
  const together = Array.from({ length: count }, (_, at) => others.slice(at * UNIT_SOURCES, (at + 1) * UNIT_SOURCES));
  return [...alone.map((path) => [path]), ...together];
}

/**
 * The file of each unit: a source that is one by itself, or one that is written, where it is not as it should be already: make
 * compiles what is newer, and a compiler cache looks at names too.
 */
function writtenUnits(what) {
  const folder = join(root, 'build', 'units');
  mkdirSync(folder, { recursive: true });
  const written = (paths, name) => {
    const text = paths.map((path) => `#include "${path.slice('native/'.length)}"\n`).join('');
    const file = join(folder, name);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
    return `build/units/${name}`;
  };
  const units = unitsOf(what);
  const alone = units.filter((paths) => paths.length === 1).flat();
  const together = units.filter((paths) => paths.length > 1);
  return [...alone, ...together.map((paths, at) => written(paths, `${what}_${at}.cpp`))];
}

/** Name in native/third-party → the file that says where its folder is in node_modules. */
const HEADERS = {
  'xxhash-addon': 'xxhash-addon/xxHash/xxhash.h',
  'node-addon-api': 'node-addon-api/napi.h',
  simdjson: '@nozbe/simdjson/src/simdjson.cpp',
};

/** A link that is there already, or that another process makes meanwhile, is as good. */
function link(target, place) {
  if (existsSync(place)) return;
  try {
    symlinkSync(relative(dirname(place), target), place);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (existsSync(place)) return;
    // It led to a node_modules that is gone.
    rmSync(place, { force: true });
    symlinkSync(relative(dirname(place), target), place);
  }
}

/**
 * Files are linked and not their folder, whose real path ccache would take where it is the shorter one. The header that is asked
 * for comes last: where it is, the others are.
 */
function includeFolders() {
  return Object.entries(HEADERS).map(([name, header]) => {
    const folder = join(__dirname, 'third-party', name);
    const asked = basename(header);
    if (existsSync(join(folder, asked))) return folder;
    const from = dirname(require.resolve(header));
    const others = asked.endsWith('.h')
      ? readdirSync(from).filter((file) => file.endsWith('.h') && file !== asked)
      : [];
    mkdirSync(folder, { recursive: true });
    for (const file of [...others, asked]) link(join(from, file), join(folder, file));
    return folder;
  });
}

function lines([what, list]) {
  if (what === 'include') return includeFolders();
  return what === 'units' ? writtenUnits(list) : checked(what);
}

module.exports = { unitsOf };

if (require.main === module) {
  try {
    process.stdout.write(
      lines(process.argv.slice(2))
        .map((line) => `${line}\n`)
        .join(''),
    );
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
