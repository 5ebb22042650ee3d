/**
 * The codec `json`: one JSON text a record, as UTF-8. A push writes what `JSON.stringify` makes of a value, a poll gives what
 * `JSON.parse` makes of the text, so what JavaScript does not keep is not kept: numbers are doubles, of two members with one
 * name the last counts, and bytes that are no UTF-8 are U+FFFD. On the way nothing looks at the bytes.
 *
 * Used by the thread that holds the handle.
 */

import { describeValue } from '../error/describe-value.js';
import { RecordError, UsageError } from '../error/errors.js';
import { bytesLength, isBytes } from './bytes.js';
import { KEPT } from './place.js';
import type { RecordCodec } from './record-codec.js';

/** A record that is a JSON text already and goes in as it is. */
export class JsonText {
  constructor(readonly text: string | Uint8Array) {}
}

/**
 * A text that a push handle was given as a raw record. Whether it is JSON is for the reader to find out.
 * @param kind of the codec of its ingress
 * @throws UsageError where the codec is another one, RecordError for what is no text
 */
export function rawText(id: string, kind: RecordCodec<unknown>['kind'], text: unknown): JsonText {
  if (kind !== 'json')
    throw new UsageError(`"${id}" has the codec "${kind}": only a json ingress takes raw texts; use push and tryPush`);
  if (typeof text === 'string' || (isBytes(text) && bytesLength(text) >= 0)) return new JsonText(text);
  throw new RecordError(
    `a raw json record is a string or a Uint8Array (or Buffer), received ${describeValue(text)}; push values with push`,
  );
}

/** @throws RecordError for what JSON cannot say; what a getter or a `toJSON` throws (unless a TypeError or RangeError) */
export function stringifyRecord(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value) as string | undefined;
  } catch (error) {
    throw error instanceof TypeError || error instanceof RangeError ? unsayable(error) : error;
  }
  if (text !== undefined) return text;
  throw new RecordError(
    `a json record is a value that JSON has, received ${describeValue(value)}; push null, or no record`,
  );
}

function unsayable(error: Error): RecordError {
  const reason = error.message.replaceAll(/\s+/g, ' ');
  return new RecordError(`a json record is a value that JSON has, and JSON.stringify refused this one: ${reason}`);
}

/** @throws RecordError for a text that is no JSON */
export function parseRecord(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RecordError(
      `a record that is not JSON came to a json boundary (${(error as Error).message}); ` +
        'give this boundary the codec that its records really have, "utf8" or "bytes"',
    );
  }
}

/**
 * The codec of one handle. To make a text of a value may run the caller's code (`toJSON`, getters), so it is done once a
 * push, in `bound`, before there is a place for it; every shard's codec then writes that text.
 */
export function jsonCodec(): RecordCodec<unknown> {
  let text: string | Uint8Array = '';
  return {
    kind: 'json',
    fixedBytes: 0,
    bind({ bytes, buffer }, place = KEPT) {
      return {
        bound(record) {
          text = record instanceof JsonText ? record.text : stringifyRecord(record);
          // Nothing is written any more where its own code has ended the ingress.
          if (place.over()) return Number.MAX_SAFE_INTEGER;
          // A UTF-16 unit becomes three bytes at most (a pair becomes four).
          return typeof text === 'string' ? text.length * 3 : bytesLength(text);
        },
        exact: () => (typeof text === 'string' ? Buffer.byteLength(text, 'utf8') : bytesLength(text)),
        write(_, at) {
          if (typeof text === 'string') return buffer.write(text, at, 'utf8');
          bytes.set(text, at);
          return bytesLength(text);
        },
        read: (at, length) => parseRecord(buffer.toString('utf8', at, at + length)),
        fields: undefined,
      };
    },
  };
}
