/**
 * The ring classes alone, in C++: one producer and one consumer, and a chain of three stages, against Debian's queues and
 * against a bare ring that shows what the machine allows.
 *
 *   node bench/rings.mjs [--trials N] [--only TEXT] [--out FILE] [--scale X]
 *
 * Each trial is a process of its own (bench/native/rings), and trials of all cells are interleaved. The host of a virtual
 * machine moves its CPUs about, so the program looks at the distance of the two CPUs before and after every contestant, and
 * only runs with equal looks count, sorted by distance. Two contestants are compared by the median of the ratios of runs
 * in the same trial at the same distance: rates alone swing by several times.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/tools/process.mjs';
import { firstLine, machineFacts } from './support/machine.mjs';
import { BUILD, buildPrograms, FLAGS } from './support/native-build.mjs';
import { columns, milestone, progress, short, writeResult } from './support/report.mjs';
import { median, round, spread } from './support/stats.mjs';
import { BUDGET_SECONDS } from './support/trials.mjs';

/** A trial takes a quarter of a second; one that takes this long hangs. */
const TRIAL_SECONDS = 60;
/** Rounds beyond the asked number, for trials that a move of the CPUs or another process has spoilt. */
const EXTRA_ROUNDS = 3;

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
    scale: { type: 'string', default: '1' },
  },
});

/** Records so that the fastest contestant takes some milliseconds: shorter is noise, longer meets a move of the CPUs. */
const RECORDS = {
  single: { 8: 2_000_000, 56: 1_000_000, 64: 1_000_000 },
  batch: { 8: 8_000_000, 64: 1_500_000 },
  chain: { 8: 4_000_000, 64: 1_500_000 },
  layouts: { 8: 2_000_000, 64: 1_000_000, 256: 400_000, 1500: 100_000, logs: 600_000 },
};

function cellsOf() {
  const scale = Number(values.scale);
  const rows = [
    ...[8, 56, 64].map((bytes) => ({ topology: 'one-to-one', form: 'single', bytes })),
    ...[8, 64].map((bytes) => ({ topology: 'one-to-one', form: 'batch', bytes })),
    ...[8, 64].map((bytes) => ({ topology: 'chain', form: 'batch', bytes })),
  ];
  const layouts = [8, 64, 256, 1500, 'logs'].map((bytes) => ({
    topology: 'layouts',
    form: 'batch',
    bytes,
    capacity: 8192,
  }));
  return [...rows.flatMap((row) => [1024, 65_536].map((capacity) => ({ ...row, capacity }))), ...layouts]
    .map((cell) => ({
      ...cell,
      name: `${cell.topology} ${cell.form} ${cell.bytes}${cell.bytes === 'logs' ? '' : ' B'}, ${cell.capacity} slots`,
      records: Math.max(
        cell.capacity,
        Math.round(scale * RECORDS[cell.topology === 'one-to-one' ? cell.form : cell.topology][cell.bytes]),
      ),
      trials: [],
    }))
    .filter((cell) => cell.name.includes(values.only));
}

/** How far apart the host has put the two CPUs: one core, one cache, or further. */
function distance(ns) {
  if (ns < 65) return 'same core';
  return ns < 250 ? 'near' : 'far';
}

/** The distance of a run, or undefined when it was disturbed. In a chain of queues threads share CPUs by their nature. */
function bandOf(one, sharesCpus) {
  const before = distance(one.flag_before_ns);
  if (before !== distance(one.flag_after_ns)) return undefined;
  return one.preempted > 0 && !sharesCpus ? undefined : before;
}

function trial(cell, seed) {
  const { topology, form, bytes, capacity, records } = cell;
  const args = [topology, form, bytes, capacity, records, seed].map(String);
  const ended = spawnSync(join(root, BUILD, 'byteor_rings'), args, { encoding: 'utf8', timeout: TRIAL_SECONDS * 1000 });
  if (ended.status !== 0)
    throw new Error(`byteor_rings ${args.join(' ')}: ${ended.signal ?? ended.status}\n${ended.stderr}`);
  const { runs, left_out } = JSON.parse(ended.stdout);
  const result = { left_out, runs: new Map() };
  for (const one of runs) {
    const sharesCpus = topology === 'chain' && one.name !== 'limit' && !one.name.startsWith('byteor');
    const band = bandOf(one, sharesCpus);
    if (band !== undefined) result.runs.set(one.name, { band, rate: records / one.seconds / 1e6 });
  }
  return result;
}

