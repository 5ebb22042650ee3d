import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/**
 * Who may know whom. Data flows one way through the folders, and only this test keeps it so: the pure half of lib/ runs without
 * the addon, the C++ core runs without JavaScript, and the hot folders know nothing of those that allocate.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));

const LINES_MAX = 600;

/** Paths of the files below a folder, relative to the root; build folders hold what is generated, third-party what is of others. */
function filesBelow(folder: string, ending: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return /^(build|third-party)/.test(entry.name) ? [] : filesBelow(path, ending);
    return ending.test(entry.name) ? [path] : [];
  });
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** What a TypeScript file imports, re-exports or loads later, types included; relative ones as paths from the root. */
function importsOf(path: string): string[] {
  const specifier = /(?:\bfrom\s+|\bimport\s+|\bimport\s*\(\s*)'([^'\s]+)'/g;
  return [...read(path).matchAll(specifier)].map(([, name]) => {
    const given = name as string;
    return given.startsWith('.') ? relative(root, resolve(root, dirname(path), given)) : given;
  });
}

/** The files of lib/ that a file imports, types included. */
const sourcesImportedBy = (path: string): string[] =>
  importsOf(path)
    .map((name) => name.replace(/\.js$/, '.ts'))
    .filter((name) => name.startsWith('lib/'));

