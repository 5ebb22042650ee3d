/**
 * The reading end of one shard on a JS thread: native/core/consumer.hpp in TypeScript. It waits for all terminal stages,
 * skips what a stage filtered, and gives slots back by one store a batch. One owner: the thread that has taken the
 * egress. Hot: allocates nothing after construction (but a clock reading a batch that holds a sampled record), throws
 * nothing, never waits.
 */

import type { NativePipeline } from '../abi/addon.js';
import { AgentEntry, ConsumerBlock, enums, NONE, ProducerBlock, SAMPLE_SHIFT } from '../abi/definition.js';
import { histogramIndex } from '../region/histogram.js';
import { agentOfBlock, type Region, type RingPlaces, type WakeTarget } from '../region/region.js';
import type { Border } from './border.js';
import { monotonicNs } from './clock.js';
import type { SlotConsumer } from './record-ends.js';
import { type RecordMemory, recordMemory, slotWords } from './shard-memory.js';

const SAMPLE_UNIT = 1 << SAMPLE_SHIFT;
const { Js } = enums.PortCode;

export class ShardConsumer implements SlotConsumer {
  readonly places: RingPlaces;
  readonly memory: RecordMemory;
  readonly fixed: boolean;
  readonly recordBytes: number;
  readonly slots: SlotConsumer | undefined;
  /** Sequence of the next record to be looked at, low 32 bits. */
  next: number;
  /** End of what may be read, as last seen, low 32 bits. */
  end: number;
  /** Where the record that `advance` found stands: index in `memory.bytes`, bytes, flags. */
  at = 0;
  length: number;
  flags = 0;
  private released: number;
  /** Since the last release: records that stages filtered, and bytes of the others (Variable layout). */
  private skippedNow = 0;
  private bytesNow = 0;
  readonly slotMask: number;
  readonly stride: number;
  readonly wordBytes: number;
  private readonly arenaMask: number;
  private in: number;
  private skipped: number;
  private bytes: number;
  private sequence: number;
  /** Variable layout: the table of slots. */
  private readonly table: Int32Array;
  private readonly marks: readonly Uint8Array[];
  private readonly filters: boolean;
  private readonly terminalCells: readonly number[];
  private readonly terminalAgents: readonly number[];
  private readonly wakes: readonly WakeTarget[];
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly block: number;
  private readonly producerCell: number;
  private readonly stateWord: number;
  private readonly border: Border;
  private readonly native: NativePipeline;

  constructor(native: NativePipeline, border: Border, region: Region, places: RingPlaces) {
    this.native = native;
    this.border = border;
    this.places = places;
    this.memory = recordMemory(border.memory, places);
    this.table = slotWords(border.memory, places);
    this.fixed = places.fixed;
    this.slots = places.fixed ? this : undefined;
    this.recordBytes = places.recordBytes;
    this.length = places.recordBytes;
    this.slotMask = places.slotCount - 1;
    this.stride = places.slotStride;
    this.wordBytes = places.wordBytes;
    this.arenaMask = places.arenaBytes - 1;
    this.marks = places.marksAt.map((at) => new Uint8Array(border.memory, at, places.slotCount));
    this.filters = this.marks.length > 0;
    this.terminalCells = places.terminalsAt.map((at) => at + ConsumerBlock.offset.sequence);
    this.terminalAgents = places.terminalsAt.map((at) => agentOfBlock(region, at));
    this.wakes = places.releaseWakes;
    const observable = region.observableBytes;
    this.words = new Int32Array(border.memory, 0, observable / 4);
    this.doubles = new Float64Array(border.memory, 0, observable / 8);
    this.block = places.egressAt;
    const producerField = places.ingressPort === Js ? ProducerBlock.offset.cell : ProducerBlock.offset.cursor;
    this.producerCell = places.producerAt + producerField;
    const agent = region.agents[agentOfBlock(region, places.egressAt)];
    this.stateWord = agent === undefined ? -1 : agent.offset('state') >>> 2;
    border.pull(this.block, ConsumerBlock.size);
    this.next = border.load(this.block + ConsumerBlock.offset.cell);
    this.released = this.next;
    this.end = this.next;
    this.in = this.double(ConsumerBlock.offset.in);
    this.skipped = this.double(ConsumerBlock.offset.skipped);
    this.bytes = this.double(ConsumerBlock.offset.bytes);
    this.sequence = this.absolute(region);
  }

