/**
 * Records of a host's memory as values, for one turn. What a function keeps of them reaches no record afterwards: a struct is a
 * view that ends with the turn, a text and an array of bytes are its own. Used by the thread that runs the stage.
 */

import { HostRow } from '../abi/definition.js';
import type { RecordMemory } from '../channel/shard-memory.js';
import { RecordError } from '../error/errors.js';
import type { FieldAccess } from '../handle/record-codec.js';
import { ENDED, viewsOver } from '../handle/record-views.js';
import { layoutOf, type StructLayout } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';

export const ROW_WORDS = HostRow.size / Uint32Array.BYTES_PER_ELEMENT;
export const wordOf = (field: keyof typeof HostRow.offset): number =>
  HostRow.offset[field] / Uint32Array.BYTES_PER_ELEMENT;
const AT = wordOf('at');
const LENGTH = wordOf('length');

export interface RecordReader {
  /** The records of so many rows from `first` on will be read; behind the last row of the table comes the first. */
  open(first: number, records: number): void;
  /** The record of a row. @throws RecordError where its bytes cannot be one */
  read(row: number): unknown;
  /** What was changed in it counts. */
  keep(row: number): void;
  /** Its turn is over. */
  close(row: number): void;
}

/** `rows`: the table in which the core says where records stand in `memory`. */
export function recordReader(codec: Codec, memory: RecordMemory, rows: Uint32Array): RecordReader {
  const layout = layoutOf(codec);
  if (layout !== undefined) return new StructReader(layout, memory, rows);
  return codec === 'utf8' ? new TextReader(memory, rows) : new BytesReader(memory, rows);
}

class StructReader implements RecordReader {
  readonly #bytes: number;
  readonly #viewOf: (at: number) => FieldAccess;
  readonly #views: FieldAccess[] = [];
  readonly #rows: Uint32Array;

  constructor(layout: StructLayout, memory: RecordMemory, rows: Uint32Array) {
    this.#rows = rows;
    this.#bytes = layout.size;
    this.#viewOf = viewsOver(layout, memory);
  }

  open(): void {}

  read(row: number): FieldAccess {
    const at = row * ROW_WORDS;
    const length = this.#rows[at + LENGTH] as number;
    if (length !== this.#bytes)
      throw new RecordError(`the record has ${length} bytes, and the struct of its ingress ${this.#bytes}`);
    const view = this.#viewOf(this.#rows[at + AT] as number);
    this.#views[row] = view;
    return view;
  }

  keep(): void {}

  close(row: number): void {
    const view = this.#views[row];
    if (view !== undefined) view._at = ENDED;
  }
}

class TextReader implements RecordReader {
  readonly #buffer: Buffer;
  readonly #rows: Uint32Array;

  constructor({ buffer }: RecordMemory, rows: Uint32Array) {
    this.#rows = rows;
    this.#buffer = buffer;
  }

  open(): void {}

  read(row: number): string {
    const at = this.#rows[row * ROW_WORDS + AT] as number;
    return this.#buffer.toString('utf8', at, at + (this.#rows[row * ROW_WORDS + LENGTH] as number));
  }

  keep(): void {}
  close(): void {}
}

/** One copy of all records of a call, which is the function's: an array over it costs less than a copy of its own. */
class BytesReader implements RecordReader {
  readonly #bytes: Uint8Array;
  readonly #views: Uint8Array[] = [];
  readonly #rows: Uint32Array;
  #copy = new ArrayBuffer(0);
  /** Where the copy begins. */
  #from = 0;

  constructor({ bytes }: RecordMemory, rows: Uint32Array) {
    this.#rows = rows;
    this.#bytes = bytes;
  }

  open(first: number, records: number): void {
    const at = first * ROW_WORDS;
    const last = ((first + records - 1) * ROW_WORDS) % this.#rows.length;
    const from = this.#rows[at + AT] as number;
    const end = (this.#rows[last + AT] as number) + (this.#rows[last + LENGTH] as number);
    // Memory too is a circle: where it begins anew among them, all of it is copied.
    this.#from = from <= end ? from : 0;
    this.#copy = this.#bytes.slice(this.#from, from <= end ? end : undefined).buffer;
  }

  read(row: number): Uint8Array {
    const at = row * ROW_WORDS;
    const view = new Uint8Array(this.#copy, (this.#rows[at + AT] as number) - this.#from, this.#rows[at + LENGTH]);
    this.#views[row] = view;
    return view;
  }

  keep(row: number): void {
    this.#bytes.set(this.#views[row] as Uint8Array, this.#rows[row * ROW_WORDS + AT]);
  }

  close(): void {}
}
