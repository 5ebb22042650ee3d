/**
 * Whether the place that a record is written to is still the writer's own. To take a record's values may run the caller's
 * code (getters, a Proxy), and that may push, claim or close.
 */
export interface Place {
  /** Where it is; `next` moves with every record that goes in. */
  readonly lane: { readonly next: number };
  /** Another place, or -1 where there is none now. */
  again(): number;
}

/** A place that no other code writes to: a scratch area, or a codec that only reads. */
export const KEPT: Place = { lane: { next: 0 }, again: () => -1 };
