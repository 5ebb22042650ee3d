/**
 * Contestants in pairs: each trial is a process of its own that runs every contestant of one cell once, and trials of all
 * cells are interleaved. The host of a virtual machine moves its CPUs about, so the program looks at the distance of the two
 * CPUs before and after every contestant, and only runs with equal looks count, sorted by distance. Two contestants are
 * compared by the median of the ratios of runs in the same trial at the same distance: rates alone swing by several times.
 *
 *   --trials N         compared pairs that a cell needs (15)
 *   --at near,far      at each of these distances, waiting for the host to bring them about; otherwise at any one
 *   --minutes N        no trial begins later (10)
 *   --only TEXT        cells with TEXT in their name
 *   --scale X, --out FILE   X times the records; where to write
 *
 * A cell is `{ name, topology, form, bytes, capacity, records, plans, trials: [] }`; its plans are those contestants that are
 * byteor (bench/contests.mjs), and are built by the program as `open` builds them.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root } from '../../test/tools/process.mjs';
import { planArguments } from './contest-specs.mjs';
import { firstLine, machineFacts } from './machine.mjs';
import { BUILD, buildPrograms, FLAGS } from './native-build.mjs';
import { columns, milestone, progress, short, writeResult } from './report.mjs';
import { median, round, spread } from './stats.mjs';
import { BUDGET_SECONDS } from './trials.mjs';

const DISTANCES = ['near', 'far', 'same core'];

/** A trial takes a quarter of a second; one that takes this long hangs. */
const TRIAL_SECONDS = 60;
/** So many times the asked number of trials, where a move of the CPUs or another process spoils some. */
const EXTRA_ROUNDS = 3;
/** Between two looks at the distance while it is one at which nothing is wanted. */
const WAIT_MS = 250;

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

