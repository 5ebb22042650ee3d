/**
 * How records of a boundary become JS values and back. A codec is resolved once, when a handle is taken, and bound to a
 * shard's memory; nothing looks at the plan's schema per record. Values that a codec cannot take are programming errors
 * and throw a RecordError before anything is committed; records that are only too long are a status.
 *
 *   bytes   Uint8Array     copied in; read as a copy that the caller owns
 *   utf8    string         lone surrogates become U+FFFD, as everywhere in Node
 *   json    any value      codec-json.ts
 *   struct  plain object   codec-struct.ts
 *
 * Used by the thread that holds the handle.
 */

import { describeValue } from '../error/describe-value.js';
import { RecordError } from '../error/errors.js';
import { codecKind, layoutOf } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';
import { bytesLength, isBytes } from './bytes.js';
import { jsonCodec } from './codec-json.js';
import { structCodec } from './codec-struct.js';
import type { RecordCodec } from './record-codec.js';

const bytesCodec: RecordCodec<Uint8Array> = {
  kind: 'bytes',
  fixedBytes: 0,
  bind({ bytes }) {
    const bound = (record: Uint8Array): number => {
      const length = record instanceof Uint8Array || isBytes(record) ? bytesLength(record) : -1;
      if (length >= 0) return length;
      throw new RecordError(
        `a bytes record is a Uint8Array (or Buffer), received ${describeValue(record)}; ` +
          'encode it first, or give the boundary the codec "utf8", "json" or a struct',
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
  const kind = codecKind(codec);
  if (kind === 'json') return jsonCodec();
  return (kind === 'utf8' ? utf8Codec : bytesCodec) as RecordCodec<unknown>;
}
