/**
 * The push handle: how one JS thread writes records into a pipeline. Records are written in place and become visible in
 * groups: every 64 records, when a shard looks full, and in a microtask after the first one that is not visible yet.
 * `flush` makes them visible now; so do `poll`, `stop` and every wait of the same thread.
 *
 * A lane that drops never makes its writer wait: a record that finds no room is counted and gone, and the calls say
 * DROPPED. Where an ingress writes a journal, `durable` and `untilDurable` say what has reached the files.
 *
 * What is behind the calls, and how their speed is kept, is push-core.ts.
 *
 * A claim owns its place in the lane, and there is one place: every later push, claim or wait of the handle takes it, and
 * the claim is void. The same holds for a push whose record runs the caller's code (getters): see codec-struct.ts.
 */

import type { Writable } from 'node:stream';
import type { WritableStream } from 'node:stream/web';
import { TERMINATOR_MASK } from '../abi/definition.js';
import type { ClaimWriter } from './claim-writer.js';
import { UsageError } from './errors.js';
import { PushCore } from './push-core.js';
import {
  checkBatch,
  endWords,
  NO_CLAIM,
  noClaim,
  noJournal,
  type PushOutcome,
  type PushStatus,
  wrongClaim,
  wrongLength,
} from './push-status.js';
import type { RecordProducer } from './record-ends.js';
import type { ShardRouter } from './shard-router.js';
import { nodeWritable, type WritableOptions, webWritable } from './streams.js';
import { afterTurn, owesTurn, TURN_CALLS_MASK } from './turns.js';
import type { WaitOptions } from './waiting.js';

/** A constant of this module: V8 does not fold those that are imported. */
const TERMINATOR = TERMINATOR_MASK;

const IN: Promise<PushOutcome> = Promise.resolve('OK');
const GONE: Promise<PushOutcome> = Promise.resolve('DROPPED');

/**
 * Writes records into an ingress; made by `pipeline.ingress(id)`. Only for the thread that took it. Hot calls answer with a
 * status, and throw only for a value that the codec cannot take (a RecordError; the record has not been pushed then).
 */
export class PushHandle<R> extends PushCore<R> {
  /** Pushes that have been awaited since the event loop was last asked about: see turns.ts. */
  private calls = 0;

  /** Pushes one record if there is room. Never waits. @throws RecordError for a value that the codec cannot take. */
  tryPush(record: R): PushStatus {
    if (!this.direct) return this.notNow();
    return this.put(record);
  }

  /**
   * Pushes one record, waiting for room in the order of the calls. Resolves with `OK` when the record is in (not yet
   * delivered). With a lane that drops no push waits: then it may also be `DROPPED`, which has been counted.
   * Rejects with RecordError, RecordTooLargeError, ClosedError, OptionError, PipelineFailedError, AbortedError or
   * DeadlineError; then it is not in. A loop that awaits it leaves the event loop a turn every 10 ms.
   */
  push(record: R, options?: WaitOptions): Promise<PushOutcome> {
    if (this.direct && options === undefined) {
      let status: PushStatus;
      try {
        status = this.put(record);
      } catch (error) {
        return Promise.reject(error);
      }
      if (status === 'OK') {
        this.calls = (this.calls + 1) & TURN_CALLS_MASK;
        return this.calls === 0 && owesTurn() ? afterTurn(status) : IN;
      }
      if (status === 'DROPPED') return GONE;
      if (status !== 'FULL') return Promise.reject(this.refusal(status));
    }
    return this.wait<PushOutcome>(options, () => {
      const status = this.ended === 'no' ? this.put(record) : 'CLOSED';
      if (status === 'FULL') return undefined;
      if (status !== 'OK' && status !== 'DROPPED') throw this.refusal(status);
      return status;
    });
  }

  /**
   * Pushes records from index `from` on, as many as there is room for, and returns how many are done with: in, or (where
   * the lane drops) dropped and counted. See lastStatus.
   * @throws RecordError for a text, and for a value that the codec cannot take: `index` says which; those before are done with.
   */
  tryPushBatch(records: readonly R[], from = 0): number {
    checkBatch(records, from);
    let index = from;
    let worst: PushStatus = 'OK';
    for (; index < records.length; index++) {
      const status = this.direct ? this.putOf(records, index) : this.notNow();
      if (status === 'OK') continue;
      worst = status;
      if (status !== 'DROPPED') break;
    }
    this.lastStatus = worst;
    return index - from;
  }