/** What the program prints, from JSON. */
function output(program, args) {
  const ended = spawnSync(join(root, BUILD, program), args, { encoding: 'utf8', timeout: TRIAL_SECONDS * 1000 });
  if (ended.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${ended.signal ?? ended.status}\n${ended.stderr}`);
  return JSON.parse(ended.stdout);
}

/** A contestant that is no part of the program: a process of its own, beside the others of the trial. */
function runOutside(program, { name, run }) {
  const flag_before_ns = output(program, ['distance']);
  const { seconds, off_cpu } = run();
  return {
    name,
    seconds,
    off_cpu,
    preempted: off_cpu > OFF_CPU_MAX ? 1 : 0,
    flag_before_ns,
    flag_after_ns: output(program, ['distance']),
  };
}

/** `begun_at`: the distance just before, where it was measured. */
function trial(program, cell, seed, begun_at, outside) {
  const { topology, form, bytes, capacity, records, specs } = cell;
  const words = [topology, form, bytes, capacity, records, seed].map(String);
  const { runs, left_out } = output(program, [...words, ...specs]);
  const result = { begun_at, left_out, runs: new Map() };
  const others = outside(cell).map((one) => runOutside(program, one));
  for (const one of [...runs, ...others]) {
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
  const isPeer = (name) => !ours(name) && name !== 'limit' && !name.startsWith('bare ');
  const peers = names.filter((name) => isPeer(name) && contestants[name].n > 0);
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

const pairsAt = (cell, band) => ratios(cell.trials, 'byteor', 'limit', band).length;

/** Cells that have no `wanted` pairs at any distance yet, and a chance to get them. */
function lackingAnywhere(cells, wanted) {
  const hasChance = ({ trials }) => trials.length < wanted * EXTRA_ROUNDS;
  return cells.filter((cell) => hasChance(cell) && DISTANCES.every((band) => pairsAt(cell, band) < wanted));
}

/** Cells that have no `wanted` pairs at one of the distances. */
function lackingAt(bands, cells, wanted) {
  return cells.filter((cell) => bands.some((band) => pairsAt(cell, band) < wanted));
}

/** The next cell to try: the one that has been tried least from this distance. */
function leastTried(cells, begunAt) {
  const tried = ({ trials }) => trials.filter(({ begun_at }) => begun_at === begunAt).length;
  return cells.reduce((least, cell) => (tried(cell) < tried(least) ? cell : least));
}

/**
 * Runs trials until every cell has `wanted` pairs at every distance of `at`, or, where that is empty, at one; or until the
 * time is up. While the CPUs are at a distance at which nothing is wanted, it waits.
 */
async function runTrials(program, cells, { wanted, at, minutes, outside }) {
  const end = performance.now() + minutes * 60_000;
  for (let seed = 1; performance.now() < end; ) {
    const begunAt = at.length === 0 ? undefined : distance(output(program, ['distance']));
    const open = begunAt === undefined ? lackingAnywhere(cells, wanted) : lackingAt(at, cells, wanted);
    if (open.length === 0) return;
    const bands = at.filter((band) => band === begunAt);
    const here = begunAt === undefined ? open : lackingAt(bands, cells, wanted);
    if (here.length === 0) {
      progress(`${open.length} cells open; the CPUs are at the distance "${begunAt}", waiting for another`);
      await setTimeout(WAIT_MS);
      continue;
    }
    const cell = leastTried(here, begunAt);
    progress(`trial ${seed}, ${open.length} cells open, CPUs ${begunAt ?? 'anywhere'}: ${cell.name}`);
    cell.trials.push(trial(program, cell, seed++, begunAt, outside));
  }
}

/** What is written of all cells. */
function resultsOf(cells) {
  return cells.map(({ name, topology, form, bytes, capacity, records, plans, trials }) => {
    const bands = {};
    for (const band of DISTANCES) if (rates(trials, 'byteor', band).length > 0) bands[band] = summary(trials, band);
    return { name, topology, form, bytes, capacity, records, plans, trials: trials.length, bands };
  });
}

/**
 * The distances at which a cell has enough runs to be reported, with what they gave: at least a third as many as where it
 * has most. The host decides where the CPUs are.
 */
export function reportedBands({ bands }) {
  const most = Math.max(...Object.values(bands).map(({ accepted }) => accepted));
  return Object.entries(bands).filter(([, { accepted }]) => 3 * accepted >= most);
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

/** The positive number that an option gives; anything else ends the program. */
function positive(values, option) {
  const number = Number(values[option]);
  if (number > 0 && number < Infinity) return number;
  milestone(`--${option} ${values[option]}: give a positive number.`);
  process.exit(2);
}

const quoted = (arg) => (/\s/.test(arg) ? `'${arg}'` : arg);

/** Versions of the Debian packages that the peers come from. */
function peerVersions() {
  const packages = [
    'libboost-dev',
    'libreaderwriterqueue-dev',
    'libconcurrentqueue-dev',
    'libatomic-queue-dev',
    'libdpdk-dev',
    'libdisruptor-java',
    'openjdk-17-jre-headless',
  ];
  return Object.fromEntries(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a format of dpkg-query's.
    packages.map((name) => [name, firstLine('dpkg-query', '-W', '-f', '${Version}', name) ?? 'not installed']),
  );
}

/**
 * The whole of one such benchmark, `npm run bench -- NAME`: builds, runs trials of the program byteor_NAME, prints and
 * writes what they gave. `cellsOf(scale)` gives the cells, without trials, of `scale` times the usual number of records.
 * `prepare` makes what contestants outside of the program need, or says why they are left out; `outside(cell)` gives them.
 */
export async function runPairedBench(name, cellsOf, { prepare = () => undefined, outside = () => [] } = {}) {
  const { values } = parseArgs({
    options: {
      trials: { type: 'string', default: '15' },
      at: { type: 'string', default: '' },
      minutes: { type: 'string', default: String(BUDGET_SECONDS / 60) },
      only: { type: 'string', default: '' },
      out: { type: 'string' },
      scale: { type: 'string', default: '1' },
    },
  });
  const at = values.at === '' ? [] : values.at.split(',');
  const unknown = at.filter((one) => !DISTANCES.includes(one));
  if (unknown.length > 0) {
    milestone(`--at ${values.at}: there is no distance "${unknown.join('", "')}"; there are ${DISTANCES.join(', ')}.`);
    process.exit(2);
  }
  const [wanted, minutes, scale] = ['trials', 'minutes', 'scale'].map((option) => positive(values, option));
  const args = process.argv.slice(2);
  const command =
    args.length === 0 ? `npm run bench -- ${name}` : `node bench/${name}.mjs ${args.map(quoted).join(' ')}`;
  const machine = { ...machineFacts(command), flags: FLAGS };
  milestone(`${name}: building`);
  await buildPrograms();
  const folder = mkdtempSync(join(tmpdir(), `byteor-${name}-`));
  const specsOf = await planArguments(folder);
  const cells = cellsOf(scale)
    .filter((cell) => cell.name.includes(values.only))
    .map((cell) => ({ ...cell, specs: specsOf(cell), trials: [] }));
  const unprepared = prepare();
  const contestants = unprepared === undefined ? outside : () => [];
  try {
    await runTrials(`byteor_${name}`, cells, { wanted, at, minutes, outside: contestants });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const results = resultsOf(cells);
  print(results);
  const left_out = [...(cells[0]?.trials[0]?.left_out ?? []), ...(unprepared === undefined ? [] : [unprepared])];
  for (const one of left_out) process.stdout.write(`left out, not installed: ${one}\n`);
  writeResult(name, { machine, peers: peerVersions(), left_out, cells: results }, values.out);
}
