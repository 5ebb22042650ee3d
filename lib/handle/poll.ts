/**
 * The poll handle: how one JS thread takes records out of a pipeline. Records are read in place; room is given back once
 * a batch. When a callback throws, releases the handle or halts the pipeline, or a `for await` is left early, the records
 * up to and including the current one have been taken and no other.
 *
 * One owner: the thread that took the egress. `poll` and its kin never wait.
 */

import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { enums } from '../abi/definition.js';
import type { RecordConsumer } from '../channel/record-ends.js';
import type { RecordMemory } from '../channel/shard-memory.js';
import { ClosedError, OptionError, PipelineFailedError, UsageError } from '../error/errors.js';
import { ColumnReader, type PolledRows, type RecordColumns } from './columns.js';
import type { PortHost } from './host.js';
import { NOT_SLOTS, noPollColumns } from './push-status.js';
import type { BoundCodec, FieldAccess, InPlaceFields, RecordCodec } from './record-codec.js';
import { nodeReadable, type ReadableOptions, webReadable } from './streams.js';
import { afterTurn, owesTurn, TURN_CALLS_MASK } from './turns.js';
import { type WaitOptions, WaitQueue } from './waiting.js';

/** Records a poll delivers at most when no limit is given. */
export const POLL_LIMIT = 1024;
/** Records between two releases: often enough that a producer does not starve, seldom enough to cost nothing. */
const RELEASE_RECORDS = 256;
/** More than there can be in one poll, and still a small integer to the engine. */
const BATCH_MAX = 2 ** 30;

/**
 * One record in place. The same object every time: it shows the current record until the callback returns (pollInPlace)
 * or `next` is called (pollBatch). Nothing it gives may be kept; copy what you need.
 */
export class RecordCursor<R = unknown> {
  /** The memory in which the record lies: from `offset` on, `length` bytes. */
  bytes: Uint8Array;
  /** The same memory with Node's text methods. */
  buffer: Buffer;
  /** The same memory for numbers, little-endian. */
  view: DataView;
  /** Index of the record's first byte. */
  offset = 0;
  /** Bytes. */
  length = 0;
  /** How the line ended in the input, where it was one: 0 LF, 1 CRLF, 2 none. */
  flags = 0;
  /** SingleRing: the shard that it comes from. */
  shard = 0;
  /** Struct codec: one property a field, in place. */
  fields: InPlaceFields<R>;
  private consumer: RecordConsumer;
  private readonly batch: Batch;
  /** What `value` was last, and of which record. */
  private lastValue: unknown;
  private valueAt = -1;
  private valueFrom: RecordConsumer | undefined;
  /** Bytes that a record must have, where it may have others; else 0. */
  private expected = 0;
  /** Records that pollBatch may still walk to; 0 outside of it. */
  private left = 0;
  /** The same of a walk that was broken off. */
  private kept = 0;

  /** @internal */
  constructor(batch: Batch, consumer: RecordConsumer, fields: InPlaceFields<R>) {
    this.batch = batch;
    this.bytes = consumer.memory.bytes;
    this.buffer = consumer.memory.buffer;
    this.view = consumer.memory.view;
    this.consumer = consumer;
    this.fields = fields;
  }

  /** Sequence of the record in its shard; in a LaneGraph, records that this egress has read before it. */
  get sequence(): number {
    return this.consumer.currentSequence;
  }

  /** The record as `poll` gives it, the caller's own: made when it is first asked for (json: parsed). @throws RecordError */
  get value(): R {
    const { consumer } = this;
    const { currentSequence } = consumer;
    if (this.valueAt !== currentSequence || this.valueFrom !== consumer) {
      this.lastValue = this.batch.read();
      this.valueAt = currentSequence;
      this.valueFrom = consumer;
    }
    return this.lastValue as R;
  }

  /** Only inside pollBatch: moves to the next record of the batch; false when it is used up. */
  next(): boolean {
    if (this.left === 0) return false;
    if (!this.consumer.advance() && !this.enterNext()) return false;
    this.left--;
    this.aim();
    return true;
  }

  /** @internal `next` may walk to this many records. */
  open(limit: number): void {
    this.left = limit;
  }