  /** Looks how far the stages are. True when there is something to look at (it may turn out to be filtered). */
  refresh(): boolean {
    let ahead = 0x7fff_ffff;
    for (let i = 0; i < this.terminalCells.length; i++) {
      // SYNC POINT S1: pairs with the terminal stages' publication of what they are done with.
      const distance = (this.border.load(this.terminalCells[i] as number) - this.next) | 0;
      if (distance < ahead) ahead = distance;
    }
    if (ahead <= 0) return false;
    // A ring holds no more than its length, whatever was written over a stage's sequence.
    if (ahead > this.places.slotCount) ahead = this.places.slotCount;
    const end = (this.next + ahead) | 0;
    if (this.border.copies) this.copyRecords(end);
    this.end = end;
    return true;
  }

  /**
   * Moves to the next record that no stage filtered and describes it in `at`, `length` and `flags`. False when what
   * `refresh` found is used up. The record counts as consumed; it stays readable until `release`.
   */
  advance(): boolean {
    if (this.filters === true) this.skipFiltered();
    const { next } = this;
    if (next === this.end) return false;
    this.next = (next + 1) | 0;
    const slot = next & this.slotMask;
    if (this.fixed === true) this.at = slot * this.stride + this.wordBytes;
    else this.look(slot);
    return true;
  }

  advanceRun(most: number): number {
    if (this.filters === true) this.skipFiltered();
    const { next, marks } = this;
    const slot = next & this.slotMask;
    let count = Math.min(most, (this.end - next) | 0, this.slotMask + 1 - slot);
    for (let i = 0; i < marks.length; i++) {
      const plane = marks[i] as Uint8Array;
      let kept = 0;
      while (kept < count && plane[slot + kept] === 0) kept++;
      count = kept;
    }
    this.next = (next + count) | 0;
    return count;
  }

  /** True when `advance` would find a record; moves over filtered ones to find out. */
  hasRecord(): boolean {
    do {
      this.skipFiltered();
      if (this.next !== this.end) return true;
    } while (this.refresh());
    return false;
  }

  /** Variable layout: what the slot says about its record. */
  private look(slot: number): void {
    const { table } = this;
    const word = slot << 2;
    const length = table[word + 2] as number;
    const at = (table[word + 1] as number) & this.arenaMask;
    // A slot that was written over shows an empty record; those behind it stand where they are said to.
    const sound = length >= 0 && at + length <= this.arenaMask + 1;
    this.at = sound ? at : 0;
    this.length = sound ? length : 0;
    this.flags = table[word + 3] as number;
    this.bytesNow += this.length;
  }

  /** Gives everything consumed so far back to the producer. True when there was something. */
  release(): boolean {
    return this.releaseUpTo(this.next, 0);
  }

  /** As `release`, but for the record that `advance` found last. */
  releaseButLast(): boolean {
    return this.releaseUpTo((this.next - 1) | 0, 1);
  }

  private releaseUpTo(end: number, held: number): boolean {
    const consumed = (end - this.released) | 0;
    if (consumed === 0) return false;
    this.sample(end);
    const { doubles, block } = this;
    const delivered = consumed - this.skippedNow;
    const heldBytes = held * this.length;
    this.sequence += consumed;
    this.released = end;
    this.in += delivered;
    this.skipped += this.skippedNow;
    this.bytes += this.fixed ? delivered * this.recordBytes : this.bytesNow - heldBytes;
    this.skippedNow = 0;
    this.bytesNow = heldBytes;
    doubles[(block + ConsumerBlock.offset.in) >>> 3] = this.in;
    doubles[(block + ConsumerBlock.offset.out) >>> 3] = this.in;
    doubles[(block + ConsumerBlock.offset.skipped) >>> 3] = this.skipped;
    doubles[(block + ConsumerBlock.offset.bytes) >>> 3] = this.bytes;
    if (this.border.copies)
      this.border.push(block + ConsumerBlock.offset.in, ConsumerBlock.size - ConsumerBlock.offset.in);
    // SYNC POINT S2: gives slots and arena bytes back to the producer.
    this.border.store(block + ConsumerBlock.offset.cell, end);
    this.wake();
    return true;
  }

  /** Sequence of the record that `advance` found last, as a number. */
  get currentSequence(): number {
    return this.sequence + ((this.next - this.released) | 0) - 1;
  }

  get currentSlot(): number {
    return (this.next - 1) & this.slotMask;
  }

  /** Records between this consumer and what the producer has published. */
  get behindProducer(): number {
    return (this.border.load(this.producerCell) - this.released) | 0;
  }

  /** True when a JS producer sleeps until there is room; the caller must then wake it. */
  takeRoomArmed(): boolean {
    const cell = this.places.producerAt + ProducerBlock.offset.room_armed;
    return this.border.load(cell) === 1 && this.border.exchange(cell, 0) === 1;
  }

