/**
 * Stages that people write: a function of JavaScript that changes one field of a record of 64 bytes, on the opener's thread and in a
 * worker, beside the push and poll of that record without it, and beside what a Node program would use otherwise; plug-ins in C
 * beside the ops built in; what it costs to know what is delivered; and records that fail under each policy that goes on.
 *
 *   node bench/stages.mjs [--rounds N] [--only TEXT] [--scale X] [--seconds N] [--busy] [--out FILE]
 *
 * Every trial is a process (bench/stages/trial.mjs) that checks number and sum of what came back, with a look at the distance of
 * the CPUs before and after it. What has native ends runs in pairs of processes until they tell, for --seconds each at most
 * (bench/stages/laps.mjs). --busy also counts trials that others have disturbed.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/tools/process.mjs';
import { TARGET_NAMES } from './stages/plans.mjs';
import { machineFacts } from './support/machine.mjs';
import { buildPackage } from './support/native-build.mjs';
import { columns, milestone, short, writeResult } from './support/report.mjs';
import { median, round, spread } from './support/stats.mjs';
import { runProcess, runRounds } from './support/trials.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '45' },
    busy: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

/** Contestants with the records of one trial, so that it takes about half a second. */
const CONTESTANTS = [
  ['ring: push and poll', 15e6],
  ['ring: a function', 8e6],
  ['ring: a batch', 8e6],
  ['ring: a function in a worker', 5e6],
  ['ring: a batch in a worker', 5e6],
  ['ring: push and poll, delivered', 15e6],
  ['ring: push and poll, delivered and waited for', 15e6],
  ['ring: add', 12e6],
  ['ring: add in C', 12e6],
  ['ring: add, one way', 25e6],
  ['ring: add in C, one way', 25e6],
  ['graph: push and poll', 12e6],
  ['graph: a function', 6e6],
  ['graph: a batch', 6e6],
  ['graph: a function in a worker', 4e6],
  ['graph: a batch in a worker', 4e6],
  ['graph: push and poll, delivered', 12e6],
  ['graph: push and poll, delivered and waited for', 12e6],
  ['graph: add', 10e6],
  ['graph: add in C', 10e6],
  ['graph: add, one way', 20e6],
  ['graph: add in C, one way', 20e6],
  ['Node streams, one transform', 1.5e6],
  ['postMessage, an object each', 0.15e6],
  ['postMessage, 100 x 64 B a message', 4e6],
];

/** What is compared above all: side by side in a round. */
const groupOf = (name) =>
  /one way$/.exec(name)?.[0] ?? TARGET_NAMES.find((target) => name.startsWith(target)) ?? 'ring';

/** What is asked of the time of `a` beside that of `b`; where nothing is, the ratio is reported. */
const comparison = (a, b, asked = null) => ({ a, b, asked });
const THREAD = '≤ 2.5';
const WORKER = '≤ 3.5';
const COMPARISONS = TARGET_NAMES.flatMap((target) => {
  const alone = `${target}: push and poll`;
  const [each, batch] = [`${target}: a function`, `${target}: a batch`];
  return [
    comparison(each, alone, THREAD),
    comparison(batch, alone, THREAD),
    comparison(`${each} in a worker`, alone, WORKER),
    comparison(`${batch} in a worker`, alone, WORKER),
    comparison('Node streams, one transform', each, '≥ 3'),
    comparison('postMessage, an object each', `${each} in a worker`, '≥ 10'),
    comparison('postMessage, 100 x 64 B a message', `${each} in a worker`),
    comparison('postMessage, 100 x 64 B a message', `${batch} in a worker`),
    comparison(`${alone}, delivered`, alone),
    comparison(`${alone}, delivered and waited for`, alone),
    comparison(`${target}: add in C`, `${target}: add`, '≤ 1.1'),
    comparison(`${target}: add in C, one way`, `${target}: add, one way`),
  ];
});

const compile = (source, library) =>
  execFileSync(process.env.CC ?? 'cc', [
    ...['-std=c99', '-O2', '-shared', '-fPIC', '-I', join(root, 'native/plugin')],
    ...[join(root, source), '-o', library],
  ]);

/** One trial, with the distance of the CPUs where it was the same before and after. */
async function trial(name, records, env, lookAtDistance) {
  const before = lookAtDistance();
  const args = ['bench/stages/trial.mjs', name, String(records)];
  const { seconds, cpu_seconds } = JSON.parse((await runProcess(process.execPath, args, { env })).stdout);
  const after = lookAtDistance();
  return { ns: (seconds / records) * 1e9, cpu_seconds, band: before === after ? before : 'moved' };
}

