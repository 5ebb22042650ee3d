/**
 * Contestants in pairs: each trial is a process of its own that runs every contestant of one cell once, and trials of all
 * cells are interleaved. The host of a virtual machine moves its CPUs about, so the program looks at the distance of the two
 * CPUs before and after every contestant, and only runs with equal looks count, sorted by distance. Two contestants are
 * compared by the median of the ratios of runs in the same trial at the same distance: rates alone swing by several times.
 *
 * A cell is `{ name, topology, form, bytes, capacity, records, trials: [] }`.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../test/tools/process.mjs';
import { firstLine, machineFacts } from './machine.mjs';
import { BUILD, buildPrograms, FLAGS } from './native-build.mjs';
import { columns, milestone, progress, short, writeResult } from './report.mjs';
import { median, round, spread } from './stats.mjs';
import { BUDGET_SECONDS } from './trials.mjs';

/** A trial takes a quarter of a second; one that takes this long hangs. */
const TRIAL_SECONDS = 60;
/** Rounds beyond the asked number, for trials that a move of the CPUs or another process has spoilt. */
const EXTRA_ROUNDS = 3;

/** How far apart the host has put the two CPUs: one core, one cache, or further. */
function distance(ns) {
  if (ns < 65) return 'same core';
  return ns < 250 ? 'near' : 'far';
}

/** A preempted run counts as long as no thread was without a CPU for more of its time than this. */
const OFF_CPU_MAX = 0.02;

/** The distance of a run, or undefined when it was disturbed. In a chain of queues threads share CPUs by their nature. */
function bandOf(one, sharesCpus) {
  const before = distance(one.flag_before_ns);
  if (before !== distance(one.flag_after_ns)) return undefined;
  return one.preempted > 0 && one.off_cpu > OFF_CPU_MAX && !sharesCpus ? undefined : before;
}

function trial(program, cell, seed) {
  const { topology, form, bytes, capacity, records } = cell;
  const args = [topology, form, bytes, capacity, records, seed].map(String);
  const ended = spawnSync(join(root, BUILD, program), args, { encoding: 'utf8', timeout: TRIAL_SECONDS * 1000 });
  if (ended.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${ended.signal ?? ended.status}\n${ended.stderr}`);
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

const medianRatio = (trials, upper, lower, band) => {
  const pairs = ratios(trials, upper, lower, band);
  return pairs.length === 0 ? null : round(median(pairs));
};

/** A contestant of ours: `byteor` alone, or with what is special about it behind a comma. */
export const ours = (name) => name === 'byteor' || name.startsWith('byteor,');

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
  for (const name of names.filter(ours)) {
    contestants[name].to_best_peer = best === null ? null : medianRatio(trials, name, best, band);
    contestants[name].to_limit = medianRatio(trials, name, 'limit', band);
  }
  return {
    accepted: contestants.byteor?.n ?? 0,
    best_peer: best,
    contestants,
  };
}

function pairsAtBest(cell) {
  const counts = ['near', 'far', 'same core'].map((band) => ratios(cell.trials, 'byteor', 'limit', band).length);
  return Math.max(...counts);
}

/** Runs trials until every cell has `wanted` pairs at one distance, or the budget is used up. */
function runTrials(program, cells, wanted) {
  const start = performance.now();
  for (let round = 0; round < wanted * EXTRA_ROUNDS; round++) {
    if (performance.now() - start > BUDGET_SECONDS * 1000) return;
    const open = cells.filter((cell) => pairsAtBest(cell) < wanted);
    if (open.length === 0) return;
    for (const [index, cell] of open.entries()) {
      progress(`round ${round + 1}, ${open.length} of ${cells.length} cells open: ${index + 1} ${cell.name}`);
      cell.trials.push(trial(program, cell, round * 1000 + index + 1));
    }
  }
}

/** What is written of all cells. */
function resultsOf(cells) {
  return cells.map(({ name, topology, form, bytes, capacity, records, trials }) => {
    const bands = {};
    for (const band of ['near', 'far', 'same core'])
      if (rates(trials, 'byteor', band).length > 0) bands[band] = summary(trials, band);
    return { name, topology, form, bytes, capacity, records, trials: trials.length, bands };
  });
}

/** The distance at which most pairs were had, with what it gave: the host decides where the CPUs are. */
export function mainBand({ bands }) {
  return Object.entries(bands).sort(([, a], [, b]) => b.accepted - a.accepted)[0];
}

/** One line a cell, distance and contestant of ours. */
function print(results) {
  const rows = [['M records/s, median', 'at', '', 'rate', 'best peer', '', 'ratio', 'limit', 'of limit', 'trials']];
  for (const { name, bands } of results)
    for (const [band, { contestants, best_peer }] of Object.entries(bands))
      for (const own of Object.keys(contestants).filter(ours)) {
        const { median: rate, to_best_peer, to_limit, n } = contestants[own];
        const peer = best_peer === null ? '-' : short(contestants[best_peer].median);
        const limit = short(contestants.limit?.median ?? null);
        rows.push([
          name,
          band,
          own,
          short(rate),
          peer,
          best_peer ?? '',
          short(to_best_peer),
          limit,
          short(to_limit),
          n,
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

/**
 * The whole of one such benchmark, `npm run bench -- NAME`: builds, runs trials of the program byteor_NAME, prints and
 * writes what they gave. `cellsOf(scale)` gives the cells, without trials, of `scale` times the usual number of records.
 */
export async function runPairedBench(name, cellsOf) {
  const { values } = parseArgs({
    options: {
      trials: { type: 'string', default: '15' },
      only: { type: 'string', default: '' },
      out: { type: 'string' },
      scale: { type: 'string', default: '1' },
    },
  });
  const machine = { ...machineFacts(`npm run bench -- ${name}`), flags: FLAGS };
  milestone(`${name}: building`);
  await buildPrograms();
  const cells = cellsOf(Number(values.scale))
    .filter((cell) => cell.name.includes(values.only))
    .map((cell) => ({ ...cell, trials: [] }));
  runTrials(`byteor_${name}`, cells, Number(values.trials));
  const results = resultsOf(cells);
  print(results);
  const left_out = cells[0]?.trials[0]?.left_out ?? [];
  for (const one of left_out) process.stdout.write(`left out, not installed: ${one}\n`);
  writeResult(name, { machine, peers: peerVersions(), left_out, cells: results }, values.out);
}
