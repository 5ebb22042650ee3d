/** What a replay would feed, counted without a pipeline. Reads the journal whole, on this thread. Control path. */

import type { ErrorCode } from '../abi/error-codes.js';
import type { Port } from '../adapter/registry.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import type { Version } from '../version/version.js';
import { nativeAddon } from './native.js';
import { asOpenError } from './open.js';
import { checkedPort } from './options.js';

/** native/adapter/replay/replay.cpp writes it. Sequences are the journal's, times milliseconds since 1970; null without a record. */
export interface JournalFacts {
  readonly records: number;
  /** Of the records, without the headers of the files. */
  readonly bytes: number;
  /** Bytes of the longest record. */
  readonly longest: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly first_time_ms: number | null;
  readonly last_time_ms: number | null;
  /** Sequence of the oldest record that the journal holds. */
  readonly oldest: number;
  /** Bytes behind the last whole record. */
  readonly torn_bytes: number;
  /** Why the replay would end before the journal does; only where it would. `sequence`: of the record that is not had. */
  readonly failure?: { readonly code: ErrorCode; readonly sequence: number; readonly cause: string };
}

/**
 * @param id the ingress that would be fed: its codec is the one that the records must have
 * @param port of the adapter `replay`
 * @throws OptionError for a wrong option, OpenError when nothing of the journal can be read
 */
export function journalFacts(version: Version, id: string, port: Port): JournalFacts {
  const boundary = (version.plan as PipelinePlanV2).boundaries.find((entry) => entry.id === id);
  const checked = checkedPort({ id, kind: boundary?.kind ?? 'ingress' }, port);
  try {
    return JSON.parse(nativeAddon().sourceFacts(version.spec, checked)) as JournalFacts;
  } catch (error) {
    throw asOpenError(error);
  }
}
