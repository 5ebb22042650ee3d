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
import type { ByteorError } from '../error/errors.js';
import type { ClaimWriter } from './claim-writer.js';
import { rawText } from './codec-json.js';
import type { ColumnRows, RecordColumns } from './columns.js';
import type { PortHost } from './host.js';
import { PushCore } from './push-core.js';
import {
  checkBatch,
  NO_CLAIM,
  noDelivered,
  noJournal,
  type PushOutcome,
  type PushStatus,
  wrongCount,
  wrongLength,
} from './push-status.js';
import type { RecordCodec } from './record-codec.js';
import { nodeWritable, type WritableOptions, webWritable } from './streams.js';
import { afterTurn, owesTurn, TURN_CALLS_MASK } from './turns.js';
import type { WaitOptions } from './waiting.js';

const IN: Promise<PushOutcome> = Promise.resolve('OK');
const GONE: Promise<PushOutcome> = Promise.resolve('DROPPED');

/**
 * Writes records into an ingress; made by `pipeline.ingress(id)`. Only for the thread that took it. Hot calls answer with a
 * status, and throw only for a value that the codec cannot take (a RecordError; the record has not been pushed then).
 */
export class PushHandle<R> {
  /** Boundary id. */
  readonly id: string;
  /** Largest record, bytes. */
  readonly recordMax: number;
  private readonly core: PushCore<R>;
  /** Pushes that have been awaited since the event loop was last asked about: see turns.ts. */
  private calls = 0;

  /** @internal Made by `pipeline.ingress(id)`. */
  constructor(host: PortHost, id: string, codec: RecordCodec<R>) {
    this.core = new PushCore(host, id, codec);
    this.id = id;
    this.recordMax = this.core.recordMax;
  }

  /** Why the last `claim`, or the record at which `tryPushBatch` stopped, did not go in; `DROPPED` when one was dropped. */
  get lastStatus(): PushStatus {
    return this.core.lastStatus;
  }

  /** Pushes one record if there is room. Never waits. @throws RecordError for a value that the codec cannot take. */
  tryPush(record: R): PushStatus {
    return this.core.tryPush(record);
  }

  /**
   * Pushes one record, waiting for room in the order of the calls. Resolves with `OK` when the record is in (not yet
   * delivered). With a lane that drops no push waits: then it may also be `DROPPED`, which has been counted.
   * Rejects with RecordError, RecordTooLargeError, ClosedError, OptionError, PipelineFailedError, AbortedError or
   * DeadlineError; then it is not in. A loop that awaits it leaves the event loop a turn every 10 ms.
   */
  push(record: R, options?: WaitOptions): Promise<PushOutcome> {
    if (this.core.direct && options === undefined) {
      let status: PushStatus;
      try {
        status = this.core.put(record);
      } catch (error) {
        return Promise.reject(error);
      }
      if (status === 'OK') {
        this.calls = (this.calls + 1) & TURN_CALLS_MASK;
        return this.calls === 0 && owesTurn() ? afterTurn(status) : IN;
      }
      if (status === 'DROPPED') return GONE;
      if (status !== 'FULL') return Promise.reject(this.core.refusal(status));
    }
    return this.wait<PushOutcome>(options, () => {
      const status = this.core.ended === 'no' ? this.core.put(record) : 'CLOSED';
      if (status === 'FULL') return undefined;
      if (status !== 'OK' && status !== 'DROPPED') throw this.core.refusal(status);
      return status;
    });
  }

  /** Json: as `tryPush`, of a text that is JSON already. It goes in as it is: who reads it finds out whether it is JSON. */
  tryPushRaw(text: string | Uint8Array): PushStatus {
    return this.core.tryPush(this.raw(text));
  }

