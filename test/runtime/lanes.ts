import type { NativePipeline } from '../../lib/abi/addon.js';
import {
  AgentEntry,
  ConsumerBlock,
  enums,
  FRAME_HEADER_BYTES,
  HISTOGRAM_COUNTS,
  JournalBlock,
  LaneBlock,
  NONE,
  ProducerBlock,
  REGION_LAYOUT_VERSION,
  REGION_MAGIC,
  RegionHeader,
  SAMPLE_SHIFT,
  SEQUENCED_SLOTS_GATES,
  Slot,
  ThreadBlock,
} from '../../lib/abi/definition.js';
import type { StructLayout } from '../../lib/abi/struct.js';
import { AtomicsBorder, type Border, CopyBorder } from '../../lib/channel/border.js';
import { type LanePlaces, lanePlaces, Region } from '../../lib/region/region.js';

/**
 * The region of a LaneGraph laid out by hand in an ArrayBuffer: what the native graph builder makes, without threads. A
 * test plays the native side by writing cells and counters.
 */

export interface RoleShape {
  readonly id: string;
  readonly kind: keyof typeof enums.AgentKind;
  /** False: JavaScript runs it. Default: boundaries are JavaScript's, all else has a thread. */
  readonly native?: boolean;
  readonly inlets?: readonly number[];
  readonly outlets?: readonly number[];
  readonly policy?: keyof typeof enums.PolicyCode;
}

export interface LaneShape {
  readonly id: string;
  readonly kind?: keyof typeof enums.LaneKindCode;
  readonly inserted?: boolean;
  readonly drop?: boolean;
  /** Framed: bytes, default 1024. SequencedSlots: records, default 8. */
  readonly capacity?: number;
  /** Index of a role. */
  readonly writer: number;
  readonly readers: readonly number[];
  /** SequencedSlots: bytes of its arena. */
  readonly arenaBytes?: number;
  /** SequencedSlots: the slots are structs of so many bytes, and there is no arena. */
  readonly structBytes?: number;
}

export interface GraphShape {
  readonly roles: readonly RoleShape[];
  readonly lanes: readonly LaneShape[];
  /** Where positions (lanes of frames) or sequences (slots) begin, and ordinals. */
  readonly position?: number;
  readonly sequence?: number;
}

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;
const powerOfTwo = (value: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, value)));

class Layout {
  at = 0;
  take(bytes: number, align = 128): number {
    const at = roundUp(this.at, align);
    this.at = at + bytes;
    return at;
  }
}

interface LaneAt {
  readonly producer: number;
  readonly consumers: readonly number[];
  readonly files: number;
  readonly journal: number;
}

interface LaneTables {
  readonly stamps: number;
  readonly histograms: number;
  readonly data: number;
  readonly slots: number;
}

interface Places {
  readonly agents: number;
  readonly threads: number;
  readonly lanes: number;
  readonly blocks: readonly LaneAt[];
  readonly lists: number;
  readonly texts: number;
  readonly tables: readonly LaneTables[];
  readonly observable: number;
  readonly total: number;
}

/** Stands for 2^64-1, which no double is. */
const NOT_CUT = 2 ** 64;
const STAMPS = 4;

/** Where everything lies, in the order of lib/abi/definition.ts. */
function placesOf({ roles, lanes }: GraphShape): Places {
  const layout = new Layout();
  layout.take(RegionHeader.size);
  const agents = layout.take(roles.length * AgentEntry.size);
  const threads = layout.take(ThreadBlock.size);
  const lanesAt = layout.take(lanes.length * LaneBlock.size);
  const blocks = lanes.map(({ readers, kind }) => ({
    producer: layout.take(ProducerBlock.size),
    consumers: readers.map(() => layout.take(ConsumerBlock.size)),
    files: kind === 'Journal' ? layout.take(ConsumerBlock.size) : 0,
    journal: kind === 'Journal' ? layout.take(JournalBlock.size) : 0,
  }));
  const lists = layout.take((lanes.length * 40 + roles.length * 20) * 8);
  const texts = layout.take(4096);
  const observed = lanes.map(({ readers }) => ({
    stamps: layout.take(8 * STAMPS),
    histograms: layout.take(HISTOGRAM_COUNTS * 4 * readers.length),
  }));
  const observable = roundUp(layout.at, 4096);
  layout.at = observable;
  const tables = lanes.map((lane, index) => {
    const { memoryBytes, slotCount } = sizesOf(lane);
    const { stamps, histograms } = observed[index] as (typeof observed)[number];
    return {
      stamps,
      histograms,
      data: layout.take(memoryBytes, 4096),
      slots: layout.take(slotCount * Slot.size, 4096),
    };
  });
  const total = roundUp(layout.at, 4096);
  return { agents, threads, lanes: lanesAt, blocks, lists, texts, tables, observable, total };
}