  /**
   * Pushes all records in order, waiting for room. Resolves with how many went in: all of them, unless the lane drops.
   * Rejects as `push` does; the records before the one named in the error are in.
   */
  pushBatch(records: readonly R[], options?: WaitOptions): Promise<number> {
    let [index, pushed] = [0, 0];
    return this.wait<number>(options, () => {
      checkBatch(records, 0);
      for (; index < records.length; index++) {
        const status = this.ended === 'no' ? this.putOf(records, index) : 'CLOSED';
        if (status === 'FULL') return undefined;
        if (status === 'OK') pushed++;
        else if (status !== 'DROPPED') throw this.refusal(status, `record ${index} of ${records.length}: `);
      }
      return pushed;
    });
  }

  /**
   * Claims room for one record of up to `length` bytes, to be written in place. `key` decides the shard and is needed
   * where the plan has several: the record's key bytes, exactly as the shard key would find them. Returns undefined when
   * it cannot be had now; lastStatus says why. Where the lane drops and is full, that record counts as dropped. The writer
   * is reused. The claim is void after the next push, claim or wait of this handle, and when the ingress ends.
   */
  claim(length: number = this.fixedBytes, key?: Uint8Array | string): ClaimWriter<R> | undefined {
    if (length >>> 0 !== length || length < this.claimMin || length > this.claimMax)
      return this.claimCarefully(length, key);
    const at = this.first.claim(length);
    if (at < 0) return this.claimCarefully(length, key);
    this.claimed = 0;
    this.claimedLength = length;
    this.lastStatus = 'OK';
    return this.aim(at, length);
  }

  /**
   * The claimed record is complete; `length` says how much of the claim it uses. It becomes visible as pushed ones do.
   * @throws UsageError without a claim, and when it is void.
   */
  publish(length: number = this.claimedLength): void {
    // First, because flags that are no number run the caller's code.
    const flags = this.writer.flags & TERMINATOR;
    if (this.claimed !== 0 || length !== this.claimedLength) {
      this.publishCarefully(length, flags);
      return;
    }
    this.claimed = NO_CLAIM;
    this.first.commit(length, flags);
    this.committed(this.first);
  }

  /** Gives the claim up; nothing has been pushed. */
  abort(): void {
    if (this.ended === 'no') this.voidClaim(NO_CLAIM);
  }

  /**
   * Records that can still be pushed without waiting (in the fullest shard, where there are several). In a lane that
   * counts its room in bytes: at most so many, if they are small.
   */
  get free(): number {
    if (this.ended !== 'no') return 0;
    return Math.min(...this.shards.map((shard) => shard.freeRecords()));
  }

  /** Bytes of the largest record that can be pushed now without waiting (in the fullest shard). */
  get freeBytes(): number {
    if (this.ended !== 'no') return 0;
    return Math.min(...this.shards.map((shard) => shard.freeBytes()));
  }

  /** True once the ingress takes nothing any more. */
  get closed(): boolean {
    return this.ended !== 'no';
  }

  /**
   * Waits until a record of `length` bytes (default: the largest) can be pushed, whatever its shard. Rejects as `push`.
   */
  ready(options: WaitOptions & { readonly length?: number } = {}): Promise<void> {
    const length = options.length ?? this.recordMax;
    if (!Number.isInteger(length) || length < 0 || length > this.recordMax)
      return Promise.reject(wrongLength(this.id, length, this.recordMax));
    return this.wait<true>(options, () => {
      if (this.ended !== 'no') throw this.refusal('CLOSED');
      return this.shards.every((shard) => this.claimIn(shard, this.fixedBytes || length) >= 0) || undefined;
    }).then(() => {});
  }

  /**
   * Where this ingress writes a journal: records before this journal sequence (counted over all runs) are as durable as
   * the lane's fsync policy promises. Undefined where it writes another lane, or a ring.
   */
  get durable(): number | undefined {
    return this.durability?.durable;
  }

  /** Where this ingress writes a journal: the journal sequence that the next record shown to the stages will have. */
  get journalNext(): number | undefined {
    return this.durability?.next;
  }

