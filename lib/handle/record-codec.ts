/** What a codec is to the handles: codec.ts, codec-json.ts and codec-struct.ts are the codecs that there are. */

import type { Slots } from '../channel/record-ends.js';
import type { RecordMemory } from '../channel/shard-memory.js';
import type { CodecKind } from '../plan/codec-layout.js';
import type { Columns } from './columns.js';
import type { Place } from './place.js';
import type { PushStatus } from './push-status.js';

/**
 * A codec over one stretch of memory. `at` is an index into `memory.bytes`.
 * @internal
 */
export interface BoundCodec<Record> {
  /** Most bytes this record can need; cheap. @throws RecordError for a value of the wrong kind. */
  bound(record: Record): number;
  /** Bytes it does need, or at most `bound`. */
  exact(record: Record): number;
  /**
   * Writes it (`bound`: what that call gave) and returns its bytes, or -1 when its place was taken meanwhile and there is
   * no other. @throws RecordError
   */
  write(record: Record, at: number, bound: number): number;
  /** Reads a record of `length` bytes. @throws RecordError when the bytes cannot be one. */
  read(at: number, length: number): Record;
  /** Struct only: an object with one accessor a field that reads and writes in place, at the record that `_at` names. */
  readonly fields: FieldAccess | undefined;
  /** Struct in slots, where code may be generated: claims, checks, writes and commits a record in one function. */
  put?(record: Record): PushStatus;
}

/**
 * In-place accessors of a struct record; `_at` (no field can have that name) is set by the handle that owns them.
 * @internal
 */
export interface FieldAccess {
  _at: number;
}

/** What a JSON value may be beside an object. */
type JsonPart = number | boolean | null | readonly unknown[] | { toJSON(key: string): unknown };

/** What a claim or a cursor has as `fields`: the record's own properties for a struct, nothing for other codecs. */
export type InPlaceFields<Record> = Record extends Uint8Array | string | JsonPart
  ? undefined
  : { -readonly [Field in keyof Record]: Record[Field] };

/** @internal */
export interface RecordCodec<Record> {
  readonly kind: CodecKind;
  /** Bytes of every record, or 0 where the length varies. */
  readonly fixedBytes: number;
  bind(memory: RecordMemory, place?: Place): BoundCodec<Record>;
  /** Struct only: its fields as columns. */
  columns?(memory: RecordMemory, slots: Slots): Columns<Record>;
}
