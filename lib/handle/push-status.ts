/** What the calls of a push handle answer, and the words for what they refuse. Pure. */

import { OptionError, RecordError, RecordTooLargeError, UsageError } from '../error/errors.js';

/**
 * What became of a record. `FULL`: no room now, nothing was pushed. `DROPPED`: the lane drops, had no room, and counted it.
 * `TOO_LARGE`: it can never fit; counted. `CLOSED`: the ingress takes nothing any more.
 */
export type PushStatus = 'OK' | 'FULL' | 'DROPPED' | 'TOO_LARGE' | 'CLOSED';

/** The same words as values, for code that prefers names to literals. */
export const PushStatus = {
  /** It is in. */
  OK: 'OK',
  /** No room now; nothing was pushed. */
  FULL: 'FULL',
  /** The lane drops, had no room, and counted it. */
  DROPPED: 'DROPPED',
  /** It can never fit; counted. */
  TOO_LARGE: 'TOO_LARGE',
  /** The ingress takes nothing any more. */
  CLOSED: 'CLOSED',
} as const satisfies Record<PushStatus, PushStatus>;

/** What `push` resolves with: the record is in, or the lane (which drops) has counted it as dropped. */
export type PushOutcome = 'OK' | 'DROPPED';

/** Why there is no claim to publish: none was made or it is done with; a later call took its place; the ingress ended. */
export const NO_CLAIM = -1;
export const TAKEN = -2;
/** Why there is no claim: a function of a stage runs. */
export const IN_STAGE = -3;
/** No shard's index and not negative: a push that is under way looks before it goes in (`mayCommit`). */
export const ENDED = 2 ** 20;

/** What the push handle's `claimExactly` answers for a record that can never fit. */
export const TOO_LONG = -2;

export const endWords = (ended: 'no' | 'closed' | 'released'): string =>
  ended === 'released' ? 'this handle was given back with release()' : 'the ingress has been closed';

/** @param end how the ingress ended, where it did */
export function noClaim(id: string, why: number, end: string): UsageError {
  if (why === TAKEN)
    return new UsageError(
      `publish() of a void claim: a later push, claim or wait of "${id}" took its place, from a getter or across an ` +
        'await perhaps (nothing was pushed; claim again)',
    );
  if (why === IN_STAGE) return new UsageError(`publish() inside of a stage's function: return from it first`);
  if (why === ENDED) return new UsageError(`publish() after the end of "${id}": ${end} (nothing was pushed)`);
  return new UsageError('publish() without a claim: call claim() first, once for each record');
}

export const tooLong = (id: string, recordMax: number, which: string): RecordTooLargeError =>
  new RecordTooLargeError(
    `${which}the record is too long for "${id}" (a record may have ${recordMax} bytes); ` +
      'raise recordMax in the options of open, or the size of its lane',
  );

/** Which record of a batch an error is about. Errors that are not ours (a getter's) stay as they are. */
export function ofBatch(error: unknown, index: number, count: number): unknown {
  if (!(error instanceof RecordError)) return error;
  return new RecordError(`record ${index} of ${count}: ${error.message}`, error.field, index);
}

export const wrongClaim = (id: string, length: unknown, fixedBytes: number, recordMax: number): UsageError =>
  new UsageError(
    fixedBytes === 0
      ? `claim needs the record's bytes, 0 to ${recordMax}; received ${String(length)}`
      : `every record of "${id}" has ${fixedBytes} bytes; claim() was given ${String(length)}`,
  );

/** Why records that are no slots have no columns. */
export const NOT_SLOTS =
  'its records do not lie in slots of one size (in frames of a Journal lane, or in an arena because a stage may change their length)';

export const noPushColumns = (id: string, why: string): UsageError =>
  new UsageError(`"${id}" has no columns to push through: ${why}; use tryPushBatch, or claim() and publish()`);

export const noPollColumns = (id: string, why: string): UsageError =>
  new UsageError(`"${id}" has no columns to poll: ${why}; use poll or pollBatch`);

export const wrongCount = (count: unknown): OptionError =>
  new OptionError('count', count, `count is ${String(count)}: give how many records to push, 0 or more`);

export const noJournal = (id: string): UsageError =>
  new UsageError(
    `"${id}" writes no journal: untilDurable needs an ingress with one connection, whose lane is a Journal`,
  );

export const noDelivered = (id: string): UsageError =>
  new UsageError(`what is delivered of "${id}" is not kept: open the pipeline with { delivered: true } to wait for it`);

/** @throws OptionError for a `from` that is not an index, RecordError for a text, which would go in letter by letter */
export function checkBatch(records: unknown, from: unknown): void {
  if (!Number.isInteger(from) || (from as number) < 0)
    throw new OptionError('from', from, `from is ${String(from)}: give the index of the first record, 0 or more`);
  if (typeof records !== 'string') return;
  const shown = JSON.stringify(records.slice(0, 40));
  throw new RecordError(`a batch is an array of records, and a text was given (${shown}): put it into an array`);
}

export const wrongLength = (id: string, length: unknown, recordMax: number): OptionError =>
  new OptionError('length', length, `length is ${String(length)}: a record of "${id}" has 0 to ${recordMax} bytes`);
