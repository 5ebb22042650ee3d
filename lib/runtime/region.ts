/**
 * Reads the shared region (lib/abi/definition.ts): whole structs once, when a pipeline is opened or looked at. Control
 * path. Knows where things lie, not what they mean; works on a live region, on a copy and on the file of an observed
 * one. Atomic fields are read with one aligned load each, so a value is never torn; two values may be of two moments.
 */

import {
  AgentEntry,
  enums,
  NONE,
  REGION_LAYOUT_VERSION,
  REGION_MAGIC,
  RegionHeader,
  RingBlock,
  ThreadBlock,
} from '../abi/definition.js';
import type { StructLayout } from '../abi/struct.js';
import type { Failure } from './failure.js';

/** Bytes that are not a region, or one of another layout version. `received` says what stood there. */
export class RegionError extends Error {
  override readonly name = 'RegionError';
  readonly code = 'BAD_REGION';
}

/** One struct in the region: its fields by name. 64-bit numbers come as JS numbers (exact below 2^53). */
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
  u32(field: Name): number {
    return this.#region.u32(this.offset(field));
  }
  i32(field: Name): number {
    return this.#region.u32(this.offset(field)) | 0;
  }
  u64(field: Name): number {
    return this.#region.u64(this.offset(field));
  }
  f64(field: Name): number {
    return this.#region.f64(this.offset(field));
  }
}

export type BlockOf<Layout> = Layout extends StructLayout<infer Name> ? Block<Name> : never;

/** The observable prefix of a region: everything but marks, slots and arenas. */
export class Region {
  readonly #words: Uint32Array;
  readonly #wides: BigUint64Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly header: BlockOf<typeof RegionHeader>;

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
    this.#words = new Uint32Array(buffer, 0, observable / 4);
    this.#wides = new BigUint64Array(buffer, 0, observable / 8);
    this.#doubles = new Float64Array(buffer, 0, observable / 8);
    this.#bytes = new Uint8Array(buffer, 0, observable);
    this.header = new Block(this, RegionHeader, 0);
  }

  /** @throws RegionError unless `bytes` bytes at `at` lie inside the observable part, 8-byte aligned. */
  check(at: number, bytes: number, what: string): void {
    if (at % 8 !== 0 || at + bytes > this.#bytes.length)
      throw new RegionError(`${what} at ${at} (${bytes} bytes) does not lie in the ${this.#bytes.length} bytes seen`);
  }

  u32(at: number): number {
    return this.#words[at >>> 2] as number;
  }
  u64(at: number): number {
    return Number(this.#wides[at >>> 3]);
  }
  f64(at: number): number {
    return this.#doubles[at >>> 3] as number;
  }

  /** `count` offsets of a list of u64. */
  u64List(at: number, count: number): number[] {
    if (count === 0) return [];
    this.check(at, count * 8, 'a list');
    return Array.from({ length: count }, (_, index) => this.u64(at + index * 8));
  }

  u32List(at: number, count: number): number[] {
    if (count === 0) return [];
    if (at % 4 !== 0 || at + count * 4 > this.#bytes.length) throw new RegionError(`a list at ${at} does not fit`);
    return Array.from({ length: count }, (_, index) => this.u32(at + index * 4));
  }

  /** A table of counts (histogram); a copy. */
  u32Table(at: number, count: number): Uint32Array {
    this.check(at, count * 4, 'a table');
    return this.#words.slice(at >>> 2, (at >>> 2) + count);
  }

  text(at: number, length: number): string {
    if (at + length > this.#bytes.length) throw new RegionError(`a text at ${at} does not fit`);
    // A copy, because TextDecoder refuses memory that another thread may change.
    return new TextDecoder().decode(this.#bytes.slice(at, at + length));
  }

  #table<Name extends string>(layout: StructLayout<Name>, at: number, count: number): Block<Name>[] {
    return Array.from({ length: count }, (_, index) => new Block(this, layout, at + index * layout.size));
  }

  get rings(): BlockOf<typeof RingBlock>[] {
    return this.#table(RingBlock, this.header.u64('rings_offset'), this.header.u32('ring_count'));
  }
  get agents(): BlockOf<typeof AgentEntry>[] {
    return this.#table(AgentEntry, this.header.u64('agents_offset'), this.header.u32('agent_count'));
  }
  get threads(): BlockOf<typeof ThreadBlock>[] {
    return this.#table(ThreadBlock, this.header.u64('threads_offset'), this.header.u32('thread_count'));
  }

  get name(): string {
    return this.text(this.header.u64('name_offset'), this.header.u32('name_length'));
  }

  agentId(agent: BlockOf<typeof AgentEntry>): string {
    return this.text(agent.u64('id_offset'), agent.u32('id_length'));
  }

  /** The first failure, or undefined while there is none. */
  get failure(): Failure | undefined {
    if (this.header.u32('failed') === 0) return undefined;
    const agent = this.agents[this.header.u32('failed_agent')];
    const length = Math.min(this.header.u32('failed_cause_length'), 500);
    return {
      stage: agent === undefined ? '(unknown)' : this.agentId(agent),
      shard: agent === undefined ? 0 : agent.u32('ring'),
      sequence: this.header.u64('failed_sequence'),
      cause: this.text(this.header.offset('failed_cause'), length),
    };
  }
}

/** Name of a number in one of the tables of lib/abi/definition.ts. */
export function nameOf<Table extends Readonly<Record<string, number>>>(table: Table, value: number): keyof Table {
  for (const [name, number] of Object.entries(table)) if (number === value) return name as keyof Table;
  throw new RegionError(`${value} is none of ${Object.keys(table).join(', ')}`);
}

/** Where the two ends of one shard find everything: RingBlock with its lists, as plain numbers. Read once. */
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

export interface WakeTarget {
  readonly thread: number;
  /** Offset of the thread's `armed` cell. */
  readonly armedAt: number;
}

/** Reads one shard's RingBlock and its lists. */
export function ringPlaces(region: Region, ring: BlockOf<typeof RingBlock>): RingPlaces {
  const threadsAt = region.header.u64('threads_offset');
  const wakes = (list: 'publish_wakes_offset' | 'release_wakes_offset', count: number): WakeTarget[] =>
    region.u64List(ring.u64(list), count).map((at) => ({
      thread: (at - threadsAt) / ThreadBlock.size,
      armedAt: at + ThreadBlock.offset.armed,
    }));
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
    gatesAt: region.u64List(ring.u64('gates_offset'), ring.u32('gate_count')),
    terminalsAt: region.u64List(ring.u64('terminals_offset'), ring.u32('terminal_count')),
    terminalStampsAt: region.u64List(ring.u64('terminal_stamps_offset'), ring.u32('terminal_count')),
    marksAt: region.u64List(ring.u64('egress_marks_offset'), ring.u32('egress_mark_count')),
    publishWakes: wakes('publish_wakes_offset', ring.u32('publish_wake_count')),
    releaseWakes: wakes('release_wakes_offset', ring.u32('release_wake_count')),
  };
}

/** Agent that owns a block (its place in the region), or NONE. */
export function agentOfBlock(region: Region, blockAt: number): number {
  const index = region.agents.findIndex((agent) => agent.u64('block_offset') === blockAt);
  return index < 0 ? NONE : index;
}
