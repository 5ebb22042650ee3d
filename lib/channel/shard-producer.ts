/**
 * The writing end of one shard on a JS thread: native/core/producer.hpp in TypeScript. Sequences and arena positions
 * are 32-bit and wrap, so that no BigInt is made; all arithmetic on them ends in `| 0`, all comparison is a difference.
 * One owner: the thread that has taken the ingress. Hot: allocates nothing after construction (but a clock reading for
 * one record in 1024), throws nothing, never waits.
 */

import type { NativePipeline } from '../abi/addon.js';
import { AgentEntry, ConsumerBlock, enums, NONE, ProducerBlock, SAMPLE_SHIFT } from '../abi/definition.js';
import type { Region, RingPlaces, WakeTarget } from '../region/region.js';
import { agentOfBlock } from '../region/region.js';
import type { Border } from './border.js';
import { monotonicNs } from './clock.js';
import type { SlotProducer } from './record-ends.js';
import { type RecordMemory, recordMemory, slotWords } from './shard-memory.js';

const SAMPLE_UNIT = 1 << SAMPLE_SHIFT;
const { Js } = enums.PortCode;

export class ShardProducer implements SlotProducer {
  readonly places: RingPlaces;
  readonly memory: RecordMemory;
  readonly fixed: boolean;
  readonly capacity: number;
  readonly slotMask: number;
  readonly stride: number;
  /** Fixed rings of the spinning profiles: bytes of the sequence word before each record, else 0. */
  readonly wordBytes: number;
  readonly headroom: number;
  readonly roomAround: number;
  readonly arenaBytes: number;
  readonly recordMax: number;
  /** Sequence of the next record to be claimed, low 32 bits. */
  next: number;
  /** What the stages may see, low 32 bits. */
  published: number;
  /** Least sequence of the consumers that hold this producer back, as last seen, low 32 bits. */
  gate: number;
  /** Variable layout: bytes committed since the last publication. */
  pendingBytes = 0;
  /** `next` at which the shard is full as far as is known: `gate` and the capacity. */
  limit: number;
  readonly slots: SlotProducer | undefined;
  private head: number;
  private tail: number;
  private claimed = 0;
  private headPublished: number;
  private sequence: number;
  private count: number;
  private bytes: number;
  private readonly border: Border;
  private readonly native: NativePipeline;
  /** Variable layout: the table of slots. */
  private readonly table: Int32Array;
  private readonly gateCells: readonly number[];
  private readonly gateAgents: readonly number[];
  private readonly wakes: readonly WakeTarget[];
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly at: number;
  private readonly stateWord: number;

  constructor(native: NativePipeline, border: Border, region: Region, places: RingPlaces) {
    this.native = native;
    this.border = border;
    this.places = places;
    this.memory = recordMemory(border.memory, places);
    this.table = slotWords(border.memory, places);
    this.fixed = places.fixed;
    this.slots = places.fixed ? this : undefined;
    this.capacity = places.capacity;
    this.slotMask = places.slotCount - 1;
    this.stride = places.slotStride;
    this.wordBytes = places.wordBytes;
    this.headroom = places.headroom;
    this.roomAround = places.headroom + places.tailroom + 7;
    this.arenaBytes = places.arenaBytes;
    this.recordMax = places.recordMax;
    this.wakes = places.publishWakes;
    this.gateCells = places.gatesAt.map((at) => at + gateField(at, places));
    this.gateAgents = places.gatesAt.map((at) => agentOfBlock(region, at));
    this.at = places.producerAt;
    const observable = region.observableBytes;
    this.words = new Int32Array(border.memory, 0, observable / 4);
    this.doubles = new Float64Array(border.memory, 0, observable / 8);
    const agent = region.agents[agentOfBlock(region, places.producerAt)];
    this.stateWord = agent === undefined ? -1 : agent.offset('state') >>> 2;
    // What an earlier owner left: everything in the block is as of the last publication, so nothing else is needed.
    border.pull(this.at, ProducerBlock.size);
    if (!this.fixed) border.pull(places.slotsAt, places.slotCount * 16);
    this.next = border.load(this.at + ProducerBlock.offset.cell);
    this.published = this.next;
    this.gate = this.next;
    this.limit = this.next;
    this.head = this.words[(this.at + ProducerBlock.offset.arena_head) >>> 2] as number;
    this.headPublished = this.head;
    this.tail = this.head;
    this.sequence = this.double(ProducerBlock.offset.next);
    this.count = this.double(ProducerBlock.offset.published);
    this.bytes = this.double(ProducerBlock.offset.bytes);
    this.forgetUnshown();
    this.refresh();
  }

  /**
   * Room for one record of up to `length` ≤ recordMax bytes: its index in `memory.bytes`, or -1 while the shard is full.
   * A claim that is not committed costs nothing and is replaced by the next one.
   */
  claim(length: number): number {
    const { next } = this;
    if (next === this.limit && this.isFull()) return -1;
    if (this.fixed === true) return (next & this.slotMask) * this.stride + this.wordBytes;
    return this.reserve(length);
  }

