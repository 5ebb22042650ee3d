/**
 * The summary of a run for people, short and whole (`--verbose`):
 *
 *   errors  d66cc84ae36f  1.92 s
 *         records      bytes    records/s      rate
 *   in  1,000,000   104.9 MB      520,833  54.6 MB/s   lines:access.log
 *   out    12,345     1.2 MB                            lines:out.log
 *   total  12,345 records
 *   ✓ balanced: 1,000,000 in = 12,345 out + 987,655 filtered
 *
 *   errors  d66cc84ae36f  1.92 s
 *
 *         records      bytes    records/s      rate
 *   in  1,000,000   104.9 MB      520,833  54.6 MB/s   lines:access.log
 *   out    12,345     1.2 MB                            lines:out.log
 *
 *   stage  op             in   = out  + filtered  skipped
 *   keep   filter  1,000,000  12,345     987,655
 *   total  count      12,345  12,345              987,655
 *
 *   ✓ balanced: 1,000,000 in = 12,345 out + 987,655 filtered
 *
 * A LaneGraph has tables of its lanes and of what was inserted too: graph-summary.ts. Pure; any thread.
 */
import type { PipelinePlanV2 } from '../../plan/document.js';
import type { EgressCounts, IngressCounts, Ledger, StageCounts } from '../../region/counts.js';
import { dataWords } from '../sizes.js';
import type { Colors } from '../terminal.js';
import { causeWords, counted, grouped, harmless, indent, table, wrap } from '../text.js';
import { graphVerdict, insertedLines, isGraph, journalLines, laneLines } from './graph-summary.js';
import { reportLines } from './report-text.js';
import { allImbalances, type EndedRun, endToEnd, type RunFacts } from './result.js';
import { isSource, refusedRequests, refusedWords } from './status.js';

/** Cells of a folded note: easier to read than the whole width of a wide terminal. */
const NOTE_CELLS = 92;

export interface SummaryContext {
  readonly plan: PipelinePlanV2;
  /** Id of the version. */
  readonly id: string;
  /** Boundary id → its adapter as it was written. */
  readonly adapters: Readonly<Record<string, string>>;
  readonly colors: Colors;
  /** Everything that was counted; without it a few lines. */
  readonly verbose: boolean;
}

