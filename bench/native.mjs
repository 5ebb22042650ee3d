/**
 * Every hot path that a plan reaches (bench/plans.mjs), in C++ and without JavaScript:
 *
 *   npm run bench:native -- [--against REF] [--only TEXT] [--counts] [--times] [--latency] [--seconds N] [--floor PERCENT]
 *                           [--out FILE] [--benchmark-json FILE] [--svg FILE]
 *
 * Counts what each plan costs a record. With `--against` the commit REF is built beside, in .cache, and held against this
 * tree by two kinds of evidence that are never mixed: counts (what rose by more than the limits of lib/bench/counts.ts, and
 * the functions that grew), and time (pairs of processes, lib/bench/pairs.ts; --seconds for each plan, 30). Beside them stand
 * latencies under a load that is the same for both (lib/bench/latency.ts), which decide nothing. Without --counts, --times and
 * --latency all three are made. `--benchmark-json` writes the counts, and the ratios of time, in the form customSmallerIsBetter of
 * github-action-benchmark, and `--svg` the ratios of time as a plot.
 *
 *   npm run bench:native -- --check            this tree's counts against bench/counts/baseline.json, as CI does
 *   npm run bench:native -- --accept REASON    writes them there
 *
 * Ends with 0, with 6 where something is slower, with 7 where that could not be told, with 2 where it was called wrongly.
 */

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { tools } from '../test/tools/probe.mjs';
import { root } from '../test/tools/process.mjs';
import { PROGRAMS } from './plans.mjs';
import { firstLine, machineFacts } from './support/machine.mjs';
import { buildPlans, commitOf, treeOf, wrong } from './support/plan-builds.mjs';
import { countPlans, toolchain } from './support/plan-counts.mjs';
import { pairPlans } from './support/plan-laps.mjs';
import { loadPlans } from './support/plan-latencies.mjs';
import { columns, milestone, writeResult } from './support/report.mjs';
import { median } from './support/stats.mjs';

/** As the exit codes of `byteor bench`. */
const Exit = { Done: 0, MachineCannot: 5, Slower: 6, NoVerdict: 7 };

/** Of what `open` does with a stage: it asks the allocator and the system, which do not repeat to the instruction. */
const OPEN_SHARE = 0.05;

const BASELINE = join(root, 'bench/counts/baseline.json');

const EVENTS = ['Ir', 'Dr', 'Dw', 'Bc', 'D1mr', 'D1mw'];

const two = (value) => value.toFixed(2);
const signed = (value) => `${value < 0 ? '' : '+'}${two(value)}`;
const percent = (share) => `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)} %`;

function readArguments() {
  const { values } = parseArgs({
    options: {
      against: { type: 'string' },
      only: { type: 'string', default: '' },
      counts: { type: 'boolean', default: false },
      times: { type: 'boolean', default: false },
      latency: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '30' },
      floor: { type: 'string', default: '3' },
      check: { type: 'boolean', default: false },
      built: { type: 'boolean', default: false },
      accept: { type: 'string' },
      out: { type: 'string' },
      'benchmark-json': { type: 'string' },
      svg: { type: 'string' },
    },
  });
  const positive = (option) => {
    const number = Number(values[option]);
    if (number > 0 && number < Infinity) return number;
    throw wrong(`--${option} ${values[option]}: give a positive number.`);
  };
  const programs = PROGRAMS.filter(({ name }) => name.includes(values.only));
  if (programs.length === 0) throw wrong(`--only ${values.only}: no plan of bench/plans.mjs has that in its name.`);
  if (values.accept !== undefined && values.accept.trim().length < 10)
    throw wrong('--accept takes the reason why these counts are right, in words.');
  if (values.accept !== undefined && values.only !== '') throw wrong('--accept takes all plans: leave --only out.');
  const all = !values.counts && !values.times && !values.latency;
  if (values.against === undefined && (values.times || values.latency || values.svg !== undefined))
    throw wrong('--times, --latency and --svg compare: name a commit with --against.');
  return {
    ...values,
    programs,
    seconds: positive('seconds'),
    floor: positive('floor') / 100,
    counts: all || values.counts,
    times: values.against !== undefined && (all || values.times),
    latency: values.against !== undefined && (all || values.latency),
  };
}

