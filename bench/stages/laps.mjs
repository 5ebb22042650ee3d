/**
 * Plans with native ends beside each other, in pairs of processes, until the pairs tell (lib/cli/bench/measure.ts): the plug-in in C
 * beside the same op built in, and one line in a million that fails beside none, under each policy that goes on. Every lap
 * holds its counts against what they have to be (bench/stages/lap.mjs).
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lineProcess } from '../../dist/modules/bench/line-process.js';
import { measure } from '../../dist/modules/cli/bench/measure.js';
import { nativeAddon } from '../../dist/modules/runtime/native.js';
import { progress } from '../support/report.mjs';
import { KEPT, POISON, POLICIES, STAGE_PLANS, TARGET_NAMES } from './plans.mjs';

const LAP = fileURLToPath(new URL('./lap.mjs', import.meta.url));

/** Lines of a lap: it takes about a tenth of a second, so that to open and to sync a letter does not count. */
const LINES = 4e6;
/** One in so many fails. */
const PER_POISONED = 1e6;
/** Of the run that counts them all. */
const WHOLE = 1e8;
/** As the commands of `byteor bench` have it, and for the plug-in what is asked of it. */
const FLOORS = { failing: 0.03, filter: 0.1 };
/** A process that takes this long hangs. */
const LIMIT_MS = 300_000;

/** Lines of 8 bytes, the middle one of each million poisoned, and of 32 bytes, of which every other one is kept. */
function writeInputs(folder, lines) {
  const clean = Buffer.alloc(8 * lines, 'record.\n');
  const poisoned = Buffer.from(clean);
  const count = Math.max(1, Math.round(lines / PER_POISONED));
  for (let at = 0; at < count; at++)
    poisoned.write(`${POISON}.`, 8 * Math.floor(((at + 0.5) * lines) / count), 'latin1');
  const kept = Buffer.alloc(32 * lines, `${KEPT.padEnd(31, '.')}\n${'INFO'.padEnd(31, '.')}\n`);
  const files = Object.fromEntries(['clean', 'poisoned', 'mixed'].map((name) => [name, join(folder, `${name}.txt`)]));
  writeFileSync(files.clean, clean);
  writeFileSync(files.poisoned, poisoned);
  writeFileSync(files.mixed, kept);
  return { files, poisoned: count };
}

/** What a policy has to have counted. */
function countsOf(policy, records, failing) {
  const passes = policy === 'pass';
  const gone = passes ? 0 : failing;
  return {
    in: records,
    out: records - gone,
    failed: gone,
    stopped: 0,
    dropped: policy === 'drop' ? failing : 0,
    dead_lettered: policy === 'dead_letter' ? failing : 0,
    passed_failed: passes ? failing : 0,
    causes: failing === 0 ? {} : { REJECTED: failing },
  };
}

/** The pairs: `{ name, kind, a, b }`, where b is judged against a; each side `{ plan, input, counts, letters? }`. */
function pairsOf({ files, poisoned }, lines) {
  const filter = (plan) => ({ plan, input: files.mixed, counts: { in: lines, out: lines / 2, filtered: lines / 2 } });
  const failing = (target, policy, input, count) => ({
    plan: `${target}, failing, ${policy}`,
    input,
    counts: countsOf(policy, lines, count),
    letters: policy === 'dead_letter',
  });
  return TARGET_NAMES.flatMap((target) => [
    {
      name: `${target}: filter in C`,
      kind: 'filter',
      a: filter(`${target}, filter`),
      b: filter(`${target}, filter in C`),
    },
    ...POLICIES.map((policy) => ({
      name: `${target}: failing, ${policy}`,
      kind: 'failing',
      a: failing(target, policy, files.clean, 0),
      b: failing(target, policy, files.poisoned, poisoned),
    })),
  ]);
}

