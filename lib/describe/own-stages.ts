/**
 * The stages of a plan whose code its user brings: which thread runs each, what a record costs there, and how long the stage may
 * keep a record from being delivered. What was named for them is read and not checked: `open` does that. Pure; any thread.
 */

import type { OnError, PipelinePlanV2, StageEntry } from '../plan/document.js';
import { cut } from '../plan/element-words.js';
import { STAGE_CONCURRENCY_DEFAULT, STAGE_TIMEOUT_MS_DEFAULT } from '../plan/limits.js';
import { functionOf, isCallerOp, libraryOf, traitsOf } from '../plan/op-catalog.js';

/** Copies of a record that a stage costs beside that into the next lane, which every stage of a graph makes. */
export interface StageCopies {
  /** Into memory of the stage: of every record. */
  readonly in: 0 | 1;
  /** Out of it: of records that were changed or replaced. */
  readonly out: 0 | 1;
}

/** Facts of every stage with an op `js:` or `native:`. */
interface CommonOwnStage {
  /** Id of the stage. */
  readonly stage: string;
  /** The op as the plan names it. */
  readonly op: string;
  /** What becomes of a record that fails in it, stated or by default. */
  readonly onError: OnError;
  /** What a record costs. A record that fails goes on, or into a letter, as it came: `in` is the copy that this needs. */
  readonly copies: StageCopies;
  /** Milliseconds that it may keep a record from being delivered, while what is behind it has room; null: no limit. */
  readonly longestHoldMs: number | null;
}

/** A stage that JavaScript runs. */
export interface HostedStageDescription extends CommonOwnStage {
  /**
   * `opener`: the thread that opens. `worker`: threads that `open` starts. `attach`: a thread that attaches. null: nothing was
   * named.
   */
  readonly runsOn: 'opener' | 'worker' | 'attach' | null;
  /** URL or path of the module, as it was given; null where none was. */
  readonly module: string | null;
  /** The export of the module; null where there is no module. */
  readonly export: string | null;
  /** Threads that run it, among which the shards of a ring are dealt out. */
  readonly workers: number;
  /** Records of which answers are promised at once; null: its batches promise none. */
  readonly concurrency: number | null;
  /** Milliseconds that a call, or a promise, may take before the pipeline fails; null: no limit. */
  readonly timeoutMs: number | null;
  /** Which of the two were stated; what the code says itself, where it is not at hand, takes the place of the other. */
  readonly stated: readonly ('concurrency' | 'timeoutMs')[];
}

/** A stage that a shared library does. */
export interface NativeStageDescription extends CommonOwnStage {
  /** `native`: on its agent's native thread. null: nothing was named. */
  readonly runsOn: 'native' | null;
  /** Path of the library, as it was given; null where none was. */
  readonly library: string | null;
}

/** A stage whose code its user brings. */
export type OwnStageDescription = HostedStageDescription | NativeStageDescription;

interface Given {
  readonly module?: unknown;
  readonly export?: unknown;
  readonly workers?: unknown;
  readonly concurrency?: unknown;
  readonly timeoutMs?: unknown;
  readonly library?: unknown;
  readonly batch?: unknown;
}

/** In the order of the catalog. @param given as `open` takes it, by names; not checked */
export const describeOwnStages = (
  { stages }: PipelinePlanV2,
  given: Readonly<Record<string, unknown>>,
): readonly OwnStageDescription[] =>
  stages.filter(({ op }) => isCallerOp(op)).map((stage) => describeOwnStage(stage, given));

function describeOwnStage(stage: StageEntry, given: Readonly<Record<string, unknown>>): OwnStageDescription {
  const { id, op, on_error: onError = 'stop' } = stage;
  const writes = traitsOf(op, undefined, stage)?.access !== 'read';
  const name = functionOf(op);
  const code = given[name ?? libraryOf(op) ?? ''];
  const entry = (typeof code === 'object' && code !== null ? code : {}) as Given;
  if (name === undefined) {
    const library = typeof entry.library === 'string' ? entry.library : null;
    const copies = { in: writes ? 1 : 0, out: writes ? 1 : 0 } as const;
    return { stage: id, op, onError, copies, longestHoldMs: null, runsOn: library === null ? null : 'native', library };
  }
  const stated = (['concurrency', 'timeoutMs'] as const).filter((key) => entry[key] !== undefined);
  const { concurrency = STAGE_CONCURRENCY_DEFAULT, timeoutMs = STAGE_TIMEOUT_MS_DEFAULT } = entry;
  const isBatch = entry.batch !== undefined;
  const limit = Number.isFinite(timeoutMs) ? (timeoutMs as number) : null;
  const isModule = entry.module !== undefined;
  return {
    stage: id,
    op,
    onError,
    copies: { in: 1, out: writes ? 1 : 0 },
    // The last record of a call may be promised when the call has taken all of its time.
    longestHoldMs: limit === null ? null : limit * (isBatch ? 1 : 2),
    runsOn: runsOn(code, isModule),
    module: isModule ? String(entry.module) : null,
    export: isModule ? String(entry.export ?? 'default') : null,
    workers: typeof entry.workers === 'number' ? entry.workers : 1,
    concurrency: isBatch ? null : (concurrency as number),
    timeoutMs: limit,
    stated,
  };
}