export class GraphRegion {
  readonly buffer: ArrayBuffer;
  readonly view: DataView;
  readonly region: Region;
  readonly shape: GraphShape;
  readonly lanesAt: readonly LaneAt[];
  readonly woken: number[] = [];
  readonly lanesOffset: number;

  readonly #at: Places;
  #list: number;
  #text: number;

  constructor(shape: GraphShape) {
    this.shape = shape;
    this.#at = placesOf(shape);
    this.lanesOffset = this.#at.lanes;
    this.lanesAt = this.#at.blocks;
    this.#list = this.#at.lists;
    this.#text = this.#at.texts;
    this.buffer = new ArrayBuffer(this.#at.total);
    this.view = new DataView(this.buffer);
    this.#writeHeader();
    this.set(ThreadBlock, this.#at.threads, { cpu: 0xffff_ffff });
    for (const index of shape.roles.keys()) this.#writeRole(index);
    for (const index of shape.lanes.keys()) this.#writeLane(index);
    this.region = new Region(this.buffer);
  }

  #u32s(values: readonly number[]): number {
    const at = this.#list;
    for (const [i, value] of values.entries()) this.view.setUint32(at + i * 4, value, true);
    this.#list = roundUp(at + values.length * 4, 8);
    return at;
  }

  #u64s(values: readonly number[]): number {
    const at = this.#list;
    for (const [i, value] of values.entries()) this.view.setBigUint64(at + i * 8, BigInt(value), true);
    this.#list = at + values.length * 8;
    return at;
  }