/** What a lap is asked, in a file; `input` may be another one than the side's. */
function writeRequest(folder, { plan, input, counts, letters }, library) {
  const place = mkdtempSync(join(folder, 'lap-'));
  const lettersFolder = letters ? join(place, 'letters') : undefined;
  const options = {
    ports: { in: { lines: input }, out: 'discard' },
    ...(plan.endsWith('in C') ? { stages: { starts_with: { library } } } : {}),
    ...(letters ? { deadLetters: { folder: lettersFolder } } : {}),
  };
  const request = join(place, 'request.json');
  writeFileSync(request, JSON.stringify({ plan: STAGE_PLANS.get(plan), options, letters: lettersFolder, counts }));
  return request;
}

/** A process that runs laps of a side. */
function lapsOf(request, runs) {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const { ask, end } = lineProcess(process.execPath, [LAP, request, String(runs)], { signal });
  return { lap: async () => JSON.parse(await ask()), end };
}

async function judgePair({ name, kind, a, b }, folder, library, seconds) {
  const requests = { against: writeRequest(folder, a, library), plan: writeRequest(folder, b, library) };
  const measured = await measure({
    start: (side, runs) => lapsOf(requests[side], runs),
    distance: (cpu, other) => nativeAddon().flagRoundTrip(cpu, other),
    cpus: availableParallelism(),
    // No pair is refused for its length: what there is time for is made.
    once: { run_seconds: 0, process_seconds: 0 },
    seconds,
    floor: FLOORS[kind],
    progress: (pairs) => progress(`${name}: ${pairs.length} pairs`),
  });
  if ('needed' in measured) return { verdict: 'none', pairs: 0, needed_seconds: measured.needed };
  const { verdict, change, interval, pairs, pairsNeeded, floor, same_side, samples } = measured.paired;
  return {
    ...{ verdict, change, interval, pairs, pairsNeeded, floor, same_side, runs_per_lap: measured.runs_per_lap },
    samples: samples.map(({ disturbed, log_ratio, laps }) => ({ disturbed, log_ratio, laps: laps.length })),
  };
}

/** A side once, over a pipe that carries its file so often that the records are as many as asked. */
async function runWhole(side, folder, times) {
  const pipe = join(mkdtempSync(join(folder, 'pipe-')), 'lines');
  execFileSync('mkfifo', [pipe]);
  const scaled = (value) => (typeof value === 'number' ? value * times : undefined);
  const counts = Object.fromEntries(
    Object.entries(side.counts).map(([key, value]) => [
      key,
      scaled(value) ?? Object.fromEntries(Object.entries(value).map(([cause, count]) => [cause, scaled(count)])),
    ]),
  );
  const request = writeRequest(folder, { ...side, input: pipe, counts });
  const { lap, end } = lapsOf(request, 1);
  const feeding = `i=0; while [ $i -lt ${times} ]; do cat "$0"; i=$((i + 1)); done > "$1"`;
  const feeder = spawn('sh', ['-c', feeding, side.input, pipe], { stdio: 'ignore' });
  try {
    const { seconds } = await lap();
    return { seconds: seconds[0], counts };
  } finally {
    feeder.kill();
    await end();
  }
}

/**
 * @param {{ only: string, seconds: number, scale: number, folder: string, library: string }} options `seconds` for the pairs of
 *   each; `library`: examples/plugins/starts_with.c, compiled
 * @returns {Promise<object[]>} a row a pair
 */
export async function comparePairs({ only, seconds, scale, folder, library }) {
  const lines = 2 * Math.round((LINES * scale) / 2);
  const inputs = writeInputs(folder, lines);
  const rows = [];
  for (const pair of pairsOf(inputs, lines).filter(({ name }) => name.includes(only))) {
    const { name, kind, a, b } = pair;
    const row = { name, plans: [a.plan, b.plan], records: lines, ...(await judgePair(pair, folder, library, seconds)) };
    if (kind === 'failing') {
      progress(`${name}: all records`);
      const times = Math.max(1, Math.round((WHOLE * scale) / lines));
      row.whole = {
        records: times * lines,
        without: await runWhole(a, folder, times),
        with: await runWhole(b, folder, times),
      };
    }
    rows.push(row);
  }
  for (const file of Object.values(inputs.files)) rmSync(file);
  return rows;
}
