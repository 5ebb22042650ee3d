/**
 * Records of a host's memory as values, for one turn. What a function keeps of them reaches no record afterwards: a struct is a
 * view that ends with the turn, a text and an array of bytes are its own. Used by the thread that runs the stage.
 */

import { HostRow } from '../abi/definition.js';
import type { RecordMemory } from '../channel/shard-memory.js';
import { RecordError } from '../error/errors.js';
import { JsonText } from '../handle/codec-json.js';
import { JsonView } from '../handle/json-view.js';
import type { FieldAccess } from '../handle/record-codec.js';
import { ENDED, viewsOver } from '../handle/record-views.js';
import { codecKind, layoutOf, type StructLayout } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';

export const ROW_WORDS = HostRow.size / Uint32Array.BYTES_PER_ELEMENT;
export const wordOf = (field: keyof typeof HostRow.offset): number =>
  HostRow.offset[field] / Uint32Array.BYTES_PER_ELEMENT;
const AT = wordOf('at');
const LENGTH = wordOf('length');

export interface RecordReader {
  /** What was changed in a record lies in the memory after `keep`. */
  readonly inPlace: boolean;
  /** The records of so many rows from `first` on will be read; behind the last row of the table comes the first. */
  open(first: number, records: number): void;
  /** The record of a row. @throws RecordError where its bytes cannot be one */
  read(row: number): unknown;
  /** What was changed in the record that was read of a row counts. @throws RecordError where the codec does not have what it has become */
  keep(row: number, record: unknown): void;
  /** What takes the place of a record that was kept and passes, as the codec writes it; undefined: nothing does. */
  instead(row: number): unknown;
  /** The turn of what was read is over. */
  close(record: unknown): void;
}

/**
 * `rows`: the table in which the core says where records stand in `memory`. `batches`: a record is what a batch sees, where that is
 * another thing than what a function of a record gets. `refusal` takes what the codec throws, and returns what is thrown.
 */
export function recordReader(
  codec: Codec,
  memory: RecordMemory,
  rows: Uint32Array,
  batches: boolean,
  refusal: (error: unknown) => unknown,
): RecordReader {
  const layout = layoutOf(codec);
  if (layout !== undefined) return new StructReader(layout, memory, rows, refusal);
  switch (codecKind(codec)) {
    case 'utf8':
      return new TextReader(memory, rows);
    case 'json':
      return new JsonReader(memory, rows, batches, refusal);
    default:
      return new BytesReader(memory, rows);
  }
}

class StructReader implements RecordReader {
  readonly inPlace = true;
  readonly #bytes: number;
  readonly #viewOf: (at: number) => FieldAccess;
  readonly #rows: Uint32Array;
  readonly #refusal: (error: unknown) => unknown;

  constructor(layout: StructLayout, memory: RecordMemory, rows: Uint32Array, refusal: (error: unknown) => unknown) {
    this.#refusal = refusal;
    this.#rows = rows;
    this.#bytes = layout.size;
    this.#viewOf = viewsOver(layout, memory);
  }

  open(): void {}

  read(row: number): FieldAccess {
    const at = row * ROW_WORDS;
    if (this.#rows[at + LENGTH] !== this.#bytes) throw this.#otherLength(at);
    return this.#viewOf(this.#rows[at + AT] as number);
  }

  keep(): void {}
  instead(): void {}

  close(record: FieldAccess): void {
    record._at = ENDED;
  }

  #otherLength(at: number): unknown {
    const length = this.#rows[at + LENGTH] as number;
    return this.#refusal(
      new RecordError(`the record has ${length} bytes, and the struct of its ingress ${this.#bytes}`),
    );
  }
}

/** Values that are parsed from copies of the text, and written again where they have become another one. */
class JsonReader implements RecordReader {
  readonly inPlace = false;
  readonly #memory: RecordMemory;
  readonly #rows: Uint32Array;
  readonly #lazy: boolean;
  readonly #views: JsonView[] = [];
  readonly #texts: (string | undefined)[] = [];

  readonly #refusal: (error: unknown) => unknown;

  constructor(memory: RecordMemory, rows: Uint32Array, lazy: boolean, refusal: (error: unknown) => unknown) {
    this.#refusal = refusal;
    this.#memory = memory;
    this.#rows = rows;
    this.#lazy = lazy;
  }

  open(): void {}

  read(row: number): unknown {
    const at = row * ROW_WORDS;
    const view = new JsonView(
      this.#memory,
      this.#rows[at + AT] as number,
      this.#rows[at + LENGTH] as number,
      this.#refusal,
    );
    this.#views[row] = view;
    this.#texts[row] = undefined;
    return this.#lazy ? view : view.value;
  }

  keep(row: number): void {
    try {
      this.#texts[row] = this.#views[row]?.textIfOther();
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  instead(row: number): JsonText | undefined {
    const text = this.#texts[row];
    return text === undefined ? undefined : new JsonText(text);
  }

  /** The value of a function of a record is its own. */
  close(record: unknown): void {
    if (record instanceof JsonView) record.end();
  }
}

class TextReader implements RecordReader {
  readonly inPlace = false;
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
  instead(): void {}
  close(): void {}
}

/** One copy of all records of a call, which is the function's: an array over it costs less than a copy of its own. */
class BytesReader implements RecordReader {
  readonly inPlace = true;
  readonly #bytes: Uint8Array;
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
    return new Uint8Array(this.#copy, (this.#rows[at + AT] as number) - this.#from, this.#rows[at + LENGTH]);
  }

  keep(row: number, record: Uint8Array): void {
    this.#bytes.set(record, this.#rows[row * ROW_WORDS + AT]);
  }

  instead(): void {}

  close(): void {}
}
