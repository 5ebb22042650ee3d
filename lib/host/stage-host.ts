/**
 * One shard of a stage on a thread of JavaScript: the memory that it shares with the core (native/op/hosted.hpp), and the
 * function that is called for each record of it. The core copies records in and judges every answer, so nothing here can
 * harm a record that has failed, or one that is no longer the function's. Used by the thread that has taken the stage.
 */

import { enums, HOST_HELD_UNIT, HostElement } from '../abi/definition.js';
import { memoryOver, type RecordMemory } from '../channel/shard-memory.js';
import { describeValue } from '../error/describe-value.js';
import { OpenError, RecordError } from '../error/errors.js';
import { resolveCodec } from '../handle/codec.js';
import type { BoundCodec, RecordCodec } from '../handle/record-codec.js';
import { BatchCursor, type BatchOwner } from './batch-cursor.js';
import type { CheckedStage } from './check-stages.js';
import { HeldRecords, type Outcome } from './held-records.js';
import type { HostedStage } from './hosted-stage.js';
import { type RecordReader, ROW_WORDS, recordReader, wordOf } from './record-reader.js';
import type { StageContext, StageRecords } from './stage-functions.js';

const { FailureCause, HostAction } = enums;

const ACTION = wordOf('action');
const FIRST = wordOf('first');
const COUNT = wordOf('count');
const FLAGS = wordOf('flags');

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

/** What a host needs of the thread that runs it. */
export interface HostOwner {
  /** Other memory of elements, which the core must know before `work` returns. */
  grown(elements: Uint8Array): void;
  /** Around the functions of people: what they must not do is refused there. */
  enter(): void;
  leave(): void;
  /** A promise has settled, and records can go on. */
  settled(): void;
  /** Records wait for promises: `refuseLate` is to be called now and then. */
  waits(): void;
}

type FunctionStage = Extract<CheckedStage, { is: 'function' }>;

/** What takes a record's place, as the codec writes it, from when the record was no longer the function's. */
class Written {
  constructor(readonly elements: readonly Uint8Array[]) {}
}

const NONE_HELD = { answered: 0, failed: false } as const;

export class StageHost {
  readonly records: Uint8Array;
  readonly rows: Uint32Array;
  readonly #stage: HostedStage;
  readonly #code: CheckedStage;
  readonly #context: StageContext;
  readonly #state: unknown;
  readonly #reader: RecordReader;
  /** A function may have changed a record that it passes. */
  readonly #writes: boolean;
  /** What is said of a record that passes, and that nothing replaces. */
  readonly #passes: number;
  readonly #owner: HostOwner;
  /** One for all memory: what it has made of a value in `bound`, it writes where there is room. */
  readonly #codec: RecordCodec<unknown>;
  #elements: RecordMemory;
  #writer: BoundCodec<unknown>;
  /** Where elements are written that are not answered yet. */
  #aside: { readonly memory: RecordMemory; readonly writer: BoundCodec<unknown> } | undefined;
  readonly #held: HeldRecords;
  readonly #rowCount: number;
  readonly #batches: BatchOwner = {
    read: (at) => this.#reader.read(at),
    pass: (at, record) => {
      if (this.#writes) this.#reader.keep(at, record);
      this.#pass(at);
    },
    answer: (at, record, answer) => {
      this.#keep(at, record, answer);
      this.#answer(at, answer);
    },
  };
  #end = 0;
  /** What the codec threw, and no function. */
  readonly #refused = new WeakSet<object>();

