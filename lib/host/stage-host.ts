/**
 * One shard of a stage on a thread of JavaScript: the memory that it shares with the core (native/op/hosted.hpp), and the
 * function that is called for each record of it. The core copies records in and judges every answer, so nothing here can
 * harm a record that has failed, or one that is no longer the function's. Used by the thread that has taken the stage.
 */

import { enums, HostElement, HostRow } from '../abi/definition.js';
import { memoryOver, type RecordMemory } from '../channel/shard-memory.js';
import { describeValue } from '../error/describe-value.js';
import { RecordError } from '../error/errors.js';
import { resolveCodec } from '../handle/codec.js';
import { JsonText } from '../handle/codec-json.js';
import { JsonView } from '../handle/json-view.js';
import type { BoundCodec } from '../handle/record-codec.js';
import type { HostedStage, StageFunction } from './hosted-stage.js';

const { FailureCause, HostAction } = enums;

const ROW_WORDS = HostRow.size / Uint32Array.BYTES_PER_ELEMENT;
const wordOf = (field: keyof typeof HostRow.offset): number => HostRow.offset[field] / Uint32Array.BYTES_PER_ELEMENT;
const AT = wordOf('at');
const LENGTH = wordOf('length');
const FLAGS = wordOf('flags');
const ACTION = wordOf('action');
const FIRST = wordOf('first');
const COUNT = wordOf('count');

const ALIGN = 8;
const roundUp = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

/** Bytes of elements at first; more are made where a function's answers need them. */
const ELEMENTS_BYTES = 64 * 1024;
/** As much of a failure's words as the core tells. */
const FAILURE_BYTES = 400;

const allocated = (bytes: number): RecordMemory => memoryOver(new ArrayBuffer(bytes), 0, bytes, ALIGN);

/** Memory for the records of one batch: all of them where they are short, and any one that a lane can hold. */
export interface HostSizes {
  readonly records: number;
  readonly bytes: number;
}

export class StageHost {
  readonly records: Uint8Array;
  readonly rows: Uint32Array;
  readonly #stage: HostedStage;
  readonly #fn: (record: unknown) => unknown;
  readonly #reader: BoundCodec<unknown>;
  /** Bytes of every record under a struct codec, else 0. */
  readonly #fixedBytes: number;
  /** A function may have changed a record that it passes. */
  readonly #inPlace: boolean;
  /** Json: the record that the function has. */
  readonly #json: JsonView | undefined;
  /** It is the function that is at work, not the codec. */
  #calling = false;
  readonly #grown: (elements: Uint8Array) => void;
  #elements: RecordMemory;
  #writer: BoundCodec<unknown>;
  #end = 0;

  /** @param grown called with other memory of elements, which the core must know before `work` returns */
  constructor(stage: HostedStage, fn: StageFunction, sizes: HostSizes, grown: (elements: Uint8Array) => void) {
    const memory = allocated(roundUp(sizes.bytes));
    const codec = resolveCodec(stage.codec);
    this.#stage = stage;
    this.#fn = fn as (record: unknown) => unknown;
    this.#grown = grown;
    this.records = memory.bytes;
    this.rows = new Uint32Array(sizes.records * ROW_WORDS);
    this.#reader = codec.bind(memory);
    this.#fixedBytes = codec.fixedBytes;
    this.#json = codec.kind === 'json' ? new JsonView(memory) : undefined;
    this.#inPlace = this.#reader.fields !== undefined && stage.says.access !== 'read';
    this.#elements = allocated(ELEMENTS_BYTES);
    this.#writer = codec.bind(this.#elements);
  }

  get elements(): Uint8Array {
    return this.#elements.bytes;
  }

  /** Works on the records of the first rows; returns how many have an answer. Never throws. */
  work(records: number): number {
    this.#end = 0;
    const { rows } = this;
    for (let i = 0; i < records; i++) {
      const row = i * ROW_WORDS;
      try {
        const record = this.#recordAt(rows[row + AT] as number, rows[row + LENGTH] as number);
        this.#calling = true;
        const answer = this.#fn(record);
        this.#calling = false;
        this.#answer(row, answer);
      } catch (error) {
        this.#fail(row, error);
        return i + 1;
      }
    }
    return records;
  }