function runsOn(code: unknown, isModule: boolean): HostedStageDescription['runsOn'] {
  if (code === undefined) return null;
  if (code === 'attach') return 'attach';
  return isModule ? 'worker' : 'opener';
}

/** Lines for a person: the id of each stage, and what is said of it beside that. */
export function ownStageRows(stages: readonly OwnStageDescription[]): readonly (readonly string[])[] {
  return stages.flatMap((stage) => {
    const lines = 'library' in stage ? nativeLines(stage) : hostedLines(stage);
    return lines.map((line, at) => [at === 0 ? stage.stage : '', line]);
  });
}

function hostedLines(stage: HostedStageDescription): string[] {
  const { copies, onError } = stage;
  const back = copies.out === 0 ? 'nothing is copied back' : 'and back where it is changed or replaced';
  return [
    `${stage.op}: ${placeWords(stage)}`,
    settingsWords(stage),
    `copies: each record to the stage${copies.out === 0 ? '; ' : ', '}${back}${keptWords(onError)}`,
    holdWords(stage),
  ];
}

function placeWords({ op, runsOn, module, export: exported, workers }: HostedStageDescription): string {
  if (runsOn === 'opener') return 'a function, on the thread that opens';
  if (runsOn === 'attach') return 'on a thread that attaches with its function';
  if (runsOn === null) {
    const name = functionOf(op);
    return `nothing yet; name its module, --stage ${name}=./${name}.mjs, or give open a function, for the thread that opens`;
  }
  const what = exported === 'default' ? module : `${exported} of ${module}`;
  const where = workers === 1 ? 'in a worker thread' : `in ${workers} worker threads, among which shards are dealt out`;
  return `${cut(what ?? '')}, ${where}`;
}

function settingsWords({ runsOn, concurrency, timeoutMs, stated }: HostedStageDescription): string {
  const promises = concurrency === null ? '' : `at most ${concurrency} promises at once, `;
  const what = concurrency === null ? 'a call' : 'a call or a promise';
  const time = timeoutMs === null ? `no limit for ${what}` : `${timeWords(timeoutMs)} for ${what}`;
  const open = runsOn !== 'opener' && stated.length < 2;
  const words =
    stated.length === 0 ? 'the defaults' : `${stated[0] === 'concurrency' ? 'the time' : 'the number'} by default`;
  return `${promises}${time}${open ? ` (${words}, unless its code says otherwise)` : ''}`;
}

function nativeLines({ op, library, copies, onError, runsOn }: NativeStageDescription): string[] {
  const name = libraryOf(op);
  return [
    runsOn === null
      ? `${op}: nothing yet; name its library, --stage ${name}=./${name}.so`
      : `${op}: ${cut(library ?? '')}, a plug-in on a native thread`,
    copies.in === 0
      ? 'copies: none; it reads records where they lie'
      : `copies: each record to a buffer and back, where the library writes${keptWords(onError)}`,
    'may keep a record from being delivered as long as a call lasts, which nothing limits',
  ];
}

/** Where what fails goes on, or into a letter, as it came. */
const keptWords = (onError: OnError): string =>
  onError === 'pass' || onError === 'dead_letter' ? `; on_error ${onError} needs no other` : '';

function holdWords({ longestHoldMs, timeoutMs, concurrency }: HostedStageDescription): string {
  if (longestHoldMs === null || timeoutMs === null) return 'may keep a record from being delivered without a limit';
  const parts = concurrency === null ? 'a call' : 'a call, and as long for its promise';
  return `may keep a record from being delivered for ${timeWords(longestHoldMs)}: ${parts}`;
}

const timeWords = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);
