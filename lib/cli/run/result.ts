/** What a run has come to, as facts: what `run --json` prints, and which exit code says it. Pure; any thread. */

import type { EgressCounts, Imbalance, IngressCounts, Ledger } from '../../region/counts.js';
import type { Failure } from '../../region/failure.js';
import type { Reports } from '../../runtime/reports.js';
import type { PipelineStatus, SourceStatus } from '../../runtime/status.js';
import { ExitCode } from '../exit-code.js';
import { isGraph } from './graph-summary.js';
import { isSource } from './status.js';

export type EndSignal = 'SIGINT' | 'SIGTERM';

/** How a run ended, from its pipeline. */
export interface EndedRun {
  readonly ledger: Ledger;
  readonly status: PipelineStatus;
  /** Journal lane → the folder of its files, where that is still there. */
  readonly journals: Readonly<Record<string, string>>;
  readonly reports: Reports;
  /** From the start of the threads until all were joined. */
  readonly seconds: number;
  readonly signal: EndSignal | undefined;
  /** What --max-failed allows; undefined where it was not given. */
  readonly failedMax?: number | undefined;
}

/** What `run --json` prints: docs/cli.md. */
export interface RunFacts {
  /** The input was used up, no failure stopped the run, not too many records failed, and the ledger balances. */
  readonly ok: boolean;
  readonly records_in: number;
  readonly records_out: number;
  /** Bytes of the files, terminators included; record bytes where there is no file. */
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly seconds: number;
  readonly ledger: {
    readonly balanced: boolean;
    readonly boundaries: Ledger['boundaries'];
    readonly stages: Ledger['stages'];
    readonly inserted: Ledger['inserted'];
    readonly lanes: Ledger['lanes'];
    /** Equations that do not hold; only where there are some. */
    readonly imbalances?: Ledger['imbalances'];
  };
  /** Journal lane → the folder of its files; only where these are there after the run. */
  readonly journals?: Readonly<Record<string, string>>;
  /** Ingress that was fed by a journal → what lay torn at the journal's end; only where there is one. */
  readonly replayed?: Readonly<Record<string, NonNullable<SourceStatus['replay']>>>;
  /** Stage id → what its op reports. */
  readonly stages: Reports;
  /** The failure that stopped the run; only where there is one. */
  readonly failure?: Failure;
  /** Records that failed, and how many may; only where they are more. */
  readonly too_many_failed?: { readonly failed: number; readonly allowed: number };
}

const of = <Kind extends 'ingress' | 'egress'>(ledger: Ledger, kind: Kind) =>
  Object.entries(ledger.boundaries).filter(
    (entry): entry is [string, Extract<IngressCounts | EgressCounts, { kind: Kind }>] => entry[1].kind === kind,
  );

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * The adapters count for themselves: what they read is what was published or dropped, or failed at the ingress and did not
 * end the run; what they wrote is what went out. A record that failed at its boundary and did end the run, no adapter counts.
 */
function adapterImbalances({ boundaries, lanes }: Ledger, { adapters }: PipelineStatus): Imbalance[] {
  return Object.entries(boundaries).flatMap(([at, counts]): Imbalance[] => {
    const records = adapters[at]?.records;
    if (records === undefined) return [];
    const { right, equation } = expectedLines(counts);
    // Those that its lane dropped; one that ended the run is counted, and not read.
    const gone = counts.kind === 'ingress' ? counts.too_large - (counts.failures?.causes.TOO_LARGE ?? 0) : 0;
    if (records === right || records === right + gone) return [];
    return [{ at, shard: isGraph({ lanes }) ? null : 0, equation, left: records, right }];
  });
}

function expectedLines(counts: IngressCounts | EgressCounts): { right: number; equation: string } {
  if (counts.kind === 'egress') return { right: counts.out, equation: 'records written = out' };
  const { published, dropped, failures } = counts;
  const failed = failures?.failed ?? 0;
  const names = ['published', ...(dropped > 0 ? ['dropped'] : []), ...(failed > 0 ? ['failed'] : [])];
  return { right: published + dropped + failed, equation: `records read = ${names.join(' + ')}` };
}

