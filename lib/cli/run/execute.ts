/**
 * A checked plan over the adapters of its boundaries, to the end of its input: what `run` and `replay` do. All ends are
 * native; this thread only waits, shows progress, and listens for signals. Main thread.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ErrorCode } from '../../abi/error-codes.js';
import { monotonicNs } from '../../channel/clock.js';
import { ByteorError } from '../../error/errors.js';
import type { CheckedPlan, PipelinePlanV2 } from '../../plan/document.js';
import { isCallerOp } from '../../plan/op-catalog.js';
import { failedAt } from '../../region/failure.js';
import { BUILD_REMEDY } from '../../runtime/binary.js';
import { openFed } from '../../runtime/open.js';
import type { OpenOptions } from '../../runtime/options.js';
import type { Pipeline } from '../../runtime/pipeline.js';
import type { Redrive } from '../../runtime/redrive.js';
import type { PipelineStatus } from '../../runtime/status.js';
import { compile, type Version } from '../../version/version.js';
import { type Ends, fileOf } from '../adapters.js';
import { CliError, ExitCode, usageError } from '../exit-code.js';
import { loadProblem } from '../native-facts.js';
import { inOptionNames, openOptionsAsked } from '../open-options.js';
import { RELEASE_FEATURES } from '../release.js';
import { isSameFile } from '../same-file.js';
import { namesStages } from '../stage-options.js';
import { type Channel, needStream, type Terminal } from '../terminal.js';
import { counted, harmless } from '../text.js';
import type { VerbContext } from '../verb.js';
import { startProgress } from './progress.js';
import { type EndSignal, exitCodeOf, type RunFacts, runFacts } from './result.js';
import { RunFolder } from './run-folder.js';
import type { RunOptions } from './run-options.js';
import { answered, isSource, journalFolders, refusedRequests } from './status.js';
import { failedWords, summaryText, tooManyWords } from './summary.js';

export interface Execution {
  /** The verb, for what is said about it. */
  readonly verb: 'run' | 'replay' | 'dead-letters';
  /** Where the plan was read from, `-` for standard input. */
  readonly path: string;
  readonly plan: CheckedPlan;
  readonly ends: Ends;
  readonly options: RunOptions;
  /** Of letters that the run feeds again. */
  readonly redrive?: Redrive;
}

export async function execute(execution: Execution, context: VerbContext): Promise<ExitCode> {
  const { verb, path, plan, ends, options } = execution;
  if (path === '-' && ends.readsStandardInput)
    throw usageError('Standard input is named twice: as the plan and as an ingress.', 'Read one of them from a file.');
  needStreams(ends, options, context);
  keepPlan(path, ends);
  keepApart(plan, ends);
  const version = compile(plan, { features: RELEASE_FEATURES });
  const signals = drainOnSignals(options.deadline, context);
  const start = monotonicNs();
  let folder: RunFolder | undefined;
  const tell = (words: string | undefined): void => {
    if (words !== undefined) context.err.line(`byteor ${verb}: ${harmless(words)}`);
  };
  try {
    const pipeline = await openPipeline(version, execution);
    signals.watch(pipeline);
    folder = RunFolder.of(pipeline, options.journal);
    if (folder !== undefined) tell(`The journals of this run are in ${folder.path}.`);
    if (readsTerminal(ends)) context.err.line('Reading records from the terminal; Ctrl-D ends them.');
    if (options.observe === true && context.err.isTty)
      context.err.line(`Observe it with: byteor snapshot ${process.pid}`);
    if (options.requireProfile === true) await requireGranted(pipeline);
    const progress = wantsProgress(options, ends, context)
      ? startProgress(pipeline, ingressIds(plan), context.err)
      : undefined;
    const ledger = await pipeline.finished().finally(() => progress?.end());
    await execution.redrive?.finished();
    const seconds = (monotonicNs() - start) / 1e9;
    tell(folder?.end());
    const status = pipeline.status();
    const journals = journalsLeft(status);
    const reports = pipeline.reports();
    const ended = { ledger, status, journals, reports, seconds, signal: signals.first, failedMax: options.maxFailed };
    return conclude(ended, version.id, execution, context);
  } finally {
    signals.end();
    // Where the run did not come to its end.
    tell(folder?.end());
  }
}

/** The folders of Journal lanes that are there after the run. */
const journalsLeft = (status: PipelineStatus): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(journalFolders(status)).filter(([, folder]) => existsSync(folder)));

/** Before anything is emptied: a run whose records or summary would go nowhere does not begin. */
function needStreams(ends: Ends, options: RunOptions, context: Terminal): void {
  if (ends.readsStandardInput) needStream(0);
  if (ends.writesStandardOutput) needStream(1);
  if (options.json === true || options.quiet !== true) factsChannel(ends, context).demand();
}

