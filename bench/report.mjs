/**
 * Writes what bench/results say into the documents: `npm run bench:report`. All tables go to docs/performance.md, a dozen
 * rows to README.md and docs/comparison.md, and their plot to docs/performance.svg. With --check it only says which of them differ (exit code 1),
 * which a test asks.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../test/tools/process.mjs';
import { planOfEcho, planOfJob, planOfJournal } from './named-plans.mjs';
import { planOfStages } from './stages/plans.mjs';
import { optionsText } from './support/contest-specs.mjs';
import { ours, reportedBands } from './support/paired.mjs';
import { short, shortEach } from './support/report.mjs';
import { summaryPlot, summaryRows } from './support/summary.mjs';

const BEGIN = '<!-- written by npm run bench:report -->';
const END = '<!-- end of what npm run bench:report writes -->';

const load = (name) => {
  const path = join(root, 'bench/results', `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
};

const row = (cells) => `| ${cells.join(' | ')} |`;
const tableOf = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
const ratio = (value) => (value === null || value === undefined ? '' : `${short(value)}×`);

/** Where the results come from; of several machines each says it for itself. */
const whereText = ({ cpu, cpus, os, node, compiler }) => `${cpus} × ${cpu}, ${os}; Node ${node}; ${compiler}`;

function runOf({ command, commit, changed, date, flags }) {
  const state = changed ? `${commit} with changes` : commit;
  return `\`${command}\`, commit ${state}, ${date} UTC${flags === undefined ? '' : `, C++ with ${flags}`}`;
}

const spreadText = ({ median, min, max }) => `${short(median)} (${short(min)}–${short(max)})`;
const leftOut = (names, lead = 'Left out') => (names.length === 0 ? '' : ` ${lead}: ${names.join(', ')}.`);
const notInstalled = (names) => leftOut(names, 'Not installed, so left out');

const planText = (name) => (name === undefined ? '' : `\`${name}\``);

/** The plan of a contestant of a cell, and the options with which it was opened. */
function planCells({ plans }, contestant) {
  const { plan, options } = plans.find((one) => one.contestant === contestant);
  return [planText(plan), `\`${optionsText(options)}\``];
}

/** One row a cell, reported distance and contestant of ours. */
function pairedRows(cells) {
  return cells.flatMap((cell) =>
    reportedBands(cell).flatMap(([band, { contestants, best_peer }]) => {
      const peer = best_peer === null ? '' : `${best_peer} ${short(contestants[best_peer].median)}`;
      return Object.entries(contestants)
        .filter(([name, { n }]) => ours(name) && n > 0)
        .map(([name, own]) => {
          const special = name.replace(/^byteor(, )?/, '');
          const what = special === '' ? cell.name : `${cell.name}: ${special}`;
          const figures = [spreadText(own), peer, ratio(own.to_best_peer), short(own.to_limit)];
          return [what, band, ...figures, ...planCells(cell, name)];
        });
    }),
  );
}

const PAIRED_HEAD = ['', 'CPUs', 'byteor', 'best peer', 'byteor is', 'of limit', 'plan', 'options'];
const LAYOUTS_HEAD = ['', 'CPUs', 'byteor', 'bare frames', 'bare slots of the longest', 'plan', 'options'];

/** Records of several lengths: one row a contestant of ours, at the distance with most runs. */
function layoutRows(cells) {
  return cells.flatMap((cell) => {
    const found = reportedBands(cell)[0];
    if (found === undefined) return [];
    const [band, { contestants }] = found;
    const bare = ['limit', 'bare slots of the longest'].map((name) => spreadText(contestants[name]));
    return Object.entries(contestants)
      .filter(([name, { n }]) => ours(name) && n > 0)
      .map(([name, own]) => [cell.name, band, spreadText(own), ...bare, ...planCells(cell, name)]);
  });
}

const layoutsOf = (cells) => cells.filter(({ topology }) => topology === 'layouts');
const structsOf = (cells) => cells.filter(({ topology }) => topology !== 'layouts');

function ringsText({ cells, machine, left_out }) {
  const missing = notInstalled(left_out);
  return [
    'Millions of records a second, median (least to most), from a native end on one pinned thread to the other end on another,',
    'through one stage, or through three that each change every record. The plan is built as `open` builds it, with the options',
    'that the row names; a source and a sink in C++ stand in the place of line adapters. Single: a word in its slot publishes',
    'each record; batch: the cursor publishes `batchRecords` of them. The best peer is the fastest of the queues that Debian',
    `packages; "of limit" is the share of a bare ring without stages, counters, shutdown or errors. ${runOf(machine)}.${missing}`,
    '',
    tableOf(PAIRED_HEAD, pairedRows(structsOf(cells))),
    '',
    'Lines of one length or of a log; the bare ones are loops without stages and counters:',
    '',
    tableOf(LAYOUTS_HEAD, layoutRows(layoutsOf(cells))),
  ].join('\n');
}

