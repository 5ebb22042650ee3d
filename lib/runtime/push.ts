/**
 * The push handle: how one JS thread writes records into a pipeline. Records are written in place and become visible in
 * groups: every 64 records, when a shard looks full, and in a microtask after the first one that is not visible yet.
 * `flush` makes them visible now; so do `poll`, `stop` and every wait of the same thread.
 *
 * A lane that drops never makes its writer wait: a record that finds no room is counted and gone, and the calls say
 * DROPPED. Where an ingress writes a journal, `durable` and `untilDurable` say what has reached the files.
 *
 * One owner: the thread that took the ingress. Hot calls answer with a status and throw only for values that the codec
 * cannot take (a RecordError; nothing has been pushed then).
 */

import type { Writable } from 'node:stream';
import type { WritableStream } from 'node:stream/web';
import { enums, ProducerBlock, TERMINATOR_MASK } from '../abi/definition.js';
import { ClaimWriter } from './claim-writer.js';
import type { BoundCodec, FieldAccess, InPlaceFields, RecordCodec } from './codec.js';
import { Durability } from './durability.js';
import type { PushEnd } from './ends.js';
import {
  type ByteorError,
  ClosedError,
  OptionError,
  PipelineFailedError,
  RecordTooLargeError,
  UsageError,
} from './errors.js';
import type { PortHost } from './host.js';
import type { RecordProducer } from './record-ends.js';
import { memoryOver, type RecordMemory } from './shard-memory.js';
import { nodeWritable, type WritableOptions, webWritable } from './streams.js';
import { type WaitOptions, WaitQueue } from './waiting.js';

/**
 * What became of a record. `FULL`: no room now, nothing was pushed. `DROPPED`: the lane drops, had no room, and counted it.
 * `TOO_LARGE`: it can never fit; counted. `CLOSED`: the ingress takes nothing any more.
 */
export type PushStatus = 'OK' | 'FULL' | 'DROPPED' | 'TOO_LARGE' | 'CLOSED';

/** The same words as values, for code that prefers names to literals. */
export const PushStatus = {
  OK: 'OK',
  FULL: 'FULL',
  DROPPED: 'DROPPED',
  TOO_LARGE: 'TOO_LARGE',
  CLOSED: 'CLOSED',
} as const satisfies Record<PushStatus, PushStatus>;

/** What `push` resolves with: the record is in, or the lane (which drops) has counted it as dropped. */
export type PushOutcome = 'OK' | 'DROPPED';

/** Records between two publications: a store that other threads wait for costs as much as several records. */
const PUBLISH_RECORDS = 64;
/** Large records are shown to the stages before 64 of them have come together. */
const PUBLISH_BYTES = 1 << 20;

/** A constant of this module: V8 does not fold those that are imported. */
const TERMINATOR = TERMINATOR_MASK;

const NO_CLAIM = -1;

