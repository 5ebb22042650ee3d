/**
 * Records from JavaScript through native stages and back, against what a Node program would use otherwise: messages to a
 * worker, rings over shared memory, streams and queues in one thread.
 *
 *   node bench/echo.mjs [--rounds N] [--only TEXT] [--scale X] [--busy] [--out FILE]
 *
 * Every trial is a process (bench/echo/trial.mjs) that checks number and sum of what came back. Peers that are not
 * installed (npm run bench:peers) are left out by name. --busy also counts trials that others have disturbed.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/tools/process.mjs';
import { planArguments } from './support/contest-specs.mjs';
import { machineFacts } from './support/machine.mjs';
import { BUILD, buildPrograms } from './support/native-build.mjs';
import { columns, milestone, short, writeResult } from './support/report.mjs';
import { round, spread } from './support/stats.mjs';
import { pairedRatio, runProcess, runRounds, valuesOf } from './support/trials.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    busy: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

/** Contestants with the records of one trial, so that it takes about half a second, and the package it needs. */
const CONTESTANTS = [
  ['byteor, in place, 8 B', 20e6],
  ['byteor, tryPush, 8 B', 10e6],
  ['byteor, in place, 64 B', 10e6],
  ['byteor, in place, shown each, 64 B', 3e6],
  ['byteor, tryPush, 64 B', 6e6],
  ['byteor, columns, 64 B', 10e6],
  ['byteor, in place, one way, 64 B', 10e6],
  ['byteor, tryPush, one way, 64 B', 10e6],
  ['byteor, columns, one way, 64 B', 15e6],
  ['C++, one way, 64 B', 6e6],
  ['postMessage, an object each', 0.25e6],
  ['postMessage, a 64 B array each', 0.15e6],
  ['postMessage, 100 objects a message', 0.5e6],
  ['postMessage, 100 x 64 B a message', 5e6],
  ['Atomics ring by hand, 64 a publish', 10e6],
  ['Atomics ring by hand, shown each', 5e6],
  ['Atomics ring by hand, 64 a publish, one way', 15e6],
  ['Atomics ring by hand, shown each, one way', 6e6],
  ['ringbuf.js, 64 records a call', 3e6, 'ringbuf.js'],
  ['ringbuf.js, a record a call', 1.5e6, 'ringbuf.js'],
  ['3 stages: byteor, in place', 10e6],
  ['3 stages: byteor, tryPush', 6e6],
  ['3 stages: byteor, columns', 12e6],
  ['3 stages: Node streams', 1.5e6],
  ['3 stages: rxjs', 8e6, 'rxjs'],
  ['3 stages: fastq', 2e6, 'fastq'],
  ['round trip: byteor, polling', 200e3],
  ['round trip: byteor, await ready()', 100e3],
  ['round trip: postMessage', 10e3],
  ['round trip: Atomics, both spinning', 200e3],
  ['idle: byteor', 1],
  ['idle: Node alone', 1],
];

/** What is compared above all: side by side in a round. */
const groupOf = (name) => /one way|^3 stages|^round trip|^idle/.exec(name)?.[0] ?? 'there and back';

/** Idling takes four seconds and hardly varies. */
const IDLE_ROUNDS = 2;

/** The comparisons that the report states: a paired ratio of two contestants' rates. */
const COMPARISONS = [
  ['byteor, in place, 64 B', 'postMessage, an object each'],
  ['byteor, in place, 64 B', 'postMessage, a 64 B array each'],
  ['byteor, in place, 64 B', 'postMessage, 100 x 64 B a message'],
  ['byteor, in place, shown each, 64 B', 'postMessage, an object each'],
  ['byteor, tryPush, 64 B', 'postMessage, an object each'],
  ['byteor, in place, 64 B', 'ringbuf.js, 64 records a call'],
  ['byteor, tryPush, 64 B', 'ringbuf.js, a record a call'],
  ['byteor, in place, 64 B', 'Atomics ring by hand, 64 a publish'],
  ['byteor, in place, 64 B', 'Atomics ring by hand, 64 a publish, one way'],
  ['byteor, columns, 64 B', 'byteor, in place, 64 B'],
  ['byteor, columns, 64 B', 'Atomics ring by hand, 64 a publish'],
  ['byteor, in place, one way, 64 B', 'Atomics ring by hand, 64 a publish, one way'],
  ['byteor, tryPush, one way, 64 B', 'Atomics ring by hand, 64 a publish, one way'],
  ['byteor, columns, one way, 64 B', 'Atomics ring by hand, 64 a publish, one way'],
  ['byteor, in place, one way, 64 B', 'C++, one way, 64 B'],
  ['byteor, tryPush, one way, 64 B', 'C++, one way, 64 B'],
  ['byteor, columns, one way, 64 B', 'C++, one way, 64 B'],
  ['3 stages: byteor, in place', '3 stages: Node streams'],
  ['3 stages: byteor, columns', '3 stages: Node streams'],
  ['3 stages: byteor, in place', '3 stages: rxjs'],
  ['3 stages: byteor, tryPush', '3 stages: rxjs'],
  ['3 stages: byteor, columns', '3 stages: rxjs'],
  ['3 stages: byteor, in place', '3 stages: fastq'],
];

