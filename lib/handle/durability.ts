/**
 * How far a journal is, for the thread that pushes into it: the journal sequence before which every record is as durable
 * as the lane's fsync policy promises, and promises that wait for it. The agent that writes the files moves it and wakes
 * who has armed. Control path; used by the thread that holds the ingress.
 */

import { JournalBlock, ProducerBlock } from '../abi/definition.js';
import { ClosedError, PipelineFailedError } from '../error/errors.js';
import type { PortHost } from './host.js';
import { type WaitOptions, WaitQueue } from './waiting.js';

export class Durability {
  readonly #host: PortHost;
  readonly #id: string;
  readonly #blockAt: number;
  readonly #publishedAt: number;
  readonly #doubles: Float64Array;
  readonly #queue: WaitQueue;

  constructor(host: PortHost, id: string, journal: { readonly blockAt: number; readonly producerAt: number }) {
    this.#host = host;
    this.#id = id;
    this.#blockAt = journal.blockAt;
    this.#publishedAt = journal.producerAt + ProducerBlock.offset.published;
    this.#doubles = new Float64Array(host.border.memory, 0, Math.floor(host.border.memory.byteLength / 8));
    this.#queue = new WaitQueue(`durability of what was pushed to "${id}"`, {
      hotWait: host.hotWait,
      arm: () => {
        const cell = this.#blockAt + JournalBlock.offset.durable_armed;
        host.border.store(cell, 1);
        // The look that follows is a plain one; this load, which is ordered, keeps it behind the store.
        host.border.load(cell);
      },
      hold: () => host.hold(),
      unhold: () => host.unhold(),
    });
  }

  /** Records before this journal sequence are as durable as the policy promises. */
  get durable(): number {
    return this.#read(JournalBlock.offset.durable);
  }

  /** Journal sequence of the next record to be shown to the stages: those before it have been. */
  get next(): number {
    return this.#read(JournalBlock.offset.opened_at) + (this.#doubles[this.#publishedAt >>> 3] as number);
  }

  /**
   * Waits until everything before `next` is durable; resolves with that journal sequence. The caller has flushed. A
   * pipeline that has failed moves nothing for certain any more: where what lies behind the journal is full, its threads
   * do not even end.
   */
  until(options: WaitOptions): Promise<number> {
    const { next } = this;
    const attempt = (): number | undefined => {
      // First whether anything can still move, then where it is: the other way round the last move could be missed.
      const { stopped, failure, threadsEnded } = this.#host;
      if (this.durable >= next) return next;
      if (stopped || failure !== undefined || threadsEnded) throw this.#lost(next);
      return undefined;
    };
    return this.#queue.wait(attempt, options, () => `${next - this.durable} records are not durable yet`);
  }

  /** The journal may have moved, or nothing moves it any more. */
  kick(): void {
    this.#queue.kick();
  }

  /** No event about the journal will reach this thread any more. */
  fail(error: unknown): void {
    if (this.#queue.length > 0) this.#queue.fail(error);
  }

  #read(field: number): number {
    const at = this.#blockAt + field;
    this.#host.border.pull(at, 8);
    return this.#doubles[at >>> 3] as number;
  }

  #lost(next: number): Error {
    const { failure } = this.#host;
    if (failure !== undefined) return new PipelineFailedError(failure);
    const count = next - this.durable;
    return new ClosedError(
      `${count} of the records pushed to "${this.#id}" are not durable: the pipeline ended before they were written`,
    );
  }
}
