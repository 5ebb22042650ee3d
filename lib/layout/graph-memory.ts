/**
 * Every byte that the pipeline of a graph maps, table by table and lane by lane: what a lane takes, and where everything lies.
 * `describe` shows it and `open` has it made; the core only checks it. What a journal keeps in files is not in it. Pure;
 * any thread.
 */

import {
  AgentEntry,
  ARENA_BYTES_MAX,
  ConsumerBlock,
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  HISTOGRAM_COUNTS,
  JournalBlock,
  LANE_BYTES_DEFAULT,
  LANE_READERS_MAX,
  LaneBlock,
  ProducerBlock,
  RECORD_BYTES_MAX,
  RegionHeader,
  SAMPLE_SHIFT,
  SLOTS_LANE_ARENA_BYTES_DEFAULT,
  Slot,
  ThreadBlock,
} from '../abi/definition.js';
import type { GraphSpec, LaneSpec, StageSpec } from '../lower/spec.js';
import { LANE_BYTES_MAX, LANE_BYTES_MIN } from '../plan/limits.js';
import { utf8Length } from '../plan/utf8.js';
import type { PartPlaces, RegionPlaces } from './places.js';
import { checkRange, type MemoryRow, opTables, PAGE_BYTES, powerOfTwo, roundUp, Walk } from './region-walk.js';

const HISTOGRAM_BYTES = HISTOGRAM_COUNTS * Uint32Array.BYTES_PER_ELEMENT;
const ORDINAL_BYTES = BigUint64Array.BYTES_PER_ELEMENT;
const STAMP_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Sizes as asked for at open; what is left out gets its default. */
export interface GraphSizesAsked {
  /** Largest record of an ingress, bytes; left out: what passes lanes of the size below with all that ops add to it. */
  readonly recordMax?: number | undefined;
  /** Bytes of lanes that state no capacity. */
  readonly laneBytes?: number | undefined;
}

/** One lane, resolved. */
export interface LaneMemory {
  readonly id: string;
  /** What it holds at most: bytes of frames where there are no slots, else records. */
  readonly capacity: number;
  /** Bytes of the largest record. */
  readonly recordMax: number;
  /** A power of two; 0 where records are frames. */
  readonly slotCount: number;
  /** Where every record is the same struct, the slots are the records; elsewhere they point into an arena. */
  readonly fixed: boolean;
  /** Bytes of frames, or of the arena behind the slots: a power of two; of the records that are the slots. */
  readonly dataBytes: number;
  readonly stampCount: number;
  /** All of it: records, cursors, counters, stamps and histograms. */
  readonly bytes: number;
}

export interface GraphMemory {
  readonly threads: number;
  /** In the order of the spec. */
  readonly lanes: readonly LaneMemory[];
  /** Tables of the region, in its order; the last row is the padding between them. */
  readonly rows: readonly MemoryRow[];
  /** What ops keep beside the region: address space, touched as it is needed. */
  readonly beside: readonly MemoryRow[];
  /** The prefix that an observer maps: everything but records. */
  readonly observableBytes: number;
  readonly totalBytes: number;
  /** The region and what lies beside it. */
  readonly mappedBytes: number;
}

/** The longest record of a framed lane: a frame of half the lane always finds room once the lane is empty. */
function framedRecordMax(capacity: number): number {
  const half = Math.floor(capacity / 2 / FRAME_ALIGN) * FRAME_ALIGN;
  return Math.max(0, half - FRAME_HEADER_BYTES);
}

/** For each lane, the bytes that ops before it may have added to a record of an ingress. */
function growth({ roles, stages, lanes }: GraphSpec): readonly number[] {
  const grown = lanes.map(() => 0);
  for (const { kind, index, inlets, outlets } of roles) {
    const before = inlets.reduce((most, lane) => Math.max(most, grown[lane] ?? 0), 0);
    const { headroom, tailroom } = kind === 'Stage' ? (stages[index ?? 0] as StageSpec) : { headroom: 0, tailroom: 0 };
    for (const lane of outlets) grown[lane] = before + headroom + tailroom;
  }
  return grown;
}

/** The largest struct that an ingress takes: a record that cannot be any shorter. */
function structBytes({ boundaries }: GraphSpec): number {
  return boundaries.reduce(
    (most, { kind, recordBytes }) => (kind === 'Ingress' ? Math.max(most, recordBytes) : most),
    0,
  );
}

