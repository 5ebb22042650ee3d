/**
 * The writing end of a lane of frames (Events, FanoutBroadcast, Journal) on a JS thread: native/lane's framed outlet in
 * TypeScript. Positions are byte counts, 32-bit and wrapping; the gate is the lane's exact capacity; a frame that does
 * not fit before the wrap is preceded by padding:
 *
 *   … | length flags ordinal record pad | length flags=FRAME_PADDING ……… wrap | length flags ordinal record …
 *       └──────── a multiple of 8 ─────┘   └─ length: bytes to the wrap ─┘
 *
 * No frame is longer than half the capacity, so that a frame and the padding before it always fit an empty lane. Only
 * native readers stand behind an ingress, so room comes from their sequences. One owner: the thread that has taken the
 * ingress. Hot: allocates nothing after construction (but a clock reading for one record in 1024), throws nothing, never
 * waits.
 */

import type { NativePipeline } from '../abi/addon.js';
import {
  AgentEntry,
  ConsumerBlock,
  enums,
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  FRAME_PADDING,
  NONE,
  ProducerBlock,
  SAMPLE_SHIFT,
} from '../abi/definition.js';
import { agentOfBlock, type LanePlaces, type Region, releasedCell, type WakeTarget } from '../region/region.js';
import type { Border } from './border.js';
import { monotonicNs } from './clock.js';
import type { RecordProducer } from './record-ends.js';
import { memoryOver, type RecordMemory } from './shard-memory.js';

const SAMPLE_UNIT = 1 << SAMPLE_SHIFT;
const ROUND = FRAME_ALIGN - 1;
const HEADER_ROUND = FRAME_HEADER_BYTES + ROUND;

/** Bytes that a record of `length` bytes takes with its header. */
export const frameBytes = (length: number): number => (length + HEADER_ROUND) & ~ROUND;

export class FrameProducer implements RecordProducer {
  readonly places: LanePlaces;
  readonly memory: RecordMemory;
  /** Bytes, exactly. */
  readonly capacity: number;
  readonly memoryBytes: number;
  readonly recordMax: number;
  readonly slots = undefined;
  /** Ordinal of the next record to be committed, low 32 bits. */
  next: number;
  /** The same of the first record that no reader may see yet. */
  published: number;
  /** Record bytes committed since the last publication. */
  pendingBytes = 0;
  /** Position behind the last committed frame. */
  private head: number;
  private headPublished: number;
  /** Least position of the readers, as last seen. */
  private tail: number;
  private claimed = 0;
  /** Upper half of `next`, as a wrapping word. */
  private nextHigh: number;
  /** Ordinal of the first record that no reader may see yet. */
  private sequence: number;
  private count: number;
  private bytes: number;
  private readonly leastFrame: number;
  private readonly border: Border;
  private readonly native: NativePipeline;
  private readonly frames: Int32Array;
  private readonly gateCells: readonly number[];
  private readonly gateAgents: readonly number[];
  private readonly wakes: readonly WakeTarget[];
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly at: number;
  private readonly stateWord: number;

