/** What `batch` walks over: the records of one call, and what it says of each (stage-functions.ts). */

import { UsageError } from '../error/errors.js';
import type { StageRecords } from './stage-functions.js';

export class BatchCursor implements StageRecords<unknown> {
  readonly length: number;
  readonly #read: (at: number) => unknown;
  readonly #answer: (at: number, record: unknown, answer: unknown) => void;
  /** Records that it has read. */
  readonly seen: unknown[] = [];
  #at = -1;
  #record: unknown;
  #answered = false;
  #open = true;

  /** @param answer takes what was said of the record at an index; throws where that cannot be */
  constructor(
    read: (at: number) => unknown,
    length: number,
    answer: (at: number, record: unknown, answer: unknown) => void,
  ) {
    this.#read = read;
    this.length = length;
    this.#answer = answer;
  }

  get record(): unknown {
    this.#check();
    return this.#record;
  }

  next(): boolean {
    if (!this.#open) throw closed();
    this.#pass();
    if (this.#at + 1 >= this.length) {
      this.#at = this.length;
      return false;
    }
    this.#answered = false;
    this.#record = this.#read(++this.#at);
    this.seen.push(this.#record);
    return true;
  }

  answer(answer: unknown): void {
    this.#check();
    if (this.#answered) throw new UsageError('answer() was called twice for one record: say once what becomes of it');
    this.#answer(this.#at, this.#record, answer);
    this.#answered = true;
  }

  *[Symbol.iterator](): Iterator<unknown> {
    while (this.next()) yield this.#record;
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

  /** The record at hand passes on, unless something was said of it. */
  #pass(): void {
    if (this.#at >= 0 && this.#at < this.length && !this.#answered) this.answer(undefined);
  }

  #check(): void {
    if (!this.#open) throw closed();
    if (this.#at >= 0 && this.#at < this.length) return;
    throw new UsageError('the records of a batch stand at none now: call next() first, and go on while it is true');
  }
}

const closed = (): UsageError =>
  new UsageError('the records of a batch were used after it had returned: take what you keep out of them before');
