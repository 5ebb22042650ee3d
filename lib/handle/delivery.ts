/**
 * What is delivered of the records that an ingress has pushed, and promises that wait for it: open({ delivered: true }).
 * Records pay nothing for it: the core looks how far the readers of their lanes have come when it is asked, and tells no
 * thread when they move on. So a wait asks again, at first after a millisecond, then less often while nothing changes.
 * Without a wait nothing asks. Control path; used by the thread that holds the ingress.
 */

import { ProducerBlock } from '../abi/definition.js';
import { ClosedError, PipelineFailedError } from '../error/errors.js';
import type { PortHost } from './host.js';
import { type WaitOptions, WaitQueue } from './waiting.js';

/** Milliseconds between two looks while something changes, and the most. */
const LOOK_MS = 1;
const LOOK_MS_MAX = 16;

export class Delivery {
  readonly #host: PortHost;
  readonly #id: string;
  /** Places of the counters of what has been published, one a shard. */
  readonly #publishedAt: readonly number[];
  readonly #doubles: Float64Array;
  readonly #queue: WaitQueue;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = LOOK_MS;
  #seen = 0;
  /** Records that were pushed when the pipeline had stopped, and are gone. */
  #discarded = 0;

  /** @param producersAt ProducerBlock of each shard */
  constructor(host: PortHost, id: string, producersAt: readonly number[]) {
    this.#host = host;
    this.#id = id;
    this.#publishedAt = producersAt.map((at) => at + ProducerBlock.offset.published);
    this.#doubles = new Float64Array(host.border.memory, 0, Math.floor(host.border.memory.byteLength / 8));
    this.#queue = new WaitQueue(`delivery of what was pushed to "${id}"`, {
      hotWait: host.hotWait,
      arm: () => this.#lookLater(),
      hold: () => host.hold(),
      unhold: () => {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#pauseMs = LOOK_MS;
        host.unhold();
      },
    });
  }

  /** Of each shard, how many of its records are delivered, from the first on. */
  get delivered(): readonly number[] {
    return this.#look(this.#published());
  }

  /**
   * Waits until everything that has been published is delivered. The caller has flushed. A pipeline that has failed still
   * delivers what came before, as long as that is taken from its egresses.
   */
  until(options: WaitOptions): Promise<void> {
    const published = this.#published();
    const discarded = this.#discarded;
    const attempt = (): true | undefined => {
      // First whether anything can still move, then where it is: the other way round the last move could be missed.
      const { stopped, drained, stuck } = this.#host;
      const left = this.#left(published) + discarded;
      if (left === 0) return true;
      if (stopped || drained || stuck || discarded > 0) throw this.#lost(left);
      return undefined;
    };
    const late = (): string => `${this.#left(published)} records are not delivered yet`;
    return this.#queue.wait(attempt, options, late).then(() => {});
  }

  /**
   * Tells the core how much has been published: at the end, which it sees before this thread does, no more can be asked
   * for than that.
   */
  tell(): void {
    this.#look(this.#published());
  }

  /** Records may have been delivered, or nothing delivers them any more. */
  kick(): void {
    this.#queue.kick();
  }

  /** Records that were pushed will never be shown to the stages. */
  discard(records: number): void {
    this.#discarded += records;
  }

  /** This thread gives the ingress back. */
  fail(error: unknown): void {
    if (this.#queue.length > 0) this.#queue.fail(error);
  }

  #published(): readonly number[] {
    return this.#publishedAt.map((at) => this.#doubles[at >>> 3] as number);
  }

  /** SYNC POINT L4: this thread has published so many, so the core finds the positions of all of them. */
  #look(published: readonly number[]): readonly number[] {
    return published.map((records, shard) => this.#host.native.deliveredOf(this.#id, shard, records));
  }

  #left(published: readonly number[]): number {
    const delivered = this.#look(published);
    const total = delivered.reduce((sum, records) => sum + records, 0);
    if (total !== this.#seen) this.#pauseMs = LOOK_MS;
    this.#seen = total;
    return published.reduce((sum, records, shard) => sum + Math.max(0, records - (delivered[shard] as number)), 0);
  }

  #lookLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#queue.kick();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LOOK_MS_MAX);
  }

  #lost(records: number): Error {
    const { failure } = this.#host;
    if (failure !== undefined) return new PipelineFailedError(failure);
    return new ClosedError(
      `${records} of the records pushed to "${this.#id}" are not delivered: the pipeline ended before they left it`,
    );
  }
}
