/** What `batch` walks over: the records of one call, and what it says of each (stage-functions.ts). */

import { UsageError } from '../error/errors.js';
import type { StageRecords } from './stage-functions.js';

/** Who has the records. */
export interface BatchOwner {
  /** The record at an index. @throws RecordError where its bytes cannot be one */
  read(at: number): unknown;
  /** Nothing was said of it. @throws RecordError as `answer` */
  pass(at: number, record: unknown): void;
  /** Takes what was said of it. @throws RecordError where that cannot be */
  answer(at: number, record: unknown, answer: unknown): void;
}

export class BatchCursor implements StageRecords<unknown> {
  readonly length: number;
  readonly #owner: BatchOwner;
  readonly #seen: unknown[];
  #at = -1;
  #record: unknown;
  #reached = 0;
  /** Something was said of the record at hand, or there is none. */
  #answered = true;
  #open = true;

  constructor(owner: BatchOwner, length: number) {
    this.#owner = owner;
    this.length = length;
    // New for each batch: to store new objects in an old one costs a write barrier each.
    this.#seen = new Array(length);
  }

  get record(): unknown {
    if (!this.#open || this.#at < 0 || this.#at >= this.length) throw this.#noRecord();
    return this.#record;
  }

  /** Calls `fn` with each record that it has read. */
  eachSeen(fn: (record: unknown) => void): void {
    for (let at = 0; at < this.#reached; at++) fn(this.#seen[at]);
  }

  next(): boolean {
    if (!this.#open) throw closed();
    if (!this.#answered) {
      this.#owner.pass(this.#at, this.#record);
      this.#answered = true;
    }
    const at = this.#at + 1;
    if (at >= this.length) {
      this.#at = this.length;
      return false;
    }
    this.#at = at;
    this.#answered = false;
    const record = this.#owner.read(at);
    this.#record = record;
    this.#seen[at] = record;
    this.#reached = at + 1;
    return true;
  }

  answer(answer: unknown): void {
    if (!this.#open || this.#at < 0 || this.#at >= this.length) throw this.#noRecord();
    if (this.#answered) throw new UsageError('answer() was called twice for one record: say once what becomes of it');
    this.#owner.answer(this.#at, this.#record, answer);
    this.#answered = true;
  }

  [Symbol.iterator](): IterableIterator<unknown> {
    return new BatchIterator(this);
  }

  /** The batch has returned: what it has not come to passes on. */
  finish(): void {
    while (this.next());
    this.#open = false;
  }

  /** It has thrown. Which record has failed. */
  fail(): number {
    this.#open = false;
    return Math.min(Math.max(this.#at, 0), this.length - 1);
  }

  #noRecord(): UsageError {
    if (!this.#open) return closed();
    return new UsageError('the records of a batch stand at none now: call next() first, and go on while it is true');
  }
}

/** What a `for` loop walks with: a generator would cost more than the rest of a short stage. */
class BatchIterator implements IterableIterator<unknown> {
  readonly #cursor: BatchCursor;

  constructor(cursor: BatchCursor) {
    this.#cursor = cursor;
  }

  next(): IteratorResult<unknown> {
    const cursor = this.#cursor;
    return cursor.next() ? { value: cursor.record, done: false } : { value: undefined, done: true };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

const closed = (): UsageError =>
  new UsageError('the records of a batch were used after it had returned: take what you keep out of them before');
