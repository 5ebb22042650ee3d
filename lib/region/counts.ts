/** What the ledger says, as types: the counts of each element, and the equations that do not hold. */

import type { enums, WordOf } from '../abi/definition.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import type { EgressIds, IngressIds, StageIds } from '../plan/infer.js';
import type { Failure } from './failure.js';

/** Records that failed at a boundary and did not stop the pipeline. `failed` = `dropped` + `dead_lettered`. */
export interface BoundaryFailures {
  /** Records that its adapter could not take or write. */
  readonly failed: number;
  /** Of these, records that were dropped. */
  readonly dropped: number;
  /** Of these, records of which a letter was written. */
  readonly dead_lettered: number;
  /** These, by cause. */
  readonly causes: CauseCounts;
}

/** Records; `bytes` are record bytes. Names are the ones that documents print. */
export interface IngressCounts {
  /** Tells it from an egress. */
  readonly kind: 'ingress';
  /** Records that went in. */
  readonly published: number;
  /** Bytes of these records. */
  readonly bytes: number;
  /** Records for which a lane with `Drop` had no room. */
  readonly dropped: number;
  /** Records longer than the boundary takes. */
  readonly too_large: number;
  /** Records without the key that chooses their shard or connection. */
  readonly keyless: number;
  /** Only where records failed at it and its `on_error` let the pipeline go on; they were not published. */
  readonly failures?: BoundaryFailures;
}

/** Why records failed, by code: those that it happened to. */
export type CauseCounts = { readonly [Code in WordOf<'FailureCause'>]?: number };

/**
 * Records of a stage. `in` = `passed_on` + `filtered` + `failed` + `absorbed` + `abandoned` + `held`, `out` = `passed_on` +
 * `emitted`, `failed` = `stopped` + `dropped` + `dead_lettered`.
 */
export interface StageCounts {
  /** Records that reached it. */
  readonly in: number;
  /** Records that left it. */
  readonly out: number;
  /** Records that left as the same record (changed, or replaced by one other), or ended in a sink. */
  readonly passed_on: number;
  /** Of these, records that failed and went on as they had come. */
  readonly passed_failed: number;
  /** Every other record that left it: those that it made. */
  readonly emitted: number;
  /** Records that it took out of the flow. */
  readonly filtered: number;
  /** Records that failed in it and did not go on. */
  readonly failed: number;
  /** Of these, records that stopped the pipeline. */
  readonly stopped: number;
  /** Of these, records that were dropped. */
  readonly dropped: number;
  /** Of these, records of which a letter was written. */
  readonly dead_lettered: number;
  /** Records that it consumed and that did not leave themselves: several came of one, or it kept it. */
  readonly absorbed: number;
  /** Records left before it when the pipeline ended. */
  readonly abandoned: number;
  /** Records that it has taken and not answered, while it runs. */
  readonly held: number;
  /** Only of a SingleRing: records that a stage before it had filtered, or that had failed there. */
  readonly skipped?: number;
  /** Records that failed, those that went on included, by cause. */
  readonly causes: CauseCounts;
}

/** A router, merge or bridge that the compiler inserted. */
export interface InsertedCounts {
  /** What was inserted. */
  readonly kind: 'router' | 'merge' | 'bridge';
  /** Records that reached it, over all its inlets. */
  readonly in: number;
  /** Records offered to its lanes: a broadcasting router offers each record to all of them. */
  readonly out: number;
  /** Records that failed in it. */
  readonly failed: number;
  /** These, by cause. */
  readonly causes: CauseCounts;
  /** Records left when the pipeline ended; of a broadcasting router: copies not given. */
  readonly abandoned: number;
  /** Router by KeyHash: records without the key, given to its first lane. */
  readonly keyless: number;
}

/** Where a journal stands; sequences are counted over all runs. */
export interface JournalCounts {
  /** Sequence of the next record to be appended. */
  readonly appended: number;
  /** Records before it are as durable as the fsync policy promises. */
  readonly durable: number;
  /** Records before it have been synced to the device. */
  readonly synced: number;
  /** Oldest record that the files hold. */
  readonly first: number;
  /** This run's first record. */
  readonly opened_at: number;
  /** Records of earlier runs that were handed to the reader in this run. */
  readonly replayed: number;
  /** Records of this run that the files do not hold as durably as promised: what a failure or a halt has cost. */
  readonly unwritten: number;
  /** Calls to the device that made records durable. */
  readonly syncs: number;
  /** Segment files that there are. */
  readonly segments: number;
  /** Bytes of these files. */
  readonly bytes: number;
  /** Of a torn tail that recovery cut. */
  readonly cut_bytes: number;
}