/** Lines without a final line end. */
export function summaryText(run: EndedRun, facts: RunFacts, context: SummaryContext): string {
  const { colors, plan, id, verbose } = context;
  const head = [`${colors.bold(plan.name)}  ${colors.dim(id.slice(0, 12))}  ${secondsWords(run.seconds)}`];
  const ends = endLines(run, facts, context);
  const reports = reportLines(run.reports, plan.stages, colors);
  const verdict = verdictLines(run, facts, colors);
  if (!verbose) return [...head, ...ends, ...reports, ...refusedNote(run, colors), ...verdict].join('\n');
  const parts = [
    head,
    ends,
    stageLines(run.ledger, context),
    insertedLines(run.ledger, colors),
    laneLines(run.ledger, colors),
    journalLines(run.journals, colors),
    reports,
    threadLines(run, colors),
    verdict,
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** One line, however many threads it is about. */
function refusedNote({ status }: EndedRun, colors: Colors): string[] {
  const words = refusedWords(status);
  return words === undefined ? [] : [`${colors.yellow('!')} ${words}; --verbose says why`];
}

const secondsWords = (seconds: number): string =>
  seconds < 0.1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;

function endLines({ ledger, status, seconds }: EndedRun, facts: RunFacts, context: SummaryContext): string[] {
  const { colors, adapters, plan } = context;
  const rows = plan.boundaries.map(({ id, kind }) => {
    const counts = ledger.boundaries[id];
    const records = counts?.kind === 'ingress' ? counts.published : (counts?.out ?? 0);
    const bytes = status.adapters[id]?.bytes ?? counts?.bytes ?? 0;
    const rates = kind === 'ingress' ? [grouped(records / seconds), `${dataWords(bytes / seconds)}/s`] : ['', ''];
    return [id, grouped(records), dataWords(bytes), ...rates, colors.dim(harmless(adapters[id] ?? ''))];
  });
  const head = ['', 'records', 'bytes', 'records/s', 'rate', ''].map((cell) => colors.dim(cell));
  const keyless = Object.values(ledger.boundaries).reduce(
    (sum, counts) => sum + (counts.kind === 'ingress' ? counts.keyless : 0),
    0,
  );
  const where = isGraph(ledger) ? 'first connection' : 'first shard';
  const notes =
    keyless > 0
      ? [`${grouped(keyless)} of ${grouped(facts.records_in)} records had no key and went to the ${where}`]
      : [];
  return [...indent(table([head, ...rows], [1, 2, 3, 4])), ...indent(notes)];
}

type Column = Exclude<keyof StageCounts, 'causes'>;

/**
 * Columns of the table of stages; those behind the second are shown where one of them is not zero. Where no stage emits, what
 * left is what was passed on, and the shorter word says it.
 */
const columnsOf = (emits: boolean): readonly (readonly [name: Column, head: string])[] => [
  ['in', 'in'],
  ['passed_on', emits ? '= passed on' : '= out'],
  ['filtered', '+ filtered'],
  ['failed', '+ failed'],
  ['absorbed', '+ absorbed'],
  ['abandoned', '+ abandoned'],
  ['emitted', 'emitted'],
  ['skipped', 'skipped'],
];
const ALWAYS: readonly Column[] = ['in', 'passed_on'];

function stageLines({ stages }: Ledger, { colors, plan }: SummaryContext): string[] {
  const any = (name: Column) => Object.values(stages).some((counts) => (counts[name] ?? 0) > 0);
  const shown = columnsOf(any('emitted')).filter(([name]) => ALWAYS.includes(name) || any(name));
  const ops = new Map(plan.stages.map(({ id, op }) => [id, op]));
  const cell = (count: number, name: Column) => (count === 0 && !ALWAYS.includes(name) ? '' : grouped(count));
  const rows = Object.entries(stages).map(([id, counts]) => [
    id,
    ops.get(id) ?? '',
    ...shown.map(([name]) => cell(counts[name] ?? 0, name)),
  ]);
  const head = ['stage', 'op', ...shown.map(([, title]) => title)].map((words) => colors.dim(words));
  const numbers = shown.map((_, at) => at + 2);
  return indent(table([head, ...rows], numbers));
}

/** What became of records that failed in a stage or at a boundary, and why, where the pipeline went on: `audit: 3 failed, 2 dropped, …`. */
export function failedWords({ boundaries, stages }: Pick<Ledger, 'boundaries' | 'stages'>): string[] {
  const ends = Object.entries<IngressCounts | EgressCounts>(boundaries).flatMap(([id, { failures }]) =>
    failures === undefined ? [] : [[id, { ...failures, passed_failed: 0, stopped: 0 }] as const],
  );
  return [...Object.entries(stages), ...ends].flatMap(([id, counts]) => {
    const ways: readonly (readonly [number, string])[] = [
      [counts.dropped, 'dropped'],
      [counts.dead_lettered, 'dead-lettered'],
      [counts.passed_failed, 'passed on'],
      [counts.stopped, 'stopped the run'],
    ];
    if (counts.failed + counts.passed_failed === counts.stopped) return [];
    const words = ways.filter(([count]) => count > 0).map(([count, way]) => `${grouped(count)} ${way}`);
    const all = grouped(counts.failed + counts.passed_failed);
    return [`${id}: ${all} failed, ${words.join(', ')}: ${causeWords(counts.causes)}`];
  });
}

function threadLines({ status }: EndedRun, colors: Colors): string[] {
  const rows = status.threads.map(({ name, agents, cpu, pin }) => [
    name,
    cpu === null || pin.state !== 'Applied' ? 'not pinned' : `CPU ${cpu}`,
    agentWords(agents),
  ]);
  const refused = refusedRequests(status).flatMap((line) => noteLines(harmless(line), colors));
  return indent([...table(rows), ...refused]);
}

/** A long sentence, folded under its sign. */
function noteLines(text: string, colors: Colors): string[] {
  return wrap(text, NOTE_CELLS).map((line, at) => `${at === 0 ? colors.yellow('!') : ' '} ${line}`);
}

/** `in, keep, total ×4`: an id that stands in several shards is said once. */
export function agentWords(agents: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const id of agents) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].map(([id, count]) => (count === 1 ? id : `${id} ×${count}`)).join(', ');
}

