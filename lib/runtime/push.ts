/**
 * The push handle: how one JS thread writes records into a pipeline. Records are written in place and become visible in
 * groups: every 64 records, when a shard looks full, and in a microtask after the first one that is not visible yet.
 * `flush` makes them visible now; so do `poll`, `stop` and every wait of the same thread.
 *
 * A lane that drops never makes its writer wait: a record that finds no room is counted and gone, and the calls say
 * DROPPED. Where an ingress writes a journal, `durable` and `untilDurable` say what has reached the files.
 *
 * A claim owns its place in the lane, and there is one place: every later push, claim or wait of the handle takes it, and
 * the claim is void. The same holds for a push whose record runs the caller's code (getters): see codec-struct.ts.
 */

import type { Writable } from 'node:stream';
import type { WritableStream } from 'node:stream/web';
import { enums, ProducerBlock, TERMINATOR_MASK } from '../abi/definition.js';
import { ClaimWriter } from './claim-writer.js';
import type { BoundCodec, FieldAccess, InPlaceFields, RecordCodec } from './codec.js';
import { Durability } from './durability.js';
import type { PushEnd } from './ends.js';
import { type ByteorError, ClosedError, PipelineFailedError, UsageError } from './errors.js';
import type { PortHost } from './host.js';
import {
  checkBatch,
  ENDED,
  endWords,
  NO_CLAIM,
  noClaim,
  noJournal,
  ofBatch,
  type PushOutcome,
  type PushStatus,
  TAKEN,
  TOO_LONG,
  tooLong,
  wrongClaim,
  wrongLength,
} from './push-status.js';
import type { RecordProducer } from './record-ends.js';
import { ShardRouter } from './shard-router.js';
import { nodeWritable, type WritableOptions, webWritable } from './streams.js';
import { afterTurn, owesTurn, TURN_CALLS_MASK } from './turns.js';
import { type WaitOptions, WaitQueue } from './waiting.js';

/** Records between two publications: a store that other threads wait for costs as much as several records. */
const PUBLISH_RECORDS = 64;
/** Large records are shown to the stages before 64 of them have come together. */
const PUBLISH_BYTES = 1 << 20;

/** A constant of this module: V8 does not fold those that are imported. */
const TERMINATOR = TERMINATOR_MASK;