/** Records of a lane. */
export interface LaneCounts {
  /** Kind of the lane. */
  readonly kind: keyof typeof enums.LaneKindCode;
  /** The compiler's or the runtime's, no author's connection. */
  readonly inserted: boolean;
  /** Neither the author's nor the compiler's: it takes letters. */
  readonly origin?: 'runtime';
  /** Records that its writer offered: in the lane, or dropped. */
  readonly written: number;
  /** Records in the lane. */
  readonly published: number;
  /** Bytes of the records in the lane. */
  readonly bytes: number;
  /** Records that did not get in, by cause. */
  readonly dropped: {
    /** Records for which the lane had no room. */
    readonly full: number;
    /** Records longer than the lane takes. */
    readonly too_large: number;
  };
  /** Reader → records it has read. */
  readonly read: Readonly<Record<string, number>>;
  /** Reader → records in the lane that it has not read yet. */
  readonly in_flight: Readonly<Record<string, number>>;
  /** Letters that were read and not written when the pipeline ended; only of a lane of letters. */
  readonly abandoned?: number;
  /** Where the journal stands; only of a Journal lane. */
  readonly journal?: JournalCounts;
}

/** Records of an egress. */
export interface EgressCounts {
  /** Tells it from an ingress. */
  readonly kind: 'egress';
  /** Records that reached it. */
  readonly in: number;
  /** Records delivered. */
  readonly out: number;
  /** Records that reached it and were not delivered when the pipeline ended. */
  readonly abandoned: number;
  /** SingleRing: records that a stage before it had filtered, or that had failed there. */
  readonly skipped: number;
  /** Bytes of the records read (`in`), delivered, failed or abandoned. */
  readonly bytes: number;
  /** Only where records failed at it and its `on_error` let the pipeline go on: `in` = `out` + `failed` + `abandoned`. */
  readonly failures?: BoundaryFailures;
}

/** An equation that does not hold, with its numbers. */
export interface Imbalance {
  /** Id of a stage, a boundary, an inserted element or a lane. */
  readonly at: string;
  /** Shard of a SingleRing; null in a LaneGraph. */
  readonly shard: number | null;
  /** Like `published = in + skipped`. */
  readonly equation: string;
  /** The number on the left of the equation. */
  readonly left: number;
  /** The number on the right of the equation. */
  readonly right: number;
}

type BoundaryCounts<P extends PipelinePlanV2> = string extends IngressIds<P> | EgressIds<P>
  ? Readonly<Record<string, IngressCounts | EgressCounts>>
  : { readonly [Id in IngressIds<P>]: IngressCounts } & { readonly [Id in EgressIds<P>]: EgressCounts };

/** By the ids of `P`; those of a plan without literal types are any strings. */
export interface Ledger<P extends PipelinePlanV2 = PipelinePlanV2> {
  /** Every equation holds. */
  readonly balanced: boolean;
  /** The pipeline has ended and nothing is in flight; only then is `balanced` exact. */
  readonly settled: boolean;
  /** Counts of every ingress and egress, by id. */
  readonly boundaries: BoundaryCounts<P>;
  /** Counts of every stage, by id. */
  readonly stages: { readonly [Id in StageIds<P>]: StageCounts };
  /** What the compiler put into a LaneGraph; a SingleRing has nothing of it. */
  readonly inserted: Readonly<Record<string, InsertedCounts>>;
  /** Lanes of a LaneGraph; a SingleRing has none. */
  readonly lanes: Readonly<Record<string, LaneCounts>>;
  /** Equations that do not hold. */
  readonly imbalances: readonly Imbalance[];
  /** The first failure, or null. */
  readonly failure: Failure | null;
}

/**
 * What the counters of one region say, and which equations do not hold.
 * @internal
 */
export type Counts = Pick<Ledger, 'boundaries' | 'stages' | 'inserted' | 'lanes' | 'imbalances'>;
