/**
 * Where a push goes: the shards of one ingress, the one place that a claim has, when records become visible, and how the
 * ingress ends. The calls over it are push.ts. Hot; for the thread that took the ingress.
 */

import { enums, ProducerBlock, TERMINATOR_MASK } from '../abi/definition.js';
import type { PushEnd } from '../channel/ends.js';
import type { RecordProducer } from '../channel/record-ends.js';
import { type ByteorError, ClosedError, PipelineFailedError, UsageError } from '../error/errors.js';
import { ClaimWriter } from './claim-writer.js';
import { ColumnFiller, type FillColumns } from './columns.js';
import { Delivery } from './delivery.js';
import { Durability } from './durability.js';
import type { PortHost } from './host.js';
import type { Place } from './place.js';
import {
  ENDED,
  endWords,
  IN_STAGE,
  NO_CLAIM,
  NOT_SLOTS,
  noClaim,
  noPushColumns,
  ofBatch,
  type PushStatus,
  TAKEN,
  TOO_LONG,
  tooLong,
  wrongClaim,
} from './push-status.js';
import type { BoundCodec, FieldAccess, InPlaceFields, RecordCodec } from './record-codec.js';
import { ShardRouter } from './shard-router.js';
import { WaitQueue } from './waiting.js';

/** Records between two publications: a store that other threads wait for costs as much as several records. */
const PUBLISH_RECORDS = 64;
/** Large records are shown to the stages before 64 of them have come together. */
const PUBLISH_BYTES = 1 << 20;

/** A constant of this module: V8 does not fold those that are imported. */
const TERMINATOR = TERMINATOR_MASK;

const DONE: Promise<void> = Promise.resolve();

/**
 * What is behind the calls of one push handle.
 * @internal
 */
export class PushCore<R> {
  /** Boundary id. */
  readonly id: string;
  /** Largest record, bytes. */
  readonly recordMax: number;
  /** Why the last `claim`, or the record at which `tryPushBatch` stopped, did not go in; `DROPPED` when one was dropped. */
  lastStatus: PushStatus = 'OK';
  readonly host: PortHost;
  readonly end: PushEnd;
  private readonly drops: boolean;
  readonly durability: Durability | undefined;
  readonly delivery: Delivery | undefined;
  readonly shards: readonly RecordProducer[];
  private readonly codecs: readonly BoundCodec<R>[];
  /** The arguments of `show` for the first shard. */
  private readonly firstAlone: readonly [RecordProducer];
  private readonly first: RecordProducer;
  private readonly codec: BoundCodec<R>;
  /** `put` in one function, where the codec has one. */
  private readonly putWhole: BoundCodec<R>['put'];
  private readonly recordCodec: RecordCodec<R>;
  private columns: ColumnFiller<R> | undefined;
  readonly fixedBytes: number;
  /** Records between two publications, unless their bytes come first. */
  private readonly publishRecords: number = PUBLISH_RECORDS;
  readonly kind: RecordCodec<R>['kind'];
  /** What `claim` may be asked for without further questions: every length a record can have; none while not direct. */
  private readonly claimMin: number;
  private claimMax: number;
  private readonly writer: ClaimWriter<R>;
  /** The writer's fields, as what they are inside. */
  private writerFields: FieldAccess | undefined;
  private readonly router: ShardRouter<R> | undefined;
  readonly queue: WaitQueue;
  /** True while tryPush may write: open, and no push waits before it. */
  direct = true;
  ended: 'no' | 'closed' | 'released' = 'no';
  /** A microtask will show what has been pushed. */
  scheduled = false;
  /** A callback is writing records. */
  filling = false;
  /** Index of the shard that has the claim, or why there is none. A number: to store an object costs a write barrier. */
  claimed = NO_CLAIM;
  private claimedLength = 0;
  /** As they were before a stage's function ran: see turnStage. */
  private outside: readonly [direct: boolean, filling: boolean, claimed: number] = [true, false, NO_CLAIM];
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
    this.delivery = host.keepsDelivered ? new Delivery(host, id, this.end.producersAt) : undefined;
    this.first = this.shards[0] as RecordProducer;
    if (codec.fixedBytes > 0)
      this.publishRecords = Math.min(PUBLISH_RECORDS, Math.ceil(PUBLISH_BYTES / codec.fixedBytes));
    this.codecs = this.shards.map((shard) => codec.bind(shard.memory, this.placeIn(shard, codec.fixedBytes)));
    this.firstAlone = [this.first];
    this.codec = this.codecs[0] as BoundCodec<R>;
    this.recordCodec = codec;
    this.putWhole = this.codec.put;
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

  private placeIn(shard: RecordProducer, bytes: number): Place {
    const place: Place = { lane: shard, again: () => this.again(), over: () => this.ended !== 'no' };
    const { slots } = shard;
    if (slots === undefined || this.shards.length > 1 || bytes !== slots.recordMax) return place;
    return { ...place, put: { lane: slots, handle: this, publishRecords: this.publishRecords } };
  }

  tryPush(record: R): PushStatus {
    if (!this.direct) return this.notNow();
    const { putWhole } = this;
    return putWhole === undefined ? this.put(record) : putWhole(record);
  }

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

  /** From here on the place behind the last record is the caller's; a claim that had it is void. */
  takePlace(): void {
    if (this.claimed >= 0 && this.ended === 'no') this.voidClaim(TAKEN);
  }