const DONE: Promise<void> = Promise.resolve();
const IN: Promise<PushOutcome> = Promise.resolve('OK');
const GONE: Promise<PushOutcome> = Promise.resolve('DROPPED');

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
  /** What `claim` may be asked for without further questions: every length a record can have; none while not direct. */
  private readonly claimMin: number;
  private claimMax: number;
  private readonly writer: ClaimWriter<R>;
  /** The writer's fields, as what they are inside. */
  private writerFields: FieldAccess | undefined;
  private readonly scratch: RecordMemory | undefined;
  private readonly scratchCodec: BoundCodec<R> | undefined;
  private readonly queue: WaitQueue;
  /** True while tryPush may write: open, and nobody waits before it. */
  private direct = true;
  private ended: 'no' | 'closed' | 'released' = 'no';
  private scheduled = false;
  /** Index of the shard that has the claim, or NO_CLAIM. A number: to store an object costs a write barrier. */
  private claimed = NO_CLAIM;
  private readonly later = (): void => {
    this.scheduled = false;
    this.flush();
  };

  /** Made by `pipeline.ingress(id)`. */
  constructor(host: PortHost, id: string, codec: RecordCodec<R>) {
    this.host = host;
    this.id = id;
    this.end = host.ends.push(id, codec.fixedBytes);
    this.drops = this.end.drops;
    this.shards = this.end.producers;
    this.durability = this.end.journal === undefined ? undefined : new Durability(host, id, this.end.journal);
    this.codecs = this.shards.map((shard) => codec.bind(shard.memory));
    this.first = this.shards[0] as RecordProducer;
    this.firstAlone = [this.first];
    this.codec = this.codecs[0] as BoundCodec<R>;
    this.recordMax = this.first.recordMax;
    this.fixedBytes = codec.fixedBytes;
    this.claimMin = codec.fixedBytes;
    this.claimMax = this.longestPlainClaim();
    this.writerFields = this.codec.fields;
    this.writer = new ClaimWriter<R>(this.first.memory, this.codec.fields as InPlaceFields<R>);
    if (this.shards.length > 1) {
      const bytes = Math.max(this.recordMax, 65_536);
      this.scratch = memoryOver(new ArrayBuffer(bytes), 0, bytes, 8);
      this.scratchCodec = codec.bind(this.scratch);
      host.native.setScratch(this.scratch.bytes);
    }
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
    if (!this.direct) return this.ended === 'no' ? 'FULL' : 'CLOSED';
    return this.put(record);
  }

  /**
   * Pushes one record, waiting for room in the order of the calls. Resolves with `OK` when the record is in (not yet
   * delivered). A lane that drops makes nobody wait: then it may also be `DROPPED`, which has been counted.
   * Rejects with RecordTooLargeError, ClosedError, OptionError, PipelineFailedError, AbortedError or DeadlineError; then it is not in.
   */
  push(record: R, options?: WaitOptions): Promise<PushOutcome> {
    if (this.direct && options === undefined) {
      let status: PushStatus;
      try {
        status = this.put(record);
      } catch (error) {
        return Promise.reject(error);
      }
      if (status === 'OK') return IN;
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
   */
  tryPushBatch(records: readonly R[], from = 0): number {
    let index = from;
    let worst: PushStatus = 'OK';
    for (; index < records.length; index++) {
      const status = this.tryPush(records[index] as R);
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
    let index = 0;
    let pushed = 0;
    return this.wait<number>(options, () => {
      for (; index < records.length; index++) {
        const status = this.ended === 'no' ? this.put(records[index] as R) : 'CLOSED';
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
   * is reused.
   */
  claim(length: number = this.fixedBytes, key?: Uint8Array | string): ClaimWriter<R> | undefined {
    if (length >>> 0 !== length || length < this.claimMin || length > this.claimMax)
      return this.claimCarefully(length, key);
    const at = this.first.claim(length);
    if (at < 0) return this.claimCarefully(length, key);
    this.claimed = 0;
    this.lastStatus = 'OK';
    return this.aim(at, length);
  }

  /** The claimed record is complete; `length` says how much of the claim it uses. It becomes visible as pushed ones do. */
  publish(length: number = this.writer.length): void {
    const { writer } = this;
    if (this.claimed !== 0 || length !== writer.length) {
      this.publishCarefully(length);
      return;
    }
    this.claimed = NO_CLAIM;
    this.first.commit(length, writer.flags & TERMINATOR);
    this.committed(this.first);
  }

  /** Gives the claim up; nothing has been pushed. */
  abort(): void {
    this.claimed = NO_CLAIM;
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
      return Promise.reject(
        new OptionError(
          'length',
          length,
          `length is ${String(length)}: a record of "${this.id}" has 0 to ${this.recordMax} bytes`,
        ),
      );
    return this.wait<true>(options, () => {
      if (this.ended !== 'no') throw this.refusal('CLOSED');
      return this.shards.every((shard) => this.claimIn(shard, length) >= 0) || undefined;
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
    if (this.durability === undefined)
      return Promise.reject(
        new UsageError(
          `"${this.id}" writes no journal: untilDurable needs an ingress with one connection, whose lane is a Journal`,
        ),
      );
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
    return nodeWritable(this, options);
  }

  /** The same as a web stream. */
  writableWeb(options?: WritableOptions): WritableStream<R> {
    return webWritable(this, options);
  }

  /** Closes the ingress. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return DONE;
  }

  /** @internal There may be room now. */
  kick(): void {
    this.queue.kick();
  }

  /** @internal More may be durable, or nothing more can become so. */
  kickDurable(): void {
    this.durability?.kick();
  }

  /** @internal The ingress was closed by somebody else: the pipeline failed, was stopped or halted. */
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
    this.claimed = NO_CLAIM;
    if (!this.direct) {
      this.lastStatus = this.ended === 'no' ? 'FULL' : 'CLOSED';
      return undefined;
    }
    if (!Number.isInteger(length) || length < 0 || (this.fixedBytes !== 0 && length !== this.fixedBytes))
      throw new UsageError(
        this.fixedBytes === 0
          ? `claim needs the record's bytes, 0 to ${this.recordMax}; received ${String(length)}`
          : `every record of "${this.id}" has ${this.fixedBytes} bytes; claim() was given ${String(length)}`,
      );
    if (length > this.recordMax) {
      this.lastStatus = this.tooLarge();
      return undefined;
    }
    const index = this.shards.length === 1 ? 0 : this.routeKey(key);
    const shard = this.shards[index] as RecordProducer;
    const at = this.claimIn(shard, length);
    if (at < 0) {
      this.lastStatus = this.noRoom();
      return undefined;
    }
    this.lastStatus = 'OK';
    this.claimed = index;
    this.turnTo(index);
    return this.aim(at, length);
  }

  /** Everything that `publish` can meet: no claim, several shards, a part of the claim. */
  private publishCarefully(length: number): void {
    const shard = this.shards[this.claimed];
    if (shard === undefined)
      throw new UsageError('publish() without a claim: call claim() first, once for each record');
    const { writer } = this;
    const fits = Number.isInteger(length) && length >= 0 && length <= writer.length;
    if (!fits || (this.fixedBytes !== 0 && length !== this.fixedBytes))
      throw new UsageError(`publish(${String(length)}) does not fit the claim of ${writer.length} bytes`);
    this.claimed = NO_CLAIM;
    shard.commit(length, writer.flags & TERMINATOR);
    this.committed(shard);
  }

  private put(record: R): PushStatus {
    if (this.scratch !== undefined) return this.putRouted(record);
    const codec = this.codec;
    let bound = codec.bound(record);
    if (bound > this.recordMax) {
      bound = codec.exact(record);
      if (bound > this.recordMax) return this.tooLarge();
    }
    const shard = this.first;
    let at = shard.claim(bound);
    if (at < 0) {
      at = this.claimIn(shard, Math.min(bound, codec.exact(record)));
      if (at < 0) return this.noRoom();
    }
    const length = codec.write(record, at);
    if (length < 0) return this.tooLarge();
    shard.commit(length, 0);
    this.committed(shard);
    return 'OK';
  }

  /** The record is written once to find its key and once where it belongs: cheaper than a view for a copy. */
  private putRouted(record: R): PushStatus {
    const scratchCodec = this.scratchCodec as BoundCodec<R>;
    const exact = scratchCodec.exact(record);
    scratchCodec.bound(record);
    if (exact > this.recordMax) return this.tooLarge();
    const length = scratchCodec.write(record, 0);
    if (length < 0) return this.tooLarge();
    const routed = this.host.native.route(length);
    const index = Math.max(routed, 0);
    const shard = this.shards[index] as RecordProducer;
    const at = this.claimIn(shard, length);
    if (at < 0) return this.noRoom();
    (this.codecs[index] as BoundCodec<R>).write(record, at);
    shard.commit(length, 0);
    if (routed < 0) shard.addKeyless();
    this.committed(shard);
    return 'OK';
  }

  private routeKey(key: Uint8Array | string | undefined): number {
    const scratch = this.scratch as RecordMemory;
    if (key === undefined)
      throw new UsageError(`"${this.id}" has ${this.shards.length} shards: claim(length, key) needs the record's key`);
    const length = typeof key === 'string' ? Buffer.byteLength(key, 'utf8') : key.length;
    if (length > scratch.bytes.length)
      throw new UsageError(`a key of ${length} bytes is longer than the ${scratch.bytes.length} that a key may have`);
    if (typeof key === 'string') scratch.buffer.write(key, 0, 'utf8');
    else scratch.bytes.set(key);
    return this.host.native.routeKey(length);
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
    // After the ledger was settled nothing may be added to it. Closed alone (a failure) is no reason: then it counts.
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
    if (!this.drops) return 'FULL';
    this.first.add(ProducerBlock.offset.dropped);
    return 'DROPPED';
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
  private wait<T>(options: WaitOptions | undefined, attempt: () => T | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (): boolean => {
        try {
          const result = attempt();
          if (result === undefined) return false;
          resolve(result);
        } catch (error) {
          reject(error);
        }
        return true;
      };
      this.flush();
      const late = (): string => `the pipeline takes records more slowly than they come (${this.end.roomWords()})`;
      this.queue.enter(settle, reject, options ?? {}, late);
    });
  }

  private refusal(status: PushStatus, which = ''): ByteorError {
    if (status === 'TOO_LARGE')
      return new RecordTooLargeError(
        `${which}the record, or a text in it, is too long for "${this.id}" ` +
          `(a record may have ${this.recordMax} bytes); raise recordMax in the options of open, or the field's size`,
      );
    const { failure } = this.host;
    if (failure !== undefined) return new PipelineFailedError(failure);
    const why = this.ended === 'released' ? 'this handle was given back with release()' : 'the ingress has been closed';
    return new ClosedError(`${which}nothing can be pushed to "${this.id}": ${why}`);
  }

  private endWith(how: 'closed' | 'released'): void {
    this.ended = how;
    this.setDirect(false);
    this.claimed = NO_CLAIM;
    if (this.queue.length > 0) this.queue.fail(this.refusal('CLOSED'));
    for (const shard of this.shards) shard.report(enums.AgentState.Done);
  }
}