/** A table of counts, with what rose against the first build where there are two. */
function printCounts(results) {
  const rows = results.map(({ program, counted }) => {
    const now = counted.at(-1);
    const then = counted.length > 1 ? counted[0] : undefined;
    const cells = EVENTS.map((event) => (now === undefined ? '-' : two(now.counts[event])));
    return [
      program.name,
      ...cells,
      then === undefined || now === undefined ? '' : signed(now.counts.Ir - then.counts.Ir),
    ];
  });
  process.stdout.write(`${columns([['counts a record', ...EVENTS, 'Ir more'], ...rows])}\n`);
}

/** Says what rose, and in which functions; true where something did. */
async function printRises(pairs) {
  const { grownFunctions, risesOf } = await import('../dist/modules/bench/counts.js');
  let rose = false;
  for (const { program, before, after } of pairs) {
    const { name, larger } = program;
    const rises = risesOf(before.counts, after.counts, larger === undefined ? 0 : OPEN_SHARE);
    const each = larger === undefined ? 'record' : 'stage';
    for (const { what, before: was, after: is } of rises)
      process.stdout.write(`${name}: ${two(is)} ${what} a ${each}, ${two(was)} before (${percent(is / was - 1)})\n`);
    if (rises.length === 0) continue;
    rose = true;
    if (before.functions === undefined) continue;
    for (const [grown, more] of grownFunctions(before, after)) process.stdout.write(`  ${signed(more)} Ir  ${grown}\n`);
  }
  return rose;
}

async function printTimes(results, judged) {
  const { undisturbed, undisturbedLaps } = await import('../dist/modules/bench/pairs.js');
  const rows = results.map(({ program, records, paired }, index) => {
    const kept = undisturbedLaps(paired.samples);
    const rate = (side) =>
      kept.length === 0 ? '-' : (records / median(kept.map((pair) => pair[side].seconds)) / 1e6).toFixed(2);
    const { verdict, change, interval, pairsNeeded } = judged[index];
    const told = Number.isNaN(change) ? '' : `${percent(change)} [${percent(interval[0])}, ${percent(interval[1])}]`;
    const more = verdict === 'none' && pairsNeeded ? `, some ${pairsNeeded} pairs would tell` : '';
    const peak = (side) =>
      kept.length === 0 ? '-' : (median(kept.map((pair) => pair[side].peak_kib)) / 1024).toFixed(1);
    return [
      program.name,
      rate('a'),
      rate('b'),
      peak('a'),
      peak('b'),
      told,
      `±${(100 * paired.floor).toFixed(1)} %`,
      `${undisturbed(paired.samples).length} of ${paired.samples.length}`,
      verdict === 'none' ? `no verdict${more}` : verdict,
    ];
  });
  const titles = ['', 'M records/s before', 'now', 'peak MiB before', 'now', 'time', 'floor', 'pairs', 'verdict'];
  process.stdout.write(`${columns([titles, ...rows])}\n`);
}

const microseconds = (ns) => (ns / 1000).toPrecision(3);

function printLatencies(results) {
  const rows = results.flatMap(({ program, per_second, latencies }) =>
    latencies.rows.map(({ quantile, a_ns, b_ns, change, interval }, index) => [
      index === 0 ? program.name : '',
      index === 0 ? (per_second / 1e6).toPrecision(3) : '',
      quantile,
      microseconds(a_ns),
      microseconds(b_ns),
      `${percent(change)} [${percent(interval[0])}, ${percent(interval[1])}]`,
      index === 0 ? `${latencies.pairs} of ${latencies.samples.length}` : '',
    ]),
  );
  const titles = ['latency, µs', 'M records/s', '', 'before', 'now', 'change', 'pairs'];
  process.stdout.write(`${columns([titles, ...rows])}\n`);
}