  /**
   * Waits until everything pushed so far is as durable as the fsync policy of the journal promises; resolves with the
   * journal sequence behind it. Rejects with PipelineFailedError or ClosedError when the pipeline ends before that, and
   * with AbortedError, DeadlineError, OptionError; UsageError where this ingress writes no journal.
   */
  untilDurable(options: WaitOptions = {}): Promise<number> {
    if (this.durability === undefined) return Promise.reject(noJournal(this.id));
    this.takePlace();
    if (this.ended === 'no') this.host.flush();
    if (this.ended === 'released') return Promise.reject(this.refusal('CLOSED'));
    return this.durability.until(options);
  }

  /** Nothing more will be pushed: flushes and closes the ingress for good. Pending pushes are rejected. Idempotent. */
  close(): void {
    if (this.ended !== 'no') return;
    this.flush();
    if (this.ended !== 'no') return;
    for (const shard of this.shards) shard.close();
    this.endWith('closed');
    this.host.ingressClosed(this.id);
  }

  /** Flushes and gives the ingress back without closing it, so that another owner (a worker) can go on. Idempotent. */
  release(): void {
    if (this.ended === 'released') return;
    if (this.ended === 'no') this.flush();
    this.endWith('released');
    this.durability?.fail(this.refusal('CLOSED'));
    this.host.giveBack(this.id);
  }

  /** A Node stream that pushes each chunk as one record; waiting for room is its backpressure. */
  writable(options?: WritableOptions): Writable {
    return nodeWritable(this, this.kind, options);
  }

  /** The same as a web stream. Records that wait for room hold its backpressure. */
  writableWeb(options?: WritableOptions): WritableStream<R> {
    return webWritable(this, options);
  }

  /** Flushes and closes the ingress for good, as `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Everything that a claim can meet: wrong lengths, several shards, no room, a closed ingress. */
  private claimCarefully(length: number, key: Uint8Array | string | undefined): ClaimWriter<R> | undefined {
    this.takePlace();
    if (!this.direct) {
      this.lastStatus = this.notNow();
      return undefined;
    }
    if (!Number.isInteger(length) || length < 0 || (this.fixedBytes !== 0 && length !== this.fixedBytes))
      throw wrongClaim(this.id, length, this.fixedBytes, this.recordMax);
    if (length > this.recordMax) {
      this.lastStatus = this.tooLarge();
      return undefined;
    }
    const index = this.router === undefined ? 0 : this.shardOfKey(this.router, key);
    const shard = this.shards[index] as RecordProducer;
    const at = this.claimIn(shard, length);
    if (at < 0) {
      this.lastStatus = this.noRoom();
      return undefined;
    }
    this.lastStatus = 'OK';
    this.claimed = index;
    this.claimedLength = length;
    this.turnTo(index);
    return this.aim(at, length);
  }

  /** Everything that `publish` can meet: no claim, several shards, a part of the claim. */
  private publishCarefully(length: number, flags: number): void {
    const { claimed, claimedLength } = this;
    const shard = this.shards[claimed];
    if (shard === undefined) throw noClaim(this.id, claimed, endWords(this.ended));
    const fits = Number.isInteger(length) && length >= 0 && length <= claimedLength;
    if (!fits || (this.fixedBytes !== 0 && length !== this.fixedBytes))
      throw new UsageError(`publish(${String(length)}) does not fit the claim of ${claimedLength} bytes`);
    this.claimed = NO_CLAIM;
    shard.commit(length, flags);
    this.committed(shard);
  }

  private shardOfKey(router: ShardRouter<R>, key: Uint8Array | string | undefined): number {
    if (key !== undefined) return router.shardOfKey(key);
    throw new UsageError(`"${this.id}" has ${this.shards.length} shards: claim(length, key) needs the record's key`);
  }

  /** Waits until `attempt` has a result: undefined while there is no room. */
  private wait<T extends NonNullable<unknown>>(
    options: WaitOptions | undefined,
    attempt: () => T | undefined,
  ): Promise<T> {
    this.takePlace();
    this.flush();
    const late = (): string => `the pipeline takes records more slowly than they come (${this.end.roomWords()})`;
    return this.queue.wait(attempt, options ?? {}, late);
  }
}
