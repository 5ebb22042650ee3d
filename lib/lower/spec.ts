/**
 * The lowered form of a plan, as a plain readonly object: indices instead of names, every default resolved. `lower`
 * makes it, `encodeSpec` turns it into the buffer that crosses into C++. A ring
 * and a graph share boundaries, stages and keys; `target` tells them apart. Sets of ring entries are ascending index
 * arrays here; they become 64-bit masks only in the buffer.
 */

import type { enums } from '../abi/definition.js';

export type OpName = keyof typeof enums.OpCode;
export type CodecName = keyof typeof enums.CodecCode;
export type LayoutName = keyof typeof enums.LayoutCode;
export type OrderingName = keyof typeof enums.OrderingCode;
export type BoundaryName = keyof typeof enums.BoundaryCode;
export type RoleName = keyof typeof enums.RoleCode;
export type PolicyName = keyof typeof enums.PolicyCode;
export type LaneKindName = keyof typeof enums.LaneKindCode;
export type OnFullName = keyof typeof enums.OnFullCode;
export type OnErrorName = keyof typeof enums.OnErrorCode;
export type FsyncName = keyof typeof enums.FsyncCode;

/** What is known of the records of a boundary or of a lane. */
export interface RecordSpec {
  readonly codec: CodecName;
  /** Bytes of a record under a struct codec; else 0. */
  readonly recordBytes: number;
  /** Hash of the struct's layout, 64 bits; else 0. */
  readonly layoutHash: bigint;
}

/** One end of the pipeline. */
export interface BoundarySpec extends RecordSpec {
  readonly id: string;
  /** What becomes of a record that its adapter cannot take or write; never `Pass`. */
  readonly onError: OnErrorName;
}

/** What an op may do to a record, as the rings need to know it. */
export interface StageAbilities {
  readonly writes: boolean;
  readonly filters: boolean;
  readonly fails: boolean;
  readonly sink: boolean;
  readonly emits: boolean;
  /** Of a stage that writes or emits: a struct is still that struct behind it. */
  readonly keepsLayout: boolean;
}

/**
 * An op's config, resolved: what its struct (lib/abi/ops.ts) holds. Numbers stand by the names of the struct's fields (a u64
 * is a bigint), texts by their own, a program as its bytes; a field that is left out is 0, a text empty.
 */
export type ConfigValues = Readonly<Record<string, number | bigint | string | Uint8Array>>;

/** A stage of the catalog: its op and the op's configuration, resolved. */
export interface StageSpec extends StageAbilities {
  readonly id: string;
  readonly op: OpName;
  /** Bytes this op may write before a record. */
  readonly headroom: number;
  /** Bytes this op may write after a record. */
  readonly tailroom: number;
  /** What becomes of a record that fails in it. */
  readonly onError: OnErrorName;
  /** Null where the op has none. */
  readonly config: ConfigValues | null;
}

/** A stage's place in the ring. */
export interface RingEntrySpec {
  /** Index into `stages`. */
  readonly stage: number;
  /** Entries that must be done with a record first; empty: straight from the ingress. */
  readonly dependencies: readonly number[];
  /** All entries before it on some path. */
  readonly ancestors: readonly number[];
  /** Entries whose marks it reads: its nearest marking ancestors. */
  readonly readsMarksOf: readonly number[];
  /** Its own mark plane, or null when it never marks a record as gone: `marksRecords`. */
  readonly mark: number | null;
}

export type KeySpec =
  | { readonly kind: 'Bytes'; readonly offset: number; readonly length: number }
  | { readonly kind: 'Token'; readonly separator: string; readonly index: number }
  | { readonly kind: 'Json'; readonly pointer: string }
  | { readonly kind: 'Field'; readonly name: string; readonly offset: number; readonly length: number };

