/** What stages have to tell. Types only. */

import type { PipelinePlanV2 } from '../plan/document.js';
import type { StageIds } from '../plan/infer.js';

/** Of `count`. */
export interface CountReport {
  /** Records that it counted. */
  readonly total: number;
  /** With a key: records by its value, as text. */
  readonly keys?: Readonly<Record<string, number>>;
  /** With a key: records of values that found no place any more. */
  readonly other?: number;
  /** With a key: records without it. */
  readonly keyless?: number;
}

/** Of `checksum`. */
export interface ChecksumReport {
  /** Of each shard, eight hex digits. */
  readonly crc32c: readonly string[];
  /** Bytes that it summed. */
  readonly bytes: number;
  /** Records that it summed. */
  readonly records: number;
}

/**
 * Of one op. An op that tells nothing is null. A function (`js:`) tells what its `end` returned (null before that), a library (`native:`)
 * any JSON; of several shards a list of them.
 */
export type ReportOf<Op extends string> = string extends Op
  ? CountReport | ChecksumReport | null
  : Op extends 'count'
    ? CountReport
    : Op extends 'checksum'
      ? ChecksumReport
      : Op extends `${'js' | 'native'}:${string}`
        ? unknown
        : null;

type OpOf<P extends PipelinePlanV2, Id> = Extract<P['stages'][number], { readonly id: Id }>['op'];

/** What `pipeline.reports()` gives: stage id → report. Of a plan without literal types, any id may be there. */
export type Reports<P extends PipelinePlanV2 = PipelinePlanV2> =
  string extends StageIds<P>
    ? Readonly<Record<string, CountReport | ChecksumReport | null>>
    : { readonly [Id in StageIds<P>]: ReportOf<OpOf<P, Id>> };