function verdictLines(run: EndedRun, facts: RunFacts, colors: Colors): string[] {
  const { ledger, signal } = run;
  return [
    ...(ledger.failure === null ? [] : [failureLine(ledger.failure, colors)]),
    ...failedWords(ledger).flatMap((words) => noteLines(words, colors)),
    ...(facts.too_many_failed === undefined ? [] : [`${colors.red('✗')} ${tooManyWords(facts.too_many_failed)}`]),
    ...(signal === undefined ? [] : [`${colors.yellow('!')} ended by ${signal}, drained`]),
    ...unwrittenLines(run, colors),
    ...tornLines(run, colors),
    ...balanceLines(run, facts, colors),
  ];
}

export const tooManyWords = ({ failed, allowed }: NonNullable<RunFacts['too_many_failed']>): string =>
  `${counted(failed, 'record')} failed; --max-failed allows ${grouped(allowed)}`;

export function failureLine({ stage, shard, sequence, cause }: NonNullable<Ledger['failure']>, colors: Colors): string {
  const where = shard === 0 || shard === null ? '' : ` of shard ${shard}`;
  return `${colors.red('✗ failed')}: ${colors.bold(stage)} at sequence ${grouped(sequence)}${where}: ${harmless(cause)}`;
}

function unwrittenLines({ status }: EndedRun, colors: Colors): string[] {
  return Object.entries(status.adapters).flatMap(([id, adapter]) => {
    const unwritten = isSource(adapter) ? 0 : adapter.unwritten;
    return unwritten === 0
      ? []
      : [`${colors.yellow('!')} ${id}: ${grouped(unwritten)} records did not reach the output`];
  });
}

function tornLines({ status }: EndedRun, colors: Colors): string[] {
  return Object.entries(status.adapters).flatMap(([id, adapter]) => {
    const torn = isSource(adapter) ? (adapter.replay?.torn_bytes ?? 0) : 0;
    return torn === 0
      ? []
      : [`${colors.yellow('!')} ${id}: ${grouped(torn)} bytes at the journal's end hold no whole record`];
  });
}

function balanceLines(run: EndedRun, facts: RunFacts, colors: Colors): string[] {
  const { ledger } = run;
  const imbalances = allImbalances(run);
  if (imbalances.length > 0)
    return [
      `${colors.red('✗ not balanced')}:`,
      ...imbalances.map(
        ({ at, shard, equation, left, right }) =>
          `  ${at}${shard === null ? '' : ` of shard ${shard}`}: ${equation} does not hold: ${grouped(left)} and ${grouped(right)}`,
      ),
    ];
  if (isGraph(ledger))
    return [`${colors.green('✓ balanced')} ${graphVerdict(ledger, facts.records_in, facts.records_out)}`];
  const { in: published, ...ways } = endToEnd(ledger);
  const removed = Object.values(ledger.stages).some((counts) => counts.dropped + counts.dead_lettered > 0);
  const words = Object.entries(ways)
    .filter(([way, count]) => way === 'out' || count > 0)
    .map(([way, count]) => `${grouped(count)} ${way === 'filtered' && removed ? 'filtered or failed' : way}`);
  return [`${colors.green('✓ balanced')}: ${grouped(published)} in = ${words.join(' + ')}`];
}
