/**
 * What plans cost a record, counted by callgrind: no clock, and no JavaScript in the process. Counts repeat to the
 * instruction (bench/native/plan/turns.cpp), and so does the simulated first cache but for a few misses.
 */

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AccessLog } from '../../examples/support/log-lines.mjs';
import { firstLine } from './machine.mjs';
import { endsOf, plannedOf } from './planned.mjs';
import { progress } from './report.mjs';
import { runProcess } from './trials.mjs';

/** Records a turn at most, where a program does not say. */
export const BATCH = 64;

/** Stated, because callgrind takes them from the machine otherwise. */
const CACHES = ['--I1=32768,8,64', '--D1=32768,8,64', '--LL=8388608,16,64'];
const CALLGRIND = ['--tool=callgrind', '--instr-atstart=no', '--cache-sim=yes', '--branch-sim=yes', ...CACHES];

const PATH = '/usr/local/bin:/usr/bin:/bin';

/** More than a 50th of a second under valgrind, and enough that start and end cancel. */
export const RECORDS = 20_000;

/** What counts depend on beside the source: they are compared only where all of it is equal. */
export function toolchain() {
  const flags = /^flags\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] ?? '';
  return {
    compiler: firstLine(process.env.CXX?.split(' ').at(-1) ?? 'g++', '--version') ?? 'none',
    libc: firstLine('getconf', 'GNU_LIBC_VERSION') ?? 'none',
    valgrind: firstLine('valgrind', '--version') ?? 'none',
    // valgrind shows programs no more than AVX2; with less, the C library would choose other functions.
    avx2: / avx2( |$)/.test(flags),
    batch: BATCH,
    records: RECORDS,
  };
}

/** Not the system's temporary folder: a journal knows its whole path, and its length moves what lies behind it in the heap. */
const FOLDER = '/tmp/byteor-counts-';

/**
 * Counts programs in builds, two runs of callgrind at a time.
 *
 * @param {object[]} builds as buildPlans gives them
 * @param {object[]} programs of bench/plans.mjs
 * @returns {Promise<{ program: object, counted: (object | undefined)[] }[]>} `counted` as countsOf gives it, by build;
 *   undefined where a build refuses the plan
 */
export async function countPlans(builds, programs) {
  const folder = mkdtempSync(FOLDER);
  try {
    const inputs = writeInputs(folder);
    const results = [];
    for (const program of programs) {
      progress(`counting: ${program.name}`);
      const counted = [];
      for (const build of builds) counted.push(await count(build, program, inputs, folder));
      results.push({ program, counted });
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files with N and 2N lines; the shorter one is the beginning of the longer. */
function writeInputs(folder) {
  const log = new AccessLog();
  const lines = Array.from({ length: 2 * RECORDS }, () => `${log.line()}\n`);
  const names = ['n1.log', 'n2.log'];
  writeFileSync(join(folder, names[0]), lines.slice(0, RECORDS).join(''));
  writeFileSync(join(folder, names[1]), lines.join(''));
  return names.map((name) => `../${name}`);
}

/**
 * Counts two runs that differ by some records, or, of what `open` does, by some stages: `larger` is then the same plan with
 * `more` stages more.
 */
async function count(build, { name, plan, batch = BATCH, larger, more, structs }, inputs, folder) {
  const { parseCallgrind, countsOf } = await import('../../dist/modules/bench/counts.js');
  const discarded = (id) => structs === true || id !== 'out';
  const specs = [plan, larger ?? plan].map((one) =>
    plannedOf(build, one, { ends: endsOf(one, discarded), options: { threads: 1 } }),
  );
  if (specs.includes(undefined)) return undefined;
  const what = larger === undefined ? 'turns' : 'open';
  // All of them end before their folders go.
  const settled = await Promise.allSettled(
    specs.map(async (spec, index) => {
      // The same words everywhere: environment and arguments lie on the stack, and where that and the heap begin decides a
      // tenth of a miss. A journal's folder is the working directory's, and is new for each run.
      const cwd = mkdtempSync(join(folder, `run${index}-`));
      const out = join(cwd, 'callgrind');
      writeFileSync(join(cwd, 'spec'), spec);
      symlinkSync(build.turns, join(cwd, 'turns'));
      const lines = larger === undefined ? inputs[index] : inputs[0];
      const [input, output] = structs ? [`structs:${(index + 1) * RECORDS}`, []] : [lines, ['out=/dev/null']];
      const args = [...CALLGRIND, '--callgrind-out-file=callgrind', './turns', what, 'spec', String(batch)];
      await runProcess('env', ['-i', `PATH=${PATH}`, 'valgrind', ...args, `in=${input}`, ...output], { cwd });
      const profile = parseCallgrind(readFileSync(out, 'utf8'));
      rmSync(cwd, { recursive: true, force: true });
      return profile;
    }),
  );
  const [small, large] = settled.map(({ value, reason }) => {
    if (reason !== undefined) throw new Error(`${name}, ${build.name}: ${reason.message}`);
    return value;
  });
  return countsOf(small, large, more ?? RECORDS);
}
