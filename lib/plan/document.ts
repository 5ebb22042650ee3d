/**
 * The words of the plan document, exactly as they stand in JSON and YAML (snake_case).
 * Their rules: docs/plan.md. Everything here is data; nothing here checks anything.
 */

import type { SEQUENCED_SLOTS_V1_GATING } from './limits.js';

/** The two execution models. A plan names its target; it is never inferred from the shape. */
export type Target = 'SingleRing' | 'LaneGraph';

/** The type of a struct's field; `N` of `bytes(N)` and `utf8(N)` is a number of bytes. */
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

/** A field of a struct codec. */
export interface StructField {
  /** Name of the field, unique in its struct. */
  readonly name: string;
  /** What it holds. */
  readonly type: ScalarType;
}

/** What the records of a boundary are: any bytes, UTF-8 text, one JSON text each, or a struct of fields at fixed places. */
export type Codec =
  | 'bytes'
  | 'utf8'
  | 'json'
  | {
      /** The same as `'json'`. */
      readonly kind: 'json';
    }
  | {
      /** Tells it from the others. */
      readonly kind: 'struct';
      /** In the order in which they lie in memory. */
      readonly fields: readonly StructField[];
    };

/** How a record's key is found. The first three read any codec's bytes; `field` needs a struct. */
export type Key =
  | {
      /** Bytes at a fixed place. */
      readonly kind: 'bytes';
      /** Index of the first. */
      readonly offset: number;
      /** How many. */
      readonly length: number;
    }
  | {
      /** A word of a line. */
      readonly kind: 'token';
      /** What stands between words. */
      readonly separator: string;
      /** Index of the word, from 0. */
      readonly index: number;
    }
  | {
      /** A value of a JSON document. */
      readonly kind: 'json';
      /** JSON pointer to it. */
      readonly pointer: string;
    }
  | {
      /** A field of a struct. */
      readonly kind: 'field';
      /** Name of the field. */
      readonly name: string;
    };

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

/**
 * What becomes of a record that fails in a stage: it stops the pipeline (`stop`), goes no further (`drop`), goes on as the
 * stage received it (`pass`), or goes no further and leaves a letter (`dead_letter`). It is counted, whatever is said.
 */
export type OnError = 'stop' | 'drop' | 'pass' | 'dead_letter';

/**
 * What becomes of a record that the adapter of a boundary cannot take (it is longer than the boundary takes, or not of its
 * struct) or cannot write (a line feed in a line). What JavaScript pushes is answered instead.
 */
export type BoundaryOnError = 'stop' | 'drop' | 'dead_letter';

/** A stage of the plan's catalog: an op under a name. */
export interface StageEntry extends OpDeclarations {
  /** Unique among stages and boundaries. */
  readonly id: string;
  /** A stable key of the op catalog, or `js:<name>` / `native:<name>`. */
  readonly op: string;
  /** What the op is told; each op has its own schema. */
  readonly config?: unknown;
  /** What becomes of a record that fails in it. Default `stop`. */
  readonly on_error?: OnError;
}

/** A boundary of the plan's catalog: where records come in or go out. */
export interface BoundaryEntry {
  /** Unique among stages and boundaries. */
  readonly id: string;
  /** Whether records come in or go out. */
  readonly kind: 'ingress' | 'egress';
  /** What its records are. Default `bytes`. */
  readonly codec?: Codec;
  /** What becomes of a record that its adapter cannot take or write. Default `stop`. */
  readonly on_error?: BoundaryOnError;
}

/** A stage's place in a SingleRing. */
export interface RingStage {
  /** Id of the stage in the catalog. */
  readonly stage: string;
  /** Stages that must be done with a record before this one sees it. `[]`: straight from the ingress. */
  readonly depends_on?: readonly string[];
}

/** The part of a plan that only a SingleRing has. */
export interface SingleRingPayload {
  /** Every stage of the catalog, once. Without `depends_on` a stage follows the one before it. */
  readonly stages: readonly RingStage[];
  /** Number of parallel rings. Default 1; more need `shard_key`. */
  readonly shards?: number;
  /** `Strict`: all records in order. `PerKey`: records of one key in order, as shards give it. */
  readonly ordering?: 'Strict' | 'PerKey';
  /** `Single` where one thread at a time writes each ring, which is all that this version runs. */
  readonly producer?: 'Single' | 'Mpmc';
  /** `Dedicated` where each stage has a thread that stays its own, which is all that this version runs. */
  readonly scheduling?: 'Dedicated' | 'WorkQueue';
  /** What chooses a record's shard. */
  readonly shard_key?: Key;
}

