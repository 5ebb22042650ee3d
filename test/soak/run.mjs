/**
 * The long forms of tests that CI runs a tenth of: `npm run soak -- NAME…` (built, through npm). Each writes what became
 * of it, with machine, commit and command, to `test/soak/results/NAME.json`, which is committed.
 */

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { machineFacts } from '../../bench/support/machine.mjs';
import { buildPreset, folderOf } from '../tools/cmake.mjs';
import { buildAndTest } from '../tools/native.mjs';
import { root, run } from '../tools/process.mjs';
import { vitest } from '../tools/vitest.mjs';

const HOURS = 3600;

const HISTORIES = 10_000_000;

/** The histories of all seeds from 1 on, shared out over the CPUs; each kind of violation is listed, not only the first. */
async function histories() {
  const built = await buildPreset('plain');
  if (!built.ok) return { passed: 0, failed: 1, note: `the build failed: ${built.reason}` };
  const program = join(root, folderOf('plain'), 'byteor_tests');
  const parts = availableParallelism();
  const each = Math.ceil(HISTORIES / parts);
  const ended = await Promise.all(
    Array.from({ length: parts }, (_, part) => {
      const env = {
        BYTEOR_MODEL_SEED: `${1 + part * each}`,
        BYTEOR_MODEL_HISTORIES: `${each}`,
        BYTEOR_MODEL_LIST: '1',
      };
      return run(program, ['--gtest_filter=JournalModel.*InMemory*'], { env, seconds: 4 * HOURS });
    }),
  );
  const wrong = ended.filter(({ ok }) => !ok);
  return { passed: parts - wrong.length, failed: wrong.length, note: wrong.map(({ reason }) => reason).join('; ') };
}

/** What a soak repeats, how often, and how it is run: `run` resolves to `{ passed, failed, note }`. */
const soaks = {
  exit: {
    what: '13 ways to end a process or a worker, in each of 6 states of its pipeline, 50 times, rings and graphs in turn',
    run: () => vitest({ files: ['test/exit/exit.test.ts'], env: { BYTEOR_EXIT_REPEATS: '50' }, seconds: 2 * HOURS }),
  },
  kill: {
    what: '204 processes ended by SIGKILL at a moment of chance, 34 one after the other over each of 6 journals',
    run: () => vitest({ files: ['test/exit/kill.test.ts'], env: { BYTEOR_KILL_REPEATS: '34' }, seconds: 1 * HOURS }),
  },
  delivered: {
    what: '200 processes ended by SIGKILL at a moment of chance, 100 one after the other over each of 2 plans that write a file',
    run: () =>
      vitest({
        files: ['test/exit/delivered-kill.test.ts'],
        env: { BYTEOR_DELIVERED_KILLS: '100' },
        seconds: 1 * HOURS,
      }),
  },
  stress: {
    what: '500 random rings and 500 random graphs for each of the stress tests',
    run: () =>
      buildAndTest('plain', {
        only: '^(RingStress|LaneStress)\\.',
        env: { BYTEOR_STRESS_ROUNDS: '500' },
        seconds: 1 * HOURS,
      }),
  },
  model: {
    what: '10,000,000 random histories of a journal on a disk in memory, judged by a model of what it owes',
    run: histories,
  },
  region: {
    what: '10,000 running pipelines, 1,000,000 stray writes into their regions, under AddressSanitizer',
    run: () =>
      buildAndTest('asan', {
        only: '^HostileRegion\\.',
        env: { BYTEOR_HOSTILE_PIPELINES: '10000' },
        seconds: 2 * HOURS,
      }),
  },
};

function usage(problem) {
  const rows = Object.entries(soaks).map(([name, { what }]) => `  ${name.padEnd(9)} ${what}`);
  process.stderr.write(`${problem}\nUsage: npm run soak -- NAME…\n${rows.join('\n')}\n`);
  process.exit(2);
}

const names = process.argv.slice(2);
if (names.length === 0) usage('No soak was named.');
for (const name of names) if (!Object.hasOwn(soaks, name)) usage(`There is no soak ${JSON.stringify(name)}.`);

for (const name of names) {
  const facts = machineFacts(`npm run soak -- ${name}`);
  const start = performance.now();
  const { passed, failed, note } = await soaks[name].run();
  const seconds = Math.round((performance.now() - start) / 1000);
  const result = { what: soaks[name].what, passed, failed, seconds, ...(note && { note }), ...facts };
  writeFileSync(join(root, `test/soak/results/${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${name}: ${passed} passed, ${failed} failed in ${seconds} s\n`);
  if (failed > 0) process.exitCode = 1;
}
