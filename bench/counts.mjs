/**
 * What every hot path that a plan reaches costs a record, counted by callgrind: no clock, and no JavaScript in the process.
 *
 *   npm run bench:native -- [--against REF] [--only TEXT] [--records N] [--out FILE]
 *
 * With `--against` the commit REF is built beside, in .cache, and each plan is counted in both builds, with the same input:
 * what rose by more than the limits of lib/bench/counts.ts ends the program with 6, and the functions that grew are named.
 * Counts repeat to the instruction (bench/native/plan/turns.cpp). valgrind comes from Debian.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { AccessLog } from '../examples/support/log-lines.mjs';
import { folderOf } from '../test/tools/cmake.mjs';
import { root } from '../test/tools/process.mjs';
import { PROGRAMS } from './plans.mjs';
import { firstLine, machineFacts } from './support/machine.mjs';
import { columns, milestone, progress, writeResult } from './support/report.mjs';
import { runProcess } from './support/trials.mjs';

/** A plan costs more than before. */
const EXIT_SLOWER = 6;

const BATCH = 64;

/** Stated, because callgrind takes them from the machine otherwise. */
const CACHES = ['--I1=32768,8,64', '--D1=32768,8,64', '--LL=8388608,16,64'];
const CALLGRIND = ['--tool=callgrind', '--instr-atstart=no', '--cache-sim=yes', '--branch-sim=yes', ...CACHES];

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    only: { type: 'string', default: '' },
    records: { type: 'string', default: '20000' },
    out: { type: 'string' },
  },
});

/** Builds the library and the program of the tree at `folder`, and gives what is needed of it. */
async function built(folder, name) {
  milestone(`building ${name}`);
  const quiet = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync('npm', ['run', '-s', 'build:lib'], quiet);
  const build = `import { buildPreset } from './test/tools/cmake.mjs';
    const { ok, reason } = await buildPreset('plans');
    if (!ok) throw new Error(reason);`;
  execFileSync(process.execPath, ['--input-type=module', '-e', build], quiet);
  const { compile } = await import(pathToFileURL(join(folder, 'dist/index.js')).href);
  return { name, program: join(folder, folderOf('plans'), 'byteor_turns'), compile };
}

/** The tree of a commit, beside this one and with its packages. */
function treeOf(ref) {
  const commit = firstLine('git', 'rev-parse', '--verify', '--short=12', `${ref}^{commit}`);
  if (commit === undefined) {
    milestone(`--against ${ref}: there is no such commit.`);
    process.exit(2);
  }
  const folder = join(root, '.cache', `against-${commit}`);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 1 << 28 });
    execFileSync('tar', ['x'], { cwd: folder, input: archive });
    const lock = (at) => readFileSync(join(at, 'package-lock.json'), 'utf8');
    if (lock(folder) === lock(root)) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    else execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
  }
  if (!existsSync(join(folder, 'bench/native/plan/turns.cpp'))) {
    milestone(`--against ${ref}: that commit is older than this comparison; name a newer one.`);
    process.exit(2);
  }
  return { folder, commit };
}

/** Files with N and 2N lines; the shorter one is the beginning of the longer. */
function writeInputs(folder, records) {
  const log = new AccessLog();
  const lines = Array.from({ length: 2 * records }, () => `${log.line()}\n`);
  const paths = [join(folder, 'n.log'), join(folder, '2n.log')];
  writeFileSync(paths[0], lines.slice(0, records).join(''));
  writeFileSync(paths[1], lines.join(''));
  return paths;
}

/** Counts one plan in one build: two runs under callgrind. */
async function count(build, { name, plan, batch = BATCH }, inputs, folder, records) {
  const { parseCallgrind, countsOf } = await import('../dist/modules/bench/counts.js');
  const file = (end) => join(folder, `${build.name}-${name}-${end}`.replaceAll(/[^\w.-]/g, '_'));
  writeFileSync(file('spec'), build.compile(plan).spec);
  const profiles = await Promise.all(
    inputs.map(async (input, index) => {
      const out = file(`${index}.callgrind`);
      // A journal's folder is the working directory's, and new for each run.
      const ends = [`in=${input}`, 'out=/dev/null'];
      const args = [...CALLGRIND, `--callgrind-out-file=${out}`, build.program, file('spec'), String(batch), ...ends];
      await runProcess('valgrind', args);
      return parseCallgrind(readFileSync(out, 'utf8'));
    }),
  );
  return countsOf(profiles[0], profiles[1], records);
}

const two = (value) => value.toFixed(2);
const EVENTS = ['Ir', 'Dr', 'Dw', 'Bc', 'D1mr', 'D1mw'];

function print(results) {
  const rows = results.map(({ name, after, before }) => [
    name,
    ...EVENTS.map((event) => two(after.counts[event])),
    before === undefined ? '' : signed(after.counts.Ir - before.counts.Ir),
  ]);
  process.stdout.write(`${columns([['a record', ...EVENTS, 'Ir more'], ...rows])}\n`);
}

const signed = (value) => `${value < 0 ? '' : '+'}${two(value)}`;

async function main() {
  const records = Number(values.records);
  const machine = { ...machineFacts('npm run bench:native'), valgrind: firstLine('valgrind', '--version') ?? 'none' };
  const now = await built(root, 'this tree');
  const base = values.against === undefined ? undefined : treeOf(values.against);
  const then = base === undefined ? undefined : await built(base.folder, base.commit);
  const { grownFunctions, risesOf } = await import('../dist/modules/bench/counts.js');
  const folder = mkdtempSync(join(tmpdir(), 'byteor-counts-'));
  const results = [];
  try {
    const inputs = writeInputs(folder, records);
    for (const program of PROGRAMS.filter(({ name }) => name.includes(values.only))) {
      progress(program.name);
      const after = await count(now, program, inputs, folder, records);
      const before = then === undefined ? undefined : await count(then, program, inputs, folder, records);
      results.push({ name: program.name, after, before });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  print(results);
  for (const { name, after, before } of results) {
    const rises = before === undefined ? [] : risesOf(before.counts, after.counts);
    for (const { what, before: was, after: is } of rises) {
      process.exitCode = EXIT_SLOWER;
      process.stdout.write(`${name}: ${two(is)} ${what} a record, ${two(was)} before\n`);
    }
    if (rises.length === 0) continue;
    for (const [grown, more] of grownFunctions(before, after)) process.stdout.write(`  ${signed(more)} Ir  ${grown}\n`);
  }
  const plans = results.map(({ name, after, before }) => ({ name, counts: after.counts, before: before?.counts }));
  writeResult('counts', { machine, records, against: base?.commit, plans }, values.out);
}

await main();