/** What did not add up, in the ring or the graph and at its ends. */
export const allImbalances = ({ ledger, status }: Pick<EndedRun, 'ledger' | 'status'>): readonly Imbalance[] => [
  ...ledger.imbalances,
  ...adapterImbalances(ledger, status),
];

function replayedJournals({ adapters }: PipelineStatus): Pick<RunFacts, 'replayed'> {
  const replayed = Object.entries(adapters).flatMap(([id, adapter]) =>
    isSource(adapter) && adapter.replay !== undefined ? [[id, adapter.replay] as const] : [],
  );
  return replayed.length === 0 ? {} : { replayed: Object.fromEntries(replayed) };
}

export function runFacts(run: EndedRun): RunFacts {
  const { ledger, status, journals, reports, seconds, signal } = run;
  const { boundaries, stages, inserted, lanes, failure } = ledger;
  const imbalances = allImbalances(run);
  const balanced = imbalances.length === 0;
  const failed = recordsFailed(ledger);
  const tooMany = failed > (run.failedMax ?? failed);
  const bytes = (kind: 'ingress' | 'egress') =>
    sum(of(ledger, kind).map(([id, counts]) => status.adapters[id]?.bytes ?? counts.bytes));
  return {
    ok: failure === null && !tooMany && balanced && signal === undefined,
    records_in: sum(of(ledger, 'ingress').map(([, counts]) => counts.published)),
    records_out: sum(of(ledger, 'egress').map(([, counts]) => counts.out)),
    bytes_in: bytes('ingress'),
    bytes_out: bytes('egress'),
    seconds,
    ledger: { balanced, boundaries, stages, inserted, lanes, ...(balanced ? {} : { imbalances }) },
    ...(Object.keys(journals).length === 0 ? {} : { journals }),
    ...replayedJournals(status),
    stages: reports,
    ...(failure === null ? {} : { failure }),
    ...(tooMany ? { too_many_failed: { failed, allowed: run.failedMax as number } } : {}),
  };
}

/** Whatever became of them. */
const recordsFailed = ({ boundaries, stages }: Ledger): number =>
  sum(Object.values(stages).map((counts) => counts.failed + counts.passed_failed)) +
  sum(Object.values<IngressCounts | EgressCounts>(boundaries).map(({ failures }) => failures?.failed ?? 0));

/** 3 wins over 4, and both over the signal: they say more. */
export function exitCodeOf(facts: RunFacts, signal: EndSignal | undefined, assertConserved: boolean): ExitCode {
  if (facts.failure !== undefined || facts.too_many_failed !== undefined) return ExitCode.RunFailed;
  if (assertConserved && !facts.ledger.balanced) return ExitCode.Unbalanced;
  if (signal === 'SIGINT') return ExitCode.Interrupted;
  return signal === 'SIGTERM' ? ExitCode.Terminated : ExitCode.Done;
}

/**
 * Of a SingleRing, records of the ends by what became of them: `in = out + filtered + failed + abandoned`. Filtered are also
 * those that failed in a stage and were dropped or dead-lettered, which the egress skips alike; failed those that the egress
 * could not write.
 */
export function endToEnd(ledger: Ledger): Readonly<Record<'in' | 'out' | 'filtered' | 'failed' | 'abandoned', number>> {
  const egress = of(ledger, 'egress').map(([, counts]) => counts);
  return {
    in: sum(of(ledger, 'ingress').map(([, counts]) => counts.published)),
    out: sum(egress.map((counts) => counts.out)),
    filtered: sum(egress.map((counts) => counts.skipped)),
    failed: sum(egress.map(({ failures }) => failures?.failed ?? 0)),
    abandoned: sum(egress.map((counts) => counts.abandoned)),
  };
}
