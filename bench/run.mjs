/**
 * Whole jobs over files of 200 MB: `byteor run` against grep, awk, jq, a bare loop in C++ and Node programs. The time is
 * that of the whole process, start included; the input is in the page cache, the output goes to a file.
 *
 *   node bench/run.mjs [--rounds N] [--mb N] [--only TEXT] [--busy] [--out FILE]
 *
 * Every output is compared byte for byte (by digest) with what the maker of the file says, counts one by one. These jobs
 * are what a SingleRing can do: filter, count, pass on. Parsing and routing to several outputs needs LaneGraph's ops.
 */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeLines } from '../examples/support/line-file.mjs';
import { AccessLog, Events } from '../examples/support/log-lines.mjs';
import { root } from '../test/tools/process.mjs';
import { JOBS } from './run/jobs.mjs';
import { firstLine, machineFacts } from './support/machine.mjs';
import { BUILD, buildPrograms, FLAGS } from './support/native-build.mjs';
import { columns, milestone, progress, short, writeResult } from './support/report.mjs';
import { spread } from './support/stats.mjs';
import { OTHERS_MAX_WRITING, pairedRatio, runProcess, runRounds, valuesOf } from './support/trials.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mb: { type: 'string', default: '200' },
    only: { type: 'string', default: '' },
    busy: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

/** Slow programs run in the first rounds only. */
const SLOW_ROUNDS = 2;

const installed = (needs) =>
  needs === 'split2'
    ? existsSync(join(root, 'bench/peers/node_modules/split2'))
    : firstLine('which', needs) !== undefined;

const folder = mkdtempSync(join(tmpdir(), 'byteor-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** Makes both inputs, and what every job must give for them. */
async function makeInputs(jobs) {
  const inputs = {};
  for (const [name, log, key] of [
    ['access', new AccessLog(), 'status'],
    ['events', new Events(), 'level'],
  ]) {
    const own = jobs.filter((job) => job.input === name && job.counts === undefined);
    const digests = own.map(() => createHash('sha256'));
    const counts = new Map();
    const path = join(folder, `${name}.log`);
    let line = '';
    const make = () => {
      line = log.line();
      return line;
    };
    const onLine = () => {
      counts.set(log[key], (counts.get(log[key]) ?? 0) + 1);
      for (const [at, job] of own.entries())
        if (job.needle === undefined || line.includes(job.needle)) digests[at].update(`${line}\n`, 'latin1');
    };
    progress(`run: making ${values.mb} MB of ${name}`);
    const made = await writeLines(path, Number(values.mb) * 1e6, make, onLine);
    for (const [at, job] of own.entries()) job.digest = digests[at].digest('hex');
    for (const job of jobs) if (job.input === name && job.counts !== undefined) job.wanted = sorted(counts);
    inputs[name] = { path, ...made };
  }
  return inputs;
}

const sorted = (entries) =>
  [...entries]
    .map(([key, count]) => `${key} ${count}`)
    .sort()
    .join('\n');

const parseCounts = (text) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));