type LaneSizes = Pick<LaneMemory, 'capacity' | 'recordMax' | 'slotCount' | 'fixed' | 'dataBytes' | 'stampCount'>;

/** The largest record, bytes: as it was asked for at the ingress, and as it should pass the lane at hand. */
interface LargestRecord {
  readonly asked: number;
  readonly wanted: number;
}

function fits(bytes: number, lane: LaneSpec, { asked }: LargestRecord): number {
  if (bytes <= ARENA_BYTES_MAX) return bytes;
  const message = `with what this plan's ops add, lane ${lane.id} would need more than ${ARENA_BYTES_MAX} bytes`;
  throw new RangeError(`recordMax is ${asked}; ${message}`);
}

const stampsOfSlots = (slotCount: number): number => Math.max(1, slotCount >> SAMPLE_SHIFT);

/** Structs that a lane of so many bytes holds; a lane that states no size holds two at least. A journal's are frames. */
function structsIn({ kind, recordBytes, capacityBytes, capacityRecords }: LaneSpec, laneBytes: number): number {
  if (recordBytes === 0 || kind === 'Journal') return 0;
  if (kind === 'SequencedSlots') return capacityRecords;
  const stride = roundUp(recordBytes, FRAME_ALIGN);
  return capacityBytes > 0 ? Math.floor(capacityBytes / stride) : Math.max(2, Math.floor(laneBytes / stride));
}

/** Where every record is the same struct, the records are the slots; undefined where that cannot be. */
function structSizes(lane: LaneSpec, laneBytes: number): LaneSizes | undefined {
  const capacity = structsIn(lane, laneBytes);
  if (capacity === 0) return undefined;
  const slotCount = powerOfTwo(capacity);
  const dataBytes = slotCount * roundUp(lane.recordBytes, FRAME_ALIGN);
  if (dataBytes > ARENA_BYTES_MAX) return undefined;
  const stampCount = stampsOfSlots(slotCount);
  return { capacity, recordMax: lane.recordBytes, slotCount, fixed: true, dataBytes, stampCount };
}

function slotsSizes(lane: LaneSpec, record: LargestRecord): LaneSizes {
  const capacity = lane.capacityRecords;
  const slotCount = powerOfTwo(capacity);
  const arena = powerOfTwo(2 * roundUp(record.wanted, FRAME_ALIGN));
  const dataBytes = fits(Math.max(SLOTS_LANE_ARENA_BYTES_DEFAULT, arena), lane, record);
  const stampCount = stampsOfSlots(slotCount);
  return { capacity, recordMax: record.wanted, slotCount, fixed: false, dataBytes, stampCount };
}

function framedSizes(lane: LaneSpec, record: LargestRecord, laneBytes: number): LaneSizes {
  const { wanted } = record;
  const least = 2 * (roundUp(wanted, FRAME_ALIGN) + FRAME_HEADER_BYTES);
  const roomy = laneBytes < least ? powerOfTwo(least) : laneBytes;
  const capacity = fits(lane.capacityBytes > 0 ? lane.capacityBytes : roomy, lane, record);
  const dataBytes = powerOfTwo(capacity);
  const stampCount = Math.max(1, Math.floor(dataBytes / FRAME_HEADER_BYTES) >> SAMPLE_SHIFT);
  const recordMax = Math.min(wanted, framedRecordMax(capacity));
  return { capacity, recordMax, slotCount: 0, fixed: false, dataBytes, stampCount };
}

function laneSizes(lane: LaneSpec, record: LargestRecord, laneBytes: number): LaneSizes {
  const structs = structSizes(lane, laneBytes);
  if (structs !== undefined) return structs;
  return lane.kind === 'SequencedSlots' ? slotsSizes(lane, record) : framedSizes(lane, record, laneBytes);
}

/**
 * Which lanes' ordinals are used: an Ordered merge behind them goes by them, and a role there names by one a record
 * that failed. A stage may fail one, and any role one that is too long for its outlet, which only slots that are the struct
 * itself never find. Slots keep those beside the records, but not those of an ingress, which readers count.
 */
