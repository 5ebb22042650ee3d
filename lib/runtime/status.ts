/** What `pipeline.status()` tells: how a pipeline was set up, and what the machine granted. native/run writes it. Types only. */

import type { WordOf } from '../abi/definition.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import type { EgressIds, IngressIds } from '../plan/infer.js';

/**
 * What became of a wish: `Applied`, `Degraded` (something less was granted) or `Failed`. `Requested` until the thread that asks
 * has started, `NotAsked` where the options wish for nothing.
 */
export type RequestState = 'Requested' | WordOf<'PinState'>;

/** What became of a wish, and why. */
export interface RequestOutcome {
  /** What became of it. */
  readonly state: RequestState;
  /** Why it was not granted, and what to do; absent where there is nothing to say. */
  readonly reason?: string;
}

/** Something that the profile, or an option, asks of the machine. */
export interface MachineRequest {
  /** What is asked for, like `wait spin` or `lock memory`. */
  readonly request: string;
  /** What became of it. */
  readonly outcome: RequestOutcome;
}

/** A native thread of a pipeline. */
export interface ThreadStatus {
  /** Name of the thread, as the operating system shows it. */
  readonly name: string;
  /** Ids of the stages, boundaries and inserted elements that it runs, in order; of several shards each once a shard. */
  readonly agents: readonly string[];
  /** CPU that was chosen for it, or null. */
  readonly cpu: number | null;
  /** What became of the wish to pin it. */
  readonly pin: RequestOutcome;
  /** A device has not answered its call, and the pipeline has ended without it; absent otherwise. */
  readonly left_in_device_call?: true;
  /** Seconds of CPU time; null while it runs. */
  readonly cpu_seconds: number | null;
  /** Seconds in which it was ready to run and had no CPU; null while it runs, or where the kernel does not say. */
  readonly waited_seconds: number | null;
}

/** A stage that JavaScript runs. */
export interface StageStatus {
  /** Id of the stage. */
  readonly id: string;
  /** Milliseconds that a call of its function may take before the pipeline fails; null while no thread has taken it, and for ever. */
  readonly timeout_ms: number | null;
}

/** The memory of a pipeline. */
export interface RegionStatus {
  /** Bytes that are mapped. */
  readonly bytes: number;
  /** File that backs it, with `observe`; empty otherwise. */
  readonly path: string;
}

/** Sizes of a SingleRing. */
export interface RingSizes {
  /** Records that a shard holds. */
  readonly capacity: number;
  /** Bytes of the largest record. */
  readonly record_max: number;
  /** Bytes for the records of a shard; 0 where every record is the same struct. */
  readonly arena_bytes: number;
}

/** Sizes of one lane. */
export interface LaneSizes {
  /** What it holds: bytes of frames, or records where its lane has slots (SequencedSlots, and lanes of structs). */
  readonly capacity: number;
  /** Bytes of its memory. */
  readonly memory_bytes: number;
  /** Bytes of the largest record. */
  readonly record_max: number;
  /** Folder of its files; only of a Journal lane. */
  readonly journal?: string;
}

/** Sizes of a LaneGraph. */
export interface GraphSizes {
  /** Lane id → its sizes. */
  readonly lanes: Readonly<Record<string, LaneSizes>>;
}

/** What the adapter of an ingress has done. */
export interface SourceStatus {
  /** Name of the adapter, like `lines`. */
  readonly kind: string;
  /** File, folder of a journal, or `-`, as it was given; absent where the adapter has none. */
  readonly path?: string;
  /** Bytes that it has read, line ends included. */
  readonly bytes: number;
  /** Records that it has read. */
  readonly records: number;
  /** Bytes that lay ahead of it at its start; null where that is not known, as of a pipe. */
  readonly input_bytes: number | null;
  /** Only of a journal that is replayed. */
  readonly replay?: {
    /** Folder of the journal. */
    readonly journal: string;
    /** Bytes at its end that hold no whole record. */
    readonly torn_bytes: number;
  };
}

/** What the adapter of an egress has done. */
export interface SinkStatus {
  /** Name of the adapter, like `lines`. */
  readonly kind: string;
  /** File or `-`, as it was given; absent where the adapter has none. */
  readonly path?: string;
  /** Bytes that it has written, line ends included. */
  readonly bytes: number;
  /** Records whose line is whole in the file. */
  readonly records: number;
  /** Records that it took and of which the line is not whole in the file. */
  readonly unwritten: number;
  /** The reader of a pipe has gone away. */
  readonly reader_gone: boolean;
}

/** What an adapter has done. */
export type AdapterStatus = SourceStatus | SinkStatus;

/** The sizes of a plan's target. Of a plan without literal types, either. */
export type SizesOf<P extends PipelinePlanV2> = P['target'] extends 'SingleRing'
  ? RingSizes
  : P['target'] extends 'LaneGraph'
    ? GraphSizes
    : RingSizes | GraphSizes;

/** Boundary id → what its adapter has done; not of ends that JavaScript runs, or that are discarded. */
export type AdaptersOf<P extends PipelinePlanV2> =
  string extends IngressIds<P>
    ? Readonly<Record<string, AdapterStatus>>
    : { readonly [Id in IngressIds<P> & string]?: SourceStatus } & {
        readonly [Id in EgressIds<P> & string]?: SinkStatus;
      };

/** How a pipeline was set up, what the machine granted, and what its adapters have done. */
export interface PipelineStatus<P extends PipelinePlanV2 = PipelinePlanV2> {
  /** Its native threads. */
  readonly threads: readonly ThreadStatus[];
  /** What was asked of the machine, but for the pins of threads. */
  readonly requests: readonly MachineRequest[];
  /** Its memory. */
  readonly region: RegionStatus;
  /** What the options of sizes have come to. */
  readonly sizes: SizesOf<P>;
  /** What runs its ends natively. */
  readonly adapters: AdaptersOf<P>;
  /** The stages that JavaScript runs. */
  readonly stages: readonly StageStatus[];
}
