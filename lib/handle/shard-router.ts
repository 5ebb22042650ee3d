/**
 * Which shard a record belongs to, where a ring has several: the record, or its key, is written to a scratch area that
 * native code reads. Used by the thread that holds the ingress. Hot, but for `shardOfKey`.
 */

import type { NativePipeline } from '../abi/addon.js';
import { memoryOver, type RecordMemory } from '../channel/shard-memory.js';
import { describeValue } from '../error/describe-value.js';
import { UsageError } from '../error/errors.js';
import { KEY_LENGTH_MAX } from '../plan/limits.js';
import { bytesLength, isBytes } from './bytes.js';
import type { BoundCodec, RecordCodec } from './record-codec.js';

export class ShardRouter<R> {
  private readonly native: NativePipeline;
  private readonly recordMax: number;
  private readonly scratch: RecordMemory;
  private readonly codec: BoundCodec<R>;
  /** Struct: the record in the scratch area. */
  private readonly struct: Uint8Array | undefined;

  constructor(native: NativePipeline, codec: RecordCodec<R>, recordMax: number) {
    const size = Math.max(recordMax, KEY_LENGTH_MAX);
    this.native = native;
    this.recordMax = recordMax;
    this.scratch = memoryOver(new ArrayBuffer(size), 0, size, 8);
    this.codec = codec.bind(this.scratch);
    this.struct = codec.fixedBytes === 0 ? undefined : this.scratch.bytes.subarray(0, codec.fixedBytes);
    native.setScratch(this.scratch.bytes);
  }

  /** Writes the record to the scratch area: its bytes, or -1 when it has more than a record may. @throws RecordError */
  take(record: R): number {
    const { codec } = this;
    codec.bound(record);
    const length = codec.exact(record);
    return length > this.recordMax ? -1 : codec.write(record, 0, length);
  }

  /** Shard of the record that was taken, or -1 when it has no key. */
  shardOf(length: number): number {
    return this.native.route(length);
  }

  /**
   * Writes the record that was taken to its place. A struct is copied: to ask it for its values again could give others.
   * Everything else is written again, which is cheaper than a view for a copy.
   */
  put(record: R, codec: BoundCodec<R>, bytes: Uint8Array, at: number, length: number): void {
    if (this.struct === undefined) codec.write(record, at, length);
    else bytes.set(this.struct, at);
  }

  /** Shard of a key that the caller names. */
  shardOfKey(key: Uint8Array | string): number {
    const { bytes, buffer } = this.scratch;
    if (typeof key !== 'string' && !isBytes(key))
      throw new UsageError(`a key is a string or a Uint8Array; claim() was given ${describeValue(key)}`);
    const length = typeof key === 'string' ? Buffer.byteLength(key, 'utf8') : bytesLength(key);
    if (length > bytes.length)
      throw new UsageError(`a key of ${length} bytes is longer than the ${bytes.length} that a key may have`);
    if (typeof key === 'string') buffer.write(key, 0, 'utf8');
    else bytes.set(key);
    return this.native.routeKey(length);
  }
}
