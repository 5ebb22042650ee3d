/**
 * The two handles as Node and web streams: one chunk is one record. Backpressure is the handles' own: a writable waits
 * for room, a readable takes no more than its buffer asks for, and nothing once it has been destroyed. A stream whose
 * other side never waits leaves the event loop a turn every 10 ms. Web streams are the globals: Node loads them on first
 * use.
 */

import { Readable, Writable } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import { StringDecoder } from 'node:string_decoder';
import { type ByteorError, OptionError, RecordError } from '../error/errors.js';
import type { PushOutcome, PushStatus } from './push-status.js';
import type { RecordCodec } from './record-codec.js';
import { afterTurn, owesTurn } from './turns.js';
import type { WaitOptions } from './waiting.js';

/** What a stream needs of the handle that it writes to: push.ts says what each call does. */
interface StreamTarget<R> {
  tryPush(record: R): PushStatus;
  push(record: R, options?: WaitOptions): Promise<PushOutcome>;
  pushBatch(records: readonly R[], options?: WaitOptions): Promise<number>;
  flush(): void;
  close(): void;
  refusal(status: PushStatus): ByteorError;
}

/** What a stream needs of the handle that it reads from: poll.ts says what each call does. */
interface StreamOrigin<R> {
  poll(visit: (record: R) => void, limit?: number): number;
  leavePoll(): void;
  ready(options?: WaitOptions): Promise<boolean>;
}

/** How a push handle becomes a stream. */
export interface WritableOptions {
  /**
   * False: chunks are bytes or strings as in any byte stream, and each is a record. A utf8 ingress gets them decoded: a
   * character that is cut by the end of a chunk goes into the next record. Not for structs and json. Default true: chunks
   * are records of any type, but for `null`, which a Node stream takes for its end.
   */
  readonly objectMode?: boolean;
  /** Records (objectMode) or bytes that the stream buffers before it asks its writer to wait. */
  readonly highWaterMark?: number;
  /** Close the ingress when the stream finishes. Default true; false only flushes. */
  readonly close?: boolean;
}

/** How a poll handle becomes a stream. */
export interface ReadableOptions {
  /**
   * False: records are bytes of a byte stream, without boundaries; not for structs and json. Default true: one
   * chunk is one record; the json record `null`, which a Node stream takes for its end, destroys it with a RecordError.
   */
  readonly objectMode?: boolean;
  /** Records (objectMode) or bytes that the stream buffers. Buffered records count as taken. */
  readonly highWaterMark?: number;
}

/** Records taken in one go by a byte stream, whose buffer is counted in bytes. */
const BYTE_MODE_RECORDS = 64;

type Done = (error?: Error | null) => void;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** In, or dropped and counted by a lane that drops: pushing it again would count it twice. */
const isDoneWith = (status: PushStatus): boolean => status === 'OK' || status === 'DROPPED';

type Kind = RecordCodec<unknown>['kind'];

function checkBytes(kind: Kind, objectMode: boolean): void {
  if ((kind === 'struct' || kind === 'json') && !objectMode)
    throw new OptionError(
      'objectMode',
      objectMode,
      'objectMode is false: the records of this boundary are values, not bytes; leave it out, or give the boundary the ' +
        'codec "bytes"',
    );
}

const noChunk = (): RecordError =>
  new RecordError(
    'the json record null is no chunk of a Node stream, where it means the end; use readableWeb, or poll',
  );