/** Where the summary goes. */
const factsChannel = ({ writesStandardOutput }: Ends, { out, err }: Terminal): Channel =>
  writesStandardOutput ? err : out;

/** An output is truncated when it is opened, and the plan would be gone. */
function keepPlan(path: string, { ports }: Ends): void {
  for (const [id, port] of Object.entries(ports)) {
    const file = fileOf(port);
    if (file !== undefined && path !== '-' && isSameFile(path, file))
      throw usageError(`The adapter of "${id}" names the plan itself, ${JSON.stringify(path)}.`, 'Name another file.');
  }
}

const ingressIds = (plan: PipelinePlanV2): string[] =>
  plan.boundaries.filter(({ kind }) => kind === 'ingress').map(({ id }) => id);

/** Two outputs in one file would be written over each other. The core keeps an input from being an output. */
function keepApart({ boundaries }: PipelinePlanV2, { ports }: Ends): void {
  const outputs = boundaries.flatMap(({ id, kind }) => {
    const path = fileOf(ports[id]);
    return kind === 'egress' && path !== undefined ? [{ id, path }] : [];
  });
  for (const [at, one] of outputs.entries())
    for (const other of outputs.slice(at + 1))
      if (resolve(one.path) === resolve(other.path) || isSameFile(one.path, other.path))
        throw usageError(
          `The adapters of "${one.id}" and "${other.id}" name the same file, ${JSON.stringify(other.path)}.`,
          'Give each its own.',
        );
}

function conclude(
  ended: Parameters<typeof runFacts>[0],
  id: string,
  { verb, plan, ends, options }: Execution,
  terminal: Terminal,
): ExitCode {
  const { err } = terminal;
  const facts = runFacts(ended);
  const channel = factsChannel(ends, terminal);
  const readerGone = Object.values(ended.status.adapters).some((adapter) => !isSource(adapter) && adapter.reader_gone);
  const code = exitCodeOf(facts, ended.signal, options.assertConserved === true);
  if (options.json === true) channel.json(facts);
  // `byteor run … | head` has what it wanted: nothing to say unless something went wrong.
  const summarized = options.json !== true && options.quiet !== true && (!readerGone || code !== ExitCode.Done);
  if (summarized) {
    const { colors } = channel;
    const verbose = options.verbose === true;
    channel.line(summaryText(ended, facts, { plan, id, adapters: ends.words, colors, verbose }));
  }
  if (!summarized || channel !== err)
    for (const line of [...failedWords(ended.ledger), ...problemLines(code, facts)])
      err.line(`byteor ${verb}: ${harmless(line)}`);
  return code;
}

/** Why a run has the exit code that it has: the words of standard error, wherever the summary goes. */
function problemLines(code: ExitCode, { failure, too_many_failed, ledger }: RunFacts): string[] {
  if (failure !== undefined)
    return [`${JSON.stringify(failure.stage)} failed at ${failedAt(failure)}: ${failure.cause}`];
  if (too_many_failed !== undefined) return [tooManyWords(too_many_failed)];
  if (code !== ExitCode.Unbalanced) return [];
  const [first, ...rest] = ledger.imbalances ?? [];
  if (first === undefined) return [];
  const { at, shard, equation, left, right } = first;
  const where = shard === null ? '' : ` of shard ${shard}`;
  const more = rest.length === 0 ? '' : `, and ${counted(rest.length, 'other equation')}`;
  return [`The ledger does not balance: ${at}${where}: ${equation} does not hold: ${left} and ${right}${more}`];
}

/** Exit codes of errors that the core or the runtime has when it opens. Everything else: the run failed. */
const OPEN_EXIT_CODES: { readonly [Code in ErrorCode]?: ExitCode } = {
  BAD_OPTION: ExitCode.Usage,
  OPTION_RANGE: ExitCode.Usage,
  CPU_NOT_ALLOWED: ExitCode.Usage,
  NO_DEAD_LETTERS: ExitCode.Usage,
  SAME_FILE: ExitCode.Usage,
  STAGE_MODULE: ExitCode.Usage,
  MEMORY_LIMIT: ExitCode.MachineCannot,
  NO_MEMORY: ExitCode.MachineCannot,
  OBSERVE_FOLDER: ExitCode.MachineCannot,
  NO_THREAD: ExitCode.MachineCannot,
  NO_RESOURCE: ExitCode.MachineCannot,
  OP_UNAVAILABLE: ExitCode.MachineCannot,
};

/** Errors that one end causes: which one they are about. */
const ABOUT: { readonly [Code in ErrorCode]?: 'ingress' | 'egress' } = {
  INPUT_OPEN: 'ingress',
  OUTPUT_OPEN: 'egress',
  OUTPUT_BUSY: 'egress',
};

