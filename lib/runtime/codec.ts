/**
 * How records of a boundary become JS values and back. A codec is resolved once, when a handle is taken, and bound to a
 * shard's memory; nothing looks at the plan's schema per record. Values that a codec cannot take are programming errors
 * and throw a RecordError before anything is committed; records that are only too long are a status.
 *
 *   bytes   Uint8Array     copied in; read as a copy that the caller owns
 *   utf8    string         lone surrogates become U+FFFD, as everywhere in Node
 *   struct  plain object   codec-struct.ts
 *
 * Used by the thread that holds the handle.
 */

import { layoutOf } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';
import { bytesLength, isBytes } from './bytes.js';
import { structCodec } from './codec-struct.js';
import type { Columns } from './columns.js';
import { describeValue } from './describe-value.js';
import { RecordError } from './errors.js';
import type { Place } from './place.js';
import type { PushStatus } from './push-status.js';
import type { Slots } from './record-ends.js';
import type { RecordMemory } from './shard-memory.js';

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

/** What a claim or a cursor has as `fields`: the record's own properties for a struct, nothing for bytes and utf8. */
export type InPlaceFields<Record> = Record extends Uint8Array | string
  ? undefined
  : { -readonly [Field in keyof Record]: Record[Field] };

/** @internal */
export interface RecordCodec<Record> {
  readonly kind: 'bytes' | 'utf8' | 'struct';
  /** Bytes of every record, or 0 where the length varies. */
  readonly fixedBytes: number;
  bind(memory: RecordMemory, place?: Place): BoundCodec<Record>;
  /** Struct only: its fields as columns. */
  columns?(memory: RecordMemory, slots: Slots): Columns<Record>;
}

const bytesCodec: RecordCodec<Uint8Array> = {
  kind: 'bytes',
  fixedBytes: 0,
  bind({ bytes }) {
    const bound = (record: Uint8Array): number => {
      const length = record instanceof Uint8Array || isBytes(record) ? bytesLength(record) : -1;
      if (length >= 0) return length;
      throw new RecordError(
        `a bytes record is a Uint8Array (or Buffer), received ${describeValue(record)}; ` +
          'encode it first, or give the boundary the codec "utf8" or a struct',
      );
    };
    return {
      bound,
      exact: bound,
      write(record, at, length) {
        bytes.set(record, at);
        return length;
      },
      read: (at, length) => bytes.slice(at, at + length),
      fields: undefined,
    };
  },
};

const utf8Codec: RecordCodec<string> = {
  kind: 'utf8',
  fixedBytes: 0,
  bind({ buffer }) {
    return {
      bound(record) {
        // A UTF-16 unit becomes three bytes at most (a pair becomes four).
        if (typeof record === 'string') return record.length * 3;
        throw new RecordError(`a utf8 record is a string, received ${describeValue(record)}`);
      },
      exact: (record) => Buffer.byteLength(record, 'utf8'),
      write: (record, at) => buffer.write(record, at, 'utf8'),
      read: (at, length) => buffer.toString('utf8', at, at + length),
      fields: undefined,
    };
  },
};

/**
 * The codec that a boundary's entry in the plan asks for; `bytes` when it does not say.
 * @internal
 */
export function resolveCodec(codec: Codec | undefined): RecordCodec<unknown> {
  const layout = layoutOf(codec);
  if (layout !== undefined) return structCodec(layout) as RecordCodec<unknown>;
  return (codec === 'utf8' ? utf8Codec : bytesCodec) as RecordCodec<unknown>;
}