/** Each way round in a graph of files, once: `a > b > a`. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) found.push([...way.slice(at), path].join(' > '));
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}

/** What a C++ file includes with quotes (from native/) or angle brackets. */
function includesOf(path: string): { quoted: string[]; angled: string[] } {
  const all = [...read(path).matchAll(/^\s*#\s*include\s*(["<])([^">]+)[">]/gm)];
  const of = (bracket: string) => all.filter((match) => match[1] === bracket).map((match) => match[2] as string);
  return { quoted: of('"'), angled: of('<') };
}

/** The files of lib/ that a file needs when it runs: what it imports but for types, and what those import. */
function reachedFrom(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const text = read(path).replace(/\b(?:import|export) type [^;]*;/g, '');
  for (const [, name] of text.matchAll(/\bfrom\s+'(\.[^']+)\.js'/g))
    reachedFrom(relative(root, resolve(root, dirname(path), `${name}.ts`)), seen);
  return [...seen];
}

const typescript = filesBelow('lib', /\.ts$/);
const cpp = filesBelow('native', /\.(cpp|hpp|h)$/);

/** Which folders of native/ a file of the named folder may include, besides its own. */
const NATIVE_MAY_INCLUDE: Readonly<Record<string, readonly string[]>> = {
  abi: [],
  // Bounds-checked reading of what crosses from TypeScript.
  decode: ['abi', 'core'],
  core: ['abi'],
  // JSON in place.
  json: ['abi', 'core'],
  // Compiled expressions, and their evaluation over a record.
  expression: ['abi', 'core', 'decode', 'json'],
  // A stage's role is a template over its op, so that no record costs a virtual call: it knows what an op answers.
  lane: ['abi', 'core', 'op'],
  op: ['abi', 'core', 'decode', 'expression'],
  // Likewise a stage of a ring, and what becomes of a record that fails in it stands with the lanes that letters go to.
  ring: ['abi', 'core', 'op', 'lane'],
  platform: ['abi', 'core'],
  // The ends of a graph are what adapters read and write; journals are what `replay` reads.
  adapter: ['abi', 'core', 'lane', 'op', 'journal', 'graph', 'platform'],
  journal: ['abi', 'core', 'lane', 'op', 'platform'],
  // Libraries of users as ops, behind the header that ships.
  plugin: ['abi', 'core', 'op'],
  graph: ['abi', 'core', 'decode', 'lane', 'op', 'ring', 'journal', 'plugin'],
  run: ['abi', 'core', 'lane', 'op', 'graph', 'adapter', 'journal', 'platform', 'plugin'],
  addon: [
    'abi',
    'core',
    'json',
    'expression',
    'lane',
    'op',
    'graph',
    'adapter',
    'journal',
    'platform',
    'run',
    'plugin',
  ],
};

/** Which folders of lib/ a file of the named folder may import, types included, besides its own. */
const LIB_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  abi: [],
  plan: ['abi'],
  // What makes programs of CEL's text.
  expression: ['abi', 'plan'],
  validate: ['abi', 'plan', 'expression'],
  lower: ['abi', 'plan', 'expression'],
  layout: ['abi', 'plan', 'lower'],
  version: ['abi', 'plan', 'validate', 'lower', 'layout'],
  describe: ['plan', 'lower', 'layout', 'version'],
  view: ['abi', 'plan', 'version', 'describe'],
  // Readers of a region, in this process or another: they know no handle, no error of ours and no addon.
  region: ['abi', 'plan'],
  observe: ['abi', 'region'],
  error: ['abi', 'region'],
  channel: ['abi', 'region'],
  handle: ['abi', 'plan', 'region', 'error', 'channel'],
  // Stages on a thread of JavaScript.
  host: ['abi', 'plan', 'lower', 'region', 'error', 'channel', 'handle'],
  // What adapters take, before anything is opened: `open`, the command line and completion ask the same table.
  adapter: ['plan'],
  runtime: ['abi', 'plan', 'lower', 'layout', 'version', 'region', 'error', 'channel', 'handle', 'host', 'adapter'],
  bench: ['region'],
  cli: [
    'abi',
    'plan',
    'expression',
    'validate',
    'lower',
    'layout',
    'version',
    'describe',
    'view',
    'region',
    'observe',
    'error',
  ].concat(['channel', 'handle', 'adapter', 'runtime', 'bench']),
};

test('the test sees the files that it judges', () => {
  expect(typescript).toContain('lib/index.ts');
  expect(cpp).toContain('native/abi/abi_generated.hpp');
});

describe('C++', () => {
  test('every folder of native/ has a stated place', () => {
    const folders = new Set(cpp.map((path) => path.split('/')[1] as string));
    expect([...folders].filter((folder) => !Object.hasOwn(NATIVE_MAY_INCLUDE, folder))).toEqual([]);
  });

  test('a folder includes only the folders below it', () => {
    const wrong = cpp.flatMap((path) => {
      const own = path.split('/')[1] as string;
      const allowed = [own, ...(NATIVE_MAY_INCLUDE[own] ?? [])];
      return includesOf(path)
        .quoted.filter((name) => !allowed.includes(name.split('/')[0] as string))
        .map((name) => `${path} includes "${name}"`);
    });
    expect(wrong).toEqual([]);
  });

  test('quoted includes are written from native/, so that every include of a file looks the same', () => {
    const wrong = cpp.flatMap((path) =>
      includesOf(path)
        .quoted.filter((name) => !existsSync(join(root, 'native', name)))
        .map((name) => `${path} includes "${name}"`),
    );
    expect(wrong).toEqual([]);
  });

  test('only native/addon knows JavaScript', () => {
    const knows = /^(napi|node_api|node|uv|v8)\b.*\.h$|^js_native_api/;
    const wrong = cpp.filter((path) => {
      const { quoted, angled } = includesOf(path);
      return !path.startsWith('native/addon/') && [...quoted, ...angled].some((name) => knows.test(name));
    });
    expect(wrong).toEqual([]);
  });

  test('nothing uses a stand-alone fence, which ThreadSanitizer misreads', () => {
    expect(cpp.filter((path) => /\batomic_(thread|signal)_fence\b/.test(read(path)))).toEqual([]);
  });

  test('every C++ source is in native/sources.json, so that both builds compile it', () => {
    const listed = Object.values(JSON.parse(read('native/sources.json')) as Record<string, string[]>).flat();
    const programs = filesBelow('test/native', /_test\.cpp$/);
    const unlisted = [...cpp.filter((path) => path.endsWith('.cpp')), ...programs].filter(
      (path) => !listed.includes(path),
    );
    expect(unlisted).toEqual([]);
  });
});

describe('TypeScript', () => {
  test('only lib/runtime/native.ts loads the addon', () => {
    const loads = /process\.dlopen|bindings\(|\brequire\(path\)/;
    expect(typescript.filter((path) => loads.test(read(path)))).toEqual(['lib/runtime/native.ts']);
  });

  test('only lib/runtime/binary.ts knows the names of binaries', () => {
    expect(typescript.filter((path) => /\.node['"`]/.test(read(path)))).toEqual(['lib/runtime/binary.ts']);
  });

  test('nothing that byteor/plan reaches imports anything of Node, or uses what only Node has', () => {
    const reached = reachedFrom('lib/plan.ts');
    expect(reached).toContain('lib/validate/validate.ts');
    const wrong = reached.filter(
      (path) => importsOf(path).some((name) => name.startsWith('node:')) || /\b(Buffer|process)\./.test(read(path)),
    );
    expect(wrong).toEqual([]);
  });

  test('nothing that byteor/observe reaches loads the addon', () => {
    const reached = reachedFrom('lib/observe.ts');
    expect(reached).toContain('lib/region/region.ts');
    expect(reached).not.toContain('lib/runtime/native.ts');
  });

  const folderOf = (path: string): string | undefined => /^lib\/([^/]+)\//.exec(path)?.[1];

  test('every folder of lib/ has a stated place', () => {
    const folders = new Set(typescript.flatMap((path) => folderOf(path) ?? []));
    expect([...folders].sort()).toEqual(Object.keys(LIB_MAY_IMPORT).sort());
  });

  test('a folder imports only the folders below it', () => {
    const wrong = typescript.flatMap((path) => {
      const own = folderOf(path);
      if (own === undefined) return [];
      const allowed = [own, ...(LIB_MAY_IMPORT[own] ?? [])];
      // The command line is the one reader of the programs' own entries.
      return importsOf(path)
        .filter((name) => name.startsWith('lib/') && !(own === 'cli' && folderOf(name) === undefined))
        .filter((name) => !allowed.includes(folderOf(name) ?? ''))
        .map((name) => `${path} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test('no file imports itself by a detour, types included', () => {
    expect(cyclesOf(new Map(typescript.map((path) => [path, sourcesImportedBy(path)])))).toEqual([]);
  });

  test('installing the package brings nothing along: what the library imports is bundled', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
    const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies'];
    expect(kinds.filter((kind) => manifest[kind] !== undefined)).toEqual([]);
    const bundled = manifest.devDependencies ?? {};
    const packageOf = (name: string) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(name)?.[0] ?? name;
    const wrong = typescript.flatMap((path) =>
      importsOf(path)
        .filter((name) => !name.startsWith('lib/') && !name.startsWith('node:'))
        .filter((name) => !Object.hasOwn(bundled, packageOf(name)))
        .map((name) => `${path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

test(`no file of ours is longer than ${LINES_MAX} lines`, () => {
  const written = [...typescript, ...cpp].filter((path) => !/_generated\.hpp$/.test(path));
  const lines = (path: string) => read(path).split('\n').length - 1;
  expect(written.filter((path) => lines(path) > LINES_MAX).map((path) => `${path}: ${lines(path)}`)).toEqual([]);
});

test('the search for cycles finds one through three files, and none in a tree', () => {
  const tree = new Map([
    ['a', ['b', 'c']],
    ['b', ['c']],
    ['c', []],
  ]);
  expect(cyclesOf(tree)).toEqual([]);
  expect(cyclesOf(new Map([...tree, ['c', ['a']]]))).toEqual(['a > b > c > a']);
});
