/**
 * `byteor replay`: the records of a journal through a plan's ingress, everything else as `run` does it. A dry run only
 * counts, and makes no pipeline.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { PACES, type Pace, type ReplayPort } from '../../adapter/replay/replay.js';
import { ByteorError } from '../../error/errors.js';
import type { BoundaryEntry, CheckedPlan } from '../../plan/document.js';
import { type JournalFacts, journalFacts } from '../../runtime/journal-facts.js';
import { compile } from '../../version/version.js';
import { checkBoundary, type GivenEnd, withSettings } from '../adapters.js';
import { type AskedEnds, addEndOptions, askedEnds } from '../end-options.js';
import { type CliError, ExitCode, usageError } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { RELEASE_FEATURES } from '../release.js';
import { execute, needAddon, startProblem } from '../run/execute.js';
import { dryRunText } from '../run/replay-text.js';
import { addRunOptions, type RunOptions } from '../run/run-options.js';
import { wholeNumber } from '../sizes.js';
import { type Define, examples, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

type Options = RunOptions &
  AskedEnds & {
    readonly fromJournal: string;
    readonly from?: number;
    readonly last?: number;
    readonly pace: Pace;
    readonly dryRun?: true;
  };

export const define: Define = (command, context) => {
  command
    .description(
      "Feed the records of a journal through a plan's ingress and print a summary. The journal is only read, and may be " +
        'one that is being written: the replay ends at its last whole record.',
    )
    .argument(...PLAN_ARGUMENT)
    .requiredOption('--from-journal <folder>', 'the folder of one Journal lane, with its segment files');
  addEndOptions(
    command,
    ['<id>', 'the ingress that receives the records, where the plan has several; the others as for `run`: ID=ADAPTER'],
    ['<id=adapter>', 'where records go, as for `run`; once for each egress'],
  )
    .addOption(
      new Option('--from <sequence>', 'begin with the record of this sequence (default: the oldest that there is)')
        .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER))
        .conflicts('last'),
    )
    .addOption(
      new Option('--last <n>', 'begin N records before the end').argParser(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    )
    .addOption(
      new Option('--pace <pace>', 'as fast as the plan takes the records, or with the original time between them')
        .choices(PACES)
        .default('fast'),
    )
    .option('--dry-run', 'only count: read the journal, start nothing, need no egress');
  addRunOptions(command)
    .addHelpText('after', HELP)
    .action(context.ends((path: string, options: Options) => replay(path, options, context)));
};

const HELP = `${examples([
  ['byteor replay plan.yaml --from-journal j/keep.out --dry-run', 'what the journal holds'],
  ['byteor replay plan.yaml --from-journal j/keep.out --egress out=lines:again.log', 'all of it'],
  ['byteor replay plan.yaml --from-journal j/keep.out --last 1000 --egress out=lines:-', 'its last records'],
  ['byteor replay plan.yaml --from-journal j/keep.out --pace recorded --egress out=discard', 'at the original pace'],
])}
The records must be of the codec of the ingress. \`--journal\` is, as for \`run\`, where Journal lanes of the plan itself keep
their files.
`;

async function replay(path: string, options: Options, context: VerbContext): Promise<ExitCode> {
  const plan = await loadPlan(path, options.json === true, context);
  if (plan === undefined) return ExitCode.PlanErrors;
  const id = fedIngress(plan.boundaries, options.ingress);
  const port = replayPort(options);
  const given = { id, port, words: `journal ${options.fromJournal}`, option: '--from-journal' };
  if (options.dryRun === true) return count(plan, given, options, context);
  const others = options.ingress.filter((text) => text.includes('='));
  const ends = await askedEnds(plan.boundaries, { ...options, ingress: others }, given);
  try {
    return await execute({ verb: 'replay', path, plan, ends, options }, context);
  } catch (error) {
    throw withLanes(error, options.fromJournal);
  }
}

const replayPort = ({ fromJournal, from, last, pace }: Options): ReplayPort => ({
  replay: fromJournal,
  ...(from === undefined ? {} : { from }),
  ...(last === undefined ? {} : { last }),
  pace,
});

/** The ingress that was named without an adapter, or the plan's only one. */
function fedIngress(boundaries: readonly BoundaryEntry[], ingress: readonly string[]): string {
  const ids = boundaries.filter(({ kind }) => kind === 'ingress').map(({ id }) => id);
  const named = ingress.filter((text) => !text.includes('='));
  for (const id of named) checkBoundary(boundaries, 'ingress', id);
  const [id, another] = named.length === 0 && ids.length === 1 ? ids : named;
  if (another !== undefined)
    throw usageError(`--ingress names "${id}" and "${another}" without an adapter.`, 'A journal feeds one ingress.');
  if (id !== undefined) return id;
  throw usageError(
    `The plan has the ingresses ${ids.map((own) => `"${own}"`).join(', ')}, and no option says which one receives the journal.`,
    `Add --ingress ${ids[0]}, and an adapter for each of the others.`,
  );
}

function count(plan: CheckedPlan, given: GivenEnd, options: Options, { out, err }: VerbContext): ExitCode {
  const { id } = given;
  const port = withSettings(plan.boundaries, given, options.set) as ReplayPort;
  needAddon();
  const version = compile(plan, { features: RELEASE_FEATURES });
  let facts: JournalFacts;
  try {
    facts = journalFacts(version, id, port);
  } catch (error) {
    throw withLanes(error instanceof ByteorError ? startProblem(error, version) : error, port.replay);
  }
  const { failure } = facts;
  if (options.json === true) out.json({ ok: failure === undefined, journal: port.replay, ingress: id, ...facts });
  else out.line(dryRunText(facts, port.replay, out.colors));
  if (failure === undefined) return ExitCode.Done;
  err.line(`byteor replay: ${failure.cause}`);
  return ExitCode.RunFailed;
}

/** The folder that a run was given holds one folder a lane: the message lists them. */
function withLanes(error: unknown, folder: string): unknown {
  const cause = (error as Partial<CliError>).cause;
  if (!(cause instanceof ByteorError) || cause.code !== 'JOURNAL_OPEN') return error;
  const lanes = journalsBelow(folder);
  if (lanes.length === 0) return error;
  return usageError(
    `--from-journal is ${JSON.stringify(folder)}, which is not a journal but holds some: one a lane.`,
    `Name one of them: ${lanes.map((lane) => join(folder, lane)).join(', ')}.`,
  );
}

function journalsBelow(folder: string): string[] {
  const isJournal = (path: string): boolean => readdirSync(path).some((name) => name.endsWith('.journal'));
  try {
    if (isJournal(folder)) return [];
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isJournal(join(folder, entry.name)))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