function ordinalKeepers(
  { roles, stages, lanes }: GraphSpec,
  sizes: readonly Pick<LaneSizes, 'fixed'>[],
): readonly boolean[] {
  const asked = lanes.map(() => false);
  for (const { kind, index, policy, inlets, outlets } of [...roles].reverse()) {
    const fails = kind === 'Stage' && (stages[index ?? 0] as StageSpec).fails;
    const behind = outlets.some((lane) => asked[lane] || sizes[lane]?.fixed !== true);
    if (!fails && policy !== 'Ordered' && !behind) continue;
    for (const lane of inlets) asked[lane] = true;
  }
  return lanes.map(({ writer }, index) => asked[index] === true && roles[writer]?.kind !== 'Ingress');
}

function bytesOf({ kind, readers }: LaneSpec, ordinals: boolean, sizes: LaneSizes): number {
  const ends = LaneBlock.size + ProducerBlock.size + readers.length * (ConsumerBlock.size + HISTOGRAM_BYTES);
  const files = kind === 'Journal' ? JournalBlock.size + ConsumerBlock.size : 0;
  const slots = sizes.slotCount * ((sizes.fixed ? 0 : Slot.size) + (ordinals ? ORDINAL_BYTES : 0));
  return ends + files + sizes.stampCount * STAMP_BYTES + slots + sizes.dataBytes;
}

/**
 * What each lane becomes.
 * @throws RangeError when a size is out of its range, with the range
 */
export function planLanes(spec: GraphSpec, asked: GraphSizesAsked = {}): readonly LaneMemory[] {
  const laneBytes = checkRange('laneBytes', asked.laneBytes ?? LANE_BYTES_DEFAULT, LANE_BYTES_MIN, LANE_BYTES_MAX);
  const grown = growth(spec);
  const mostGrown = grown.reduce((most, bytes) => Math.max(most, bytes), 0);
  const least = structBytes(spec);
  const base =
    asked.recordMax === undefined
      ? Math.max(least, framedRecordMax(laneBytes) - mostGrown)
      : checkRange('recordMax', asked.recordMax, Math.max(1, least), RECORD_BYTES_MAX);
  const sizes = spec.lanes.map((lane, index) =>
    laneSizes(lane, { asked: base, wanted: base + (grown[index] ?? 0) }, laneBytes),
  );
  const keepsOrdinals = ordinalKeepers(spec, sizes);
  return spec.lanes.map((lane, index) => {
    const own = sizes[index] as LaneSizes;
    return { id: lane.id, ...own, bytes: bytesOf(lane, keepsOrdinals[index] === true, own) };
  });
}

/** Lists of a lane's readers and of threads to wake, and of an agent's neighbours and lanes. */
function listBytes({ lanes, roles }: GraphSpec): number {
  const ofLanes = lanes.reduce((sum, { readers }) => sum + 8 * (3 * readers.length + 4) + 4 * readers.length + 16, 0);
  const ofRoles = roles.reduce(
    (sum, { inlets, outlets }) => sum + 4 * (3 * inlets.length + outlets.length + LANE_READERS_MAX + 2),
    0,
  );
  return roundUp(ofLanes + ofRoles, 8);
}

function textBytes({ name, roles, lanes }: GraphSpec): number {
  const texts = [name, ...roles.map(({ id }) => id), ...lanes.map(({ id }) => id)];
  return texts.reduce((sum, text) => sum + utf8Length(text), 0);
}

export const isJournal = ({ kind }: LaneSpec): boolean => kind === 'Journal';

interface LaneEnds extends Pick<PartPlaces, 'producer' | 'consumers' | 'journal' | 'files'> {}
interface LaneTimes extends Pick<PartPlaces, 'stamps' | 'histograms'> {}

function walkEnds(walk: Walk, lane: LaneSpec): LaneEnds {
  const producer = walk.pieces('producers', 1, ProducerBlock.size);
  const consumers = walk.pieces('consumers', lane.readers.length, ConsumerBlock.size);
  if (!isJournal(lane)) return { producer, consumers, journal: 0, files: 0 };
  const journal = walk.pieces('journals', 1, JournalBlock.size);
  return { producer, consumers, journal, files: walk.pieces('consumers', 1, ConsumerBlock.size) };
}

