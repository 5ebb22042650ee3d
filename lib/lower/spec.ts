/**
 * The lowered form of a SingleRing plan, as a plain readonly object: indices instead of names, every default resolved.
 * `lower` makes it, `encodeSpec` turns it into the buffer that crosses into C++, `decodeSpec` reads such a buffer back.
 * Sets of entries are ascending index arrays here; they become 64-bit masks only in the buffer.
 */

import type { enums } from '../abi/definition.js';

export type OpName = keyof typeof enums.OpCode;
export type MatchName = keyof typeof enums.MatchCode;
export type CodecName = keyof typeof enums.CodecCode;
export type LayoutName = keyof typeof enums.LayoutCode;
export type OrderingName = keyof typeof enums.OrderingCode;

/** One end of the pipeline. */
export interface BoundarySpec {
  readonly id: string;
  readonly codec: CodecName;
  /** Bytes of a record under a struct codec; 0 for bytes and utf8. */
  readonly recordBytes: number;
  /** Hash of the struct's layout, 64 bits; 0 for bytes and utf8. */
  readonly layoutHash: bigint;
}

/** What an op may do to a record, as the rings need to know it. */
export interface StageAbilities {
  readonly writes: boolean;
  readonly filters: boolean;
  readonly fails: boolean;
  readonly sink: boolean;
}

/** A stage of the catalog: its op and the op's configuration, resolved. */
export interface StageSpec extends StageAbilities {
  readonly id: string;
  readonly op: OpName;
  /** Bytes this op may write before a record. */
  readonly headroom: number;
  /** Bytes this op may write after a record. */
  readonly tailroom: number;
  /** Needle (filter, reject), affix (prepend, append), name (js, native); empty for the others. */
  readonly text: string;
  /** How a filter or reject compares; `None` for the other ops. */
  readonly match: MatchName;
  readonly invert: boolean;
  /** Index into `keys`, or null. */
  readonly key: number | null;
}

/** A stage's place in the ring. */
export interface RingEntrySpec {
  /** Index into `stages`. */
  readonly stage: number;
  /** Entries that must be done with a record first; empty: straight from the ingress. */
  readonly dependencies: readonly number[];
  /** All entries before it on some path. */
  readonly ancestors: readonly number[];
  /** Entries whose marks it reads: its nearest filtering ancestors. */
  readonly readsMarksOf: readonly number[];
  /** Its own mark plane, or null when its op never filters. */
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
  /** How many mark planes there are: one per entry that filters. */
  readonly markCount: number;
  /** Entries that nothing depends on: what the egress waits for. */
  readonly terminals: readonly number[];
  /** Entries whose marks the egress reads. */
  readonly egressReadsMarksOf: readonly number[];
}