  #recordAt(at: number, length: number): unknown {
    if (this.#fixedBytes !== 0 && length !== this.#fixedBytes)
      throw new RecordError(`the record has ${length} bytes, and the struct of its ingress ${this.#fixedBytes}`);
    const { fields } = this.#reader;
    if (this.#json !== undefined) {
      this.#json.show(at, length);
      return this.#json.value;
    }
    if (fields === undefined) return this.#reader.read(at, length);
    fields._at = at;
    return fields;
  }

  #answer(row: number, answer: unknown): void {
    if (answer === undefined || answer === true) {
      this.#pass(row);
      return;
    }
    const elements = answer === false ? [] : Array.isArray(answer) ? answer : [answer];
    this.#refuseUndeclared(elements);
    if (elements.length === 0) {
      this.rows[row + ACTION] = HostAction.Filter;
      return;
    }
    this.#emitAll(row, elements);
  }

  /** As the function has left it. */
  #pass(row: number): void {
    const text = this.#stage.says.access === 'read' ? undefined : this.#json?.textIfOther();
    if (text !== undefined) this.#emitAll(row, [new JsonText(text)], this.rows[row + FLAGS]);
    else this.rows[row + ACTION] = this.#inPlace ? HostAction.Changed : HostAction.Pass;
  }

  #emitAll(row: number, elements: readonly unknown[], flags = 0): void {
    const first = this.#end;
    for (const element of elements) this.#emit(element, flags);
    this.rows[row + ACTION] = HostAction.Elements;
    this.rows[row + FIRST] = first;
    this.rows[row + COUNT] = elements.length;
  }

  #refuseUndeclared(elements: readonly unknown[]): void {
    const { says } = this.#stage;
    const [first] = elements;
    if (typeof (first as { then?: unknown } | null | undefined)?.then === 'function')
      throw new RecordError('the function returned a promise; return the record itself, or what takes its place');
    if (elements.length === 0 && says.filters === false)
      throw new RecordError('the function filtered the record, and its stage declares filters: false');
    if (elements.length > 1 && says.emits === false)
      throw new RecordError(`the function made ${elements.length} records of one, and its stage declares emits: false`);
    if (elements.length > 0 && says.access === 'read')
      throw new RecordError('the function replaced the record, and its stage declares access: "read"');
  }

  #emit(element: unknown, flags: number): void {
    const bound = this.#writer.bound(element);
    const at = this.#reserve(bound);
    const length = this.#writer.write(element, at, bound);
    if (length < 0) throw new RecordError(`an element changed while it was read: ${describeValue(element)}`);
    this.#head(length, flags);
  }

  /** Where the bytes of the next element may stand; another memory where this one has no room. */
  #reserve(bytes: number): number {
    const need = this.#end + HostElement.size + roundUp(bytes);
    if (need > this.elements.length) {
      const larger = allocated(2 ** Math.ceil(Math.log2(need)));
      larger.bytes.set(this.elements.subarray(0, this.#end));
      this.#elements = larger;
      this.#writer = resolveCodec(this.#stage.codec).bind(larger);
      this.#grown(larger.bytes);
    }
    return this.#end + HostElement.size;
  }

  #head(length: number, flags: number): void {
    this.#elements.view.setUint32(this.#end + HostElement.offset.length, length, true);
    this.#elements.view.setUint32(this.#end + HostElement.offset.flags, flags, true);
    this.#end += HostElement.size + roundUp(length);
  }

  /** The words of what was thrown; whatever it is, and however little of it can be read. */
  #fail(row: number, error: unknown): void {
    let words: string;
    let cause: number = FailureCause.Thrown;
    try {
      if (!this.#calling && error instanceof RecordError) cause = FailureCause.BadRecord;
      words = error instanceof Error ? error.message : `it threw ${describeValue(error)}`;
    } catch {
      words = 'it threw a value that cannot be read';
    }
    const at = this.#reserve(FAILURE_BYTES);
    this.#calling = false;
    const text = `stage "${this.#stage.id}": ${words}`;
    this.rows[row + ACTION] = HostAction.Fail;
    this.rows[row + FIRST] = this.#end;
    this.rows[row + COUNT] = cause;
    this.#head(this.#elements.buffer.write(text, at, FAILURE_BYTES, 'utf8'), 0);
  }
}