function recordsTable(slotCount: number, fixed: boolean): string {
  if (slotCount === 0) return 'frames';
  return fixed ? 'slots' : 'arenas';
}

function walkRecords(walk: Walk, { slotCount, fixed, dataBytes }: LaneMemory, ordinals: boolean) {
  const [points, keeps] = [slotCount > 0 && !fixed, slotCount > 0 && ordinals];
  return {
    marks: 0,
    slots: points ? walk.pieces('slots', 1, slotCount * Slot.size, PAGE_BYTES) : 0,
    ordinals: keeps ? walk.pieces('ordinals', 1, slotCount * ORDINAL_BYTES, PAGE_BYTES) : 0,
    data: walk.pieces(recordsTable(slotCount, fixed), 1, dataBytes, PAGE_BYTES),
  };
}

function partSizes({ recordBytes }: LaneSpec, { slotCount, fixed, ...sizes }: LaneMemory) {
  return {
    layout: slotCount === 0 ? 'Framed' : fixed ? 'Fixed' : 'Variable',
    capacity: sizes.capacity,
    slot_count: slotCount,
    slot_stride: slotCount === 0 ? 0 : fixed ? roundUp(recordBytes, FRAME_ALIGN) : Slot.size,
    word_bytes: 0,
    record_max: sizes.recordMax,
    memory_bytes: sizes.dataBytes,
    stamp_count: sizes.stampCount,
  } as const;
}

/** One a role, then one for the files of each journal lane. */
export const agentCount = ({ roles, lanes }: GraphSpec): number => roles.length + lanes.filter(isJournal).length;

/** A region, planned: what it takes, and where everything lies in it. */
export interface PlannedGraph {
  readonly memory: GraphMemory;
  readonly places: RegionPlaces;
}

/**
 * @param threads native threads: of roles, and one for the files of each journal lane
 * @throws RangeError when a size is out of its range, with the range
 */
export function planGraph(spec: GraphSpec, asked: GraphSizesAsked, threads: number): PlannedGraph {
  const lanes = planLanes(spec, asked);
  const walk = new Walk();
  walk.array('header', 1, RegionHeader.size);
  const agents = walk.array('agents', agentCount(spec), AgentEntry.size);
  const threadsAt = walk.array('threads', threads, ThreadBlock.size);
  const blocks = walk.array('lanes', spec.lanes.length, LaneBlock.size);
  const ends = spec.lanes.map((lane) => walkEnds(walk, lane));
  const [list_bytes, text_bytes] = [listBytes(spec), textBytes(spec)];
  const lists = walk.array('lists', 1, list_bytes);
  const texts = walk.array('texts', 1, text_bytes);
  const times = spec.lanes.map(({ readers }, lane) => ({
    stamps: walk.array('stamps', lanes[lane]?.stampCount ?? 0, STAMP_BYTES),
    histograms: walk.array('histograms', readers.length, HISTOGRAM_BYTES),
  }));
  const observable_bytes = walk.endOfPage();
  const keepsOrdinals = ordinalKeepers(spec, lanes);
  const parts = spec.lanes.map((lane, index) => {
    const own = lanes[index] as LaneMemory;
    const records = walkRecords(walk, own, keepsOrdinals[index] === true);
    return { ...partSizes(lane, own), ...(ends[index] as LaneEnds), ...(times[index] as LaneTimes), ...records };
  });
  const region_bytes = walk.endOfPage();
  const tables = { agents, threads: threadsAt, blocks, lists, list_bytes, texts, text_bytes };
  const places = { region_bytes, observable_bytes, ...tables, parts };
  const beside = opTables(spec.stages, 1);
  const totals = { observableBytes: observable_bytes, totalBytes: region_bytes };
  const mappedBytes = beside.reduce((sum, row) => sum + row.bytes, region_bytes);
  return { memory: { threads, lanes, rows: walk.table(), beside, ...totals, mappedBytes }, places };
}

/**
 * As `planGraph`, what it takes only.
 * @param threads left out: one for the roles, and one for the files of each journal lane
 * @throws RangeError when a size is out of its range, with the range
 */
export const planGraphMemory = (
  spec: GraphSpec,
  asked: GraphSizesAsked = {},
  threads = 1 + spec.lanes.filter(isJournal).length,
): GraphMemory => planGraph(spec, asked, threads).memory;