/** What a writer does when a lane has no room: wait for it, or drop the record and count it. */
export type OnFull = 'Block' | 'Drop';

/** The four kinds of lanes; docs/lanes.md tells when to take which. */
export type Lane =
  | {
      /** Records of any length in memory, for one reader. */
      readonly kind: 'Events';
      /** Memory of the lane. Default: what `open` is told (`laneBytes`). */
      readonly capacity_bytes?: number;
    }
  | {
      /** On disk: survives the process and, as `fsync` says, the machine. */
      readonly kind: 'Journal';
      /** When records are synced to the device. Default `each_batch`; docs/journal.md has what each promises. */
      readonly fsync?:
        | 'each_batch'
        | 'none'
        | {
            /** At most so many milliseconds after they were written. */
            readonly interval_ms: number;
          };
      /** Bytes of a segment file before the next is begun. Default 64 MiB. */
      readonly segment_bytes?: number;
      /** When the segment files have more bytes than this, the oldest are removed, whole. By default none is ever removed. */
      readonly retain_bytes?: number;
      /** A segment file whose last record is older than this is removed, whole. By default none is ever removed. */
      readonly retain_ms?: number;
    }
  | {
      /** A fixed number of slots in memory, for one reader. */
      readonly kind: 'SequencedSlots';
      /** How many slots. */
      readonly capacity: number;
      /** Gating cells: 4, the one number that version 1 of this lane knows. */
      readonly gating: typeof SEQUENCED_SLOTS_V1_GATING;
    }
  | {
      /** One lane for several readers, which share its records without a copy. */
      readonly kind: 'FanoutBroadcast';
      /** How many readers: as many as connections of its writer are of this kind. */
      readonly consumers: number;
      /** Memory of the lane. Default: what `open` is told (`laneBytes`). */
      readonly capacity_bytes?: number;
    };

/** A connection of a LaneGraph, and the lane that carries its records. */
export interface Connection {
  /** Id of an ingress or a stage. */
  readonly from: string;
  /** Id of a stage or an egress. */
  readonly to: string;
  /** The kind of lane, and its sizes. */
  readonly lane: Lane;
  /** Default: what the graph says. */
  readonly on_full?: OnFull;
}

/**
 * Of an ingress: how records are spread over its connections (`Broadcast`, `RoundRobin`, `KeyHash`). Of an egress: in which
 * order those of several connections are given out (`Interleave`, `Ordered`).
 */
export type BoundaryPolicy =
  | 'Broadcast'
  | 'RoundRobin'
  | {
      /** Records of one key take one connection. */
      readonly kind: 'KeyHash';
      /** How the key is found. */
      readonly key: Key;
    }
  | 'Interleave'
  | 'Ordered';

/** The part of a plan that only a LaneGraph has. */
export interface LaneGraphPayload {
  /** What is connected with what. */
  readonly connections: readonly Connection[];
  /** Boundary id → how its records are spread or brought together. */
  readonly boundary_policy?: Readonly<Record<string, BoundaryPolicy>>;
  /** For connections that do not say it. Default `Block`. */
  readonly on_full?: OnFull;
}

interface PlanCommon {
  /** Of the plan format. */
  readonly version: 2;
  /** Name of the pipeline. */
  readonly name: string;
  /** The catalog of stages. */
  readonly stages: readonly StageEntry[];
  /** The catalog of boundaries. */
  readonly boundaries: readonly BoundaryEntry[];
}

/** A plan whose stages work in place on the slots of one ring, or of one ring a shard. */
export interface SingleRingPlan extends PlanCommon {
  /** Tells it from a LaneGraph. */
  readonly target: 'SingleRing';
  /** Order of the stages, and shards. */
  readonly single_ring: SingleRingPayload;
}

/** A plan whose stages are connected by lanes. */
export interface LaneGraphPlan extends PlanCommon {
  /** Tells it from a SingleRing. */
  readonly target: 'LaneGraph';
  /** Connections and policies. */
  readonly lane_graph: LaneGraphPayload;
}

/** The authored document. */
export type PipelinePlanV2 = SingleRingPlan | LaneGraphPlan;

declare const checked: unique symbol;

/** A plan that validation accepted. Only `validate` makes one; defaults are NOT filled in: the document is untouched. */
export type CheckedPlan<P extends PipelinePlanV2 = PipelinePlanV2> = P & { readonly [checked]: true };
