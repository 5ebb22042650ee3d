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
import {
  type LetterLane,
  LetterPlaces,
  letterAgents,
  letterLanes,
  letterListBytes,
  letterTextBytes,
} from './letters.js';
import type { LaneMemory, PartPlaces, RegionPlaces } from './places.js';

import {
  checkRange,
  framedRecordMax,
  type MemoryRow,
  opTables,
  PAGE_BYTES,
  powerOfTwo,
  roundUp,
  Walk,
} from './region-walk.js';

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

export interface GraphMemory {
  readonly threads: number;
  /** In the order of the spec, then those of letters. */
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

/** Agents that write files, and wait for a device: one for each journal lane, then one for letters. */
export const fileAgents = (spec: GraphSpec): number => spec.lanes.filter(isJournal).length + letterAgents(spec);

/** One a role, then those that write files. */
export const agentCount = (spec: GraphSpec): number => spec.roles.length + fileAgents(spec);

/** The longest record that an element receives which writes letters, or, of an ingress, that it gives. */
const longestRecord =
  ({ roles }: GraphSpec, lanes: readonly LaneMemory[]) =>
  ({ writer, isIngress }: LetterLane): number => {
    const own = (isIngress ? roles[writer]?.outlets : roles[writer]?.inlets) ?? [];
    return Math.max(...own.map((lane) => lanes[lane]?.recordMax ?? 0));
  };

/** A region, planned: what it takes, and where everything lies in it. */
export interface PlannedGraph {
  readonly memory: GraphMemory;
  readonly places: RegionPlaces;
}

/**
 * @param threads native threads: of roles, one for the files of each journal lane, and one for letters
 * @throws RangeError when a size is out of its range, with the range
 */
export function planGraph(spec: GraphSpec, asked: GraphSizesAsked, threads: number): PlannedGraph {
  const lanes = planLanes(spec, asked);
  const walk = new Walk();
  walk.array('header', 1, RegionHeader.size);
  const agents = walk.array('agents', agentCount(spec), AgentEntry.size);
  const threadsAt = walk.array('threads', threads, ThreadBlock.size);
  const letters = letterLanes(spec);
  const blocks = walk.array('lanes', spec.lanes.length + letters.length, LaneBlock.size);
  const letterPlaces = new LetterPlaces(walk, letters, longestRecord(spec, lanes));
  const ends = spec.lanes.map((lane) => walkEnds(walk, lane));
  letterPlaces.walkEnds();
  const list_bytes = listBytes(spec) + letterListBytes(letters);
  const text_bytes = textBytes(spec) + letterTextBytes(letters);
  const lists = walk.array('lists', 1, list_bytes);
  const texts = walk.array('texts', 1, text_bytes);
  const times = spec.lanes.map(({ readers }, lane) => ({
    stamps: walk.array('stamps', lanes[lane]?.stampCount ?? 0, STAMP_BYTES),
    histograms: walk.array('histograms', readers.length, HISTOGRAM_BYTES),
  }));
  letterPlaces.walkTimes();
  const observable_bytes = walk.endOfPage();
  const keepsOrdinals = ordinalKeepers(spec, lanes);
  const parts = spec.lanes.map((lane, index) => {
    const own = lanes[index] as LaneMemory;
    const records = walkRecords(walk, own, keepsOrdinals[index] === true);
    return { ...partSizes(lane, own), ...(ends[index] as LaneEnds), ...(times[index] as LaneTimes), ...records };
  });
  const letterParts = letterPlaces.walkRecords();
  const region_bytes = walk.endOfPage();
  const lettersAt = letters.length === 0 ? 0 : blocks + spec.lanes.length * LaneBlock.size;
  const tables = { agents, threads: threadsAt, blocks, letters: lettersAt, lists, list_bytes, texts, text_bytes };
  const places = { region_bytes, observable_bytes, ...tables, parts: [...parts, ...letterParts] };
  const beside = opTables(spec.stages, 1);
  const totals = { observableBytes: observable_bytes, totalBytes: region_bytes };
  const mappedBytes = beside.reduce((sum, row) => sum + row.bytes, region_bytes);
  const all = [...lanes, ...letterPlaces.memory(letters)];
  return { memory: { threads, lanes: all, rows: walk.table(), beside, ...totals, mappedBytes }, places };
}

/**
 * As `planGraph`, what it takes only.
 * @param threads left out: one for the roles, one for the files of each journal lane, and one for letters
 * @throws RangeError when a size is out of its range, with the range
 */
export const planGraphMemory = (
  spec: GraphSpec,
  asked: GraphSizesAsked = {},
  threads = 1 + fileAgents(spec),
): GraphMemory => planGraph(spec, asked, threads).memory;
