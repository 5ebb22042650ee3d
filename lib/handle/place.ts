import type { SlotProducer } from '../channel/record-ends.js';
import type { PushStatus } from './push-status.js';

/**
 * Whether the place that a record is written to is still the writer's own. To take a record's values may run the caller's
 * code (getters, a Proxy), and that may push, claim or close.
 */
export interface Place {
  /** Where it is; `next` moves with every record that goes in. */
  readonly lane: { readonly next: number };
  /** Another place, or -1 where there is none now. */
  again(): number;
  /** True where there is no place any more, because the ingress has ended. */
  over(): boolean;
  /** Where records are slots: what one function needs to push a whole record. */
  readonly put?: PutPlace | undefined;
}

/** The slots that a record is put into, and the push handle around them. Read and called by generated code. */
export interface PutPlace {
  readonly lane: SlotProducer & { next: number };
  readonly handle: PutHandle;
  /** Records between two publications. */
  readonly publishRecords: number;
}

/** What generated code asks of the push handle: push-core.ts says what each is. */
export interface PutHandle {
  readonly claimed: number;
  readonly scheduled: boolean;
  noRoom(): PushStatus;
  placeAfter(next: number, at: number): number;
  showFirst(): void;
  schedule(): void;
}

/** A place that no other code writes to: a scratch area, or a codec that only reads. */
export const KEPT: Place = { lane: { next: 0 }, again: () => -1, over: () => false };