  /** Json: as `push`, of a text that is JSON already. It goes in as it is: who reads it finds out whether it is JSON. */
  pushRaw(text: string | Uint8Array, options?: WaitOptions): Promise<PushOutcome> {
    try {
      return this.push(this.raw(text), options);
    } catch (error) {
      return Promise.reject(error);
    }
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
      const status = this.core.direct ? this.core.putOf(records, index) : this.core.notNow();
      if (status === 'OK') continue;
      worst = status;
      if (status !== 'DROPPED') break;
    }
    this.core.lastStatus = worst;
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
        const status = this.core.ended === 'no' ? this.core.putOf(records, index) : 'CLOSED';
        if (status === 'FULL') return undefined;
        if (status === 'OK') pushed++;
        else if (status !== 'DROPPED') throw this.core.refusal(status, `record ${index} of ${records.length}: `);
      }
      return pushed;
    });
  }

  /**
   * Structs in slots: has `fn` write up to `count` records into the memory in which they stay, through typed arrays
   * (docs/handles.md, "Columns"), as many as there is room for, and returns how many are done with: in, or (where the
   * lane drops) dropped and counted. See lastStatus. `fn` is called once, or twice where the memory begins anew, and has its
   * arrays until it returns. The records go in when it has: if it throws, or ends the ingress, none does. Values are not
   * checked: an array stores what it makes of them (a `u8` of 300 is 44).
   * @throws UsageError where the records have no columns, for a promise as the answer of `fn`, and to every push and claim
   *   of this handle inside it
   */
  tryPushColumns(count: number, fn: (columns: RecordColumns<R>, rows: ColumnRows<R>) => void): number {
    if (!Number.isInteger(count) || count < 0) throw wrongCount(count);
    this.core.fillerHere();
    this.core.takePlace();
    if (!this.core.direct) {
      this.core.lastStatus = this.core.notNow();
      return 0;
    }
    const pushed = this.core.fill(fn, count, 0);
    this.core.lastStatus = pushed === count ? 'OK' : this.core.noRoom(count - pushed);
    return this.lastStatus === 'DROPPED' ? count : pushed;
  }

  /**
   * As `tryPushColumns`, waiting for room until all `count` records are in: `fn` is called as often as room is found, `from`
   * of its rows says where it is. Resolves with how many went in: all of them, unless the lane drops. Rejects as `push`
   * does, and with what `fn` throws; the records of the calls before that are in.
   */
  pushColumns(
    count: number,
    fn: (columns: RecordColumns<R>, rows: ColumnRows<R>) => void,
    options?: WaitOptions,
  ): Promise<number> {
    let pushed = 0;
    return this.wait<number>(options, () => {
      if (!Number.isInteger(count) || count < 0) throw wrongCount(count);
      this.core.fillerHere();
      if (this.core.ended === 'no') {
        pushed += this.core.fill(fn, count - pushed, pushed);
        if (pushed === count) return pushed;
      }
      const status = this.core.noRoom(count - pushed);
      if (status === 'FULL') return undefined;
      if (status !== 'DROPPED') throw this.core.refusal(status, `${pushed} of ${count} records are in: `);
      return pushed;
    });
  }

  /**
   * Claims room for one record of up to `length` bytes, to be written in place. `key` decides the shard and is needed
   * where the plan has several: the record's key bytes, exactly as the shard key would find them. Returns undefined when
   * it cannot be had now; lastStatus says why. Where the lane drops and is full, that record counts as dropped. The writer
   * is reused. The claim is void after the next push, claim or wait of this handle, and when the ingress ends.
   */
  claim(length?: number, key?: Uint8Array | string): ClaimWriter<R> | undefined {
    return this.core.claim(length, key);
  }

  /**
   * The claimed record is complete; `length` says how much of the claim it uses. It becomes visible as pushed ones do.
   * @throws UsageError without a claim, and when it is void.
   */
  publish(length?: number): void {
    this.core.publish(length);
  }

  /** Gives the claim up; nothing has been pushed. */
  abort(): void {
    this.core.host.refuseInStage('abort');
    if (this.core.ended === 'no') this.core.voidClaim(NO_CLAIM);
  }

  /** Makes everything pushed so far visible to the stages now. */
  flush(): void {
    this.core.host.refuseInStage('flush');
    this.core.flush();
  }

  /**
   * Records that can still be pushed without waiting (in the fullest shard, where there are several). In a lane that
   * counts its room in bytes: at most so many, if they are small.
   */
  get free(): number {
    if (this.core.ended !== 'no') return 0;
    return Math.min(...this.core.shards.map((shard) => shard.freeRecords()));
  }

  /** Bytes of the largest record that can be pushed now without waiting (in the fullest shard). */
  get freeBytes(): number {
    if (this.core.ended !== 'no') return 0;
    return Math.min(...this.core.shards.map((shard) => shard.freeBytes()));
  }

  /** True once the ingress takes nothing any more. */
  get closed(): boolean {
    return this.core.ended !== 'no';
  }

  /**
   * Waits until a record of `length` bytes (default: the largest) can be pushed, whatever its shard. Rejects as `push`.
   */
  ready(options: WaitOptions & { readonly length?: number } = {}): Promise<void> {
    const length = options.length ?? this.recordMax;
    if (!Number.isInteger(length) || length < 0 || length > this.recordMax)
      return Promise.reject(wrongLength(this.id, length, this.recordMax));
    return this.wait<true>(options, () => {
      if (this.core.ended !== 'no') throw this.core.refusal('CLOSED');
      return (
        this.core.shards.every((shard) => this.core.claimIn(shard, this.core.fixedBytes || length) >= 0) || undefined
      );
    }).then(() => {});
  }

  /**
   * Where this ingress writes a journal: records before this journal sequence (counted over all runs) are as durable as
   * the lane's fsync policy promises. Undefined where it writes another lane, or a ring.
   */
  get durable(): number | undefined {
    return this.core.durability?.durable;
  }

  /** Where this ingress writes a journal: the journal sequence that the next record shown to the stages will have. */
  get journalNext(): number | undefined {
    return this.core.durability?.next;
  }

  /**
   * Waits until everything pushed so far is as durable as the fsync policy of the journal promises; resolves with the
   * journal sequence behind it. Rejects with PipelineFailedError or ClosedError when the pipeline ends before that, and
   * with AbortedError, DeadlineError, OptionError; UsageError where this ingress writes no journal.
   */
  untilDurable(options: WaitOptions = {}): Promise<number> {
    if (this.core.durability === undefined) return Promise.reject(noJournal(this.id));
    if (this.core.filling) return Promise.reject(this.core.inCallback());
    this.core.takePlace();
    if (this.core.ended === 'no') this.core.host.flush();
    if (this.core.ended === 'released') return Promise.reject(this.core.refusal('CLOSED'));
    return this.core.durability.until(options);
  }

  /**
   * Where the pipeline was opened with `{ delivered: true }`: of each shard (a graph has one) how many records are delivered,
   * counted from the first that was pushed (docs/delivered.md). Undefined where it was not.
   */
  get delivered(): readonly number[] | undefined {
    return this.core.delivery?.delivered;
  }

  /**
   * Waits until everything pushed so far is delivered: it has left through every egress that it reaches, or was filtered,
   * dropped or ended in a sink, or lies in a journal (docs/delivered.md). Rejects with PipelineFailedError or ClosedError
   * when the pipeline ends before that, and with AbortedError, DeadlineError, OptionError; UsageError where the pipeline was
   * not opened with `{ delivered: true }`.
   */
  untilDelivered(options: WaitOptions = {}): Promise<void> {
    if (this.core.delivery === undefined) return Promise.reject(noDelivered(this.id));
    this.core.takePlace();
    if (this.core.ended === 'no') this.core.host.flush();
    if (this.core.ended === 'released') return Promise.reject(this.core.refusal('CLOSED'));
    return this.core.delivery.until(options);
  }

  /** Nothing more will be pushed: flushes and closes the ingress for good. Pending pushes are rejected. Idempotent. */
  close(): void {
    if (this.core.ended !== 'no') return;
    this.core.host.refuseInStage('close');
    this.core.flush();
    if (this.core.ended !== 'no') return;
    for (const shard of this.core.shards) shard.close();
    this.core.endWith('closed');
    this.core.host.ingressClosed(this.id);
  }

  /** Flushes and gives the ingress back without closing it, so that another owner (a worker) can go on. Idempotent. */
  release(): void {
    if (this.core.ended === 'released') return;
    this.core.host.refuseInStage('release');
    if (this.core.ended === 'no') this.core.flush();
    this.core.endWith('released');
    this.core.durability?.fail(this.core.refusal('CLOSED'));
    this.core.delivery?.fail(this.core.refusal('CLOSED'));
    this.core.host.giveBack(this.id);
  }

  /** A Node stream that pushes each chunk as one record; waiting for room is its backpressure. */
  writable(options?: WritableOptions): Writable {
    return nodeWritable(this, this.core.kind, options);
  }

  /** The same as a web stream. Records that wait for room hold its backpressure. */
  writableWeb(options?: WritableOptions): WritableStream<R> {
    return webWritable(this, options);
  }

  /** Flushes and closes the ingress for good, as `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** @internal See PushCore. */
  turnStage(begins: boolean): void {
    this.core.turnStage(begins);
  }

  /** @internal There may be room now, or the end. */
  kick(): void {
    this.core.queue.kick();
  }

  /** @internal More may be durable, or nothing more can become so. */
  kickDurable(): void {
    this.core.durability?.kick();
  }

  /** @internal The pipeline is about to be halted by this thread, which has flushed. */
  tellDelivered(): void {
    this.core.delivery?.tell();
  }

  /** @internal More may be delivered, or nothing more can become so. */
  kickDelivered(): void {
    this.core.delivery?.kick();
  }

  /** @internal The ring has been settled: what is not visible now can never be. */
  discardUnpublished(): void {
    this.core.discardUnpublished();
  }

  /** @internal Why a record is refused that was answered with this status. */
  refusal(status: PushStatus): ByteorError {
    return this.core.refusal(status);
  }

  /** What the codec json writes as it is. */
  private raw(text: string | Uint8Array): R {
    return rawText(this.id, this.core.kind, text) as R;
  }

  /** Waits until `attempt` has a result: undefined while there is no room. */
  private wait<T extends NonNullable<unknown>>(
    options: WaitOptions | undefined,
    attempt: () => T | undefined,
  ): Promise<T> {
    if (this.core.filling) return Promise.reject(this.core.inCallback());
    this.core.takePlace();
    this.core.flush();
    const late = (): string => `the pipeline takes records more slowly than they come (${this.core.end.roomWords()})`;
    return this.core.queue.wait(attempt, options ?? {}, late);
  }
}