  #words(value: string): [at: number, bytes: number] {
    const at = this.#text;
    const bytes = Buffer.from(value);
    new Uint8Array(this.buffer).set(bytes, at);
    this.#text += bytes.length;
    return [at, bytes.length];
  }

  #writeHeader(): void {
    const [nameAt, nameBytes] = this.#words('graph');
    this.set(RegionHeader, 0, {
      magic: REGION_MAGIC,
      layout_version: REGION_LAYOUT_VERSION,
      total_bytes: this.buffer.byteLength,
      observable_bytes: this.#at.observable,
      pipeline: 1,
      pid: process.pid,
      target: enums.TargetCode.LaneGraph,
      agent_count: this.shape.roles.length,
      thread_count: 1,
      agents_offset: this.#at.agents,
      threads_offset: this.#at.threads,
      lanes_offset: this.#at.lanes,
      lane_count: this.shape.lanes.length,
      name_offset: nameAt,
      name_length: nameBytes,
      state: enums.RegionState.Running,
    });
  }

  /** The block that an agent names: of its first inlet, or (ingress) of its outlet. */
  #blockOf(index: number): number {
    const { kind, inlets = [], outlets = [] } = this.shape.roles[index] as RoleShape;
    const inlet = inlets[0];
    if (inlet === undefined) return (this.lanesAt[outlets[0] as number] as LaneAt).producer;
    const at = this.lanesAt[inlet] as LaneAt;
    if (kind === 'Journal') return at.files;
    return at.consumers[(this.shape.lanes[inlet] as LaneShape).readers.indexOf(index)] as number;
  }

  #writeRole(index: number): void {
    const role = this.shape.roles[index] as RoleShape;
    const { inlets = [], outlets = [] } = role;
    const [idAt, idBytes] = this.#words(role.id);
    this.set(AgentEntry, this.#at.agents + index * AgentEntry.size, {
      kind: enums.AgentKind[role.kind],
      entry: role.policy === undefined ? NONE : enums.PolicyCode[role.policy],
      thread: isNative(role) ? 0 : NONE,
      id_offset: idAt,
      id_length: idBytes,
      inlets_offset: this.#u32s(inlets),
      inlet_count: inlets.length,
      outlets_offset: this.#u32s(outlets),
      outlet_count: outlets.length,
      block_offset: this.#blockOf(index),
      waits_for: NONE,
    });
  }

  #writeLane(index: number): void {
    const lane = this.shape.lanes[index] as LaneShape;
    const at = this.lanesAt[index] as LaneAt;
    const tables = this.#at.tables[index] as LaneTables;
    const { capacity, memoryBytes, slotCount, recordMax } = sizesOf(lane);
    const [idAt, idBytes] = this.#words(lane.id);
    const framed = slotCount === 0;
    const fixed = lane.structBytes !== undefined;
    this.set(LaneBlock, this.#at.lanes + index * LaneBlock.size, {
      id_offset: idAt,
      id_length: idBytes,
      kind: enums.LaneKindCode[lane.kind ?? 'Events'],
      flags: lane.inserted === true ? enums.LaneFlag.Inserted : 0,
      on_full: lane.drop === true ? enums.OnFullCode.Drop : enums.OnFullCode.Block,
      layout: enums.LayoutCode[framed ? 'Framed' : fixed ? 'Fixed' : 'Variable'],
      writer_agent: lane.writer,
      writer_port: isNative(this.shape.roles[lane.writer] as RoleShape) ? enums.PortCode.Native : enums.PortCode.Js,
      reader_count: lane.readers.length,
      capacity,
      memory_bytes: memoryBytes,
      slot_count: slotCount,
      record_max: recordMax,
      data_offset: tables.data,
      slots_offset: framed || fixed ? 0 : tables.slots,
      producer_offset: at.producer,
      readers_offset: this.#u64s(at.consumers),
      reader_agents_offset: this.#u32s(lane.readers),
      journal_offset: at.journal,
      files_offset: at.files,
      stamps_offset: tables.stamps,
      histograms_offset: tables.histograms,
      stamp_count: STAMPS,
      publish_wake_count: 1,
      release_wake_count: 1,
      connection: lane.inserted === true ? NONE : index,
      publish_wakes_offset: this.#u64s([this.#at.threads]),
      release_wakes_offset: this.#u64s([this.#at.threads]),
      stop_before: NOT_CUT,
    });
    this.#startLane(at, framed);
  }

  #startLane(at: LaneAt, framed: boolean): void {
    const { position = 0, sequence = 0 } = this.shape;
    const start = framed ? position : sequence;
    const head = framed ? start : 0;
    this.set(ProducerBlock, at.producer, { cursor: start, cell: start, next: sequence, arena_head: head });
    for (const consumer of [...at.consumers, at.files])
      if (consumer !== 0) this.set(ConsumerBlock, consumer, { sequence: start, cell: start });
  }

  /** Gives a role another id, which stands behind all other texts. */
  moveAgentId(index: number, id: string): void {
    const [id_offset, id_length] = this.#words(id);
    this.set(AgentEntry, this.#at.agents + index * AgentEntry.size, { id_offset, id_length });
  }

  /** Writes fields of a struct by name. */
  set<Name extends string>(layout: StructLayout<Name>, at: number, values: { readonly [N in Name]?: number }): void {
    for (const field of layout.fields) {
      const value = values[field.name as Name];
      if (value === undefined) continue;
      const place = at + field.offset;
      if (field.type === 'f64' || field.type === 'af64') this.view.setFloat64(place, value, true);
      else if (field.bytes === 8)
        this.view.setBigUint64(place, value === NOT_CUT ? 2n ** 64n - 1n : BigInt(value), true);
      else this.view.setUint32(place, value % 2 ** 32, true);
    }
  }

  lane(index = 0): LanePlaces {
    return lanePlaces(this.region, this.region.lanes[index] as (typeof this.region.lanes)[number]);
  }

  producer(lane: number, values: Parameters<typeof this.set<keyof typeof ProducerBlock.offset>>[2]): void {
    this.set(ProducerBlock, (this.lanesAt[lane] as LaneAt).producer, values);
  }

  consumer(
    lane: number,
    reader: number,
    values: Parameters<typeof this.set<keyof typeof ConsumerBlock.offset>>[2],
  ): void {
    this.set(ConsumerBlock, (this.lanesAt[lane] as LaneAt).consumers[reader] as number, values);
  }

  files(lane: number, values: Parameters<typeof this.set<keyof typeof ConsumerBlock.offset>>[2]): void {
    this.set(ConsumerBlock, (this.lanesAt[lane] as LaneAt).files, values);
  }

  journal(lane: number, values: Parameters<typeof this.set<keyof typeof JournalBlock.offset>>[2]): void {
    this.set(JournalBlock, (this.lanesAt[lane] as LaneAt).journal, values);
  }

  cut(lane: number, position: number): void {
    this.set(LaneBlock, this.lanesOffset + lane * LaneBlock.size, { stop_before: position });
  }

  f64(at: number): number {
    return this.view.getFloat64(at, true);
  }

  agent(index: number, values: Parameters<typeof this.set<keyof typeof AgentEntry.offset>>[2]): void {
    this.set(AgentEntry, this.region.header.u64('agents_offset') + index * AgentEntry.size, values);
  }

  /** A role has failed on the record with that ordinal. */
  fail(agent: number, ordinal: number, cause: string): void {
    const bytes = Buffer.from(cause);
    new Uint8Array(this.buffer).set(bytes, RegionHeader.offset.failed_cause);
    const failure = { failed_agent: agent, failed_sequence: ordinal, failed_cause_length: bytes.length, failed: 1 };
    this.set(RegionHeader, 0, failure);
  }

  state(state: keyof typeof enums.RegionState): void {
    this.set(RegionHeader, 0, { state: enums.RegionState[state] });
  }

  /** The part of a native hold that ends and borders use, over this buffer. */
  native(): NativePipeline {
    const cells = new Int32Array(this.buffer);
    const bytes = new Uint8Array(this.buffer);
    return {
      regionBytes: this.buffer.byteLength,
      wake: (thread: number) => this.woken.push(thread),
      loadCell: (at: number) => cells[at / 4] as number,
      storeCell: (at: number, value: number) => {
        cells[at / 4] = value;
      },
      exchangeCell: (at: number, value: number) => {
        const before = cells[at / 4] as number;
        cells[at / 4] = value;
        return before;
      },
      copyOut: (to: ArrayBuffer, at: number, count: number) =>
        new Uint8Array(to).set(bytes.subarray(at, at + count), at),
      copyIn: (from: ArrayBuffer, at: number, count: number) => bytes.set(new Uint8Array(from, at, count), at),
    } as unknown as NativePipeline;
  }

  border(kind: 'in place' | 'copies'): Border {
    return kind === 'copies' ? new CopyBorder(this.native()) : new AtomicsBorder(this.buffer);
  }
}

