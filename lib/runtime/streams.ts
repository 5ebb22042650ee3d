/**
 * The two handles as Node and web streams: one chunk is one record. Backpressure is the handles' own: a writable waits
 * for room, a readable takes no more than its buffer asks for. Web streams are the globals: Node loads them on first use.
 */

import { Readable, Writable } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import type { PollHandle } from './poll.js';
import type { PushHandle } from './push.js';
import type { PushStatus } from './push-status.js';

export interface WritableOptions {
  /** False: chunks are bytes or strings as in any byte stream. Default true: chunks are records of any type. */
  readonly objectMode?: boolean;
  /** Records (objectMode) or bytes that the stream buffers before it asks its writer to wait. */
  readonly highWaterMark?: number;
  /** Close the ingress when the stream finishes. Default true; false only flushes. */
  readonly close?: boolean;
}

export interface ReadableOptions {
  /** False: records are bytes of a byte stream, without boundaries. Default true: one chunk is one record. */
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

export function nodeWritable<R>(handle: PushHandle<R>, options: WritableOptions = {}): Writable {
  const { objectMode = true, highWaterMark, close = true } = options;
  const abort = new AbortController();
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
    write(chunk: R, _encoding, done: Done) {
      try {
        if (isDoneWith(handle.tryPush(chunk))) return done();
      } catch (error) {
        return done(asError(error));
      }
      pushAll([chunk], done);
    },
    writev(chunks: { chunk: R }[], done: Done) {
      const records = chunks.map(({ chunk }) => chunk);
      pushAll(records, done);
    },
    final(done: Done) {
      if (close) handle.close();
      else handle.flush();
      done();
    },
    destroy(error, done: Done) {
      abort.abort(error);
      done(error);
    },
  });
}

export function webWritable<R>(handle: PushHandle<R>, options: WritableOptions = {}): WritableStream<R> {
  const { highWaterMark = 64, close = true } = options;
  return new globalThis.WritableStream<R>(
    {
      write(chunk, controller) {
        if (isDoneWith(handle.tryPush(chunk))) return undefined;
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

export function nodeReadable<R>(handle: PollHandle<R>, options: ReadableOptions = {}): Readable {
  const { objectMode = true, highWaterMark } = options;
  const abort = new AbortController();
  const take = (stream: Readable): number => {
    const room = stream.readableHighWaterMark - stream.readableLength;
    return handle.poll((record) => stream.push(record), objectMode ? Math.max(1, room) : BYTE_MODE_RECORDS);
  };
  const pump = async (stream: Readable): Promise<void> => {
    while (take(stream) === 0) {
      if (await handle.ready({ signal: abort.signal })) continue;
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

export function webReadable<R>(handle: PollHandle<R>): ReadableStream<R> {
  const abort = new AbortController();
  return new globalThis.ReadableStream<R>(
    {
      async pull(controller) {
        const take = (): number =>
          handle.poll((record) => controller.enqueue(record), Math.max(1, controller.desiredSize ?? 1));
        while (take() === 0) {
          if (await handle.ready({ signal: abort.signal })) continue;
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
