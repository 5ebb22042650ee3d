/**
 * The reading end of a lane of frames on a JS thread: native/lane's framed inlet in TypeScript. It may read what the
 * writer has published (in a journal: what is as durable as promised), up to the cut where the lane was cut.
 * One owner: the thread that has taken the egress. Hot: allocates nothing after construction (but a clock reading a
 * batch that holds a sampled record) and never waits. It throws nothing but a RegionError where the frames are no
 * frames: a callback has written beside its record, and going on would deliver what no producer sent.
 */

import type { NativePipeline } from '../abi/addon.js';
import {
  AgentEntry,
  ConsumerBlock,
  enums,
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  JournalBlock,
  NONE,
  SAMPLE_SHIFT,
} from '../abi/definition.js';
import { histogramIndex } from '../region/histogram.js';
import {
  agentOfBlock,
  type LanePlaces,
  type LaneReader,
  type Region,
  RegionError,
  readableCell,
  readableFrom,
  type WakeTarget,
} from '../region/region.js';
import type { Border } from './border.js';
import { monotonicNs } from './clock.js';
import type { RecordConsumer } from './record-ends.js';
import { memoryOver, type RecordMemory } from './shard-memory.js';

const SAMPLE_UNIT = 1 << SAMPLE_SHIFT;
const ROUND = FRAME_ALIGN - 1;
const HEADER_ROUND = FRAME_HEADER_BYTES + ROUND;

export class FrameConsumer implements RecordConsumer {
  readonly places: LanePlaces;
  readonly memory: RecordMemory;
  readonly recordBytes = 0;
  readonly slots = undefined;
  /** Position of the next frame to be looked at. */
  next: number;
  /** End of what may be read, as last seen. */
  end: number;
  at = 0;
  length = 0;
  flags = 0;
  /** Position before the record that `advance` found last, its padding included. */
  private last: number;
  private released: number;
  private in: number;
  private bytes: number;
  private readonly mask: number;
  private readonly frames: Int32Array;
  private readonly readable: number;
  private readonly stopBeforeAt: number;
  private readonly wakes: readonly WakeTarget[];
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly block: number;
  private readonly histogramAt: number;
  private readonly stateWord: number;
  /** Agent whose records it reads: the writer's, or that of a journal's files. */
  private readonly before: number;
  private readonly border: Border;
  private readonly native: NativePipeline;
  /** Records given back, of which some may have come from earlier runs: where sampling stands. */
  private counted: number;

  constructor(native: NativePipeline, border: Border, region: Region, places: LanePlaces, reader: LaneReader) {
    this.native = native;
    this.border = border;
    this.places = places;
    this.memory = memoryOver(border.memory, places.dataAt, places.memoryBytes, FRAME_ALIGN);
    this.frames = new Int32Array(border.memory, places.dataAt, places.memoryBytes / 4);
    this.mask = places.memoryBytes - 1;
    this.readable = readableCell(places);
    this.stopBeforeAt = places.stopBeforeAt;
    this.wakes = places.releaseWakes;
    const observable = region.observableBytes;
    this.words = new Int32Array(border.memory, 0, observable / 4);
    this.doubles = new Float64Array(border.memory, 0, observable / 8);
    this.block = reader.at;
    this.histogramAt = reader.histogramAt;
    const agent = region.agents[reader.agent];
    this.stateWord = agent === undefined ? -1 : agent.offset('state') >>> 2;
    this.before = places.filesAt === 0 ? places.writerAgent : agentOfBlock(region, places.filesAt);
    border.pull(this.block, ConsumerBlock.size);
    this.next = border.load(this.block + ConsumerBlock.offset.cell);
    this.released = this.next;
    this.last = this.next;
    this.end = this.next;
    this.in = this.double(ConsumerBlock.offset.in);
    this.bytes = this.double(ConsumerBlock.offset.bytes);
    this.counted = this.in;
  }

  refresh(): boolean {
    const ahead = readableFrom(this.border, this.readable, this.stopBeforeAt, this.next);
    if (ahead <= 0) return false;
    const end = (this.next + ahead) | 0;
    if (this.border.copies) this.copyFrames(end);
    this.end = end;
    return true;
  }

  advance(): boolean {
    let { next } = this;
    const { end, frames, mask } = this;
    if (next === end) return false;
    let word = (next & mask) >>> 2;
    let flags = frames[word + 1] as number;
    this.last = next;
    // FRAME_PADDING is the sign bit. Its length is known without looking: padding always ends at the wrap.
    if (flags < 0) {
      next = (next + (mask + 1 - (next & mask))) | 0;
      if (((end - next) | 0) <= 0) return this.endOfPadding(next);
      word = 0;
      flags = frames[1] as number;
    }
    const length = frames[word] as number;
    const size = (length + HEADER_ROUND) & ~ROUND;
    const offset = word << 2;
    if (flags < 0 || length < 0 || size > ((end - next) | 0) || offset + size > mask + 1) this.refuse(next);
    this.next = (next + size) | 0;
    this.at = offset + FRAME_HEADER_BYTES;
    this.length = length;
    this.flags = flags;
    this.in++;
    this.bytes += length;
    return true;
  }

