/**
 * `npm run api-docs [-- --check]`: docs/api, the reference made of the docstrings. Its entry points are the `exports` of
 * package.json, read as users' compilers read them: the built declarations. Fails where a name has no doc comment or a
 * link of a comment leads nowhere; with --check, also where docs/api is not what it would be. Needs `npm run build:lib` and
 * `npm ci --prefix tools/api-docs`.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = join(root, 'docs', 'api');

/** Subpath of the package → its declarations. Where conditions differ, the first: what `import` gets. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports).flatMap((entry) => declarationsOf(entry) ?? []);
}

function declarationsOf(entry) {
  if (typeof entry !== 'object') return undefined;
  if (typeof entry.types === 'string') return join(root, entry.types);
  // A condition may want what the others do not have; `import` is what the documents show.
  return (
    declarationsOf(entry.import) ??
    Object.values(entry)
      .map(declarationsOf)
      .find((found) => found !== undefined)
  );
}

/** Names that the compiler needs and no user reads: the mark of a checked plan, and patterns that infer. */
const UNDOCUMENTED = ['CheckedPlan.__type.[checked]', 'RecordOf.__type.kind', 'RecordOf.__type.fields'].map(
  (name) => `index.${name}`,
);

async function makeInto(folder) {
  const app = await Application.bootstrapWithPlugins({
    name: 'byteor',
    entryPoints: entryPoints(),
    tsconfig: join(root, 'tools', 'api-docs', 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    out: folder,
    readme: 'none',
    // Neither line numbers nor addresses of a repository: they change with every commit, or with every clone.
    disableSources: true,
    disableGit: true,
    githubPages: false,
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeExternals: true,
    sort: ['kind', 'alphabetical'],
    hidePageHeader: true,
    hideBreadcrumbs: true,
    indexFormat: 'table',
    useCodeBlocks: true,
    expandObjects: true,
    parametersFormat: 'table',
    propertyMembersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    enumMembersFormat: 'table',
    // Types that only the compiler reads are named in signatures and have no page.
    validation: { notExported: false, invalidLink: true, notDocumented: true },
    requiredToBeDocumented: [
      'Variable',
      'Function',
      'Class',
      'Interface',
      'Property',
      'Method',
      'Accessor',
      'TypeAlias',
    ],
    intentionallyNotDocumented: UNDOCUMENTED,
    logLevel: 'Warn',
  });
  const project = await app.convert();
  if (project === undefined) return false;
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) return false;
  await app.generateOutputs(project);
  return true;
}

/** Path below the folder → content. */
const filesOf = (folder) =>
  existsSync(folder)
    ? new Map(
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
      )
    : new Map();

function differences(made, stored) {
  return [...new Set([...made.keys(), ...stored.keys()])].sort().filter((path) => made.get(path) !== stored.get(path));
}

const check = process.argv.includes('--check');
const folder = mkdtempSync(join(tmpdir(), 'byteor-api-docs-'));
try {
  if (!(await makeInto(folder))) {
    console.error('Give each exported name and each member a doc comment, and mend the links; nothing was written.');
    process.exitCode = 1;
  } else {
    const changed = differences(filesOf(folder), filesOf(target));
    if (check && changed.length > 0) {
      console.error(`docs/api is not what the docstrings say: ${changed.join(', ')}. Run \`npm run api-docs\`.`);
      process.exitCode = 1;
    } else if (!check) {
      rmSync(target, { recursive: true, force: true });
      cpSync(folder, target, { recursive: true });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
