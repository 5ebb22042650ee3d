/** A stage that JavaScript runs, as the plan has it. */

import type { Codec, StageEntry } from '../plan/document.js';

/** What a thread that runs stages must know of one; travels as JSON to threads that attach. */
export interface HostedStage {
  readonly id: string;
  /** Of the function: what stands behind the colon of its op. */
  readonly name: string;
  /** Of the records that reach it: that of the ingresses upstream while all agree and nothing has changed it, else bytes. */
  readonly codec: Codec;
  /** As the plan has it; undefined where it has none. */
  readonly config?: unknown;
  /** What its entry declares. */
  readonly says: Pick<StageEntry, 'access' | 'filters' | 'emits' | 'room'>;
}