  /** The claimed record is complete: `length` bytes, at most what was claimed. Not visible yet. */
  commit(length: number, flags: number): void {
    if (this.fixed === false) this.describe(length, flags);
    this.next = (this.next + 1) | 0;
  }

  room(most: number): number {
    const known = (this.limit - this.next) | 0;
    if (known >= most) return most;
    this.refresh();
    return Math.min((this.limit - this.next) | 0, most);
  }

  commitMany(count: number): void {
    this.next = (this.next + count) | 0;
  }

  get unpublished(): number {
    return (this.next - this.published) | 0;
  }

  /** Makes every committed record visible to the stages, and wakes those that sleep. True when there was one. */
  publish(): boolean {
    const fresh = (this.next - this.published) | 0;
    if (fresh === 0) return false;
    this.stamp();
    this.count += fresh;
    this.sequence += fresh;
    this.bytes += this.fixed ? fresh * this.recordMax : this.pendingBytes;
    this.pendingBytes = 0;
    this.save();
    if (this.wordBytes !== 0) this.writeWords();
    if (this.border.copies) this.copyRecords(fresh);
    if (this.wordBytes !== 0) this.border.store(this.wordAt(this.published), (this.published + 1) | 0);
    this.published = this.next;
    this.headPublished = this.head;
    // SYNC POINT S1: publishes slots, arena bytes, stamps and counters to every stage that loads the cell.
    this.border.store(this.at + ProducerBlock.offset.cell, this.next);
    this.wake();
    return true;
  }

  /** Forgets what was committed since the last publication (the thread that filled it must not finish it). */
  rollBack(): void {
    this.next = this.published;
    this.head = this.headPublished;
    this.pendingBytes = 0;
  }

  /** Nothing more will come. Publishes what is committed first. */
  close(): void {
    this.publish();
    // SYNC POINT S3: a thread that sees closed sees the final cell.
    this.border.store(this.at + ProducerBlock.offset.closed, 1);
    this.wake();
  }

  get closed(): boolean {
    return this.border.load(this.at + ProducerBlock.offset.closed) !== 0;
  }

  /** Says that this thread is going to sleep until there is room. Look at the room again afterwards. */
  armRoom(): void {
    this.border.store(this.at + ProducerBlock.offset.room_armed, 1);
  }

  addKeyless(): void {
    this.add(ProducerBlock.offset.keyless);
  }

  add(field: number, count = 1): void {
    const index = (this.at + field) >>> 3;
    this.doubles[index] = this.double(field) + count;
    this.border.push(this.at + field, 8);
  }

  /** Free slots as far as they are known now; looks at the consumers first. */
  freeRecords(): number {
    this.refresh();
    return this.capacity - ((this.next - this.gate) | 0);
  }

  /** Largest record that could be claimed now, bytes; 0 when there is no slot. */
  freeBytes(): number {
    if (this.freeRecords() <= 0) return 0;
    if (this.fixed) return this.recordMax;
    const offset = this.head & (this.arenaBytes - 1);
    const free = this.arenaBytes - ((this.head - this.tail) >>> 0);
    const atEnd = Math.min(this.arenaBytes - offset, free);
    const atStart = free - (this.arenaBytes - offset);
    return Math.max(0, Math.min(this.recordMax, Math.max(atEnd, atStart) - this.roomAround));
  }

  /** Shows observers why this producer does not move: the agent that holds the ring. Slow path. */
  reportStalled(): void {
    let blamed = NONE;
    let least = 0x7fff_ffff;
    for (let i = 0; i < this.gateCells.length; i++) {
      const distance = (this.border.load(this.gateCells[i] as number) - this.gate) | 0;
      if (distance < least) {
        least = distance;
        blamed = this.gateAgents[i] as number;
      }
    }
    this.report(enums.AgentState.Stalled, blamed);
  }

  report(state: number, waitsFor: number = NONE): void {
    if (this.stateWord < 0) return;
    const gap = (AgentEntry.offset.waits_for - AgentEntry.offset.state) >> 2;
    this.words[this.stateWord + gap] = waitsFor;
    this.words[this.stateWord] = state;
    this.border.push(this.stateWord * 4, 4 + gap * 4);
  }

  private double(field: number): number {
    return this.doubles[(this.at + field) >>> 3] as number;
  }

  /** An owner that ended in the middle of `publish` had counted records that no reader will see: their counts go as well. */
  private forgetUnshown(): void {
    const { table, slotMask, next } = this;
    const unshown = ((this.sequence | 0) - next) | 0;
    if (unshown <= 0 || unshown > this.capacity) return;
    for (let i = 0; i < unshown; i++)
      this.bytes -= this.fixed ? this.places.recordBytes : (table[(((next + i) & slotMask) << 2) + 2] as number);
    this.sequence -= unshown;
    this.count -= unshown;
    if (!this.fixed) this.head = table[(next & slotMask) << 2] as number;
    this.headPublished = this.head;
    this.save();
  }

  private save(): void {
    const { doubles, at } = this;
    doubles[(at + ProducerBlock.offset.published) >>> 3] = this.count;
    doubles[(at + ProducerBlock.offset.bytes) >>> 3] = this.bytes;
    doubles[(at + ProducerBlock.offset.next) >>> 3] = this.sequence;
    this.words[(at + ProducerBlock.offset.arena_head) >>> 2] = this.head;
  }