  hasRecord(): boolean {
    for (;;) {
      if (this.next !== this.end && !this.passPadding()) return true;
      if (!this.refresh()) return false;
    }
  }

  release(): boolean {
    return this.releaseUpTo(this.next, 0);
  }

  releaseButLast(): boolean {
    return this.releaseUpTo(this.last, 1);
  }

  private releaseUpTo(end: number, held: number): boolean {
    if (((end - this.released) | 0) <= 0) return false;
    const delivered = this.in - held;
    this.sample(delivered);
    this.released = end;
    const { doubles, block } = this;
    doubles[(block + ConsumerBlock.offset.in) >>> 3] = delivered;
    doubles[(block + ConsumerBlock.offset.out) >>> 3] = delivered;
    doubles[(block + ConsumerBlock.offset.bytes) >>> 3] = this.bytes - held * this.length;
    if (this.border.copies)
      this.border.push(block + ConsumerBlock.offset.in, ConsumerBlock.size - ConsumerBlock.offset.in);
    // SYNC POINT S2: gives the frames' bytes back to the writer.
    this.border.store(block + ConsumerBlock.offset.cell, end);
    this.wake();
    return true;
  }

  /** Records that this reader has read from the lane before that one. */
  get currentSequence(): number {
    return this.in - 1;
  }

  /** No JS ingress writes to a lane that a JS egress reads, so only native threads can wait for its room. */
  takeRoomArmed(): boolean {
    return false;
  }

  /** Says that this thread is going to sleep until there are records. Look again afterwards. */
  armRecords(): void {
    this.border.store(this.block + ConsumerBlock.offset.records_armed, 1);
  }

  reportWaiting(): void {
    this.report(enums.AgentState.Waiting, this.before);
  }

  report(state: number, waitsFor: number = NONE): void {
    if (this.stateWord < 0) return;
    const gap = (AgentEntry.offset.waits_for - AgentEntry.offset.state) >> 2;
    this.words[this.stateWord + gap] = waitsFor;
    this.words[this.stateWord] = state;
    this.border.push(this.stateWord * 4, 4 + gap * 4);
  }

  /** Moves over padding that has nothing behind it yet; false where a record stands. */
  private passPadding(): boolean {
    const { next, end, mask } = this;
    const behind = (next + (mask + 1 - (next & mask))) | 0;
    if (behind !== end || (this.frames[((next & mask) >>> 2) + 1] as number) >= 0) return false;
    this.next = end;
    return true;
  }

  /** Padding with nothing behind it yet: done with, but there is no record. */
  private endOfPadding(next: number): boolean {
    if (next !== this.end) this.refuse(next);
    this.next = next;
    return false;
  }

  private refuse(position: number): never {
    throw new RegionError(
      `lane "${this.places.id}" holds no frame at position ${position >>> 0}: a callback has written beside its record`,
    );
  }

  private double(field: number): number {
    return this.doubles[(this.block + field) >>> 3] as number;
  }

  private wake(): void {
    for (let i = 0; i < this.wakes.length; i++) {
      const target = this.wakes[i] as WakeTarget;
      if (this.border.load(target.armedAt) === 1 && this.border.exchange(target.armedAt, 0) === 1)
        this.native.wake(target.thread);
    }
  }

  /** From the writer's stamp to now, of the sampled records among those from `counted` to `delivered`. */
  private sample(delivered: number): void {
    const first = this.counted;
    this.counted = delivered;
    // Records of earlier runs come first and have no stamps; most batches hold no multiple of 1024 either way.
    const replayed = this.places.journalAt === 0 ? 0 : this.replayed();
    let sampled = Math.ceil(Math.max(0, first - replayed) / SAMPLE_UNIT);
    if (sampled * SAMPLE_UNIT >= delivered - replayed) return;
    const now = monotonicNs();
    const { stampsAt, stampCount } = this.places;
    for (; sampled * SAMPLE_UNIT < delivered - replayed; sampled++) {
      const stampAt = stampsAt + (sampled % stampCount) * 8;
      this.border.pull(stampAt, 8);
      const at = this.histogramAt + histogramIndex(now - (this.doubles[stampAt >>> 3] as number)) * 4;
      this.words[at >>> 2] = (this.words[at >>> 2] as number) + 1;
      this.border.push(at, 4);
    }
  }

  private replayed(): number {
    const at = this.places.journalAt + JournalBlock.offset.replayed;
    this.border.pull(at, 8);
    return this.doubles[at >>> 3] as number;
  }

  /** CopyBorder: fetches the frames between the end seen before and `end`, in at most two stretches. */
  private copyFrames(end: number): void {
    const { dataAt, memoryBytes } = this.places;
    const from = this.end & this.mask;
    const length = Math.min((end - this.end) >>> 0, memoryBytes);
    const first = Math.min(length, memoryBytes - from);
    this.border.pull(dataAt + from, first);
    if (length > first) this.border.pull(dataAt, length - first);
  }
}
