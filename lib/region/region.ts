/**
 * Reads the shared region (lib/abi/definition.ts): whole structs once, when a pipeline is opened or looked at. Control
 * path. Knows where things lie, not what they mean; works on a live region, on a copy and on the file of an observed
 * one. Atomic fields are read with one aligned load each, so a value is never torn; two values may be of two moments.
 */

import {
  AgentEntry,
  ConsumerBlock,
  enums,
  HISTOGRAM_COUNTS,
  LaneBlock,
  NONE,
  ProducerBlock,
  REGION_LAYOUT_VERSION,
  REGION_MAGIC,
  RegionHeader,
  RingBlock,
  ThreadBlock,
} from '../abi/definition.js';
import type { ErrorCode } from '../abi/error-codes.js';
import type { StructLayout } from '../abi/struct.js';
import type { Failure } from './failure.js';

/** Bytes that are not a region, or one of another layout version. `received` says what stood there. */
export class RegionError extends Error {
  /** Name of the class. */
  override readonly name = 'RegionError';
  /** Stable word for the cause. */
  readonly code = 'BAD_REGION' satisfies ErrorCode;
}

const UTF8 = new TextDecoder();

/**
 * One struct in the region: its fields by name. 64-bit numbers come as JS numbers (exact below 2^53).
 * @internal
 */
export class Block<Name extends string> {
  readonly at: number;
  readonly #region: Region;
  readonly #layout: StructLayout<Name>;

  constructor(region: Region, layout: StructLayout<Name>, at: number) {
    region.check(at, layout.size, layout.name);
    this.#region = region;
    this.#layout = layout;
    this.at = at;
  }

  /** Byte offset of a field from the start of the region. */
  offset(field: Name): number {
    return this.at + this.#layout.offset[field];
  }
  // The ledger of a large graph reads a hundred thousand fields, most of them before these are compiled: one call each.
  u32(field: Name): number {
    return this.#region.words[(this.at + this.#layout.offset[field]) >>> 2] as number;
  }
  i32(field: Name): number {
    return this.u32(field) | 0;
  }
  u64(field: Name): number {
    return Number(this.#region.wides[(this.at + this.#layout.offset[field]) >>> 3]);
  }
  /** @param place of a field that is an array */
  f64(field: Name, place = 0): number {
    return this.#region.doubles[((this.at + this.#layout.offset[field]) >>> 3) + place] as number;
  }
}

/** @internal */
export type BlockOf<Layout> = Layout extends StructLayout<infer Name> ? Block<Name> : never;

/**
 * The observable prefix of a region: everything but marks, slots and arenas.
 * @internal
 */
export class Region {
  /** The observable part, by words of each kind: for `Block`. */
  readonly words: Uint32Array;
  readonly wides: BigUint64Array;
  readonly doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly header: BlockOf<typeof RegionHeader>;
  /** What the header said when it was looked at and found right; it can be written over. */
  readonly observableBytes: number;

  /** @throws RegionError when the bytes are not a region of this layout version. */
  constructor(buffer: ArrayBuffer) {
    const bytes = Math.floor(buffer.byteLength / 8) * 8;
    if (bytes < RegionHeader.size)
      throw new RegionError(`a region has at least ${RegionHeader.size} bytes, these are ${buffer.byteLength}`);
    const head = new DataView(buffer);
    const magic = head.getUint32(RegionHeader.offset.magic, true);
    const version = head.getUint32(RegionHeader.offset.layout_version, true);
    const observable = Number(head.getBigUint64(RegionHeader.offset.observable_bytes, true));
    if (magic !== REGION_MAGIC)
      throw new RegionError(`these bytes are not a region: they begin with 0x${magic.toString(16)}`);
    if (version !== REGION_LAYOUT_VERSION)
      throw new RegionError(
        `the region has layout version ${version}, this release reads ${REGION_LAYOUT_VERSION}: ` +
          'look at it with the byteor release that wrote it',
      );
    if (observable > bytes || observable % 8 !== 0)
      throw new RegionError(`the region says it has ${observable} observable bytes, but there are ${bytes}`);
    this.observableBytes = observable;
    this.words = new Uint32Array(buffer, 0, observable / 4);
    this.wides = new BigUint64Array(buffer, 0, observable / 8);
    this.doubles = new Float64Array(buffer, 0, observable / 8);
    this.#bytes = new Uint8Array(buffer, 0, observable);
    this.header = new Block(this, RegionHeader, 0);
  }