  /** Calls `start` where there is one. @throws OpenError with what it threw */
  constructor(stage: HostedStage, shard: number, code: CheckedStage, sizes: HostSizes, owner: HostOwner) {
    const memory = allocated(roundUp(sizes.bytes));
    this.#stage = stage;
    this.#code = code;
    this.#owner = owner;
    this.#context = Object.freeze({ stage: stage.id, config: stage.config, shard });
    this.records = memory.bytes;
    this.rows = new Uint32Array(sizes.records * ROW_WORDS);
    this.#rowCount = sizes.records;
    this.#reader = recordReader(stage.codec, memory, this.rows, code.is === 'batches', (error) => this.#refusal(error));
    this.#writes = stage.says.access !== 'read';
    this.#passes = this.#writes && this.#reader.inPlace ? HostAction.Changed : HostAction.Pass;
    this.#elements = allocated(ELEMENTS_BYTES);
    this.#codec = resolveCodec(stage.codec);
    this.#writer = this.#codec.bind(this.#elements);
    this.#held = new HeldRecords(
      (row, record, outcome) => this.#keepHeld(row, record, outcome),
      () => this.#settled(),
    );
    this.#state = this.#start();
  }

  get elements(): Uint8Array {
    return this.#elements.bytes;
  }

  /** The most records of which answers are promised at once. */
  get atOnce(): number {
    return this.#code.is === 'function' ? this.#code.concurrency : 1;
  }

  /**
   * Works on the records of so many rows from `first` on; all that were answered before are done with. Returns how many of the first
   * that it has have an answer, and HOST_HELD_UNIT times how many behind them wait for one. Never throws.
   */
  work(first: number, records: number): number {
    this.#end = 0;
    const code = this.#code;
    const { answered, failed } = this.#held.size > 0 ? this.#answerHeld() : NONE_HELD;
    if (failed || records === 0) return answered + this.#held.size * HOST_HELD_UNIT;
    this.#owner.enter();
    this.#reader.open(first, records);
    const more = code.is === 'function' ? this.#callEach(code, first, records) : this.#callOnce(code.batch, records);
    this.#owner.leave();
    if (this.#held.size > 0) this.#owner.waits();
    return answered + more + this.#held.size * HOST_HELD_UNIT;
  }

  /** Milliseconds that a call, or a promise, may take; Infinity: for ever. */
  get timeoutMs(): number {
    return this.#code.timeoutMs;
  }

  /** Fails the record whose promise is too old. False: none is waited for. */
  refuseLate(): boolean {
    this.#held.refuseOlder(this.timeoutMs);
    return this.#held.size > 0;
  }

  /** Nothing more comes: what there is to report of the stage, as JSON. Never throws. */
  end(): string {
    for (const record of this.#held.close()) this.#reader.close(record);
    if (this.#code.is === 'function') return 'null';
    this.#owner.enter();
    try {
      return reportOf(this.#code.end(this.#state));
    } catch (error) {
      process.emitWarning(`stage "${this.#stage.id}" has no report: its end threw: ${wordsOf(error)}`, {
        code: 'BYTEOR_STAGE_END',
      });
      return 'null';
    } finally {
      this.#owner.leave();
    }
  }

  #start(): unknown {
    if (this.#code.is === 'function') return undefined;
    let state: unknown;
    try {
      state = this.#code.start(this.#context);
    } catch (error) {
      throw notStarted(this.#stage, `its start threw: ${wordsOf(error)}`, error);
    }
    if (isThenable(state)) throw notStarted(this.#stage, 'its start returned a promise; await before you open');
    return state;
  }

  /** How many have their answer at once: none behind one that waits for its own. */
  #callEach(stage: FunctionStage, first: number, records: number): number {
    const { fn } = stage;
    const reader = this.#reader;
    const context = this.#context;
    if (this.#held.size > 0) {
      this.#callBehind(stage, first, records);
      return 0;
    }
    for (let i = 0; i < records; i++) {
      const row = this.#rowAt(first + i);
      let record: unknown;
      try {
        record = reader.read(row);
        const answer = fn(record, context);
        if (answer !== undefined && isThenable(answer)) {
          this.#held.wait(row, record, answer);
          this.#callBehind(stage, first + i + 1, records - i - 1);
          return i;
        }
        this.#keep(row, record, answer);
        this.#answer(row, answer);
      } catch (error) {
        this.#fail(row, error);
        if (record !== undefined) reader.close(record);
        return i + 1;
      }
      reader.close(record);
    }
    return records;
  }

  /** Others wait for their answers before these. Takes as many as it works on at once, up to one that fails. */
  #callBehind({ fn, concurrency }: FunctionStage, first: number, records: number): void {
    const held = this.#held;
    for (let i = 0; i < records && held.size < concurrency; i++) {
      const row = this.#rowAt(first + i);
      let record: unknown;
      try {
        record = this.#reader.read(row);
        const answer = fn(record, this.#context);
        if (isThenable(answer)) {
          held.wait(row, record, answer);
          continue;
        }
        this.#keep(row, record, answer);
        held.add(row, { is: 'answer', answer: this.#written(answer) });
        this.#reader.close(record);
      } catch (error) {
        if (record !== undefined) this.#reader.close(record);
        held.add(row, { is: 'failure', error });
        return;
      }
    }
  }

  /** A promise has settled: what the function has written counts up to here, be it into the record or into what it returns. */
  #keepHeld(row: number, record: unknown, outcome: Outcome): Outcome {
    try {
      if (outcome.is !== 'answer') return outcome;
      this.#keep(row, record, outcome.answer);
      return { is: 'answer', answer: this.#written(outcome.answer) };
    } catch (error) {
      return { is: 'failure', error };
    } finally {
      this.#reader.close(record);
    }
  }

  #settled(): void {
    if (this.#held.ready) this.#owner.settled();
  }

  /** Those that were waited for, as far as they have settled in their order, and whether the last of them has failed. */
  #answerHeld(): { readonly answered: number; readonly failed: boolean } {
    let answered = 0;
    for (let next = this.#held.take(); next !== undefined; next = this.#held.take()) {
      answered++;
      try {
        if (next.outcome.is !== 'answer')
          throw next.outcome.is === 'failure' ? next.outcome.error : late(this.timeoutMs);
        this.#answer(next.row, next.outcome.answer);
      } catch (error) {
        this.#fail(next.row, error, next.outcome.is === 'late' ? HostAction.Late : HostAction.Fail);
        return { answered, failed: true };
      }
    }
    return { answered, failed: false };
  }

  #rowAt(place: number): number {
    return place < this.#rowCount ? place : place - this.#rowCount;
  }

  #callOnce(batch: (records: StageRecords<unknown>, state: unknown) => unknown, records: number): number {
    const cursor = new BatchCursor(this.#batches, records);
    let failed = -1;
    try {
      if (isThenable(batch(cursor, this.#state)))
        throw new RecordError(
          'batch returned a promise, and a batch is done when it returns; use a function of a record',
        );
      cursor.finish();
    } catch (error) {
      failed = cursor.fail();
      this.#fail(failed, error);
    }
    cursor.eachSeen((record) => this.#reader.close(record));
    return failed < 0 ? records : failed + 1;
  }

  /** What was written into a record that passes counts. */
  #keep(row: number, record: unknown, answer: unknown): void {
    if (this.#writes && (answer === undefined || answer === true)) this.#reader.keep(row, record);
  }

  /** It goes on as it is now. */
  #pass(at: number): void {
    const row = at * ROW_WORDS;
    const instead = this.#writes ? this.#reader.instead(at) : undefined;
    if (instead === undefined) this.rows[row + ACTION] = this.#passes;
    else this.#emitAll(row, [instead], false);
  }

  #answer(at: number, answer: unknown): void {
    if (answer === undefined || answer === true) {
      this.#pass(at);
      return;
    }
    const row = at * ROW_WORDS;
    const elements = answer instanceof Written ? answer.elements : elementsOf(answer);
    if (!(answer instanceof Written)) this.#refuseUndeclared(elements);
    if (elements.length === 0) this.rows[row + ACTION] = HostAction.Filter;
    else this.#emitAll(row, elements, answer instanceof Written);
  }

  /** An answer that waits for those before it. */
  #written(answer: unknown): unknown {
    if (answer === undefined || answer === true) return answer;
    const elements = elementsOf(answer);
    this.#refuseUndeclared(elements);
    try {
      return new Written(elements.map((element) => this.#writtenAside(element)));
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  #writtenAside(element: unknown): Uint8Array {
    this.#aside ??= this.#asideOf(ELEMENTS_BYTES);
    const bound = this.#aside.writer.bound(element);
    if (bound > this.#aside.memory.bytes.length) this.#aside = this.#asideOf(2 ** Math.ceil(Math.log2(bound)));
    const { memory, writer } = this.#aside;
    return memory.bytes.slice(0, lengthOf(writer.write(element, 0, bound), element));
  }

  #asideOf(bytes: number) {
    const memory = allocated(bytes);
    return { memory, writer: this.#codec.bind(memory) };
  }

  /** What takes a record's place ends as its line did. `written`: the elements are bytes already. */
  #emitAll(row: number, elements: readonly unknown[], written: boolean): void {
    const first = this.#end;
    const flags = this.rows[row + FLAGS] as number;
    try {
      for (const element of elements)
        if (written) this.#copy(element as Uint8Array, flags);
        else this.#emit(element, flags);
    } catch (error) {
      throw this.#refusal(error);
    }
    this.rows[row + ACTION] = HostAction.Elements;
    this.rows[row + FIRST] = first;
    this.rows[row + COUNT] = elements.length;
  }

  #refuseUndeclared(elements: readonly unknown[]): void {
    const { says } = this.#stage;
    if (isThenable(elements[0]))
      throw new RecordError('an answer is a promise inside of a list or a batch; return a promise of the whole answer');
    if (elements.length === 0 && says.filters === false)
      throw new RecordError('the function filtered the record, and its stage declares filters: false');
    if (elements.length > 1 && says.emits === false)
      throw new RecordError(`the function made ${elements.length} records of one, and its stage declares emits: false`);
    if (elements.length > 0 && says.access === 'read' && says.emits !== true)
      throw new RecordError('the function replaced the record, and its stage declares access: "read"');
  }

  #emit(element: unknown, flags: number): void {
    const bound = this.#writer.bound(element);
    const at = this.#reserve(bound);
    this.#head(lengthOf(this.#writer.write(element, at, bound), element), flags);
  }

  #copy(element: Uint8Array, flags: number): void {
    const at = this.#reserve(element.length);
    this.elements.set(element, at);
    this.#head(element.length, flags);
  }

  /** Where the bytes of the next element may stand; another memory where this one has no room. */
  #reserve(bytes: number): number {
    const need = this.#end + HostElement.size + roundUp(bytes);
    if (need > this.elements.length) {
      const larger = allocated(2 ** Math.ceil(Math.log2(need)));
      larger.bytes.set(this.elements.subarray(0, this.#end));
      this.#elements = larger;
      this.#writer = this.#codec.bind(larger);
      this.#owner.grown(larger.bytes);
    }
    return this.#end + HostElement.size;
  }

  #head(length: number, flags: number): void {
    this.#elements.view.setUint32(this.#end + HostElement.offset.length, length, true);
    this.#elements.view.setUint32(this.#end + HostElement.offset.flags, flags, true);
    this.#end += HostElement.size + roundUp(length);
  }

  /** What the codec throws is told from what a function throws. */
  #refusal(error: unknown): unknown {
    if (typeof error === 'object' && error !== null) this.#refused.add(error);
    return error;
  }

  /** A record, or a value, that the codec does not have: not what a getter or a `toJSON` threw. */
  #isRefusal(error: unknown): boolean {
    try {
      return this.#refused.has(error as object) && error instanceof RecordError;
    } catch {
      return false;
    }
  }

  #fail(index: number, error: unknown, action: number = HostAction.Fail): void {
    const row = index * ROW_WORDS;
    const at = this.#reserve(FAILURE_BYTES);
    const text = `stage "${this.#stage.id}": ${wordsOf(error)}`;
    this.rows[row + ACTION] = action;
    this.rows[row + FIRST] = this.#end;
    this.rows[row + COUNT] = this.#isRefusal(error) ? FailureCause.BadRecord : FailureCause.Thrown;
    this.#head(this.#elements.buffer.write(text, at, FAILURE_BYTES, 'utf8'), 0);
  }
}

const elementsOf = (answer: unknown): readonly unknown[] =>
  answer === false ? [] : Array.isArray(answer) ? answer : [answer];

/** Of what a codec has written. */
function lengthOf(length: number, element: unknown): number {
  if (length >= 0) return length;
  throw new RecordError(`an element changed while it was read: ${describeValue(element)}`);
}

const late = (ms: number): RecordError =>
  new RecordError(
    `the promise of its function has not settled within ${ms} ms; let it settle sooner, or give the stage a longer timeoutMs`,
  );

/** Whatever was thrown, and however little of it can be read. */
function wordsOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : `it threw ${describeValue(error)}`;
  } catch {
    return 'it threw a value that cannot be read';
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

const notStarted = (stage: HostedStage, words: string, cause?: unknown): OpenError =>
  new OpenError('STAGE_START', `stage "${stage.id}" did not start: ${words}`, { cause });

/** @throws TypeError for what JSON cannot hold */
function reportOf(report: unknown): string {
  if (isThenable(report)) throw new TypeError('it returned a promise, and a report is known when end returns');
  return JSON.stringify(report) ?? 'null';
}