async function digestOf(path) {
  const hash = createHash('sha256');
  for await (const block of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(block);
  return hash.digest('hex');
}

/** The rate that `byteor run` itself reports, from the start of its threads to their end: without the start of Node. */
function insideOf(summary, input) {
  return { inside: input.bytes / JSON.parse(summary).seconds / 1e6 };
}

async function trial(job, name, contestant, input) {
  const output = join(folder, 'output');
  const printed = contestant.ownOutput ? join(folder, 'printed') : output;
  const planFile = join(folder, 'plan.json');
  if (contestant.plan !== undefined) writeFileSync(planFile, JSON.stringify(contestant.plan));
  const args = [printed, ...contestant.command(input.path, planFile, output)];
  const { stdout, stderr } = await runProcess(join(root, BUILD, 'byteor_timed'), args, { env: { LC_ALL: 'C' } });
  const { exit, ...figures } = JSON.parse(stdout);
  // grep says 1 where no line matched.
  if (exit !== 0 && !(name === 'grep -F' && exit === 1)) throw new Error(`${args.join(' ')}: exit ${exit}\n${stderr}`);
  const inside = contestant.plan === undefined ? {} : insideOf(readFileSync(printed, 'utf8'), input);
  if (job.counts === undefined) {
    if ((await digestOf(output)) !== job.digest) throw new Error(`${job.name}: the output of ${name} is wrong`);
  } else {
    const counts = (contestant.parse ?? parseCounts)(readFileSync(printed, 'utf8'));
    if (sorted(counts) !== job.wanted)
      throw new Error(`${job.name}: ${name} counted\n${sorted(counts)}\nnot\n${job.wanted}`);
  }
  return { ...figures, ...inside, rate: input.bytes / figures.seconds / 1e6 };
}

/** All contestants of all jobs under one name each, those that are installed. */
function contestantsOf(jobs) {
  const all = new Map();
  const left_out = [];
  for (const job of jobs)
    for (const [name, contestant] of Object.entries(job.contestants)) {
      if (contestant.needs !== undefined && !installed(contestant.needs))
        left_out.push(`${job.name}: ${name} (needs ${contestant.needs})`);
      else all.set(`${job.name}: ${name}`, { job, name, contestant });
    }
  return { all, left_out };
}

function summarize(jobs, results, inputs) {
  return jobs.map((job) => {
    const contestants = {};
    for (const name of Object.keys(job.contestants)) {
      const key = `${job.name}: ${name}`;
      const rates = valuesOf(results, key, 'rate');
      if (rates.length === 0) continue;
      contestants[name] = {
        mb_per_s: spread(rates),
        cpu_seconds: spread(valuesOf(results, key, 'cpu_seconds')),
        peak_mb: spread(valuesOf(results, key, 'peak_mb')),
        ...(name === 'byteor run'
          ? { inside_mb_per_s: spread(valuesOf(results, key, 'inside')) }
          : { byteor_ratio: pairedRatio(results, `${job.name}: byteor run`, key, 'rate')?.median ?? null }),
      };
    }
    return { name: job.name, bytes: inputs[job.input].bytes, lines: inputs[job.input].lines, contestants };
  });
}

function print(jobs) {
  const rows = [['MB/s of input', 'median', 'min', 'max', 'CPU s', 'peak MB', 'byteor is', 'trials']];
  for (const { name, contestants } of jobs)
    for (const [who, { mb_per_s: rate, cpu_seconds, peak_mb, byteor_ratio, inside_mb_per_s }] of Object.entries(
      contestants,
    ))
      rows.push([
        `${name}: ${who}${inside_mb_per_s === undefined ? '' : ` (${short(inside_mb_per_s.median)} once started)`}`,
        ...[rate.median, rate.min, rate.max, cpu_seconds.median, peak_mb.median].map(short),
        byteor_ratio == null ? '' : `${short(byteor_ratio)}x`,
        rate.n,
      ]);
  process.stdout.write(`${columns(rows)}\n`);
}

async function main() {
  const machine = { ...machineFacts('npm run bench -- run'), flags: FLAGS };
  milestone('run: building');
  await buildPrograms();
  const jobs = JOBS.filter((job) => job.name.includes(values.only));
  const inputs = await makeInputs(jobs);
  const { all, left_out } = contestantsOf(jobs);
  const rounds = Number(values.rounds);
  const skipped = (contestant, round) => contestant.slow && round >= SLOW_ROUNDS;
  const { results, disturbed } = await runRounds(
    [...all.keys()],
    rounds,
    (key, round) => {
      const { job, name, contestant } = all.get(key);
      return skipped(contestant, round) ? undefined : trial(job, name, contestant, inputs[job.input]);
    },
    'run',
    values.busy ? Number.POSITIVE_INFINITY : OTHERS_MAX_WRITING,
  );
  const summary = summarize(jobs, results, inputs);
  print(summary);
  for (const name of left_out) process.stdout.write(`left out: ${name}\n`);
  if (disturbed > 0) milestone(`${disturbed} trials did not count: others used the machine`);
  writeResult('run', { machine, rounds, busy: values.busy, disturbed, left_out, jobs: summary }, values.out);
}

await main();