/** For dashboards of many commits. Rates are left out: they mean nothing on another machine. */
function benchmarkEntries({ counts = [], times = [], addon_bytes, against }) {
  const counted = counts.flatMap(({ name, counts: each }) => {
    const now = each.at(-1);
    return now === null ? [] : [{ name: `${name}: instructions a record`, unit: 'instructions', value: now.Ir }];
  });
  const timed = times
    .filter(({ change }) => Number.isFinite(change))
    .map(({ name, verdict, change, interval: [low, high], pairs }) => ({
      name: `${name}: time, ratio`,
      unit: 'ratio',
      value: 1 + change,
      range: `± ${((high - low) / 2).toFixed(4)}`,
      extra: `${verdict}, ${pairs} pairs against ${against}`,
    }));
  return [...counted, ...timed, { name: 'addon', unit: 'bytes', value: addon_bytes.now }];
}

/** The size of what ships. */
const bytesOf = ({ addon }) => (existsSync(addon) ? statSync(addon).size : null);

/** What stands in the baseline of counts: without functions, which only a comparison of two builds names. */
const countsByName = (results) =>
  Object.fromEntries(
    results.map(({ program, counted }) => [
      program.name,
      Object.fromEntries(EVENTS.map((event) => [event, Number(counted[0].counts[event].toFixed(4))])),
    ]),
  );

async function accept(args) {
  const now = await buildPlans(root, 'this tree');
  const results = await countPlans([now], args.programs);
  printCounts(results);
  const text = { reason: args.accept, toolchain: toolchain(), counts: countsByName(results) };
  writeFileSync(BASELINE, `${JSON.stringify(text, null, 2)}\n`);
  milestone(`written: ${BASELINE}`);
  return Exit.Done;
}

/**
 * This tree's counts against the baseline. Where compiler, C library or valgrind are others, the baseline says nothing, and
 * the commit that this one grew from is built and counted instead.
 */
async function check(args) {
  const baseline = JSON.parse(readFileSync(BASELINE, 'utf8'));
  if (!isDeepStrictEqual(baseline.toolchain, toolchain())) {
    const base = firstLine('git', 'merge-base', 'HEAD', 'origin/HEAD') ?? commitOf('HEAD~1');
    milestone(`the baseline is of another toolchain (${JSON.stringify(baseline.toolchain)}); comparing with ${base}`);
    if (base === undefined) throw Object.assign(new Error('There is no earlier commit.'), { exit: Exit.MachineCannot });
    return compare({ ...args, against: base, times: false, latency: false });
  }
  const now = await buildPlans(root, 'this tree', { built: args.built });
  const results = await countPlans([now], args.programs);
  printCounts(results);
  const known = results.flatMap(({ program, counted: [after] }) => {
    const counts = baseline.counts[program.name];
    return counts === undefined ? [] : [{ program, before: { counts }, after }];
  });
  const unknown = results.filter(({ program }) => baseline.counts[program.name] === undefined);
  for (const { program } of unknown) process.stdout.write(`${program.name}: not in the baseline\n`);
  const rose = await printRises(known);
  if (!rose && unknown.length === 0) return Exit.Done;
  process.stdout.write(
    'Counts rose past bench/counts/baseline.json. `npm run bench:native -- --counts --against REF` names the functions; ' +
      'where the rise is meant, `npm run bench:native -- --accept REASON` writes the new baseline.\n',
  );
  return Exit.Slower;
}