/**
 * @param error of the runtime, or what another byteor, whose codes this one may not have, said of its own
 * @param inWords the options of stages as they are called here
 */
export function startProblem(
  error: { readonly code: string; readonly message: string },
  version: Version,
  inWords = (message: string) => message,
): CliError {
  const code = error.code as ErrorCode;
  // Where several could be meant, the message has the path.
  const [end, another] = (version.plan as PipelinePlanV2).boundaries.filter(({ kind }) => kind === ABOUT[code]);
  const place = end === undefined || another !== undefined ? '' : `${end.kind} "${end.id}" `;
  const message = `Cannot start: ${place}${inOptionNames(inWords(error.message))}`;
  return new CliError(OPEN_EXIT_CODES[code] ?? ExitCode.RunFailed, message, undefined, { cause: error });
}

/** @throws CliError (the machine cannot) */
export function needAddon(): void {
  const reason = loadProblem();
  if (reason === undefined) return;
  throw new CliError(
    ExitCode.MachineCannot,
    `The native core cannot be loaded: ${reason}`,
    `${BUILD_REMEDY} \`byteor doctor\` says more.`,
  );
}

async function openPipeline(version: Version, { options, ends, redrive }: Execution): Promise<Pipeline> {
  needAddon();
  const words =
    version.plan.stages.some(({ op }) => isCallerOp(op)) || namesStages(options)
      ? await import('../stages-asked.js')
      : undefined;
  const stages = words !== undefined && namesStages(options) ? { stages: words.stagesAsked(options) } : {};
  const given = { ...openOptions(options, ends), ...stages };
  try {
    return redrive === undefined ? openFed(version, given, '') : redrive.open(withoutPort(given, redrive.ingress));
  } catch (error) {
    throw error instanceof ByteorError ? startProblem(error, version, words?.inStageOptions) : error;
  }
}

const openOptions = (options: RunOptions, { ports }: Ends): OpenOptions => ({
  ...openOptionsAsked(options),
  ...(options.journal === undefined ? {} : { journal: { folder: options.journal } }),
  ...(options.deadLetters === undefined ? {} : { deadLetters: { folder: options.deadLetters } }),
  observe: options.observe === true,
  ports,
});

/** That of the ingress is the redrive's. */
function withoutPort({ ports = {}, ...options }: OpenOptions, ingress: string): OpenOptions {
  return { ...options, ports: Object.fromEntries(Object.entries(ports).filter(([id]) => id !== ingress)) };
}

/** On one terminal, progress would spoil the records that are written to it, or those that are typed. */
const wantsProgress = (options: RunOptions, ends: Ends, { out, err }: Terminal): boolean =>
  options.progress ?? (err.isTty && !(ends.writesStandardOutput && out.isTty) && !readsTerminal(ends));

const readsTerminal = (ends: Ends): boolean =>
  ends.readsStandardInput && process.getBuiltinModule('node:tty').isatty(0);

interface SignalWatch {
  /** The signal that ended the run, if one did. */
  readonly first: EndSignal | undefined;
  /** The pipeline to end. Called in the same turn in which it was opened, so no signal falls between. */
  watch(pipeline: Pipeline): void;
  end(): void;
}

/**
 * The first SIGINT or SIGTERM drains, a second one stops at once; either way `finished()` resolves. Listens from before
 * the pipeline is opened: a record may be out before `open` has returned, and who reads it may send a signal.
 */
function drainOnSignals(deadline: number, { err }: Terminal): SignalWatch {
  let first: EndSignal | undefined;
  let pipeline: Pipeline | undefined;
  const onSignal = (signal: EndSignal): void => {
    if (first !== undefined) {
      pipeline?.halt();
      return;
    }
    first = signal;
    if (err.isTty) err.line(`\n${signal}: draining; a second one stops at once.`);
    // The run's own wait reports what came of it.
    pipeline?.stop({ deadline }).catch(() => {});
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    get first() {
      return first;
    },
    watch: (opened) => {
      pipeline = opened;
    },
    end: () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}

/** Threads ask for what the profile wants when they start; that takes less than this. */
const ANSWER_MS_MAX = 1000;

async function requireGranted(pipeline: Pipeline): Promise<void> {
  for (let waited = 0; waited < ANSWER_MS_MAX && !answered(pipeline.status()); waited++)
    await new Promise((resolve) => setTimeout(resolve, 1));
  const refused = refusedRequests(pipeline.status());
  if (refused.length === 0) return;
  pipeline.halt();
  throw new CliError(
    ExitCode.MachineCannot,
    `This machine does not grant what the profile asks for:\n${refused.map((line) => `  ${line}`).join('\n')}`,
    'Leave out --require-profile to run without it; `byteor doctor` says what to change.',
  );
}
