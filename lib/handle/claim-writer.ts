import type { RecordMemory } from '../channel/shard-memory.js';
import type { InPlaceFields } from './record-codec.js';

/**
 * A claimed place for one record. The same object every time: valid until `publish`, `abort` or the next call on the
 * handle. Write at `bytes[offset]` … `bytes[offset + length - 1]`, or through `fields` where the codec is a struct.
 */
export class ClaimWriter<R = unknown> {
  /** The memory in which the place lies: from `offset` on, `length` bytes. */
  bytes: Uint8Array;
  /** The same memory with Node's text methods (`buffer.write(text, offset)`). */
  buffer: Buffer;
  /** The same memory for numbers (`view.setFloat64(offset, x, true)`). */
  view: DataView;
  /** Index of the record's first byte. */
  offset = 0;
  /** Bytes claimed. */
  length = 0;
  /** Terminator that a `lines` egress writes behind the record: 0 LF, 1 CRLF, 2 none. */
  flags = 0;
  /** Struct codec: one property a field, in place. */
  fields: InPlaceFields<R>;

  /** @internal */
  constructor(memory: RecordMemory, fields: InPlaceFields<R>) {
    this.bytes = memory.bytes;
    this.buffer = memory.buffer;
    this.view = memory.view;
    this.fields = fields;
  }
}