  /** @internal Ends the walk and says how many records were left. */
  close(): number {
    this.breakOff();
    const { kept } = this;
    this.kept = 0;
    return kept;
  }

  /** @internal `next` walks no further. */
  breakOff(): void {
    this.kept += this.left;
    this.left = 0;
  }

  /** @internal Shows another shard. */
  enter(shard: number, consumer: RecordConsumer, fields: InPlaceFields<R>, fixedBytes: number): void {
    this.consumer = consumer;
    // In slots every record has the same length: it is right for all of them or, compared with each, for none.
    this.expected = consumer.recordBytes === fixedBytes ? 0 : fixedBytes;
    if (this.bytes === consumer.memory.bytes) return;
    const memory: RecordMemory = consumer.memory;
    this.shard = shard;
    this.bytes = memory.bytes;
    this.buffer = memory.buffer;
    this.view = memory.view;
    this.fields = fields;
  }

  /** @internal Shows the record that the consumer has advanced to. @throws RecordError when it cannot be this struct. */
  aim(): void {
    const { consumer, fields } = this;
    if (this.expected !== 0 && consumer.length !== this.expected) this.batch.read();
    this.offset = consumer.at;
    this.length = consumer.length;
    this.flags = consumer.flags;
    if (fields !== undefined) (fields as unknown as FieldAccess)._at = consumer.at;
  }

  private enterNext(): boolean {
    while (this.batch.enterNext()) if (this.consumer.advance()) return true;
    return false;
  }
}

/** What a cursor needs of its handle. */
interface Batch {
  /** Enters the next shard that has something to look at. */
  enterNext(): boolean;
  /** The record that the current shard shows. @throws RecordError when it cannot be one */
  read(): unknown;
}

const NOTHING = Symbol('no record');

/**
 * The reading end of an egress, made by `pipeline.egress(id)`: records by callback, in place, by `for await`, or as a stream. On
 * the thread that took it.
 */
export class PollHandle<R> implements AsyncIterable<R> {
  /** Boundary id. */
  readonly id: string;
  private readonly host: PortHost;
  private readonly shards: readonly RecordConsumer[];
  private readonly codecs: readonly BoundCodec<R>[];
  private readonly cursor: RecordCursor<R>;
  private readonly recordCodec: RecordCodec<R>;
  /** One a shard, once pollColumns has been called. */
  private columns: readonly ColumnReader<R>[] | undefined;
  private readonly queue: WaitQueue;
  /** Bytes of every record under a struct codec, else 0. */
  private readonly fixedBytes: number;
  private readonly kind: RecordCodec<R>['kind'];
  private turn = 0;
  /** Shards that the current poll has looked at, and the one that it is in. */
  private visited = 0;
  private current = 0;
  private polling = false;
  /** Cleared where a poll is to end after the current record. */
  private going = false;
  private released = false;
  /** Records taken one by one since the last release. */
  private unreleased = 0;
  /** Of `for await`: see turns.ts. */
  private calls = 0;
  /** `polling` before a stage's function ran; undefined while none does. */
  private outside: boolean | undefined;
  private readonly releaseTaken = (): void => {
    if (this.unreleased > 0 && !this.polling && !this.released) this.finish();
  };

  /**
   * Made by `pipeline.egress(id)`.
   * @internal
   */
  constructor(host: PortHost, id: string, codec: RecordCodec<R>) {
    this.host = host;
    this.id = id;
    this.shards = host.ends.poll(id);
    this.codecs = this.shards.map((shard) => codec.bind(shard.memory));
    this.recordCodec = codec;
    this.fixedBytes = codec.fixedBytes;
    this.kind = codec.kind;
    const first = this.shards[0] as RecordConsumer;
    const batch: Batch = { enterNext: () => this.enterNext(), read: () => this.read() };
    this.cursor = new RecordCursor<R>(batch, first, this.codecs[0]?.fields as InPlaceFields<R>);
    this.queue = new WaitQueue(`a record of "${id}"`, {
      hotWait: host.hotWait,
      arm: () => {
        first.armRecords();
        for (const shard of this.shards) shard.reportWaiting();
      },
      hold: () => host.hold(),
      unhold: () => host.unhold(),
    });
  }