function lanesText({ cells, machine, left_out }) {
  return [
    'As above, over the lanes of a graph: of structs where nothing else is said, which are the slots of any lane but a',
    'journal; records of any length have frames (Events, FanoutBroadcast) or slots and an arena (SequencedSlots). A chain is',
    'three stages and four lanes, a broadcast one stage and two outputs, a merge two inputs and one stage.',
    `${runOf(machine)}.${notInstalled(left_out)}`,
    '',
    tableOf(PAIRED_HEAD, pairedRows(structsOf(cells))),
    '',
    'Lines of one length or of a log; the bare ones are loops without stages and counters:',
    '',
    tableOf(LAYOUTS_HEAD, layoutRows(layoutsOf(cells))),
  ].join('\n');
}

function journalText({ contestants, comparisons, machine, busy }) {
  const rows = Object.entries(contestants).map(([name, { mb_per_s, cpu_ns_per_record }]) => [
    name,
    spreadText(mb_per_s),
    short(cpu_ns_per_record.median),
    comparisons
      .filter(({ a }) => a === name)
      .map((one) => `${ratio(one.ratio)} (CPU ${ratio(one.cpu_ratio)})`)
      .join(', '),
    planText(planOfJournal(name)),
  ]);
  const state = busy ? ', on a machine that did other things too' : '';
  return [
    'Records of 256 bytes appended, megabytes a second, against the bare device: the same records copied to a buffer and',
    'written with the same calls, without frames and checksums. What is timed is the agent that writes the files of the lane',
    `of that plan, over records that lie in memory; a commit is what the lane holds at most (\`laneBytes\`). ${runOf(machine)}${state}.`,
    '',
    tableOf(['', 'MB/s', 'CPU ns a record', 'of the bare device', 'plan'], rows),
  ].join('\n');
}

function echoText({ contestants, comparisons, machine, left_out }) {
  const ratioTo = (name) => {
    const found = comparisons.filter(({ b }) => b === name);
    return found.map(({ a, ratio: value }) => `${short(value)}× (${a})`).join(', ');
  };
  const processes = Object.entries(contestants).flatMap(([name, { each_m_per_s: each }]) =>
    each === undefined || !/byteor|C\+\+|by hand|rxjs|Node streams/.test(name)
      ? []
      : [
          [
            name,
            [...each]
              .sort((a, b) => a - b)
              .map(short)
              .join(', '),
          ],
        ],
  );
  const pairs = comparisons.flatMap(({ a, b, ratio: value, each }) =>
    each === undefined || !a.includes('columns') ? [] : [[a, b, ratio(value), each.map(short).join(', ')]],
  );
  const spreads =
    processes.length === 0
      ? []
      : [
          'Every process that counts, millions of records a second, from the slowest on. What V8 inlined differs from process to',
          'process, and a median of two modes is neither:',
          '',
          tableOf(['', 'each process'], processes),
          '',
          'Columns beside others, the ratio in each round:',
          '',
          tableOf(['', 'beside', 'median', 'each round'], pairs),
          '',
        ];
  const rates = Object.entries(contestants).flatMap(([name, { rate_m_per_s: rate }]) =>
    rate === undefined || rate.n === 0 ? [] : [[name, spreadText(rate), ratioTo(name), planText(planOfEcho(name))]],
  );
  const trips = Object.entries(contestants).flatMap(([name, { p50_us, p99_us, p999_us }]) =>
    p50_us === undefined || p50_us.n === 0
      ? []
      : [
          [
            name.replace('round trip: ', ''),
            ...[p50_us, p99_us, p999_us].map((one) => short(one.median)),
            planText(planOfEcho(name)),
          ],
        ],
  );
  const idle = contestants['idle: byteor']?.idle_cpu_percent?.median;
  const alone = contestants['idle: Node alone']?.idle_cpu_percent?.median;
  const idleText =
    idle === undefined || idle === null
      ? ''
      : `An open pipeline with nothing to do: ${short(idle)} % of a CPU, the whole process (Node alone: ${short(alone)} %). Plan: \`echo, 64 B\`.`;
  const missing = leftOut(left_out);
  return [
    'Millions of records a second, median (least to most): from the main thread through one native stage, or a worker, and',
    'back, unless it says one way; three stages are filter, count and sum. "byteor is" compares trials of the same round.',
    `${runOf(machine)}.${missing}`,
    '',
    tableOf(['', 'M records/s', 'byteor is', 'plan'], rates),
    '',
    ...spreads,
    'One record there and back at a time, microseconds:',
    '',
    tableOf(['', 'p50', 'p99', 'p99.9', 'plan'], trips),
    '',
    idleText,
  ].join('\n');
}

