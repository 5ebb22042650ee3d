import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ended } from './checkout.js';
import { installed, louderPlan } from './installed.js';
import { installTools, needTool } from './tools.js';

/** The declarations of the package, for every compiler from TypeScript 5.4 on, read whole: `skipLibCheck` is off. */

const plan = louderPlan('typed');

/** A user's TypeScript: each line below a ts-expect-error must not compile, the rest must. */
const PROGRAM = `
import { compile, definePlan, type Ledger, OP_CATALOG, open, PushStatus } from 'byteor';
import { observedPipelines, readLedger, readRegionFile, readSnapshot } from 'byteor/observe';
import { type Validation, validate } from 'byteor/plan';
const version = compile(definePlan(${JSON.stringify(plan, null, 2)}));
const pipeline = open(version);
const status: PushStatus = pipeline.ingress('in').tryPush('a');
export const lines: AsyncIterable<string> = pipeline.egress('out');
export const ledger: Promise<Ledger> = pipeline.stop();
export const full: boolean = status === PushStatus.FULL;
export const checked: Validation = validate({});
export const ops: number = OP_CATALOG.size;
export const seen = observedPipelines().map(({ path }): [string, boolean] => {
  const bytes = readRegionFile(path);
  return [readSnapshot(bytes).state, readLedger(bytes).balanced];
});
// @ts-expect-error no such boundary
pipeline.ingress('nowhere');
// @ts-expect-error an egress is not an ingress
pipeline.ingress('out');
// @ts-expect-error a utf8 record is a string
pipeline.ingress('in').tryPush(1);
`;

/** Plans alone, where there is neither Node nor a page. */
const BROWSER_PROGRAM = `
import { compile, definePlan } from 'byteor/plan';
export const id: string = compile(definePlan(${JSON.stringify(plan)})).id;
`;

const COMMON = { strict: true, noEmit: true, target: 'es2022', skipLibCheck: false };

const user = installed(async ({ cwd }) => {
  await installTools();
  for (const name of ['@types/node', 'undici-types']) {
    const place = join(cwd, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    cpSync(needTool(name), place, { recursive: true });
  }
  for (const file of ['program.mts', 'program.cts']) writeFileSync(join(cwd, file), PROGRAM);
  writeFileSync(join(cwd, 'browser.ts'), BROWSER_PROGRAM);
  const projects = {
    node: {
      compilerOptions: { ...COMMON, module: 'nodenext', lib: ['es2023', 'esnext.disposable'], types: ['node'] },
      files: ['program.mts', 'program.cts'],
    },
    bundler: {
      compilerOptions: { ...COMMON, module: 'esnext', moduleResolution: 'bundler', lib: ['es2023'], types: [] },
      files: ['browser.ts'],
    },
  };
  for (const [name, project] of Object.entries(projects))
    writeFileSync(join(cwd, `${name}.json`), JSON.stringify(project));
});

const OWN = fileURLToPath(new URL('../../node_modules/typescript', import.meta.url));

const COMPILERS: readonly (readonly [name: string, folder: () => string])[] = [
  ['TypeScript 5.4', () => needTool('typescript5.4')],
  ['the last TypeScript 5', () => needTool('typescript5')],
  ['TypeScript 7', () => OWN],
];

test.each(COMPILERS)(
  '%s compiles a program as ES module and as CommonJS, and tells a record from a wrong one',
  async (_, folder) => {
    const outcome = await ended(process.execPath, [join(folder(), 'bin', 'tsc'), '-p', 'node.json'], user());
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
  },
);

test.each(COMPILERS)('%s compiles a program for a browser that only knows plans', async (_, folder) => {
  const outcome = await ended(process.execPath, [join(folder(), 'bin', 'tsc'), '-p', 'bundler.json'], user());
  expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('the declarations name nothing that installing byteor does not bring along, but for Node', () => {
  const types = join(user().cwd, 'node_modules/byteor/dist/types');
  const foreign = readdirSync(types, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.d.ts'))
    .flatMap((path) => [...readFileSync(join(types, path), 'utf8').matchAll(/(?:\bfrom\s+|\bimport\()'([^'.][^']*)'/g)])
    .map(([, name]) => name as string)
    .filter((name) => !name.startsWith('node:'));
  expect(foreign).toEqual([]);
});

test('the declarations of what only the library itself uses do not ship', () => {
  const shipped = user().packed.files.filter((path) => path.endsWith('.d.ts'));
  expect(shipped).toContain('dist/types/runtime/pipeline.d.ts');
  expect(
    shipped.filter((path) => /runtime\/(native|border|host|binary|package-root)|cli\/|abi\/generate/.test(path)),
  ).toEqual([]);
});