const DONE: Promise<void> = Promise.resolve();
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
  /** Why the last `claim`, or the record at which `tryPushBatch` stopped, did not go in; `DROPPED` when one was dropped. */
  lastStatus: PushStatus = 'OK';
  private readonly host: PortHost;
  private readonly end: PushEnd;
  private readonly drops: boolean;
  private readonly durability: Durability | undefined;
  private readonly shards: readonly RecordProducer[];
  private readonly codecs: readonly BoundCodec<R>[];
  /** The arguments of `show` for the first shard. */
  private readonly firstAlone: readonly [RecordProducer];
  private readonly first: RecordProducer;
  private readonly codec: BoundCodec<R>;
  private readonly fixedBytes: number;
  private readonly kind: RecordCodec<R>['kind'];
  /** What `claim` may be asked for without further questions: every length a record can have; none while not direct. */
  private readonly claimMin: number;
  private claimMax: number;
  private readonly writer: ClaimWriter<R>;
  /** The writer's fields, as what they are inside. */
  private writerFields: FieldAccess | undefined;
  private readonly router: ShardRouter<R> | undefined;
  private readonly queue: WaitQueue;
  /** True while tryPush may write: open, and no push waits before it. */
  private direct = true;
  private ended: 'no' | 'closed' | 'released' = 'no';
  private scheduled = false;
  /** Index of the shard that has the claim, or why there is none. A number: to store an object costs a write barrier. */
  private claimed = NO_CLAIM;
  private claimedLength = 0;
  /** Pushes that have been awaited since the event loop was last asked about: see turns.ts. */
  private calls = 0;
  private readonly later = (): void => {
    this.scheduled = false;
    this.flush();
  };

  /** @internal Made by `pipeline.ingress(id)`. */
  constructor(host: PortHost, id: string, codec: RecordCodec<R>) {
    this.host = host;
    this.id = id;
    this.end = host.ends.push(id, codec.fixedBytes);
    this.drops = this.end.drops;
    this.shards = this.end.producers;
    this.durability = this.end.journal === undefined ? undefined : new Durability(host, id, this.end.journal);
    this.codecs = this.shards.map((shard) => codec.bind(shard.memory, { lane: shard, again: () => this.again() }));
    this.first = this.shards[0] as RecordProducer;
    this.firstAlone = [this.first];
    this.codec = this.codecs[0] as BoundCodec<R>;
    this.recordMax = this.first.recordMax;
    this.fixedBytes = codec.fixedBytes;
    this.kind = codec.kind;
    this.claimMin = codec.fixedBytes;
    this.claimMax = this.longestPlainClaim();
    this.writerFields = this.codec.fields;
    this.writer = new ClaimWriter<R>(this.first.memory, this.codec.fields as InPlaceFields<R>);
    if (this.shards.length > 1) this.router = new ShardRouter(host.native, codec, this.recordMax);
    this.queue = new WaitQueue(`push to "${id}"`, {
      hotWait: host.hotWait,
      arm: () => {
        this.first.armRoom();
        for (const shard of this.shards) shard.reportStalled();
      },
      hold: () => {
        this.setDirect(false);
        host.hold();
      },
      unhold: () => {
        this.setDirect(this.ended === 'no');
        host.unhold();
      },
    });
  }

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

  /** Makes everything pushed so far visible to the stages now. */
  flush(): void {
    for (let i = 0; i < this.shards.length; i++) this.show(this.shards[i] as RecordProducer);
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

  /** @internal There may be room now, or the end. */
  kick(): void {
    this.queue.kick();
  }

  /** @internal More may be durable, or nothing more can become so. */
  kickDurable(): void {
    this.durability?.kick();
  }

  /** @internal The ingress was closed by another thread: the pipeline failed, was stopped or halted. */
  closedElsewhere(): void {
    if (this.ended === 'no') this.endWith('closed');
  }

  /** @internal The ring has been settled: what is not visible now can never be. */
  discardUnpublished(): void {
    for (const shard of this.shards) shard.rollBack();
    this.closedElsewhere();
    this.kickDurable();
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

  /** From here on the place behind the last record is the caller's; a claim that had it is void. */
  private takePlace(): void {
    if (this.claimed >= 0 && this.ended === 'no') this.voidClaim(TAKEN);
  }

  /** Its memory cannot be taken back, but what still writes where the writer points writes nowhere. */
  private voidClaim(why: number): void {
    this.claimed = why;
    this.aim(this.writer.bytes.length, 0);
  }

  /** A claim is open, or the ingress has ended while the record was being taken: whether it may go in. */
  private mayCommit(): boolean {
    this.takePlace();
    return this.ended === 'no';
  }

  /** A record's own code has pushed while it was being taken: another place for it, or -1. */
  private again(): number {
    return this.ended === 'no' ? this.claimIn(this.first, this.fixedBytes) : -1;
  }

  private put(record: R): PushStatus {
    if (this.router !== undefined) return this.putRouted(record);
    const { codec, first } = this;
    const bound = codec.bound(record);
    let at = bound > this.recordMax ? -1 : first.claim(bound);
    if (at < 0) at = this.claimExactly(record);
    if (at < 0) return this.refuse(at);
    const length = codec.write(record, at, bound);
    if (length < 0 || (this.claimed >= 0 && !this.mayCommit())) return this.noRoom();
    first.commit(length, 0);
    this.committed(first);
    return 'OK';
  }

  /** Its most bytes find no room: those that it has may. A place, -1 without room, or TOO_LONG. */
  private claimExactly(record: R): number {
    const length = this.codec.exact(record);
    return length > this.recordMax ? TOO_LONG : this.claimIn(this.first, length);
  }

  private refuse(at: number): PushStatus {
    return at === TOO_LONG ? this.tooLarge() : this.noRoom();
  }

  private putRouted(record: R): PushStatus {
    const router = this.router as ShardRouter<R>;
    const length = router.take(record);
    if (length < 0) return this.tooLarge();
    const routed = router.shardOf(length);
    const index = Math.max(routed, 0);
    const shard = this.shards[index] as RecordProducer;
    // The record's own code may have claimed, or closed the ingress.
    const at = this.mayCommit() ? this.claimIn(shard, length) : -1;
    if (at < 0) return this.noRoom();
    router.put(record, this.codecs[index] as BoundCodec<R>, shard.memory.bytes, at, length);
    shard.commit(length, 0);
    if (routed < 0) shard.addKeyless();
    this.committed(shard);
    return 'OK';
  }

  /** `put` of one of a batch, whose error says which. */
  private putOf(records: readonly R[], index: number): PushStatus {
    try {
      return this.put(records[index] as R);
    } catch (error) {
      throw ofBatch(error, index, records.length);
    }
  }

  private shardOfKey(router: ShardRouter<R>, key: Uint8Array | string | undefined): number {
    if (key !== undefined) return router.shardOfKey(key);
    throw new UsageError(`"${this.id}" has ${this.shards.length} shards: claim(length, key) needs the record's key`);
  }

  /** Claims; where the shard looks full, shows the stages what they have not seen yet and looks again. */
  private claimIn(shard: RecordProducer, length: number): number {
    const at = shard.claim(length);
    if (at >= 0) return at;
    this.show(shard);
    const again = this.ended === 'no' ? shard.claim(length) : -1;
    if (again < 0) shard.reportStalled();
    return again;
  }

  private committed(shard: RecordProducer): void {
    if (((shard.next - shard.published) | 0) >= PUBLISH_RECORDS || shard.pendingBytes >= PUBLISH_BYTES)
      this.showApart(shard);
    else if (this.scheduled === false) this.schedule();
  }

  /**
   * `show`, but never inlined (V8 does not look through Reflect.apply over an array that it has not seen being made). It
   * would use up what may be inlined into the caller's loop, and the setters of in-place fields come last there.
   */
  private showApart(shard: RecordProducer): void {
    Reflect.apply(this.show, this, shard === this.first ? this.firstAlone : [shard]);
  }

  private schedule(): void {
    this.scheduled = true;
    DONE.then(this.later);
  }

  private show(shard: RecordProducer): void {
    // After the ledger was settled nothing may be added to it. Closed alone (a failure) is not a reason: then it counts.
    if (this.host.stopped) this.discardUnpublished();
    else if (shard.publish()) shard.report(enums.AgentState.Working);
    if (this.ended === 'no' && shard.closed) this.closedElsewhere();
  }

  /** Shows the writer the memory of a shard. */
  private turnTo(index: number): void {
    const { writer } = this;
    const { memory } = this.shards[index] as RecordProducer;
    if (writer.bytes === memory.bytes) return;
    writer.bytes = memory.bytes;
    writer.buffer = memory.buffer;
    writer.view = memory.view;
    this.writerFields = (this.codecs[index] as BoundCodec<R>).fields;
    writer.fields = this.writerFields as InPlaceFields<R>;
  }

  private aim(at: number, length: number): ClaimWriter<R> {
    const { writer, writerFields } = this;
    writer.offset = at;
    writer.length = length;
    writer.flags = 0;
    if (writerFields !== undefined) writerFields._at = at;
    return writer;
  }

  /** A record found no room: its caller waits, or the lane drops it. Where the ingress was closed meanwhile, neither. */
  private noRoom(): PushStatus {
    if (this.ended !== 'no') return 'CLOSED';
    this.takePlace();
    if (!this.drops) return 'FULL';
    this.first.add(ProducerBlock.offset.dropped);
    return 'DROPPED';
  }

  /** The ingress has ended, or others wait before this call. */
  private notNow(): PushStatus {
    this.takePlace();
    return this.ended === 'no' ? 'FULL' : 'CLOSED';
  }

  private setDirect(direct: boolean): void {
    this.direct = direct;
    this.claimMax = this.longestPlainClaim();
  }

  private longestPlainClaim(): number {
    if (!this.direct || this.shards.length > 1) return -1;
    return this.fixedBytes === 0 ? this.recordMax : this.fixedBytes;
  }

  private tooLarge(): PushStatus {
    this.first.add(ProducerBlock.offset.too_large);
    return 'TOO_LARGE';
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

  /** @internal Why a record is refused that was answered with this status. */
  refusal(status: PushStatus, which = ''): ByteorError {
    if (status === 'TOO_LARGE') return tooLong(this.id, this.recordMax, which);
    const { failure } = this.host;
    if (failure !== undefined) return new PipelineFailedError(failure);
    return new ClosedError(`${which}nothing can be pushed to "${this.id}": ${endWords(this.ended)}`);
  }

  private endWith(how: 'closed' | 'released'): void {
    this.ended = how;
    this.setDirect(false);
    // Behind a closed ingress nothing follows; behind one that was given back its next owner writes.
    if (how === 'released') this.voidClaim(ENDED);
    else this.claimed = ENDED;
    if (this.queue.length > 0) this.queue.fail(this.refusal('CLOSED'));
    for (const shard of this.shards) shard.report(enums.AgentState.Done);
  }
}