/** The same plan with native ends, published as the default profile does it. */
const IN_CPP = 'C++, one way, 64 B';
const CAPACITY = 8192;
const CPP_PLANS = [
  {
    contestant: IN_CPP,
    plan: 'echo, 64 B',
    options: { profile: 'default', threads: 2, capacity: CAPACITY, batchRecords: 64 },
  },
];

async function cppTrial(records, round) {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-echo-'));
  const printed = join(folder, 'printed.json');
  const program = join(root, BUILD, 'byteor_rings');
  const specsOf = await planArguments(folder);
  const words = ['one-to-one', 'batch', '64', CAPACITY, records, round + 1].map(String);
  const cell = [...words, ...specsOf({ plans: CPP_PLANS })];
  try {
    const { stdout } = await runProcess(join(root, BUILD, 'byteor_timed'), [printed, program, ...cell]);
    const { exit, cpu_seconds } = JSON.parse(stdout);
    if (exit !== 0) throw new Error(`byteor_rings ${cell.join(' ')} ended with ${exit}`);
    const { runs } = JSON.parse(readFileSync(printed, 'utf8'));
    const { seconds } = runs.find(({ name }) => name === IN_CPP);
    return { seconds, cpu_seconds, rate: records / seconds / 1e6 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const installed = (name) => existsSync(join(root, 'bench/peers/node_modules', name));

async function trial(name, records, round) {
  if (name === IN_CPP) return cppTrial(records, round);
  const { stdout } = await runProcess(process.execPath, ['bench/echo/trial.mjs', name, String(records)]);
  const result = JSON.parse(stdout);
  if (result.seconds > 0) result.rate = result.records / result.seconds / 1e6;
  return result;
}

function summarize(results, chosen) {
  const contestants = {};
  for (const [name, records] of chosen) {
    const entry = { records };
    for (const [field, digits] of [
      ['rate', 'rate_m_per_s'],
      ['p50_us', 'p50_us'],
      ['p99_us', 'p99_us'],
      ['p999_us', 'p999_us'],
      ['idle_cpu_percent', 'idle_cpu_percent'],
    ]) {
      const found = valuesOf(results, name, field).filter((value) => value !== undefined);
      if (found.length > 0) entry[digits] = spread(found);
    }
    // A process may run in a mode of its own (what V8 inlined), which no median shows: the report has each of them.
    const rates = valuesOf(results, name, 'rate').filter((value) => value !== undefined);
    if (rates.length > 0) entry.each_m_per_s = rates.map(round);
    contestants[name] = entry;
  }
  return contestants;
}

function print(contestants, comparisons) {
  const rows = [['M records/s', 'median', 'min', 'max', 'trials']];
  const others = [['', 'median', 'min', 'max', 'trials']];
  for (const [name, { rate_m_per_s: rate, ...entry }] of Object.entries(contestants)) {
    if (rate !== undefined) rows.push([name, short(rate.median), short(rate.min), short(rate.max), rate.n]);
    for (const field of ['p50_us', 'p99_us', 'p999_us', 'idle_cpu_percent']) {
      const one = entry[field];
      if (one !== undefined) others.push([`${name} ${field}`, one.median, one.min, one.max, one.n].map(String));
    }
  }
  const ratios = [['ratio of rates, median of pairs', 'to', 'ratio', 'pairs']];
  for (const { a, b, ratio, pairs } of comparisons) ratios.push([a, b, short(ratio), pairs]);
  for (const table of [rows, others, ratios]) if (table.length > 1) process.stdout.write(`${columns(table)}\n\n`);
}

async function main() {
  const machine = machineFacts('npm run bench -- echo');
  milestone('echo: building');
  await buildPrograms();
  const chosen = CONTESTANTS.filter(([name, , needs]) => name.includes(values.only) && (!needs || installed(needs)));
  const left_out = CONTESTANTS.filter(([, , needs]) => needs && !installed(needs)).map(
    ([name, , needs]) => `${name} (needs ${needs}: npm run bench:peers)`,
  );
  const least = (name) => (name === IN_CPP ? CAPACITY : 1);
  const records = new Map(
    chosen.map(([name, n]) => [name, Math.max(least(name), Math.round(n * Number(values.scale)))]),
  );
  const { results, disturbed } = await runRounds(
    chosen.map(([name]) => name),
    Number(values.rounds),
    (name, round) =>
      name.startsWith('idle') && round >= IDLE_ROUNDS ? undefined : trial(name, records.get(name), round),
    'echo',
    values.busy ? Number.POSITIVE_INFINITY : undefined,
    groupOf,
  );
  const contestants = summarize(results, chosen);
  const comparisons = COMPARISONS.flatMap(([a, b]) => {
    const found = pairedRatio(results, a, b, 'rate');
    return found === null ? [] : [{ a, b, ratio: found.median, pairs: found.pairs, each: found.each }];
  });
  print(contestants, comparisons);
  for (const name of left_out) process.stdout.write(`left out: ${name}\n`);
  if (disturbed > 0) milestone(`${disturbed} trials did not count: others used the machine`);
  writeResult(
    'echo',
    { machine, rounds: Number(values.rounds), busy: values.busy, disturbed, left_out, contestants, comparisons },
    values.out,
  );
}

await main();
