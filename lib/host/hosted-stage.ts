/** A stage that JavaScript runs, as the plan has it, and the function that runs it. */

import type { Codec, StageEntry } from '../plan/document.js';

/** What a thread that runs stages must know of one; travels as JSON to threads that attach. */
export interface HostedStage {
  readonly id: string;
  /** Of the function: what stands behind the colon of its op. */
  readonly name: string;
  /** Of the records that reach it, as an ingress upstream declares them. */
  readonly codec: Codec;
  /** What its entry declares. */
  readonly says: Pick<StageEntry, 'access' | 'filters' | 'emits' | 'room'>;
}

/**
 * Works on one record, which is valid until it returns. `undefined` or `true` passes it on, `false` filters it, an array
 * emits its elements in its place, any other value replaces it.
 */
export type StageFunction = (record: never) => unknown;

/** By the names that ops have in the plan. */
export type StageFunctions = Readonly<Record<string, StageFunction>>;