/** Rates of a contestant at a distance. */
const rates = (trials, name, band) =>
  trials
    .map(({ runs }) => runs.get(name))
    .filter((run) => run?.band === band)
    .map((run) => run.rate);

/** Ratios of two contestants, of trials in which both ran undisturbed at the same distance. */
function ratios(trials, upper, lower, band) {
  return trials.flatMap(({ runs }) => {
    const [a, b] = [runs.get(upper), runs.get(lower)];
    return a?.band === band && b?.band === band ? [a.rate / b.rate] : [];
  });
}

const ours = (name) => name === 'byteor' || name.startsWith('byteor,');

/** What one cell gave at one distance. */
function summary(trials, band) {
  const names = [...new Set(trials.flatMap(({ runs }) => [...runs.keys()]))].sort();
  const contestants = {};
  for (const name of names) {
    const entry = spread(rates(trials, name, band));
    if (name !== 'byteor') {
      const pairs = ratios(trials, 'byteor', name, band);
      entry.byteor_ratio = pairs.length === 0 ? null : round(median(pairs));
      entry.pairs = pairs.length;
    }
    contestants[name] = entry;
  }
  const peers = names.filter((name) => !ours(name) && name !== 'limit' && contestants[name].n > 0);
  const best = peers.sort((a, b) => contestants[b].median - contestants[a].median)[0] ?? null;
  return {
    accepted: contestants.byteor?.n ?? 0,
    best_peer: best,
    byteor_to_best_peer: best === null ? null : contestants[best].byteor_ratio,
    byteor_to_limit: contestants.limit?.byteor_ratio ?? null,
    contestants,
  };
}

function pairsAtBest(cell) {
  const counts = ['near', 'far', 'same core'].map((band) => ratios(cell.trials, 'byteor', 'limit', band).length);
  return Math.max(...counts);
}

function runTrials(cells, wanted) {
  const start = performance.now();
  for (let round = 0; round < wanted * EXTRA_ROUNDS; round++) {
    if (performance.now() - start > BUDGET_SECONDS * 1000) return;
    const open = cells.filter((cell) => pairsAtBest(cell) < wanted);
    if (open.length === 0) return;
    for (const [index, cell] of open.entries()) {
      progress(`round ${round + 1}, ${open.length} of ${cells.length} cells open: ${index + 1} ${cell.name}`);
      cell.trials.push(trial(cell, round * 1000 + index + 1));
    }
  }
}

function print(results) {
  const rows = [['M records/s, median', 'at', 'byteor', 'best peer', '', 'ratio', 'limit', 'of limit', 'pairs']];
  for (const { name, bands } of results)
    for (const [band, cell] of Object.entries(bands)) {
      const { contestants, best_peer } = cell;
      const peer = best_peer === null ? '-' : short(contestants[best_peer].median);
      rows.push([
        name,
        band,
        short(contestants.byteor?.median ?? null),
        peer,
        best_peer ?? '',
        short(cell.byteor_to_best_peer),
        short(contestants.limit?.median ?? null),
        short(cell.byteor_to_limit),
        contestants.limit?.pairs ?? 0,
      ]);
    }
  process.stdout.write(`${columns(rows)}\n`);
}

/** Versions of the Debian packages that the peers come from. */
function peerVersions() {
  const packages = [
    'libboost-dev',
    'libreaderwriterqueue-dev',
    'libconcurrentqueue-dev',
    'libatomic-queue-dev',
    'libdpdk-dev',
  ];
  return Object.fromEntries(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a format of dpkg-query's.
    packages.map((name) => [name, firstLine('dpkg-query', '-W', '-f', '${Version}', name) ?? 'not installed']),
  );
}

async function main() {
  const machine = { ...machineFacts('npm run bench -- rings'), flags: FLAGS };
  milestone('rings: building');
  await buildPrograms();
  const cells = cellsOf();
  runTrials(cells, Number(values.trials));
  const results = cells.map(({ name, topology, form, bytes, capacity, records, trials }) => {
    const bands = {};
    for (const band of ['near', 'far', 'same core'])
      if (rates(trials, 'byteor', band).length > 0) bands[band] = summary(trials, band);
    return { name, topology, form, bytes, capacity, records, trials: trials.length, bands };
  });
  print(results);
  const left_out = cells[0]?.trials[0]?.left_out ?? [];
  for (const name of left_out) process.stdout.write(`left out, not installed: ${name}\n`);
  writeResult('rings', { machine, peers: peerVersions(), left_out, cells: results }, values.out);
}

await main();