  /** @param leastRecord bytes of the smallest record that will be pushed: what `freeRecords` counts in */
  constructor(native: NativePipeline, border: Border, region: Region, places: LanePlaces, leastRecord = 0) {
    this.native = native;
    this.border = border;
    this.places = places;
    this.memory = memoryOver(border.memory, places.dataAt, places.memoryBytes, FRAME_ALIGN);
    this.frames = new Int32Array(border.memory, places.dataAt, places.memoryBytes / 4);
    this.capacity = places.capacity;
    this.memoryBytes = places.memoryBytes;
    this.recordMax = places.recordMax;
    this.leastFrame = frameBytes(leastRecord);
    this.wakes = places.publishWakes;
    const files = places.filesAt === 0 ? [] : [places.filesAt + ConsumerBlock.offset.sequence];
    this.gateCells = [...places.readers.map(releasedCell), ...files];
    this.gateAgents = [
      ...places.readers.map(({ agent }) => agent),
      ...files.map(() => agentOfBlock(region, places.filesAt)),
    ];
    this.at = places.producerAt;
    const observable = region.observableBytes;
    this.words = new Int32Array(border.memory, 0, observable / 4);
    this.doubles = new Float64Array(border.memory, 0, observable / 8);
    const agent = region.agents[places.writerAgent];
    this.stateWord = agent === undefined ? -1 : agent.offset('state') >>> 2;
    // What an earlier owner left: everything in the block is as of the last publication, so nothing else is needed.
    border.pull(this.at, ProducerBlock.size);
    this.head = border.load(this.at + ProducerBlock.offset.cell);
    this.headPublished = this.head;
    this.tail = this.head;
    this.sequence = this.double(ProducerBlock.offset.next);
    this.next = this.sequence | 0;
    this.published = this.next;
    this.nextHigh = highWord(this.sequence);
    this.count = this.double(ProducerBlock.offset.published);
    this.bytes = this.double(ProducerBlock.offset.bytes);
    this.forgetUnshown();
    this.refresh();
  }

  claim(length: number): number {
    const need = (length + HEADER_ROUND) & ~ROUND;
    if (!this.fits(need)) {
      this.refresh();
      if (!this.fits(need)) return -1;
    }
    return (this.claimed & (this.memoryBytes - 1)) + FRAME_HEADER_BYTES;
  }

  commit(length: number, flags: number): void {
    const { frames, claimed } = this;
    const mask = this.memoryBytes - 1;
    if (claimed !== this.head) {
      const padding = (this.head & mask) >>> 2;
      frames[padding] = (claimed - this.head) | 0;
      frames[padding + 1] = FRAME_PADDING | 0;
    }
    const word = (claimed & mask) >>> 2;
    frames[word] = length;
    frames[word + 1] = flags;
    frames[word + 2] = this.next;
    frames[word + 3] = this.nextHigh;
    this.head = (claimed + ((length + HEADER_ROUND) & ~ROUND)) | 0;
    this.pendingBytes += length;
    this.next = (this.next + 1) | 0;
    if (this.next === 0) this.nextHigh = (this.nextHigh + 1) | 0;
  }

  publish(): boolean {
    const fresh = (this.next - this.published) | 0;
    if (fresh === 0) return false;
    this.stamp(fresh);
    this.count += fresh;
    this.sequence += fresh;
    this.bytes += this.pendingBytes;
    this.pendingBytes = 0;
    this.save();
    if (this.border.copies) this.copyFrames();
    this.published = this.next;
    this.headPublished = this.head;
    // SYNC POINT S1: publishes frames, stamps and counters to every reader that loads the cell.
    this.border.store(this.at + ProducerBlock.offset.cell, this.head);
    this.wake();
    return true;
  }

  rollBack(): void {
    this.next = this.published;
    this.nextHigh = highWord(this.sequence);
    this.head = this.headPublished;
    this.pendingBytes = 0;
  }

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

  /** Lanes know no shards, so a record has no key here: the router behind an ingress counts them. */
  addKeyless(): void {
    this.add(ProducerBlock.offset.keyless);
  }

  add(field: number, count = 1): void {
    const index = (this.at + field) >>> 3;
    this.doubles[index] = this.double(field) + count;
    this.border.push(this.at + field, 8);
  }

  freeRecords(): number {
    this.refresh();
    return Math.floor(this.room() / this.leastFrame);
  }

  freeBytes(): number {
    this.refresh();
    const free = this.room();
    const toWrap = this.memoryBytes - (this.head & (this.memoryBytes - 1));
    const frame = Math.max(Math.min(toWrap, free), free - toWrap) & ~ROUND;
    return Math.max(0, Math.min(this.recordMax, frame - FRAME_HEADER_BYTES));
  }