  /** Says that this thread is going to sleep until there are records. Look again afterwards. */
  armRecords(): void {
    this.border.store(this.block + ConsumerBlock.offset.records_armed, 1);
  }

  /** Shows observers whom this egress waits for: the terminal that is furthest behind. Slow path. */
  reportWaiting(): void {
    let blamed = NONE;
    let least = 0x7fff_ffff;
    for (let i = 0; i < this.terminalCells.length; i++) {
      const distance = (this.border.load(this.terminalCells[i] as number) - this.next) | 0;
      if (distance < least) {
        least = distance;
        blamed = this.terminalAgents[i] as number;
      }
    }
    this.report(enums.AgentState.Waiting, blamed);
  }

  report(state: number, waitsFor: number = NONE): void {
    if (this.stateWord < 0) return;
    const gap = (AgentEntry.offset.waits_for - AgentEntry.offset.state) >> 2;
    this.words[this.stateWord + gap] = waitsFor;
    this.words[this.stateWord] = state;
    this.border.push(this.stateWord * 4, 4 + gap * 4);
  }

  /** Moves over records that a stage filtered. */
  private skipFiltered(): void {
    while (this.next !== this.end && this.filtered(this.next & this.slotMask)) {
      this.next = (this.next + 1) | 0;
      this.skippedNow++;
    }
  }

  private filtered(slot: number): boolean {
    for (let i = 0; i < this.marks.length; i++) if ((this.marks[i] as Uint8Array)[slot] !== 0) return true;
    return false;
  }

  private double(field: number): number {
    return this.doubles[(this.block + field) >>> 3] as number;
  }

  /** 64-bit sequence of the cell: the one nearest to the first terminal's, which is never a ring further. */
  private absolute(region: Region): number {
    const near = region.u64((this.places.terminalsAt[0] as number) + ConsumerBlock.offset.sequence);
    const low = near % 2 ** 32;
    return near + ((this.next - low) | 0);
  }

  private wake(): void {
    for (let i = 0; i < this.wakes.length; i++) {
      const target = this.wakes[i] as WakeTarget;
      if (this.border.load(target.armedAt) === 1 && this.border.exchange(target.armedAt, 0) === 1)
        this.native.wake(target.thread);
    }
  }

  /** Hop latency of sampled records: from the last terminal's stamp to now. */
  private sample(end: number): void {
    let sampled = (this.released + (SAMPLE_UNIT - 1)) & -SAMPLE_UNIT;
    if (((end - sampled) | 0) <= 0) return;
    const now = monotonicNs();
    const { terminalStampsAt, stampCount, egressHistogramAt } = this.places;
    for (; ((end - sampled) | 0) > 0; sampled = (sampled + SAMPLE_UNIT) | 0) {
      const cell = ((sampled >>> SAMPLE_SHIFT) & (stampCount - 1)) * 8;
      let stamp = 0;
      for (const table of terminalStampsAt) {
        this.border.pull(table + cell, 8);
        stamp = Math.max(stamp, this.doubles[(table + cell) >>> 3] as number);
      }
      const at = egressHistogramAt + histogramIndex(now - stamp) * 4;
      this.words[at >>> 2] = (this.words[at >>> 2] as number) + 1;
      this.border.push(at, 4);
    }
  }

  /** CopyBorder: fetches what lies between `next` and `end`, at most two stretches of each memory. */
  private copyRecords(end: number): void {
    const from = this.end;
    const count = (end - from) | 0;
    if (count <= 0) return;
    const { slotsAt, slotCount, slotStride, arenaAt, arenaBytes, marksAt } = this.places;
    const first = from & this.slotMask;
    for (const plane of marksAt) pullRing(this.border, plane, slotCount, first, count);
    pullRing(this.border, slotsAt, slotCount * slotStride, first * slotStride, count * slotStride);
    if (this.fixed) return;
    const last = ((end - 1) & this.slotMask) << 2;
    const begin = this.table[first << 2] as number;
    const stop = ((this.table[last + 1] as number) + (this.table[last + 2] as number)) | 0;
    pullRing(this.border, arenaAt, arenaBytes, begin & this.arenaMask, (stop - begin) >>> 0);
  }
}

/** Pulls `length` bytes that begin `from` bytes into a ring of `size` bytes at `at`: at most two stretches. */
function pullRing(border: Border, at: number, size: number, from: number, length: number): void {
  const first = Math.min(length, size - from);
  border.pull(at + from, first);
  if (length > first) border.pull(at, length - first);
}