  /**
   * Delivers records that are there, at most `limit`, and returns how many; 0 when there is none, and after the end. Each
   * is the callback's own (a copy). Shards take turns. A throw of the callback comes through; `release` or a `halt` in it
   * ends the poll after the current record.
   */
  poll(fn: (record: R) => void, limit: number = POLL_LIMIT): number {
    if (!this.begin(limit)) return 0;
    let delivered = 0;
    try {
      while (delivered < limit && this.enterNext()) {
        const shard = this.shards[this.current] as RecordConsumer;
        const codec = this.codecs[this.current] as BoundCodec<R>;
        while (delivered < limit && this.going && shard.advance()) {
          delivered++;
          if (delivered % RELEASE_RECORDS === 0) this.releaseBefore(shard);
          fn(codec.read(shard.at, shard.length));
        }
      }
    } finally {
      this.finishPoll();
    }
    return delivered;
  }

  /** As `poll`, without a copy: the cursor shows each record in place for the time of the call. */
  pollInPlace(fn: (record: RecordCursor<R>) => void, limit: number = POLL_LIMIT): number {
    if (!this.begin(limit)) return 0;
    const { cursor } = this;
    let delivered = 0;
    try {
      while (delivered < limit && this.enterNext()) {
        const shard = this.shards[this.current] as RecordConsumer;
        while (delivered < limit && this.going && shard.advance()) {
          delivered++;
          cursor.aim();
          fn(cursor);
        }
      }
    } finally {
      this.finishPoll();
    }
    return delivered;
  }

  /**
   * As `pollInPlace`, one call for the whole batch: `fn` walks with `while (cursor.next())`. All records it walked over
   * stay readable until it returns; those it did not reach stay in the pipeline.
   */
  pollBatch(fn: (cursor: RecordCursor<R>) => void, limit: number = POLL_LIMIT): number {
    if (!this.begin(limit)) return 0;
    const { cursor } = this;
    const most = this.enterNext() ? Math.min(Math.ceil(limit), BATCH_MAX) : 0;
    let left = most;
    cursor.open(most);
    try {
      fn(cursor);
    } finally {
      left = cursor.close();
      this.finishPoll();
    }
    return most - left;
  }

  /**
   * Structs in slots: shows the records that are there, at most `limit`, through typed arrays over the memory in
   * which they lie (docs/handles.md, "Columns"), and returns how many. `fn` is called for each stretch of records that stand
   * side by side: where the memory begins anew, a stage has filtered a record, or another shard follows, there is another
   * call. Once called, `fn` has its stretch, whatever it does: if it throws, those records have been taken and no other. A
   * `release` or a `halt` in it ends the poll after its stretch.
   * @throws UsageError where the records have no columns, and for a promise as the answer of `fn`
   */
  pollColumns(fn: (columns: RecordColumns<R>, rows: PolledRows<R>) => void, limit: number = POLL_LIMIT): number {
    const readers = this.columnReaders();
    if (!this.begin(limit)) return 0;
    const most = Math.min(Math.ceil(limit), BATCH_MAX);
    let delivered = 0;
    try {
      while (delivered < most && this.enterNext()) {
        const reader = readers[this.current] as ColumnReader<R>;
        while (delivered < most && this.going) {
          const count = reader.advance(most - delivered, delivered);
          if (count === 0) break;
          delivered += count;
          reader.show(fn);
        }
      }
    } finally {
      this.finishPoll();
    }
    return delivered;
  }

  /**
   * Waits until there is something to poll: true; or until nothing can come any more: false. Rejects with
   * PipelineFailedError, AbortedError, DeadlineError.
   */
  ready(options: WaitOptions = {}): Promise<boolean> {
    return this.wait(options, () => {
      if (this.anything()) return true;
      return this.atEnd() ? false : undefined;
    });
  }

  /** True when the pipeline has ended and everything that reached this egress has been taken. */
  get ended(): boolean {
    return !this.anything() && this.atEnd(true);
  }