  /** Its memory cannot be taken back, but what still writes where the writer points writes nowhere. */
  voidClaim(why: number): void {
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

  /** What is left of a place that was found before the record's own code ran, at `next`: the same, another, or -1. */
  placeAfter(next: number, at: number): number {
    const place = this.first.next === next ? at : this.again();
    return place < 0 || (this.claimed >= 0 && !this.mayCommit()) ? -1 : place;
  }

  put(record: R): PushStatus {
    if (this.putWhole !== undefined) return this.putWhole(record);
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
    // The record's own code may have ended the ingress (json).
    if (this.ended !== 'no') return -1;
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
  putOf(records: readonly R[], index: number): PushStatus {
    try {
      return this.put(records[index] as R);
    } catch (error) {
      throw ofBatch(error, index, records.length);
    }
  }

  /** Claims; where the shard looks full, shows the stages what they have not seen yet and looks again. */
  claimIn(shard: RecordProducer, length: number): number {
    const at = shard.claim(length);
    if (at >= 0) return at;
    this.show(shard);
    const again = this.ended === 'no' ? shard.claim(length) : -1;
    if (again < 0) shard.reportStalled();
    return again;
  }

  private committed(shard: RecordProducer): void {
    if (((shard.next - shard.published) | 0) >= this.publishRecords || shard.pendingBytes >= PUBLISH_BYTES)
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

  /** `showApart` of the first shard. */
  showFirst(): void {
    this.showApart(this.first);
  }

  /** */
  schedule(): void {
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

  /**
   * Records found no room: their caller waits, or the lane drops them. Where the ingress was closed meanwhile,
   * neither.
   */
  noRoom(records = 1): PushStatus {
    if (this.ended !== 'no') return 'CLOSED';
    this.takePlace();
    if (!this.drops) {
      // A stage of this thread may be what holds the room.
      this.host.turn();
      return 'FULL';
    }
    this.first.add(ProducerBlock.offset.dropped, records);
    return 'DROPPED';
  }

  /** The ingress has ended, or others wait before this call. */
  notNow(): PushStatus {
    if (this.filling) throw this.inCallback();
    this.takePlace();
    return this.ended === 'no' ? 'FULL' : 'CLOSED';
  }

  /**
   * Has the caller's function write as many of `most` records as there is room for, and says how many. They go in
   * together once it has returned; none does when it throws, or has ended the ingress.
   */
  fill(fn: FillColumns<R>, most: number, from: number): number {
    const filler = this.fillerHere();
    const { slots } = filler;
    if (most === 0) return 0;
    let room = slots.room(most);
    if (room === 0) {
      this.show(slots);
      room = this.ended === 'no' ? slots.room(most) : 0;
    }
    if (room === 0) {
      slots.reportStalled();
      return 0;
    }
    const { direct } = this;
    this.filling = true;
    this.setDirect(false);
    try {
      filler.fill(fn, room, from);
    } finally {
      this.filling = false;
      this.setDirect(direct && this.ended === 'no');
    }
    if (this.ended !== 'no') return 0;
    slots.commitMany(room);
    this.committed(slots);
    return room;
  }

  /** @throws UsageError where records are not slots of a struct. */
  fillerHere(): ColumnFiller<R> {
    if (this.columns !== undefined) return this.columns;
    const { slots } = this.first;
    if (this.recordCodec.columns === undefined)
      throw noPushColumns(this.id, `its codec is "${this.kind}", not a struct`);
    if (this.shards.length > 1)
      throw noPushColumns(this.id, `it has ${this.shards.length} shards, and the key of a record decides its shard`);
    if (slots === undefined || slots.recordMax !== this.fixedBytes) throw noPushColumns(this.id, NOT_SLOTS);
    this.columns = new ColumnFiller(slots, this.recordCodec.columns(slots.memory, slots));
    return this.columns;
  }

  inCallback(): UsageError {
    this.host.refuseInStage(`the push handle of "${this.id}"`);
    return new UsageError(
      `the push handle of "${this.id}" was used inside the callback of tryPushColumns or pushColumns: return from it first`,
    );
  }

  /** A function of a stage of this thread begins, or has returned: in it, nothing can be pushed, claimed or published. */
  turnStage(begins: boolean): void {
    if (begins) this.outside = [this.direct, this.filling, this.claimed];
    const [direct, filling, claimed] = begins ? [false, true, IN_STAGE] : this.outside;
    this.filling = filling;
    this.claimed = claimed;
    this.setDirect(direct);
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

  /** Why a record is refused that was answered with this status. */
  refusal(status: PushStatus, which = ''): ByteorError {
    if (status === 'TOO_LARGE') return tooLong(this.id, this.recordMax, which);
    const { failure } = this.host;
    if (failure !== undefined) return new PipelineFailedError(failure);
    return new ClosedError(`${which}nothing can be pushed to "${this.id}": ${endWords(this.ended)}`);
  }

  endWith(how: 'closed' | 'released'): void {
    this.ended = how;
    this.setDirect(false);
    // Behind a closed ingress nothing follows; behind one that was given back its next owner writes.
    if (how === 'released') this.voidClaim(ENDED);
    else this.claimed = ENDED;
    this.delivery?.tell();
    if (this.queue.length > 0) this.queue.fail(this.refusal('CLOSED'));
    for (const shard of this.shards) shard.report(enums.AgentState.Done);
  }

  /** The ingress was closed by another thread: the pipeline failed, was stopped or halted. */
  private closedElsewhere(): void {
    if (this.ended === 'no') this.endWith('closed');
  }

  /** The ring has been settled: what is not visible now can never be. */
  discardUnpublished(): void {
    for (const shard of this.shards) {
      this.delivery?.discard((shard.next - shard.published) | 0);
      shard.rollBack();
    }
    this.closedElsewhere();
    this.durability?.kick();
    this.delivery?.kick();
  }

  /** Makes everything pushed so far visible to the stages now. */
  flush(): void {
    for (let i = 0; i < this.shards.length; i++) this.show(this.shards[i] as RecordProducer);
  }
}