/** A SingleRing plan, lowered. Built by `lower` only; the same plan always gives an equal object. */
export interface RingSpec {
  readonly target: 'SingleRing';
  readonly name: string;
  readonly shards: number;
  readonly ordering: OrderingName;
  readonly layout: LayoutName;
  /** Bytes of every record in the Fixed layout; 0 in the Variable layout. */
  readonly recordBytes: number;
  /** Bytes reserved before every record: the sum over all stages. */
  readonly headroom: number;
  /** Bytes reserved after every record: the sum over all stages. */
  readonly tailroom: number;
  readonly ingress: BoundarySpec;
  readonly egress: BoundarySpec;
  /** In the order of `entries`, so that catalog order leaves no trace. */
  readonly stages: readonly StageSpec[];
  /** In the author's topological order. */
  readonly entries: readonly RingEntrySpec[];
  readonly keys: readonly KeySpec[];
  /** Index into `keys`, or null with one shard. */
  readonly shardKey: number | null;
  /** How many mark planes there are: one per entry that marks records. */
  readonly markCount: number;
  /** Entries that nothing depends on: what the egress waits for. */
  readonly terminals: readonly number[];
  /** Entries whose marks the egress reads. */
  readonly egressReadsMarksOf: readonly number[];
}

/** One end of a graph, of which there may be several of either kind. */
export interface GraphBoundarySpec extends BoundarySpec {
  readonly kind: BoundaryName;
}

/** What an agent does: one of the author's boundaries or stages, or an element that the compiler put in. */
export interface RoleSpec {
  /** The author's id; of an inserted element a name with a colon, which no author's id can have. */
  readonly id: string;
  readonly kind: RoleName;
  /** Into `boundaries` (ingress, egress) or `stages` (stage); null for inserted elements. */
  readonly index: number | null;
  /** What a router or a merge does; `None` for every other role. */
  readonly policy: PolicyName;
  /** A bridge between a journal and an egress, which no rule of the compiler put in: journals are kept so. */
  readonly relay: boolean;
  /** Index into `keys` of a router by KeyHash; null otherwise. */
  readonly key: number | null;
  /** Lanes that it reads. A merge takes copies of one record in this order. */
  readonly inlets: readonly number[];
  /** Lanes that it writes. A router that chooses turns or hashes over this order. */
  readonly outlets: readonly number[];
}

/** A one-writer channel. The record facts are those of the ingresses upstream, as far as they agree and stages keep them. */
export interface LaneSpec extends RecordSpec {
  /** `from->to`: of an author's lane by the ends of its connection, of an inserted one by its roles. */
  readonly id: string;
  readonly kind: LaneKindName;
  readonly inserted: boolean;
  /** An Ordered merge is downstream, so the writer also says which ordinals can no longer come. */
  readonly watermarked: boolean;
  readonly onFull: OnFullName;
  /** Index into `roles`. */
  readonly writer: number;
  /** Indices into `roles`; several only of a FanoutBroadcast lane, in the order of its connections. */
  readonly readers: readonly number[];
  /** Index of the author's (first) connection; null when inserted. */
  readonly connection: number | null;
  /** Events, FanoutBroadcast: as the author asked; 0 where nothing was said, and for the other kinds. */
  readonly capacityBytes: number;
  /** SequencedSlots: records; 0 for the other kinds. */
  readonly capacityRecords: number;
  /** Journal: how written records become durable; null for the other kinds. */
  readonly fsync: FsyncName | null;
  /** Milliseconds with fsync `Interval`; 0 otherwise. */
  readonly fsyncIntervalMs: number;
  /** Journal: bytes of a segment file, 0 for the default; 0 for the other kinds. */
  readonly segmentBytes: number;
  /** Journal: 0 for no limit. */
  readonly retainBytes: number;
  /** Journal: 0 for no limit. */
  readonly retainMs: number;
}

/** A LaneGraph plan, lowered. Built by `lower` only; the same plan always gives an equal object. */
export interface GraphSpec {
  readonly target: 'LaneGraph';
  readonly name: string;
  /** In the order of their roles, so that catalog order leaves no trace. */
  readonly boundaries: readonly GraphBoundarySpec[];
  /** In the order of their roles. */
  readonly stages: readonly StageSpec[];
  readonly keys: readonly KeySpec[];
  /** In topological order: after every role that writes one of its inlets. */
  readonly roles: readonly RoleSpec[];
  /** Author's lanes in the order of their (first) connections, then inserted ones in the order of their writers. */
  readonly lanes: readonly LaneSpec[];
}

export type Spec = RingSpec | GraphSpec;