function handlesText({ calls, machine }) {
  const rows = Object.entries(calls).map(([name, { ns, each_ns }]) => [
    name,
    short(ns.median),
    shortEach(each_ns, ', '),
  ]);
  return [
    'Nanoseconds a record of eight `f64`, the least of 600 chunks of 1024 records in each process: what the call itself takes,',
    "without the traffic between CPUs. The first row is the same stores into an array of the program's own.",
    `The plan is \`echo, 64 B\`. ${runOf(machine)}.`,
    '',
    tableOf(['', 'ns a record', 'each process'], rows),
  ].join('\n');
}

/** Of each distance of the CPUs one. */
const byBand = (bands, textOf) => Object.entries(bands).map(([band, one]) => [band, ...textOf(one)]);

function pairTexts(pairs) {
  const percent = (share) => `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)} %`;
  return pairs.map(({ name, plans, verdict, change, interval, floor, pairs: count, whole }) => {
    // Of too few pairs the interval is infinite, which JSON does not have.
    const known = interval?.every((end) => end !== null) === true;
    const told = known ? `${percent(change)} (${percent(interval[0])} to ${percent(interval[1])})` : '';
    const failed = whole === undefined ? '' : Object.values(whole.with.counts.causes).join(', ');
    return [
      ...[
        name,
        floor === undefined ? '' : `±${(100 * floor).toFixed(0)} %`,
        told,
        verdict === 'none' ? 'no verdict' : verdict,
        count,
      ],
      ...[whole === undefined ? '' : `${failed} of ${whole.records.toLocaleString('en')}`],
      [...new Set(plans)].map(planText).join(', '),
    ];
  });
}

function stagesText({ contestants, comparisons, pairs, machine, busy }) {
  const rows = Object.entries(contestants).flatMap(
    ([
      name,
      {
        ns: { moved, ...ns },
      },
    ]) => byBand(ns, (one) => [spreadText(one), one.n]).map((cells) => [name, ...cells, planText(planOfStages(name))]),
  );
  const ratios = comparisons.flatMap(({ a, b, asked, bands }) =>
    byBand(bands, ({ ratio: value, pairs: count, each }) => [ratio(value), shortEach(each, ', '), count]).map(
      ([band, middle, each]) => [a, b, band, middle, asked === null ? '' : `${asked}×`, each],
    ),
  );
  const state = busy ? ', on a machine that did other things too' : '';
  return [
    'A stage that changes one field of a record of 64 bytes, pushed and polled in place by the main thread, and worked on by a',
    'function of it or by one in a worker; beside it the same push and poll through a native stage that does nothing, a stream of',
    "objects, and messages to a worker that changes each. One way: pushed by columns, changed by the stage on byteor's thread, discarded.",
    `Nanoseconds a record, median (least to most). ${runOf(machine)}${state}.`,
    '',
    tableOf(['', 'CPUs', 'ns a record', 'trials', 'plan'], rows),
    '',
    'Times beside each other, as ratios of trials of the same round at the same distance of the CPUs; a row says what was asked:',
    '',
    tableOf(['', 'beside', 'CPUs', 'ratio', 'asked', 'each round'], ratios),
    '',
    'With native ends, over a file of lines: the second plan beside the first, or lines of which one in a million fails beside lines of',
    'which none does, by the verdict of `byteor bench` (pairs of processes). Every run compares each count of its ledger, and the',
    'number of letters, with what it must be; one more run a row has as many records as the last column says:',
    '',
    tableOf(['', 'floor', 'time', 'verdict', 'pairs', 'failed', 'plans'], pairTexts(pairs)),
  ].join('\n');
}

function runText({ jobs, machine, left_out }) {
  const names = [...new Set(jobs.flatMap(({ contestants }) => Object.keys(contestants)))];
  const peers = names.filter((name) => name !== 'byteor run');
  const rows = jobs.flatMap(({ name, contestants }) => {
    const ours = contestants['byteor run'];
    if (ours === undefined) return [];
    const others = peers
      .filter((peer) => contestants[peer] !== undefined)
      .map((peer) => `${peer} ${short(contestants[peer].mb_per_s.median)} (${ratio(contestants[peer].byteor_ratio)})`);
    const memory = short(ours.peak_mb.median);
    return [
      [
        name,
        short(ours.mb_per_s.median),
        short(ours.inside_mb_per_s.median),
        memory,
        others.join(', '),
        planText(planOfJob(name)),
      ],
    ];
  });
  const missing = leftOut(left_out);
  return [
    `Megabytes of input a second, of ${Math.round((jobs[0]?.bytes ?? 0) / 1e6)} MB, whole process, median; in brackets how many times as fast`,
    'byteor is. "Once started" leaves the start of Node out, which a longer file makes as good as nothing. Every output was',
    `compared byte for byte. ${runOf(machine)}.${missing}`,
    '',
    tableOf(['job', 'byteor run', 'once started', 'peak MB', 'others', 'plan'], rows),
  ].join('\n');
}

