/**
 * How long `await import('byteor')` takes inside a running Node process, against the library as it was before it was bundled
 * (commit 768d6cd: a file a module, yaml and zod among them), and what the entry points that are lighter take.
 *
 *   node bench/import.mjs [--rounds N] [--busy] [--out FILE]
 *
 * The old one is checked out and built in .cache/ once, which needs the npm registry. Files are in the page cache; Node's own
 * compile cache is off, as it is by default.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/tools/process.mjs';
import { machineFacts } from './support/machine.mjs';
import { columns, milestone, short, writeResult } from './support/report.mjs';
import { spread } from './support/stats.mjs';
import { OTHERS_MAX, pairedRatio, runProcess, runRounds, valuesOf } from './support/trials.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    busy: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const BEFORE = '768d6cd';
const OLD = `byteor at ${BEFORE}`;

/** The folder of the old library, built. */
function oldLibrary() {
  const folder = join(root, '.cache', `bench-import-${BEFORE}`);
  if (existsSync(join(folder, 'dist/index.js'))) return folder;
  milestone(`import: building ${BEFORE}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const quiet = { cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] };
  const archive = execFileSync('git', ['archive', BEFORE], { cwd: root, maxBuffer: 1 << 28 });
  execFileSync('tar', ['x'], { ...quiet, input: archive });
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], quiet);
  execFileSync('npm', ['run', '-s', 'build:lib'], quiet);
  return folder;
}

/** Checks that it got a library, and says how long that took and what CPU time the whole process has cost. */
const PROGRAM = `
const start = performance.now();
const found = await import(process.argv[1]);
const milliseconds = performance.now() - start;
const { user, system } = process.cpuUsage();
if (Object.keys(found).length < 3) throw new Error('this is no library');
console.log(JSON.stringify({ milliseconds, cpu_seconds: (user + system) / 1e6 }));
`;

async function main() {
  const machine = machineFacts('npm run bench -- import');
  const files = {
    byteor: join(root, 'dist/index.js'),
    'byteor/plan': join(root, 'dist/plan.js'),
    'byteor/observe': join(root, 'dist/observe.js'),
    [OLD]: join(oldLibrary(), 'dist/index.js'),
  };
  const rounds = Number(values.rounds);
  const { results, disturbed } = await runRounds(
    Object.keys(files),
    rounds,
    async (name) => {
      const { stdout } = await runProcess(process.execPath, ['--input-type=module', '-e', PROGRAM, files[name]]);
      return JSON.parse(stdout);
    },
    'import',
    values.busy ? Number.POSITIVE_INFINITY : OTHERS_MAX,
  );
  const contestants = Object.fromEntries(
    Object.keys(files).map((name) => [
      name,
      {
        milliseconds: spread(valuesOf(results, name, 'milliseconds')),
        to_before: pairedRatio(results, name, OLD, 'milliseconds')?.median ?? null,
      },
    ]),
  );
  const rows = Object.entries(contestants).map(([name, { milliseconds: ms, to_before }]) => [
    ...[name, short(ms.median), short(ms.min), short(ms.max)],
    to_before === null ? '' : `${short(to_before)}x`,
    ms.n,
  ]);
  process.stdout.write(`${columns([['ms', 'median', 'min', 'max', `of ${BEFORE}`, 'trials'], ...rows])}\n`);
  if (disturbed > 0) milestone(`${disturbed} trials did not count: others used the machine`);
  writeResult('import', { machine, rounds, busy: values.busy, disturbed, contestants }, values.out);
}

await main();