  /** Records one after the other, each the caller's own. Ends after the last one; throws PipelineFailedError then. */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return this.records();
  }

  /** As `for await` over the handle, with a signal or a deadline for each record. */
  records(options: WaitOptions = {}): AsyncIterableIterator<R> {
    let over = false;
    const end = (): IteratorResult<R> => {
      over = true;
      return { value: undefined, done: true };
    };
    const wait = (): Promise<IteratorResult<R>> =>
      this.wait<IteratorResult<R>>(options, () => {
        const record = over ? NOTHING : this.tryTake();
        if (record !== NOTHING) return { value: record, done: false };
        return over || this.atEnd() ? end() : undefined;
      }).catch((error: unknown) => {
        over = true;
        throw error;
      });
    const next = (): Promise<IteratorResult<R>> => {
      if (over) return Promise.resolve(end());
      if (this.queue.length > 0 || options.signal !== undefined) return wait();
      try {
        const record = this.tryTake();
        if (record === NOTHING) return wait();
        this.calls = (this.calls + 1) & TURN_CALLS_MASK;
        const result = { value: record, done: false } as const;
        return this.calls === 0 && owesTurn() ? afterTurn(result) : Promise.resolve(result);
      } catch (error) {
        over = true;
        return Promise.reject(error);
      }
    };
    const leave = (): Promise<IteratorResult<R>> => {
      if (!this.released) this.finish();
      return Promise.resolve(end());
    };
    return {
      next,
      return: leave,
      throw: (error: unknown) => leave().then(() => Promise.reject(error)),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** A Node stream of the records. What it has buffered counts as taken: see docs/handles.md. */
  readable(options?: ReadableOptions): Readable {
    return nodeReadable(this, this.kind, options);
  }

  /** The same as a web stream. */
  readableWeb(): ReadableStream<R> {
    return webReadable(this);
  }

  /**
   * Gives the egress back, so that another owner can take it. Pending waits are rejected. Inside a poll's callback it
   * ends the poll: the current record has been taken, and its memory is no longer this handle's. Idempotent.
   */
  release(): void {
    if (this.released) return;
    this.host.refuseInStage('release');
    this.settle();
    this.released = true;
    this.queue.fail(this.closedError());
    this.host.giveBack(this.id);
  }

  /** Gives the egress back. */
  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  /** @internal Inside a poll's callback: the current record is the last one of this poll. */
  leavePoll(): void {
    this.going = false;
  }

  /** @internal Everything delivered has been taken, the current record of a poll included, and the poll ends with it. */
  settle(): void {
    this.going = false;
    this.cursor.breakOff();
    if (this.polling || this.unreleased > 0) this.finish();
  }

  /** @internal A function of a stage of this thread begins, or has returned: in it, nothing can be polled. */
  turnStage(begins: boolean): void {
    const before = this.outside === true;
    this.outside = begins ? this.polling : undefined;
    this.polling = begins || before;
  }

  /** @internal There may be records now, or the end. */
  kick(): void {
    this.queue.kick();
  }

  /** @throws UsageError where records are not slots of this egress's struct. */
  private columnReaders(): readonly ColumnReader<R>[] {
    this.columns ??= this.shards.map(({ slots }, shard) => {
      const { columns } = this.recordCodec;
      if (columns === undefined) throw noPollColumns(this.id, `its codec is "${this.kind}", not a struct`);
      if (slots === undefined) throw noPollColumns(this.id, NOT_SLOTS);
      if (slots.recordBytes !== this.fixedBytes)
        throw noPollColumns(this.id, `its struct has ${this.fixedBytes} bytes, and its records ${slots.recordBytes}`);
      return new ColumnReader(slots, shard, columns(slots.memory, slots));
    });
    return this.columns;
  }

  /** The current record. Of one that cannot be this egress's struct the fields would read its neighbours: this throws. */
  private read(): R {
    const shard = this.shards[this.current] as RecordConsumer;
    return (this.codecs[this.current] as BoundCodec<R>).read(shard.at, shard.length);
  }

  /** Goes to the next shard of this poll that has something to look at. */
  private enterNext(): boolean {
    const { shards } = this;
    if (!this.going) return false;
    while (this.visited < shards.length) {
      const index = (this.turn + this.visited++) % shards.length;
      const shard = shards[index] as RecordConsumer;
      if (!shard.refresh()) continue;
      this.current = index;
      this.cursor.enter(index, shard, this.codecs[index]?.fields as InPlaceFields<R>, this.fixedBytes);
      return true;
    }
    return false;
  }

  private begin(limit: number): boolean {
    if (this.polling) throw this.inCallback(`poll of "${this.id}" was called from inside its own callback`);
    if (!(limit >= 0))
      throw new OptionError('limit', limit, `limit is ${String(limit)}: give the most records to deliver, 0 or more`);
    if (this.released) throw this.closedError();
    if (this.host.stopped) return false;
    this.host.flush();
    this.polling = true;
    this.going = true;
    this.visited = 0;
    return true;
  }

  /** After the callback: unless that has ended the poll, and perhaps given the egress to another owner. */
  private finishPoll(): void {
    if (this.polling) this.finish();
  }

  private finish(): void {
    this.polling = false;
    this.unreleased = 0;
    if (this.host.stopped) return;
    let moved = false;
    for (let i = 0; i < this.shards.length; i++) if ((this.shards[i] as RecordConsumer).release()) moved = true;
    if (this.shards.length > 1) this.turn = (this.turn + 1) % this.shards.length;
    if (moved) this.afterRelease();
  }

  /** In the middle of a long poll: gives back what has been delivered (the callback owns copies). */
  private releaseBefore(shard: RecordConsumer): void {
    if (this.host.stopped) return;
    // The current record has been counted but not read yet, so it is not among them.
    if (shard.releaseButLast()) this.afterRelease();
  }

  private afterRelease(): void {
    if ((this.shards[0] as RecordConsumer).takeRoomArmed()) this.host.wakeProducer();
    if (this.host.ending) this.host.egressMoved();
  }

  private anything(): boolean {
    if (this.host.stopped) return false;
    for (const shard of this.shards) if (shard.hasRecord()) return true;
    // The look moved over records that stages filtered. They hold room, and the end is not reached, until given back.
    if (!this.polling && !this.released) this.finish();
    return false;
  }

  /** One record, or NOTHING; what it took before is released at the latest with the 256th. */
  private tryTake(): R | typeof NOTHING {
    if (this.polling) throw this.inCallback(`a record of "${this.id}" was asked for from inside a poll callback`);
    if (this.released) throw this.closedError();
    if (this.host.stopped) return NOTHING;
    const count = this.shards.length;
    for (let i = 0; i < count; i++) {
      const index = (this.turn + i) % count;
      const shard = this.shards[index] as RecordConsumer;
      if (!shard.advance() && !(shard.refresh() && shard.advance())) continue;
      if (count > 1) this.turn = (index + 1) % count;
      const record = (this.codecs[index] as BoundCodec<R>).read(shard.at, shard.length);
      // What is delivered stays taken, whatever ends the pipeline: given back before the loop turns to others.
      if (this.unreleased++ === 0) setImmediate(this.releaseTaken);
      if (this.unreleased >= RELEASE_RECORDS) this.finish();
      return record;
    }
    this.finish();
    return NOTHING;
  }

  /**
   * True when nothing can come any more. Throws PipelineFailedError where that is because a record failed, unless only
   * the fact is asked for.
   */
  private atEnd(quiet = false): boolean {
    const { host } = this;
    if (!host.stopped) {
      // Of a pipeline that has failed, threads may never end: those before another egress that is full and not polled.
      const over = host.threadsEnded || (host.failure !== undefined && (host.stuck || host.ends.writerEnded(this.id)));
      if (!over) return false;
      // The threads may have ended between the last look and this one.
      if (this.anything()) return false;
    }
    const { failure } = host;
    if (failure !== undefined && !quiet) throw new PipelineFailedError(failure);
    for (const shard of this.shards) shard.report(enums.AgentState.Done);
    return true;
  }

  private inCallback(words: string): UsageError {
    this.host.refuseInStage(`the poll handle of "${this.id}"`);
    return new UsageError(`${words}: return from it first`);
  }

  private closedError(): ClosedError {
    return new ClosedError(`the handle of egress "${this.id}" was given back: take it again with pipeline.egress()`);
  }

  private wait<T extends NonNullable<unknown>>(options: WaitOptions, attempt: () => T | undefined): Promise<T> {
    if (this.released) return Promise.reject(this.closedError());
    if (this.outside !== undefined) return Promise.reject(this.inCallback('a record was waited for'));
    this.host.flush();
    return this.queue.wait(attempt, options, () => 'no record has reached this egress');
  }
}