function startText({ contestants, machine }) {
  const rows = Object.entries(contestants).map(([name, { milliseconds, cpu_milliseconds, to_node }]) => [
    ...[name, spreadText(milliseconds), short(cpu_milliseconds.median), ratio(to_node)],
  ]);
  return [
    'Milliseconds of the whole process where there is next to nothing to do, median (least to most), beside a Node that does',
    `nothing; median CPU time of all threads. ${runOf(machine)}.`,
    '',
    tableOf(['', 'ms', 'CPU ms', 'of Node'], rows),
  ].join('\n');
}

/** Every section, by the benchmark that it comes from. */
const SECTIONS = [
  ['rings', 'Rings, in C++', ringsText],
  ['lanes', 'The lanes of a graph, in C++', lanesText],
  ['journal', 'A journal lane, in C++', journalText],
  ['echo', 'From JavaScript and back', echoText],
  ['handles', 'The handles alone', handlesText],
  ['stages', 'Stages of your own', stagesText],
  ['run', 'Whole jobs over files', runText],
  ['start', 'The start', startText],
];

/** The whole section. A benchmark that is not on record has its place all the same. */
function performanceText() {
  const sections = SECTIONS.map(([name, title, textOf]) => {
    const result = load(name);
    const none = `No run is on record yet: \`npm run bench -- ${name}\`, then \`npm run bench:report\`.`;
    return { name, result, text: `### ${title}\n\n${result === undefined ? none : textOf(result)}` };
  });
  const found = sections.filter(({ result }) => result !== undefined);
  const machines = new Set(found.map(({ result }) => whereText(result.machine)));
  const where =
    machines.size === 1
      ? `Machine: ${[...machines][0]}.`
      : found.map(({ name, result }) => `Machine of ${name}: ${whereText(result.machine)}.`).join('\n');
  return [where, ...sections.map(({ text }) => text)].join('\n\n');
}

/** The README's table, with where its numbers come from. */
function summaryText(rows, { echo, run, lanes, journal, stages }) {
  const commits = Object.entries({ echo, run, lanes, journal, stages })
    .filter(([, result]) => result !== undefined)
    .map(([name, { machine }]) => `${name} ${machine.commit}`);
  const elsewhere = Object.entries({ run, lanes, journal, stages })
    .filter(([, result]) => result !== undefined && result.machine.cpu !== echo.machine.cpu)
    .map(([name, { machine }]) => ` Machine of ${name}: ${whereText(machine)}.`);
  return [
    `${whereText(echo.machine)}.${elsewhere.join('')} Commits: ${commits.join(', ')}.`,
    '',
    tableOf(
      ['', 'byteor', 'beside it', 'byteor is'],
      rows.map(({ what, byteor, beside, ratio: value }) => [what, byteor, beside, ratio(value)]),
    ),
  ].join('\n');
}

/** A document with what stands between the two marks replaced. */
function withSection(path, text) {
  const page = readFileSync(join(root, path), 'utf8');
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${path} has no place for the results: ${BEGIN} and ${END}`);
  return `${page.slice(0, from)}${BEGIN}\n${text.trimEnd()}\n${page.slice(to)}`;
}

function main() {
  const results = Object.fromEntries(['echo', 'run', 'lanes', 'journal', 'stages'].map((name) => [name, load(name)]));
  const rows = summaryRows(results);
  const documents = {
    'README.md': withSection('README.md', summaryText(rows, results)),
    'docs/comparison.md': withSection('docs/comparison.md', summaryText(rows, results)),
    'docs/performance.md': withSection('docs/performance.md', performanceText()),
    'docs/performance.svg': summaryPlot(rows),
  };
  for (const [path, wanted] of Object.entries(documents)) {
    const there = join(root, path);
    if (existsSync(there) && readFileSync(there, 'utf8') === wanted) continue;
    if (process.argv.includes('--check')) {
      process.stderr.write(`${path} does not say what bench/results say: npm run bench:report\n`);
      process.exitCode = 1;
    } else writeFileSync(there, wanted);
  }
}

main();
