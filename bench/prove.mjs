/**
 * Whether the verdicts of `npm run bench:native` can be believed: runs of which the right answer is known.
 *
 *   npm run bench:prove -- [--runs N] [--slower N] [--seconds N] [--only TEXT] [--skip-seeds] [--out FILE]
 *
 * By time, over one plan (`--only`, the plan "ring"): a build against itself (`--runs`, 100), and against itself with 5 % more
 * records on one side (`--slower`, 20). By counts, with changes seeded into the ring's producer of a copy of the last commit:
 * one store a record, one cache line a record, and a comment. By time the seeded changes may be anything but faster, and the
 * comment is the same. Needs a machine that does nothing else. Ends with 1 where a promise does not hold.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/tools/process.mjs';
import { PROGRAMS } from './plans.mjs';
import { machineFacts } from './support/machine.mjs';
import { buildPlans } from './support/plan-builds.mjs';
import { countPlans, toolchain } from './support/plan-counts.mjs';
import { pairPlans } from './support/plan-laps.mjs';
import { milestone, writeResult } from './support/report.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    slower: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string', default: 'ring' },
    'skip-seeds': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const FLOOR = 0.03;
const MORE = 0.05;
const seconds = Number(values.seconds);
const program = PROGRAMS.find(({ name }) => name === values.only);
if (program === undefined) throw new Error(`--only ${values.only}: no plan of bench/plans.mjs has that name.`);

/** What stands in the place of a line of native/core/producer.hpp, which every record of a ring passes. */
const PLACE = { file: 'native/core/producer.hpp', line: '    if (ring_.word_bytes != 0) publish_word();\n' };
const SEEDS = [
  {
    name: 'one store a record',
    found: true,
    text: '    static volatile std::uint64_t seeded;\n    seeded = next_;\n',
  },
  {
    name: 'one cache line a record',
    found: true,
    text: '    static volatile std::uint64_t seeded[1 << 16];\n    seeded[(next_ * 8) & 0xffff] = next_;\n',
  },
  { name: 'a comment', found: false, text: '    // Seeded.\n' },
];

const promises = [];
function promise(words, holds) {
  promises.push({ words, holds });
  milestone(`${holds ? 'holds' : 'BROKEN'}: ${words}`);
}

/** One run of the plan: its verdict without its samples. */
async function verdictOf(builds, more = 0) {
  const begin = performance.now();
  const [{ paired, records }] = await pairPlans(builds, [program], { floor: FLOOR, seconds, more });
  const { verdict, change, interval, pairs, samples } = paired;
  const took = (performance.now() - begin) / 1000;
  milestone(`${verdict} ${(100 * change).toFixed(2)} %, ${pairs} of ${samples.length} pairs, ${took.toFixed(0)} s`);
  return { verdict, change, interval, pairs, pairs_made: samples.length, records, seconds: took };
}

async function runsOf(count, builds, more) {
  const runs = [];
  for (let run = 0; run < count; run++) runs.push(await verdictOf(builds, more));
  return runs;
}

const countOf = (runs, ...verdicts) => runs.filter(({ verdict }) => verdicts.includes(verdict)).length;

/** A copy of the last commit in which the seed stands. */
async function seeded({ name, text }) {
  const folder = join(root, '.cache', `seeded-${name.replaceAll(' ', '-')}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['x'], {
    cwd: folder,
    input: execFileSync('git', ['archive', 'HEAD'], { cwd: root, maxBuffer: 1 << 28 }),
  });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, PLACE.file);
  const source = readFileSync(file, 'utf8');
  if (source.split(PLACE.line).length !== 2)
    throw new Error(
      `${PLACE.file} does not have the line that seeds follow; say in bench/prove.mjs where they stand now.`,
    );
  writeFileSync(file, source.replace(PLACE.line, `${PLACE.line}${text}`));
  return await buildPlans(folder, name);
}

async function proveSeed(now, seed) {
  const { risesOf } = await import('../dist/modules/bench/counts.js');
  const build = await seeded(seed);
  const rings = PROGRAMS.filter(({ name, larger }) => larger === undefined && name.startsWith('ring'));
  const results = await countPlans([now, build], rings);
  const rises = results.map(({ program: { name }, counted: [before, after] }) => ({
    name,
    rises: risesOf(before.counts, after.counts, 0),
  }));
  const rose = rises.filter((one) => one.rises.length > 0).length;
  promise(
    `${seed.name}: counts rise in ${rose} of ${rises.length} plans over a ring`,
    rose === (seed.found ? rises.length : 0),
  );
  const time = await verdictOf({ a: now, b: build });
  promise(`${seed.name}: ${time.verdict} by time`, seed.found ? time.verdict !== 'faster' : time.verdict === 'same');
  return { name: seed.name, rises, time };
}

const now = await buildPlans(root, 'this tree');
const result = {
  machine: { ...machineFacts(`npm run bench:prove -- ${process.argv.slice(2).join(' ')}`), ...toolchain() },
  program: program.name,
};

result.same = await runsOf(Number(values.runs), { a: now, b: now });
const wrong = countOf(result.same, 'faster', 'slower');
const same = countOf(result.same, 'same');
promise(
  `a build against itself: ${same} of ${result.same.length} same, ${wrong} wrong`,
  wrong <= 0.01 * result.same.length && same >= 0.8 * result.same.length,
);
result.slower = await runsOf(Number(values.slower), { a: now, b: now }, MORE);
const found = countOf(result.slower, 'slower');
promise(`5 % more to do: ${found} of ${result.slower.length} slower`, found >= 0.9 * result.slower.length);
result.seeds = [];
if (!values['skip-seeds']) for (const seed of SEEDS) result.seeds.push(await proveSeed(now, seed));
result.promises = promises;
writeResult('prove', result, values.out);
if (promises.some(({ holds }) => !holds)) process.exitCode = 1;
