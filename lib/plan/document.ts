/**
 * The words of the plan document, exactly as they stand in JSON and YAML (snake_case).
 * Their rules: docs/plan.md. Everything here is data; nothing here checks anything.
 */

import type { SEQUENCED_SLOTS_V1_GATING } from './limits.js';

/** The two execution models. A plan names its target; it is never inferred from the shape. */
export type Target = 'SingleRing' | 'LaneGraph';

export type ScalarType =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'bool'
  | `bytes(${number})`
  | `utf8(${number})`;

export interface StructField {
  readonly name: string;
  readonly type: ScalarType;
}

export type Codec = 'bytes' | 'utf8' | { readonly kind: 'struct'; readonly fields: readonly StructField[] };

/** How a record's key is found. The first three read any codec's bytes; `field` needs a struct. */
export type Key =
  | { readonly kind: 'bytes'; readonly offset: number; readonly length: number }
  | { readonly kind: 'token'; readonly separator: string; readonly index: number }
  | { readonly kind: 'json'; readonly pointer: string }
  | { readonly kind: 'field'; readonly name: string };

/** What a plan says of an op that the caller brings. A built-in op states none of it: the catalog knows. */
export interface OpDeclarations {
  /** Default `write`: it may change a record's bytes. */
  readonly access?: 'read' | 'write';
  /** Whether it may stand where nothing reads it; left out, it may, with a warning. */
  readonly sink?: boolean;
  /** Default true: it may take records out of the flow. */
  readonly filters?: boolean;
  /** Whether it emits other records than it reads. Left out: one at most in a ring and before `Ordered`, else any number. */
  readonly emits?: boolean;
  /** Records that it emits at most for one that it reads. */
  readonly emits_max?: number;
  /** Bytes by which it makes a record longer at most. Default 0. */
  readonly room?: number;
  /** Default false for an op that writes: a struct has no layout behind it. */
  readonly keeps_layout?: boolean;
}

export interface StageEntry extends OpDeclarations {
  readonly id: string;
  /** A stable key of the op catalog, or `js:<name>` / `native:<name>`. */
  readonly op: string;
  readonly config?: unknown;
}

export interface BoundaryEntry {
  readonly id: string;
  readonly kind: 'ingress' | 'egress';
  readonly codec?: Codec;
}

export interface RingStage {
  readonly stage: string;
  /** Stages that must be done with a record before this one sees it. `[]`: straight from the ingress. */
  readonly depends_on?: readonly string[];
}

export interface SingleRingPayload {
  readonly stages: readonly RingStage[];
  readonly shards?: number;
  readonly ordering?: 'Strict' | 'PerKey';
  readonly producer?: 'Single' | 'Mpmc';
  readonly scheduling?: 'Dedicated' | 'WorkQueue';
  readonly shard_key?: Key;
}

export type OnFull = 'Block' | 'Drop';

export type Lane =
  | { readonly kind: 'Events'; readonly capacity_bytes?: number }
  | {
      readonly kind: 'Journal';
      readonly fsync?: 'each_batch' | 'none' | { readonly interval_ms: number };
      readonly segment_bytes?: number;
      readonly retain_bytes?: number;
      readonly retain_ms?: number;
    }
  | { readonly kind: 'SequencedSlots'; readonly capacity: number; readonly gating: typeof SEQUENCED_SLOTS_V1_GATING }
  | { readonly kind: 'FanoutBroadcast'; readonly consumers: number; readonly capacity_bytes?: number };

export interface Connection {
  readonly from: string;
  readonly to: string;
  readonly lane: Lane;
  readonly on_full?: OnFull;
}

export type BoundaryPolicy =
  | 'Broadcast'
  | 'RoundRobin'
  | { readonly kind: 'KeyHash'; readonly key: Key }
  | 'Interleave'
  | 'Ordered';

export interface LaneGraphPayload {
  readonly connections: readonly Connection[];
  readonly boundary_policy?: Readonly<Record<string, BoundaryPolicy>>;
  readonly on_full?: OnFull;
}

interface PlanCommon {
  readonly version: 2;
  readonly name: string;
  readonly stages: readonly StageEntry[];
  readonly boundaries: readonly BoundaryEntry[];
}

export interface SingleRingPlan extends PlanCommon {
  readonly target: 'SingleRing';
  readonly single_ring: SingleRingPayload;
}

export interface LaneGraphPlan extends PlanCommon {
  readonly target: 'LaneGraph';
  readonly lane_graph: LaneGraphPayload;
}

/** The authored document. */
export type PipelinePlanV2 = SingleRingPlan | LaneGraphPlan;

declare const checked: unique symbol;

/** A plan that validation accepted. Only `validate` makes one; defaults are NOT filled in: the document is untouched. */
export type CheckedPlan<P extends PipelinePlanV2 = PipelinePlanV2> = P & { readonly [checked]: true };