  reportStalled(): void {
    let blamed = NONE;
    let most = -1;
    for (let i = 0; i < this.gateCells.length; i++) {
      const behind = (this.head - this.border.load(this.gateCells[i] as number)) | 0;
      if (behind > most) {
        most = behind;
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
    const { frames, memoryBytes, head } = this;
    const saved = this.words[(this.at + ProducerBlock.offset.arena_head) >>> 2] as number;
    const behind = (saved - head) | 0;
    if (behind <= 0 || behind > memoryBytes) return;
    this.border.pull(this.places.dataAt, memoryBytes);
    let [records, bytes, at] = [0, 0, 0];
    while (at < behind) {
      const offset = (head + at) & (memoryBytes - 1);
      const length = frames[offset >>> 2] as number;
      // FRAME_PADDING is the sign bit; padding ends at the wrap.
      const padding = (frames[(offset >>> 2) + 1] as number) < 0;
      at += padding ? memoryBytes - offset : frameBytes(Math.max(0, length));
      if (padding) continue;
      records++;
      bytes += length;
    }
    this.sequence -= records;
    this.count -= records;
    this.bytes -= bytes;
    this.next = this.sequence | 0;
    this.published = this.next;
    this.nextHigh = highWord(this.sequence);
    this.save();
  }

  private room(): number {
    return this.capacity - ((this.head - this.tail) | 0);
  }

  /** Where a frame of `need` bytes would begin (padding over the wrap), and whether the lane may hold it now. */
  private fits(need: number): boolean {
    const offset = this.head & (this.memoryBytes - 1);
    this.claimed = offset + need > this.memoryBytes ? (this.head + (this.memoryBytes - offset)) | 0 : this.head;
    return (this.claimed + need - this.tail) >>> 0 <= this.capacity;
  }

  private refresh(): void {
    // SYNC POINT S2: what every reader has released may be overwritten.
    let behind = 0;
    for (let i = 0; i < this.gateCells.length; i++) {
      const distance = (this.head - this.border.load(this.gateCells[i] as number)) | 0;
      if (distance > behind) behind = distance;
    }
    // No reader is further behind than the lane is long: such a cell was written over, and there is no room.
    this.tail = (this.head - Math.min(behind, this.capacity)) | 0;
  }

  private save(): void {
    const { doubles, at } = this;
    doubles[(at + ProducerBlock.offset.published) >>> 3] = this.count;
    doubles[(at + ProducerBlock.offset.bytes) >>> 3] = this.bytes;
    doubles[(at + ProducerBlock.offset.next) >>> 3] = this.sequence;
    this.words[(at + ProducerBlock.offset.arena_head) >>> 2] = this.head;
  }

  private wake(): void {
    for (let i = 0; i < this.wakes.length; i++) {
      const target = this.wakes[i] as WakeTarget;
      if (this.border.load(target.armedAt) === 1 && this.border.exchange(target.armedAt, 0) === 1)
        this.native.wake(target.thread);
    }
  }

  /** Of the records of this run, one in 1024 gets its time: counted from 0, because readers count theirs so. */
  private stamp(fresh: number): void {
    let sampled = Math.ceil(this.count / SAMPLE_UNIT);
    if (sampled * SAMPLE_UNIT >= this.count + fresh) return;
    const now = monotonicNs();
    const { stampsAt, stampCount } = this.places;
    for (; sampled * SAMPLE_UNIT < this.count + fresh; sampled++) {
      const at = stampsAt + (sampled % stampCount) * 8;
      this.doubles[at >>> 3] = now;
      this.border.push(at, 8);
    }
  }

  /** CopyBorder: brings the unpublished frames into the region, in at most two stretches, and what save() wrote. */
  private copyFrames(): void {
    const { dataAt } = this.places;
    const from = this.headPublished & (this.memoryBytes - 1);
    const length = (this.head - this.headPublished) >>> 0;
    const first = Math.min(length, this.memoryBytes - from);
    this.border.push(dataAt + from, first);
    if (length > first) this.border.push(dataAt, length - first);
    const { next, dropped } = ProducerBlock.offset;
    this.border.push(this.at + next, dropped - next);
  }
}

/** Upper 32 bits of a whole number below 2^53, as a wrapping word. */
const highWord = (value: number): number => Math.floor(value / 2 ** 32) | 0;
