/**
 * Where a push goes: the shards of one ingress, the one place that a claim has, when records become visible, and how the
 * ingress ends. The calls over it are push.ts. Hot; for the thread that took the ingress.
 */

import { enums, ProducerBlock } from '../abi/definition.js';
import { ClaimWriter } from './claim-writer.js';
import type { BoundCodec, FieldAccess, InPlaceFields, RecordCodec } from './codec.js';
import { Durability } from './durability.js';
import type { PushEnd } from './ends.js';
import { type ByteorError, ClosedError, PipelineFailedError } from './errors.js';
import type { PortHost } from './host.js';
import { ENDED, endWords, NO_CLAIM, ofBatch, type PushStatus, TAKEN, TOO_LONG, tooLong } from './push-status.js';
import type { RecordProducer } from './record-ends.js';
import { ShardRouter } from './shard-router.js';
import { WaitQueue } from './waiting.js';

/** Records between two publications: a store that other threads wait for costs as much as several records. */
const PUBLISH_RECORDS = 64;
/** Large records are shown to the stages before 64 of them have come together. */
const PUBLISH_BYTES = 1 << 20;

const DONE: Promise<void> = Promise.resolve();

/** What every push handle has, whatever its calls. */
export abstract class PushCore<R> {
  /** Boundary id. */
  readonly id: string;
  /** Largest record, bytes. */
  readonly recordMax: number;
  /** Why the last `claim`, or the record at which `tryPushBatch` stopped, did not go in; `DROPPED` when one was dropped. */
  lastStatus: PushStatus = 'OK';
  protected readonly host: PortHost;
  protected readonly end: PushEnd;
  protected readonly drops: boolean;
  protected readonly durability: Durability | undefined;
  protected readonly shards: readonly RecordProducer[];
  protected readonly codecs: readonly BoundCodec<R>[];
  /** The arguments of `show` for the first shard. */
  protected readonly firstAlone: readonly [RecordProducer];
  protected readonly first: RecordProducer;
  protected readonly codec: BoundCodec<R>;
  protected readonly fixedBytes: number;
  protected readonly kind: RecordCodec<R>['kind'];
  /** What `claim` may be asked for without further questions: every length a record can have; none while not direct. */
  protected readonly claimMin: number;
  protected claimMax: number;
  protected readonly writer: ClaimWriter<R>;
  /** The writer's fields, as what they are inside. */
  protected writerFields: FieldAccess | undefined;
  protected readonly router: ShardRouter<R> | undefined;
  protected readonly queue: WaitQueue;
  /** True while tryPush may write: open, and no push waits before it. */
  protected direct = true;
  protected ended: 'no' | 'closed' | 'released' = 'no';
  protected scheduled = false;
  /** Index of the shard that has the claim, or why there is none. A number: to store an object costs a write barrier. */
  protected claimed = NO_CLAIM;
  protected claimedLength = 0;
  protected readonly later = (): void => {
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

  /** From here on the place behind the last record is the caller's; a claim that had it is void. */
  protected takePlace(): void {
    if (this.claimed >= 0 && this.ended === 'no') this.voidClaim(TAKEN);
  }

  /** Its memory cannot be taken back, but what still writes where the writer points writes nowhere. */
  protected voidClaim(why: number): void {
    this.claimed = why;
    this.aim(this.writer.bytes.length, 0);
  }

  /** A claim is open, or the ingress has ended while the record was being taken: whether it may go in. */
  protected mayCommit(): boolean {
    this.takePlace();
    return this.ended === 'no';
  }

  /** A record's own code has pushed while it was being taken: another place for it, or -1. */
  protected again(): number {
    return this.ended === 'no' ? this.claimIn(this.first, this.fixedBytes) : -1;
  }

  protected put(record: R): PushStatus {
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
  protected claimExactly(record: R): number {
    const length = this.codec.exact(record);
    return length > this.recordMax ? TOO_LONG : this.claimIn(this.first, length);
  }

  protected refuse(at: number): PushStatus {
    return at === TOO_LONG ? this.tooLarge() : this.noRoom();
  }

  protected putRouted(record: R): PushStatus {
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
  protected putOf(records: readonly R[], index: number): PushStatus {
    try {
      return this.put(records[index] as R);
    } catch (error) {
      throw ofBatch(error, index, records.length);
    }
  }

  /** Claims; where the shard looks full, shows the stages what they have not seen yet and looks again. */
  protected claimIn(shard: RecordProducer, length: number): number {
    const at = shard.claim(length);
    if (at >= 0) return at;
    this.show(shard);
    const again = this.ended === 'no' ? shard.claim(length) : -1;
    if (again < 0) shard.reportStalled();
    return again;
  }

  protected committed(shard: RecordProducer): void {
    if (((shard.next - shard.published) | 0) >= PUBLISH_RECORDS || shard.pendingBytes >= PUBLISH_BYTES)
      this.showApart(shard);
    else if (this.scheduled === false) this.schedule();
  }

  /**
   * `show`, but never inlined (V8 does not look through Reflect.apply over an array that it has not seen being made). It
   * would use up what may be inlined into the caller's loop, and the setters of in-place fields come last there.
   */
  protected showApart(shard: RecordProducer): void {
    Reflect.apply(this.show, this, shard === this.first ? this.firstAlone : [shard]);
  }

  protected schedule(): void {
    this.scheduled = true;
    DONE.then(this.later);
  }

  protected show(shard: RecordProducer): void {
    // After the ledger was settled nothing may be added to it. Closed alone (a failure) is not a reason: then it counts.
    if (this.host.stopped) this.discardUnpublished();
    else if (shard.publish()) shard.report(enums.AgentState.Working);
    if (this.ended === 'no' && shard.closed) this.closedElsewhere();
  }

  /** Shows the writer the memory of a shard. */
  protected turnTo(index: number): void {
    const { writer } = this;
    const { memory } = this.shards[index] as RecordProducer;
    if (writer.bytes === memory.bytes) return;
    writer.bytes = memory.bytes;
    writer.buffer = memory.buffer;
    writer.view = memory.view;
    this.writerFields = (this.codecs[index] as BoundCodec<R>).fields;
    writer.fields = this.writerFields as InPlaceFields<R>;
  }

  protected aim(at: number, length: number): ClaimWriter<R> {
    const { writer, writerFields } = this;
    writer.offset = at;
    writer.length = length;
    writer.flags = 0;
    if (writerFields !== undefined) writerFields._at = at;
    return writer;
  }

  /** A record found no room: its caller waits, or the lane drops it. Where the ingress was closed meanwhile, neither. */
  protected noRoom(): PushStatus {
    if (this.ended !== 'no') return 'CLOSED';
    this.takePlace();
    if (!this.drops) return 'FULL';
    this.first.add(ProducerBlock.offset.dropped);
    return 'DROPPED';
  }

  /** The ingress has ended, or others wait before this call. */
  protected notNow(): PushStatus {
    this.takePlace();
    return this.ended === 'no' ? 'FULL' : 'CLOSED';
  }

  protected setDirect(direct: boolean): void {
    this.direct = direct;
    this.claimMax = this.longestPlainClaim();
  }

  protected longestPlainClaim(): number {
    if (!this.direct || this.shards.length > 1) return -1;
    return this.fixedBytes === 0 ? this.recordMax : this.fixedBytes;
  }

  protected tooLarge(): PushStatus {
    this.first.add(ProducerBlock.offset.too_large);
    return 'TOO_LARGE';
  }

  /** @internal Why a record is refused that was answered with this status. */
  refusal(status: PushStatus, which = ''): ByteorError {
    if (status === 'TOO_LARGE') return tooLong(this.id, this.recordMax, which);
    const { failure } = this.host;
    if (failure !== undefined) return new PipelineFailedError(failure);
    return new ClosedError(`${which}nothing can be pushed to "${this.id}": ${endWords(this.ended)}`);
  }

  protected endWith(how: 'closed' | 'released'): void {
    this.ended = how;
    this.setDirect(false);
    // Behind a closed ingress nothing follows; behind one that was given back its next owner writes.
    if (how === 'released') this.voidClaim(ENDED);
    else this.claimed = ENDED;
    if (this.queue.length > 0) this.queue.fail(this.refusal('CLOSED'));
    for (const shard of this.shards) shard.report(enums.AgentState.Done);
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

  /** Makes everything pushed so far visible to the stages now. */
  flush(): void {
    for (let i = 0; i < this.shards.length; i++) this.show(this.shards[i] as RecordProducer);
  }

  /** @internal There may be room now, or the end. */
  kick(): void {
    this.queue.kick();
  }

  /** @internal More may be durable, or nothing more can become so. */
  kickDurable(): void {
    this.durability?.kick();
  }
}