/** The counts of this tree alone, or of this tree against another commit; then times and latencies too. */
async function compare(args) {
  const base = args.against === undefined ? undefined : treeOf(args.against);
  const then = base === undefined ? undefined : await buildPlans(base.folder, base.commit);
  const now = await buildPlans(root, 'this tree', { built: args.built });
  const machine = { ...machineFacts(`npm run bench:native -- ${process.argv.slice(2).join(' ')}`), ...toolchain() };
  const result = { machine, against: base?.commit ?? null, addon_bytes: { now: bytesOf(now) } };
  const exits = [];
  if (args.counts) exits.push(await compareCounts(then, now, args, result));
  if (then !== undefined) {
    result.addon_bytes.before = bytesOf(then);
    process.stdout.write(`addon: ${result.addon_bytes.now} bytes, ${result.addon_bytes.before} before\n`);
  }
  if (args.times) exits.push(await compareTimes(then, now, args, result));
  if (args.latency) await compareLatencies(then, now, args, result);
  writeResult('native', result, args.out);
  const entries = args['benchmark-json'];
  if (entries !== undefined) writeFileSync(entries, `${JSON.stringify(benchmarkEntries(result), null, 2)}\n`);
  return [Exit.Slower, Exit.NoVerdict].find((exit) => exits.includes(exit)) ?? Exit.Done;
}

async function compareCounts(then, now, args, result) {
  const results = await countPlans(then === undefined ? [now] : [then, now], args.programs);
  printCounts(results);
  result.counts = results.map(({ program, counted }) => ({
    name: program.name,
    counts: counted.map((one) => one?.counts ?? null),
  }));
  const both = results.filter(({ counted }) => counted.length === 2 && counted.every((one) => one !== undefined));
  const pairs = both.map(({ program, counted: [before, after] }) => ({ program, before, after }));
  return (await printRises(pairs)) ? Exit.Slower : Exit.Done;
}

async function compareTimes(then, now, args, result) {
  const { judgeTogether } = await import('../dist/modules/bench/verdict.js');
  const results = await pairPlans({ a: then, b: now }, args.programs, args);
  const judged = judgeTogether(results.map(({ paired }) => paired));
  await printTimes(results, judged);
  result.times = results.map(({ program, records, paired }, index) => {
    const { verdict, change, interval, pairs, pairsNeeded } = judged[index];
    const { floor, same_side, samples } = paired;
    return { name: program.name, records, verdict, change, interval, pairs, pairsNeeded, floor, same_side, samples };
  });
  if (args.svg !== undefined) {
    const { forestPlot } = await import('../dist/modules/bench/forest-plot.js');
    const rows = results.map(({ program }, index) => ({ name: program.name, judged: judged[index] }));
    writeFileSync(args.svg, forestPlot(`this tree against ${result.against}`, rows, args.floor));
  }
  const verdicts = judged.map(({ verdict }) => verdict);
  if (verdicts.includes('slower')) return Exit.Slower;
  return verdicts.includes('none') ? Exit.NoVerdict : Exit.Done;
}

async function compareLatencies(then, now, args, result) {
  const results = await loadPlans({ a: then, b: now }, args.programs, args);
  printLatencies(results);
  result.latency = results.map(({ program, per_second, latencies }) => ({
    name: program.name,
    per_second,
    ...latencies,
  }));
}

/** A mistake in an option is told as such; what parseArgs says of it is a sentence. */
function argumentsOrUsage() {
  try {
    return readArguments();
  } catch (error) {
    throw error.exit === undefined ? wrong(error.message) : error;
  }
}

try {
  const args = argumentsOrUsage();
  for (const tool of [tools.valgrind, tools.cmake])
    if (!tool.has()) throw Object.assign(new Error(`${tool.name} is needed.`), { exit: Exit.MachineCannot });
  if (args.accept !== undefined) process.exitCode = await accept(args);
  else process.exitCode = await (args.check ? check(args) : compare(args));
} catch (error) {
  milestone(error.exit === undefined ? (error.stack ?? error.message) : error.message);
  process.exitCode = error.exit ?? 1;
}
