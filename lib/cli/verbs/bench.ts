/** `byteor bench`: two plans, or two ways to run one, compared over the user's own input. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pair } from '../../bench/pairs.js';
import type { CheckedPlan } from '../../plan/document.js';
import { nativeAddon } from '../../runtime/native.js';
import { packageRoot } from '../../runtime/package-root.js';
import { type Ends, fileOf } from '../adapters.js';
import { benchmarkEntries } from '../bench/benchmark-json.js';
import type { LapAnswer } from '../bench/lap.js';
import { startLaps } from '../bench/lap-process.js';
import { measureLatencies } from '../bench/latencies.js';
import { type MeasuredLap, measure } from '../bench/measure.js';
import {
  addBenchOptions,
  againstOptions,
  againstPackage,
  type BenchOptions,
  checkAgainst,
  checkResultFiles,
  planOptions,
} from '../bench/options.js';
import { compareOutputs, type OneRun, runOnce } from '../bench/outputs.js';
import { plot } from '../bench/plot.js';
import { type BenchProgress, benchProgress } from '../bench/progress.js';
import { type BenchFacts, benchFacts, type Compared, exitCodeOf } from '../bench/result.js';
import { checkBoundaries, checkEnds, runsOf, type Side, type SideName, sideOf, writeRequest } from '../bench/sides.js';
import { benchText } from '../bench/text.js';
import { askedEnds } from '../end-options.js';
import { CliError, ExitCode } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { needAddon } from '../run/execute.js';
import { systemWords } from '../system-words.js';
import type { Terminal } from '../terminal.js';
import { type Define, examples, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

export const define: Define = (command, context) => {
  command
    .description(
      'Compare a plan with another one, or with the same under other options, over your own input. Outputs are compared ' +
        'first; then laps of both sides run in pairs until they tell which is faster, or the time is up.',
    )
    .argument(...PLAN_ARGUMENT);
  addBenchOptions(command)
    .addHelpText('after', HELP)
    .action(context.ends((path: string, options: BenchOptions) => bench(path, options, context)));
};

const ENDS = '--ingress in=lines:a.log --egress out=discard';

const HELP = `${examples([
  [`byteor bench new.yaml --against old.yaml ${ENDS}`, 'is the new plan slower?'],
  [`byteor bench plan.yaml ${ENDS} --against-wait spin`, 'one plan, two ways to wait'],
  [`byteor bench plan.yaml --against plan.yaml ${ENDS}`, 'a change of nothing: same'],
])}
The verdict is about PLAN: faster or slower than the other side, same, or no verdict. Exit codes: 0 faster or same, 6 slower, 7
no verdict, also where the outputs differ. Your output files are not written to. docs/bench.md says how it is measured.
`;

type Both<Value> = Readonly<Record<SideName, Value>>;

async function bench(path: string, options: BenchOptions, context: VerbContext): Promise<ExitCode> {
  checkAgainst(options);
  const plan = await loadPlan(path, options.json === true, context);
  const other = await otherPlan(path, plan, options, context);
  if (plan === undefined || other === undefined) return ExitCode.PlanErrors;
  checkBoundaries(plan, other.plan);
  const ends = await askedEnds(plan.boundaries, options);
  checkEnds(plan.boundaries, ends);
  checkResultFiles(options, [path, other.path, ...Object.values(ends.ports).flatMap((port) => fileOf(port) ?? [])]);
  needAddon();
  context.out.demand();
  const sides: Both<Side> = {
    plan: sideOf('plan', path, plan, { options: planOptions(options), package: packageRoot() }),
    against: sideOf('against', other.path, other.plan, {
      options: againstOptions(options, plan, other.plan),
      package: againstPackage(options),
    }),
  };
  return await inScratch(options, context, async (folder, signal) => {
    const progress = benchProgress(options.progress ?? context.err.isTty, context.err);
    const compared = await compare(sides, ends, options, { folder, signal, progress }).finally(() => progress.end());
    return conclude(compared, options, context);
  });
}

async function otherPlan(
  path: string,
  plan: CheckedPlan | undefined,
  { against, json }: BenchOptions,
  context: VerbContext,
): Promise<{ path: string; plan: CheckedPlan } | undefined> {
  if (against === undefined || (against === path && path !== '-')) return plan && { path, plan };
  // One document on standard output: the first plan's errors, if there are any.
  const other = await loadPlan(against, json === true && plan !== undefined, context);
  return other && { path: against, plan: other };
}

interface Surroundings {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly progress: BenchProgress;
}

async function compare(
  sides: Both<Side>,
  ends: Ends,
  { seconds, floor, latency }: BenchOptions,
  { folder, signal, progress }: Surroundings,
): Promise<Compared> {
  progress.step('outputs of both sides');
  const ran: Both<OneRun> = {
    against: await runOnce(sides.against, ends, folder, signal),
    plan: await runOnce(sides.plan, ends, folder, signal),
  };
  const outputs = compareOutputs(sides, ran);
  for (const { outputs: files } of Object.values(ran))
    for (const file of Object.values(files)) rmSync(file, { force: true });
  const records = { plan: recordsOf(ran.plan), against: recordsOf(ran.against) };
  const common = { name: sides.plan.version.name, sides, outputs, records, floor, seconds };
  if (!outputs.equal) return common;
  // Names of one length: the arguments of a process move its stack.
  const requests: Both<string> = {
    plan: writeRequest(sides.plan, ends, folder, 'lap-b', 'as given').request,
    against: writeRequest(sides.against, ends, folder, 'lap-a', 'as given').request,
  };
  progress.step('warm-up');
  const measured = await measure({
    start: (name, runs) => {
      const process = startLaps<LapAnswer>(name, requests[name], runs, signal);
      return { lap: async () => runsOf(sides[name], await process.lap()), end: process.end };
    },
    distance: (cpu, other) => nativeAddon().flagRoundTrip(cpu, other),
    cpus: availableParallelism(),
    once: {
      run_seconds: sum(Object.values(ran).map(({ runs }) => runs.seconds[0] as number)),
      process_seconds: sum(Object.values(ran).map(({ process_seconds }) => process_seconds)),
    },
    seconds,
    floor,
    progress: (pairs: readonly Pair<MeasuredLap>[]) => progress.pairs(pairs),
  });
  if (latency !== true || 'needed' in measured) return { ...common, measured };
  progress.step('latencies');
  const loaded = await measureLatencies(sides, ends, {
    folder,
    signal,
    seconds,
    progress: (samples) => progress.step(`latencies: ${samples.length} pairs`),
  });
  return { ...common, measured, latency: loaded };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const recordsOf = ({ runs }: OneRun): number =>
  sum(Object.values(runs.boundaries).map(({ published }) => Number(published ?? 0)));

function conclude(compared: Compared, options: BenchOptions, { out, err }: Terminal): ExitCode {
  const facts = benchFacts(compared);
  if (options.json === true) out.json(facts);
  else out.line(benchText(facts, compared.outputs.remark, out.colors));
  writeResults(facts, options, err);
  return exitCodeOf(facts);
}

function writeResults(facts: BenchFacts, options: BenchOptions, err: Terminal['err']): void {
  const [program] = facts.programs;
  if (options.out !== undefined) write('--out', options.out, `${JSON.stringify(facts, null, 2)}\n`);
  const more = { '--benchmark-json': options.benchmarkJson, '--svg': options.svg };
  for (const [option, path] of Object.entries(more)) {
    if (path === undefined) continue;
    if (program === undefined) err.line(`byteor bench: ${option}: nothing was measured, so nothing is written.`);
    else if (option === '--svg') write(option, path, plot(program));
    else write(option, path, `${JSON.stringify(benchmarkEntries(program), null, 2)}\n`);
  }
}

function write(option: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new CliError(
      ExitCode.RunFailed,
      `${option} cannot write ${JSON.stringify(path)}: ${systemWords(error)}.`,
      undefined,
      { cause: error },
    );
  }
}

/** Nothing that laps write outlives the comparison, also when a signal ends it. */
async function inScratch(
  { scratch = tmpdir() }: BenchOptions,
  { err }: Terminal,
  use: (folder: string, signal: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  const abort = new AbortController();
  let ended: 'SIGINT' | 'SIGTERM' | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    ended = signal;
    abort.abort(new Error(`ended by ${signal}`));
  };
  const folder = scratchFolder(scratch);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await use(folder, abort.signal);
  } catch (error) {
    if (ended === undefined) throw error;
    err.line(`byteor bench: Ended by ${ended}: no verdict.`);
    return ended === 'SIGINT' ? ExitCode.Interrupted : ExitCode.Terminated;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    rmSync(folder, { recursive: true, force: true });
  }
}

function scratchFolder(place: string): string {
  try {
    return mkdtempSync(join(place, 'byteor-bench-'));
  } catch (error) {
    throw new CliError(
      ExitCode.Usage,
      `Cannot make a folder in ${JSON.stringify(place)}: ${systemWords(error)}.`,
      'Name a folder that you can write to: --scratch FOLDER.',
      { cause: error },
    );
  }
}