/** @internal */
export function nodeWritable<R>(handle: StreamTarget<R>, kind: Kind, options: WritableOptions = {}): Writable {
  const { objectMode = true, highWaterMark, close = true } = options;
  checkBytes(kind, objectMode);
  const abort = new AbortController();
  const text = kind === 'utf8' && !objectMode ? new StringDecoder('utf8') : undefined;
  /** The records of a chunk: one, or none of a part of a character. */
  const recordsOf = (chunk: unknown): R[] => {
    if (text === undefined) return [chunk as R];
    const words = text.write(chunk as Buffer);
    return words === '' && (chunk as Buffer).length > 0 ? [] : [words as R];
  };
  const pushAll = (records: readonly R[], done: Done): void => {
    handle.pushBatch(records, { signal: abort.signal }).then(
      () => done(),
      (error: unknown) => done(asError(error)),
    );
  };
  return new Writable({
    objectMode,
    decodeStrings: !objectMode,
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    write(chunk: unknown, _encoding, done: Done) {
      const records = recordsOf(chunk);
      try {
        const status = records.length === 0 ? 'OK' : handle.tryPush(records[0] as R);
        if (status === 'FULL') return pushAll(records, done);
        if (!isDoneWith(status)) return done(handle.refusal(status));
      } catch (error) {
        return done(asError(error));
      }
      // A stream that is never late calls itself again and again from microtasks.
      if (owesTurn()) setImmediate(done);
      else done();
    },
    writev(chunks: { chunk: unknown }[], done: Done) {
      pushAll(
        chunks.flatMap(({ chunk }) => recordsOf(chunk)),
        done,
      );
    },
    final(done: Done) {
      const end = (): void => {
        if (close) handle.close();
        else handle.flush();
        done();
      };
      const rest = text?.end() ?? '';
      if (rest === '') end();
      else pushAll([rest as R], (error) => (error == null ? end() : done(error)));
    },
    destroy(error, done: Done) {
      abort.abort(error);
      done(error);
    },
  });
}

/** @internal */
export function webWritable<R>(handle: StreamTarget<R>, options: WritableOptions = {}): WritableStream<R> {
  const { highWaterMark = 64, close = true } = options;
  return new globalThis.WritableStream<R>(
    {
      write(chunk, controller) {
        const status = handle.tryPush(chunk);
        if (isDoneWith(status)) return owesTurn() ? afterTurn(undefined) : undefined;
        if (status !== 'FULL') throw handle.refusal(status);
        // Node has the signal; its older type declarations do not.
        const { signal } = controller as unknown as { signal?: AbortSignal };
        return handle.push(chunk, { signal }).then(() => {});
      },
      close() {
        if (close) handle.close();
        else handle.flush();
      },
    },
    { highWaterMark },
  );
}

/** @internal */
export function nodeReadable<R>(handle: StreamOrigin<R>, kind: Kind, options: ReadableOptions = {}): Readable {
  const { objectMode = true, highWaterMark } = options;
  checkBytes(kind, objectMode);
  const abort = new AbortController();
  /** Records of no bytes are no chunks of a byte stream. */
  const isChunk = (record: R): boolean => objectMode || (record as Uint8Array | string).length > 0;
  const take = (stream: Readable): number => {
    const room = stream.readableHighWaterMark - stream.readableLength;
    let chunks = 0;
    handle.poll(
      (record) => {
        if (record === null) throw noChunk();
        if (isChunk(record)) chunks++;
        const more = isChunk(record) ? stream.push(record) : true;
        // `push` hands the record on at once where it has a listener, and that may have been the end of the stream.
        if (!more || stream.destroyed) handle.leavePoll();
      },
      objectMode ? Math.max(1, room) : BYTE_MODE_RECORDS,
    );
    return chunks;
  };
  const pump = async (stream: Readable): Promise<void> => {
    if (owesTurn()) await afterTurn(undefined);
    while (!stream.destroyed && take(stream) === 0) {
      if (stream.destroyed || (await handle.ready({ signal: abort.signal }))) continue;
      stream.push(null);
      return;
    }
  };
  return new Readable({
    objectMode,
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    read() {
      pump(this).catch((error: unknown) => this.destroy(asError(error)));
    },
    destroy(error, done: Done) {
      abort.abort(error);
      done(error);
    },
  });
}

/** @internal */
export function webReadable<R>(handle: StreamOrigin<R>): ReadableStream<R> {
  const abort = new AbortController();
  return new globalThis.ReadableStream<R>(
    {
      async pull(controller) {
        const take = (): number =>
          handle.poll((record) => controller.enqueue(record), Math.max(1, controller.desiredSize ?? 1));
        if (owesTurn()) await afterTurn(undefined);
        // A stream that was cancelled meanwhile takes no record: it would be lost.
        while (!abort.signal.aborted && take() === 0) {
          if (abort.signal.aborted || (await handle.ready({ signal: abort.signal }))) continue;
          controller.close();
          return;
        }
      },
      cancel(reason) {
        abort.abort(reason);
      },
    },
    { highWaterMark: 16 },
  );
}