const isNative = ({ kind, native }: RoleShape): boolean => native ?? !(kind === 'Ingress' || kind === 'Egress');

function sizesOf({ kind, capacity, arenaBytes = 4096, structBytes = 0 }: LaneShape) {
  if (kind === 'SequencedSlots') {
    const records = capacity ?? SEQUENCED_SLOTS_GATES * 2;
    const slotCount = powerOfTwo(records);
    const sizes = { capacity: records, slotCount };
    return structBytes > 0
      ? { ...sizes, memoryBytes: slotCount * roundUp(structBytes, 8), recordMax: structBytes }
      : { ...sizes, memoryBytes: arenaBytes, recordMax: arenaBytes / 2 - 8 };
  }
  const bytes = capacity ?? 1024;
  const recordMax = (Math.floor(bytes / 2) & ~7) - FRAME_HEADER_BYTES;
  return { capacity: bytes, memoryBytes: powerOfTwo(bytes), slotCount: 0, recordMax };
}

/** Records between two samples of latency. */
export const SAMPLED = 1 << SAMPLE_SHIFT;

/** One lane from an ingress to a stage, and one from there to an egress; both ends are JavaScript's. */
export const LINE: GraphShape = {
  roles: [
    { id: 'in', kind: 'Ingress', outlets: [0] },
    { id: 'pass', kind: 'Stage', inlets: [0], outlets: [1] },
    { id: 'out', kind: 'Egress', inlets: [1] },
  ],
  lanes: [
    { id: 'in->pass', writer: 0, readers: [1] },
    { id: 'pass->out', writer: 1, readers: [2] },
  ],
};

/** One lane with JavaScript at both ends, which no plan has: what one end wrote the other reads. */
export const loop = (lane: Partial<LaneShape> = {}, more: Partial<GraphShape> = {}): GraphShape => ({
  roles: [
    { id: 'in', kind: 'Ingress', outlets: [0] },
    { id: 'out', kind: 'Egress', inlets: [0] },
  ],
  lanes: [{ id: 'in->out', writer: 0, readers: [1], ...lane }],
  ...more,
});