  /** @throws RegionError unless `bytes` bytes at `at` lie inside the observable part, 8-byte aligned. */
  check(at: number, bytes: number, what: string): void {
    if (at % 8 !== 0 || at + bytes > this.#bytes.length)
      throw new RegionError(`${what} at ${at} (${bytes} bytes) does not lie in the ${this.#bytes.length} bytes seen`);
  }

  u32(at: number): number {
    return this.words[at >>> 2] as number;
  }
  u64(at: number): number {
    return Number(this.wides[at >>> 3]);
  }
  f64(at: number): number {
    return this.doubles[at >>> 3] as number;
  }

  /** `count` offsets of a list of u64. */
  u64List(at: number, count: number): number[] {
    if (count === 0) return [];
    this.check(at, count * 8, 'a list');
    const list = new Array<number>(count);
    for (let index = 0; index < count; index++) list[index] = this.u64(at + index * 8);
    return list;
  }

  /** `count` offsets of structs that lie in the observable part. */
  blockList(layout: StructLayout, at: number, count: number): number[] {
    const list = this.u64List(at, count);
    for (const block of list) this.check(block, layout.size, layout.name);
    return list;
  }

  u32List(at: number, count: number): number[] {
    if (count === 0) return [];
    if (at % 4 !== 0 || at + count * 4 > this.#bytes.length) throw new RegionError(`a list at ${at} does not fit`);
    const list = new Array<number>(count);
    for (let index = 0; index < count; index++) list[index] = this.u32(at + index * 4);
    return list;
  }

  text(at: number, length: number): string {
    if (at + length > this.#bytes.length) throw new RegionError(`a text at ${at} does not fit`);
    // A copy, because TextDecoder refuses memory that another thread may change.
    return UTF8.decode(this.#bytes.slice(at, at + length));
  }

  #table<Name extends string>(layout: StructLayout<Name>, at: number, count: number): Block<Name>[] {
    const table = new Array<Block<Name>>(count);
    for (let index = 0; index < count; index++) table[index] = new Block(this, layout, at + index * layout.size);
    return table;
  }

  // Where tables lie is fixed before a region can be seen: each is made once, however often it is asked for.
  #rings: BlockOf<typeof RingBlock>[] | undefined;
  #lanes: BlockOf<typeof LaneBlock>[] | undefined;
  #agents: BlockOf<typeof AgentEntry>[] | undefined;
  #threads: BlockOf<typeof ThreadBlock>[] | undefined;
  /** Place of an agent → its id. */
  readonly #agentIds = new Map<number, string>();

  get rings(): readonly BlockOf<typeof RingBlock>[] {
    this.#rings ??= this.#table(RingBlock, this.header.u64('rings_offset'), this.header.u32('ring_count'));
    return this.#rings;
  }
  /** Lanes of a LaneGraph; a SingleRing has none. */
  get lanes(): readonly BlockOf<typeof LaneBlock>[] {
    this.#lanes ??= this.#table(LaneBlock, this.header.u64('lanes_offset'), this.header.u32('lane_count'));
    return this.#lanes;
  }
  get agents(): readonly BlockOf<typeof AgentEntry>[] {
    this.#agents ??= this.#table(AgentEntry, this.header.u64('agents_offset'), this.header.u32('agent_count'));
    return this.#agents;
  }
  get threads(): readonly BlockOf<typeof ThreadBlock>[] {
    this.#threads ??= this.#table(ThreadBlock, this.header.u64('threads_offset'), this.header.u32('thread_count'));
    return this.#threads;
  }

  get name(): string {
    return this.text(this.header.u64('name_offset'), this.header.u32('name_length'));
  }

  agentId(agent: BlockOf<typeof AgentEntry>): string {
    let id = this.#agentIds.get(agent.at);
    if (id === undefined) {
      id = this.text(agent.u64('id_offset'), agent.u32('id_length'));
      this.#agentIds.set(agent.at, id);
    }
    return id;
  }

  laneId(lane: BlockOf<typeof LaneBlock>): string {
    return this.text(lane.u64('id_offset'), lane.u32('id_length'));
  }

  /** Roles and lanes, not stages on a ring. */
  get isGraph(): boolean {
    return this.header.u32('target') === enums.TargetCode.LaneGraph;
  }

  /** The first failure, or undefined while there is none. */
  get failure(): Failure | undefined {
    if (this.header.u32('failed') === 0) return undefined;
    const length = Math.min(this.header.u32('failed_cause_length'), 500);
    return {
      ...this.#failedAgent(),
      sequence: this.header.u64('failed_sequence'),
      cause: this.text(this.header.offset('failed_cause'), length),
    };
  }

  /** Every wait hears of a failure also where the tables were written over. */
  #failedAgent(): Pick<Failure, 'stage' | 'shard'> {
    const shardless = this.isGraph;
    try {
      const agent = this.agents[this.header.u32('failed_agent')];
      if (agent !== undefined) return { stage: this.agentId(agent), shard: shardless ? null : agent.u32('ring') };
    } catch (error) {
      if (!(error instanceof RegionError)) throw error;
    }
    return { stage: '(unknown)', shard: shardless ? null : 0 };
  }
}

/**
 * Name of a number in one of the tables of lib/abi/definition.ts.
 * @internal
 */
export function nameOf<Table extends Readonly<Record<string, number>>>(table: Table, value: number): keyof Table {
  let names = namesByTable.get(table);
  if (names === undefined) {
    names = namesOf(table);
    namesByTable.set(table, names);
  }
  const name = names[value];
  if (name === undefined) throw new RegionError(`${value} is none of ${Object.keys(table).join(', ')}`);
  return name;
}

const namesByTable = new WeakMap<object, readonly (string | undefined)[]>();

/**
 * The names of such a table by their numbers, for loops.
 * @internal
 */
export function namesOf<Table extends Readonly<Record<string, number>>>(
  table: Table,
): readonly ((keyof Table & string) | undefined)[] {
  const names: (string | undefined)[] = [];
  for (const [name, number] of Object.entries(table)) names[number] = name;
  return names;
}

/**
 * Where the two ends of one shard find everything: RingBlock with its lists, as plain numbers. Read once.
 * @internal
 */
export interface RingPlaces {
  readonly shard: number;
  readonly fixed: boolean;
  readonly capacity: number;
  readonly slotCount: number;
  readonly slotStride: number;
  readonly recordBytes: number;
  /** Fixed: bytes of the sequence word before each record, 8 or 0. */
  readonly wordBytes: number;
  readonly recordMax: number;
  readonly headroom: number;
  readonly tailroom: number;
  readonly arenaBytes: number;
  readonly ingressPort: number;
  readonly egressPort: number;
  readonly slotsAt: number;
  readonly arenaAt: number;
  readonly producerAt: number;
  readonly producerStampsAt: number;
  readonly egressAt: number;
  readonly egressHistogramAt: number;
  readonly stampCount: number;
  /** Offsets of the ConsumerBlocks that hold the producer back. */
  readonly gatesAt: readonly number[];
  readonly terminalsAt: readonly number[];
  readonly terminalStampsAt: readonly number[];
  /** Offsets of mark planes, one byte a slot. */
  readonly marksAt: readonly number[];
  /** Offsets of the `armed` cells to look at after publishing, with the thread's index. */
  readonly publishWakes: readonly WakeTarget[];
  readonly releaseWakes: readonly WakeTarget[];
}

/** @internal */
export interface WakeTarget {
  readonly thread: number;
  /** Offset of the thread's `armed` cell. */
  readonly armedAt: number;
}

/** The threads that a list of ThreadBlocks names. */
function wakeTargets(region: Region, listAt: number, count: number): WakeTarget[] {
  const threadsAt = region.header.u64('threads_offset');
  return region.blockList(ThreadBlock, listAt, count).map((at) => ({
    thread: (at - threadsAt) / ThreadBlock.size,
    armedAt: at + ThreadBlock.offset.armed,
  }));
}

/**
 * Reads one shard's RingBlock and its lists.
 * @internal
 */
export function ringPlaces(region: Region, ring: BlockOf<typeof RingBlock>): RingPlaces {
  region.check(ring.u64('producer_offset'), ProducerBlock.size, ProducerBlock.name);
  region.check(ring.u64('egress_offset'), ConsumerBlock.size, ConsumerBlock.name);
  return {
    shard: ring.u32('shard'),
    fixed: ring.u32('layout') === enums.LayoutCode.Fixed,
    capacity: ring.u32('capacity'),
    slotCount: ring.u32('slot_count'),
    slotStride: ring.u32('slot_stride'),
    recordBytes: ring.u32('record_bytes'),
    wordBytes: ring.u32('word_bytes'),
    recordMax: ring.u32('record_max'),
    headroom: ring.u32('headroom'),
    tailroom: ring.u32('tailroom'),
    arenaBytes: ring.u32('arena_bytes'),
    ingressPort: ring.u32('ingress_port'),
    egressPort: ring.u32('egress_port'),
    slotsAt: ring.u64('slots_offset'),
    arenaAt: ring.u64('arena_offset'),
    producerAt: ring.u64('producer_offset'),
    producerStampsAt: ring.u64('producer_stamps_offset'),
    egressAt: ring.u64('egress_offset'),
    egressHistogramAt: ring.u64('egress_histogram_offset'),
    stampCount: ring.u32('stamp_count'),
    gatesAt: region.blockList(ConsumerBlock, ring.u64('gates_offset'), ring.u32('gate_count')),
    terminalsAt: region.blockList(ConsumerBlock, ring.u64('terminals_offset'), ring.u32('terminal_count')),
    terminalStampsAt: region.u64List(ring.u64('terminal_stamps_offset'), ring.u32('terminal_count')),
    marksAt: region.u64List(ring.u64('egress_marks_offset'), ring.u32('egress_mark_count')),
    publishWakes: wakeTargets(region, ring.u64('publish_wakes_offset'), ring.u32('publish_wake_count')),
    releaseWakes: wakeTargets(region, ring.u64('release_wakes_offset'), ring.u32('release_wake_count')),
  };
}

/**
 * Where the two ends of one lane find everything: LaneBlock with its lists, as plain numbers. Read once.
 * @internal
 */
export interface LanePlaces {
  readonly id: string;
  /** LaneKindCode. */
  readonly kind: number;
  /** LaneFlag bits. */
  readonly flags: number;
  /** A record that does not fit is dropped and counted; else its writer waits. */
  readonly drops: boolean;
  /** Frames in one stream of bytes; else slots (SequencedSlots). */
  readonly framed: boolean;
  /** Slots that are the records themselves; else they point into an arena. */
  readonly fixed: boolean;
  /** Framed: bytes. Else records. The exact gate. */
  readonly capacity: number;
  /** Bytes of the frames or of the arena: a power of two; of the records of fixed slots. */
  readonly memoryBytes: number;
  readonly slotCount: number;
  readonly recordMax: number;
  readonly dataAt: number;
  readonly slotsAt: number;
  readonly producerAt: number;
  readonly writerAgent: number;
  /** PortCode of the writing end: JavaScript publishes the cell, native writers the cursor. */
  readonly writerPort: number;
  /** One entry a reader. */
  readonly readers: readonly LaneReader[];
  /** Journal: ConsumerBlock of the agent that writes the files, else 0. */
  readonly filesAt: number;
  /** JournalBlock, or 0. */
  readonly journalAt: number;
  readonly stampsAt: number;
  readonly stampCount: number;
  /** Offset of the cut's low half. */
  readonly stopBeforeAt: number;
  readonly publishWakes: readonly WakeTarget[];
  readonly releaseWakes: readonly WakeTarget[];
}

/** @internal */
export interface LaneReader {
  /** ConsumerBlock. */
  readonly at: number;
  /** Index of its agent. */
  readonly agent: number;
  /** JavaScript releases by the cell, native readers by the sequence. */
  readonly js: boolean;
  readonly histogramAt: number;
}

/**
 * Reads one LaneBlock and its lists.
 * @internal
 */
export function lanePlaces(region: Region, lane: BlockOf<typeof LaneBlock>): LanePlaces {
  const { agents } = region;
  const count = lane.u32('reader_count');
  region.check(lane.u64('producer_offset'), ProducerBlock.size, ProducerBlock.name);
  const readerAgents = region.u32List(lane.u64('reader_agents_offset'), count);
  const readers = region.blockList(ConsumerBlock, lane.u64('readers_offset'), count).map((at, index): LaneReader => {
    const agent = readerAgents[index] as number;
    const histogramAt = lane.u64('histograms_offset') + index * HISTOGRAM_COUNTS * Uint32Array.BYTES_PER_ELEMENT;
    return { at, agent, js: isJsAgent(agents[agent]), histogramAt };
  });
  return {
    id: region.laneId(lane),
    kind: lane.u32('kind'),
    flags: lane.u32('flags'),
    drops: lane.u32('on_full') === enums.OnFullCode.Drop,
    framed: lane.u32('layout') === enums.LayoutCode.Framed,
    fixed: lane.u32('layout') === enums.LayoutCode.Fixed,
    capacity: lane.u32('capacity'),
    memoryBytes: lane.u32('memory_bytes'),
    slotCount: lane.u32('slot_count'),
    recordMax: lane.u32('record_max'),
    dataAt: lane.u64('data_offset'),
    slotsAt: lane.u64('slots_offset'),
    producerAt: lane.u64('producer_offset'),
    writerAgent: lane.u32('writer_agent'),
    writerPort: lane.u32('writer_port'),
    readers,
    filesAt: lane.u64('files_offset'),
    journalAt: lane.u64('journal_offset'),
    stampsAt: lane.u64('stamps_offset'),
    stampCount: lane.u32('stamp_count'),
    stopBeforeAt: lane.offset('stop_before'),
    publishWakes: wakeTargets(region, lane.u64('publish_wakes_offset'), lane.u32('publish_wake_count')),
    releaseWakes: wakeTargets(region, lane.u64('release_wakes_offset'), lane.u32('release_wake_count')),
  };
}

/**
 * Boundaries that no native thread runs are JavaScript's; every other role has a thread.
 * @internal
 */
export function isJsAgent(agent: BlockOf<typeof AgentEntry> | undefined): boolean {
  return agent !== undefined && agent.u32('thread') === NONE;
}

/**
 * Cell (low 32 bits) of what the writer of a lane has published.
 * @internal
 */
export function publishedCell(lane: LanePlaces): number {
  const { cell, cursor } = ProducerBlock.offset;
  return lane.producerAt + (lane.writerPort === enums.PortCode.Js ? cell : cursor);
}

/**
 * Cell (low 32 bits) of what a reader of a lane has given back.
 * @internal
 */
export function releasedCell({ at, js }: LaneReader): number {
  return at + (js ? ConsumerBlock.offset.cell : ConsumerBlock.offset.sequence);
}

/**
 * Cell (low 32 bits) of what readers of a lane may read: what is published; in a journal, what its files hold.
 * @internal
 */
export function readableCell(lane: LanePlaces): number {
  return lane.filesAt === 0 ? publishedCell(lane) : lane.filesAt + ConsumerBlock.offset.sequence;
}

/** No lane position or sequence has this low half by chance: a cut lane has another. */
const NOT_CUT = -1;

/**
 * How far a reader at `next` may read, in the lane's units; negative or 0: nothing.
 * @internal
 */
export function readableFrom(
  border: { load(cell: number): number },
  readable: number,
  stopBeforeAt: number,
  next: number,
): number {
  // SYNC POINT S1: pairs with the writer's (in a journal: its agent's) publication.
  const ahead = (border.load(readable) - next) | 0;
  // SYNC POINT S4: what is beyond the cut goes no further. Read second, as native readers do.
  const stop = border.load(stopBeforeAt);
  return stop === NOT_CUT ? ahead : Math.min(ahead, (stop - next) | 0);
}

/**
 * Agent that owns a block (its place in the region), or NONE. In a graph an agent names the block of its first inlet
 * only; its lanes know the others.
 * @internal
 */
export function agentOfBlock(region: Region, blockAt: number): number {
  const index = region.agents.findIndex((agent) => agent.u64('block_offset') === blockAt);
  if (index >= 0) return index;
  for (const lane of region.lanes) {
    if (lane.u64('producer_offset') === blockAt) return lane.u32('writer_agent');
    const count = lane.u32('reader_count');
    const reader = region.u64List(lane.u64('readers_offset'), count).indexOf(blockAt);
    if (reader >= 0) return region.u32List(lane.u64('reader_agents_offset'), count)[reader] as number;
  }
  return NONE;
}

/**
 * The region that these bytes are. A Buffer from a file may stand anywhere in a larger one, and tables need alignment: it is
 * copied.
 * @throws RegionError when the bytes are not a region of this layout version.
 * @internal
 */
export const regionOf = (bytes: ArrayBuffer | Uint8Array): Region =>
  new Region(bytes instanceof Uint8Array ? new Uint8Array(bytes).buffer : bytes);