  /** Looks at the consumers before it says so. */
  private isFull(): boolean {
    this.refresh();
    return this.next === this.limit;
  }

  /** Variable layout: finds the record's place in the arena. */
  private reserve(length: number): number {
    const need = (length + this.roomAround) & ~7;
    if (!this.fits(need)) {
      this.refresh();
      if (!this.fits(need)) return -1;
    }
    return (this.claimed & (this.arenaBytes - 1)) + this.headroom;
  }

  /** Variable layout: fills the slot of the record that was claimed last. */
  private describe(length: number, flags: number): void {
    const { table, claimed } = this;
    this.pendingBytes += length;
    const slot = (this.next & this.slotMask) << 2;
    table[slot] = claimed;
    table[slot + 1] = claimed + this.headroom;
    table[slot + 2] = length;
    table[slot + 3] = flags;
    this.head = (claimed + ((length + this.roomAround) & ~7)) | 0;
  }

  /** Where a reservation of `need` bytes would begin (padding over the wrap), and whether it is free. */
  private fits(need: number): boolean {
    const offset = this.head & (this.arenaBytes - 1);
    this.claimed = offset + need > this.arenaBytes ? (this.head + (this.arenaBytes - offset)) | 0 : this.head;
    return (this.claimed + need - this.tail) >>> 0 <= this.arenaBytes;
  }

  private refresh(): void {
    // SYNC POINT S2: what a gating consumer released may be overwritten.
    let behind = 0;
    for (let i = 0; i < this.gateCells.length; i++) {
      const distance = (this.next - this.border.load(this.gateCells[i] as number)) | 0;
      if (distance > behind) behind = distance;
    }
    // No consumer is further behind than the ring is long: such a cell was written over, and there is no room.
    if (behind > this.capacity) behind = this.capacity;
    this.gate = (this.next - behind) | 0;
    this.limit = (this.gate + this.capacity) | 0;
    if (!this.fixed) this.tail = behind === 0 ? this.head : (this.table[(this.gate & this.slotMask) << 2] as number);
  }

  private wake(): void {
    for (let i = 0; i < this.wakes.length; i++) {
      const target = this.wakes[i] as WakeTarget;
      if (this.border.load(target.armedAt) === 1 && this.border.exchange(target.armedAt, 0) === 1)
        this.native.wake(target.thread);
    }
  }

  private stamp(): void {
    let sampled = (this.published + (SAMPLE_UNIT - 1)) & -SAMPLE_UNIT;
    if (((this.next - sampled) | 0) <= 0) return;
    const now = monotonicNs();
    const { producerStampsAt, stampCount } = this.places;
    for (; ((this.next - sampled) | 0) > 0; sampled = (sampled + SAMPLE_UNIT) | 0) {
      const at = producerStampsAt + ((sampled >>> SAMPLE_SHIFT) & (stampCount - 1)) * 8;
      this.doubles[at >>> 3] = now;
      this.border.push(at, 8);
    }
  }

  /** Region offset of the sequence word of a slot. */
  private wordAt(sequence: number): number {
    return this.places.slotsAt + (sequence & this.slotMask) * this.stride;
  }

  /**
   * SYNC POINT S1 by words: a stage reads them in order and stops at the first that is missing, so all but the first are
   * written plainly, and the first, stored last by the caller, shows the whole batch.
   */
  private writeWords(): void {
    const { view } = this.memory;
    for (let s = (this.published + 1) | 0; s !== this.next; s = (s + 1) | 0)
      view.setInt32((s & this.slotMask) * this.stride, (s + 1) | 0, true);
  }

  /** CopyBorder: brings the unpublished slots and their bytes into the region. */
  private copyRecords(fresh: number): void {
    const { slotsAt, slotCount, slotStride, arenaAt } = this.places;
    pushRing(
      this.border,
      slotsAt,
      slotCount * slotStride,
      (this.published & this.slotMask) * slotStride,
      fresh * slotStride,
    );
    if (!this.fixed) {
      const length = (this.head - this.headPublished) >>> 0;
      pushRing(this.border, arenaAt, this.arenaBytes, this.headPublished & (this.arenaBytes - 1), length);
    }
    // What save() wrote; add() brings the counters behind it over itself.
    const { next, dropped } = ProducerBlock.offset;
    this.border.push(this.at + next, dropped - next);
  }
}

/** A JS egress releases by its cell, a native consumer by the low half of its 64-bit sequence. */
function gateField(at: number, places: RingPlaces): number {
  return at === places.egressAt && places.egressPort === Js ? ConsumerBlock.offset.cell : ConsumerBlock.offset.sequence;
}

/** Pushes `length` bytes that begin `from` bytes into a ring of `size` bytes at `at`: at most two stretches. */
function pushRing(border: Border, at: number, size: number, from: number, length: number): void {
  const first = Math.min(length, size - from);
  border.push(at + from, first);
  if (length > first) border.push(at, length - first);
}