/** Rounds of two contestants in which the CPUs were as far apart for both, by distance. */
function compared(results, { a, b, asked }) {
  const bands = {};
  for (const [index, one] of (results.get(a) ?? []).entries()) {
    const other = results.get(b)?.[index];
    if (one === undefined || other === undefined || one.band !== other.band || one.band === 'moved') continue;
    bands[one.band] ??= [];
    bands[one.band].push(one.ns / other.ns);
  }
  const ratios = Object.entries(bands).map(([band, each]) => [
    band,
    { ratio: round(median(each)), pairs: each.length, each: each.map(round) },
  ]);
  return ratios.length === 0 ? [] : [{ a, b, asked, bands: Object.fromEntries(ratios) }];
}

/** Nanoseconds a record of each contestant, by distance. */
function summarize(results, records) {
  return Object.fromEntries(
    [...results].map(([name, rounds]) => {
      const kept = rounds.filter((one) => one !== undefined);
      const bands = [...new Set(kept.map(({ band }) => band))].sort();
      const ofBand = (wanted) => spread(kept.filter(({ band }) => band === wanted).map(({ ns }) => ns));
      return [name, { records: records.get(name), ns: Object.fromEntries(bands.map((band) => [band, ofBand(band)])) }];
    }),
  );
}

function print(contestants, comparisons, pairs) {
  const rows = [['ns a record', 'CPUs', 'median', 'min', 'max', 'trials']];
  for (const [name, { ns }] of Object.entries(contestants))
    for (const [band, { median: middle, min, max, n }] of Object.entries(ns))
      rows.push([name, band, ...[middle, min, max].map(short), n]);
  const ratios = [['ratio of times, median of pairs', 'to', 'CPUs', 'ratio', 'asked', 'pairs']];
  for (const { a, b, asked, bands } of comparisons)
    for (const [band, { ratio, pairs: n }] of Object.entries(bands))
      ratios.push([a, b, band, short(ratio), asked ?? '', n]);
  const verdicts = [['native ends', 'change', 'verdict', 'pairs', 'records in all', 'failed']];
  for (const { name, change, verdict, pairs: n, whole } of pairs) {
    const failed = whole === undefined ? [] : [whole.records, Object.values(whole.with.counts.causes)[0] ?? 0];
    verdicts.push([name, `${(100 * change).toFixed(1)} %`, verdict, n, failed[0] ?? '', failed[1] ?? '']);
  }
  for (const table of [rows, ratios, verdicts]) if (table.length > 1) process.stdout.write(`${columns(table)}\n\n`);
}

async function main() {
  const machine = machineFacts('npm run bench -- stages');
  milestone('stages: building');
  buildPackage();
  const { comparePairs } = await import('./stages/laps.mjs');
  const { distanceOf } = await import('../dist/modules/bench/pairs.js');
  const { nativeAddon } = await import('../dist/modules/runtime/native.js');
  const folder = mkdtempSync(join(tmpdir(), 'byteor-stages-'));
  const libraries = { add: join(folder, 'add_one.so'), filter: join(folder, 'starts_with.so') };
  const scale = Number(values.scale);
  const chosen = CONTESTANTS.filter(([name]) => name.includes(values.only));
  const records = new Map(chosen.map(([name, count]) => [name, Math.max(1, Math.round(count * scale))]));
  const lookAtDistance = () => {
    const ns = nativeAddon().flagRoundTrip(0, 1);
    return ns === null ? 'unknown' : distanceOf(ns);
  };
  try {
    compile('bench/stages/add_one.c', libraries.add);
    compile('examples/plugins/starts_with.c', libraries.filter);
    const env = { BYTEOR_BENCH_ADD: libraries.add };
    const { results, disturbed } = await runRounds(
      [...records.keys()],
      Number(values.rounds),
      (name) => trial(name, records.get(name), env, lookAtDistance),
      'stages',
      values.busy ? Number.POSITIVE_INFINITY : undefined,
      groupOf,
    );
    const contestants = summarize(results, records);
    const comparisons = COMPARISONS.flatMap((one) => compared(results, one));
    const seconds = Number(values.seconds);
    const pairs = await comparePairs({ only: values.only, seconds, scale, folder, library: libraries.filter });
    print(contestants, comparisons, pairs);
    if (disturbed > 0) milestone(`${disturbed} trials did not count: others used the machine`);
    const run = { machine, rounds: Number(values.rounds), busy: values.busy, disturbed };
    writeResult('stages', { ...run, contestants, comparisons, pairs }, values.out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
