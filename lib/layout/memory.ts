/**
 * Every byte that the pipeline of a ring maps, table by table: what an option left out becomes, and where everything lies.
 * `describe` shows it and `open` has it made; the core only checks it. Pure; any thread.
 */

import {
  AgentEntry,
  ARENA_BYTES_DEFAULT,
  ARENA_BYTES_MAX,
  ARENA_BYTES_SHARD_MIN,
  CAPACITY_DEFAULT,
  ConsumerBlock,
  HISTOGRAM_COUNTS,
  LaneBlock,
  ProducerBlock,
  RECORD_BYTES_MAX,
  RECORD_MAX_DEFAULT,
  RegionHeader,
  RingBlock,
  SAMPLE_SHIFT,
  SLOTS_MAX,
  Slot,
  ThreadBlock,
  WORD_BYTES,
  type WordOf,
} from '../abi/definition.js';
import type { RingSpec } from '../lower/spec.js';
import { utf8Length } from '../plan/utf8.js';
import { LetterPlaces, letterAgents, letterLanes, letterListBytes, letterTextBytes } from './letters.js';
import type { RegionPlaces } from './places.js';
import { checkRange, type MemoryRow, opTables, PAGE_BYTES, powerOfTwo, roundUp, Walk } from './region-walk.js';

export type { MemoryRow } from './region-walk.js';

/** What a processor fetches at once: a slot with a word that fits one line must not lie across two. */
const CACHE_LINE = 64;

/** What `open` takes when an option is left out. Bytes are per shard. */
export const SIZE_DEFAULTS = {
  capacity: CAPACITY_DEFAULT,
  recordMax: RECORD_MAX_DEFAULT,
  arenaBytes: ARENA_BYTES_DEFAULT,
  /** Least arena of a shard when there are several. */
  arenaBytesShardMin: ARENA_BYTES_SHARD_MIN,
} as const;

export const SIZE_LIMITS = {
  capacityMax: SLOTS_MAX,
  arenaBytesMax: ARENA_BYTES_MAX,
  /** A record and the padding that it may cause at the wrap must fit an empty arena. */
  recordMax: RECORD_BYTES_MAX,
} as const;

/**
 * How records of a Fixed ring are published: by the cursor (batches cost one store), by a sequence word in each slot (single
 * records reach the first stage with one cache line instead of two), or as the profile says.
 */
export const PUBLICATIONS = ['profile', 'cursor', 'slot'] as const;

/** Whether words publish: the spinning profiles have it so. */
export const publishesByWords = (publication: (typeof PUBLICATIONS)[number], profile: WordOf<'Profile'>): boolean =>
  publication === 'profile' ? profile !== 'default' : publication === 'slot';

/** Sizes as asked for at open; what is left out gets its default. */
export interface SizesAsked {
  /** Records a shard may hold, exactly. */
  readonly capacity?: number | undefined;
  /** Largest record, bytes. In the Fixed layout the struct says it. */
  readonly recordMax?: number | undefined;
  /** Bytes of arena a shard, a power of two. */
  readonly arenaBytes?: number | undefined;
  /** Fixed layout: a sequence word in every slot publishes its record, as the spinning profiles have it. */
  readonly sequenceWords?: boolean;
}

/** Sizes of one shard, resolved. */
export interface ShardSizes {
  readonly capacity: number;
  /** Power of two ≥ capacity. */
  readonly slotCount: number;
  /** Bytes from slot to slot. */
  readonly slotStride: number;
  /** Bytes of the sequence word that publishes a slot's record; 0 where a cursor publishes them. */
  readonly wordBytes: number;
  /** Bytes. */
  readonly recordMax: number;
  /** Bytes, a power of two; 0 in the Fixed layout. */
  readonly arenaBytes: number;
  readonly stampCount: number;
}

export interface MemoryPlan {
  readonly sizes: ShardSizes;
  readonly threads: number;
  /** Tables of the region, in its order; the last row is the padding between them. */
  readonly rows: readonly MemoryRow[];
  /** What ops keep beside the region: address space, touched as it is needed. */
  readonly beside: readonly MemoryRow[];
  /** The prefix that an observer maps: everything but marks, slots and arenas. */
  readonly observableBytes: number;
  readonly totalBytes: number;
  /** The region and what lies beside it. */
  readonly mappedBytes: number;
}

function resolveArena(spec: RingSpec, asked: number | undefined, recordMax: number): number {
  const least = powerOfTwo(2 * roundUp(spec.headroom + recordMax + spec.tailroom, 8));
  if (least > SIZE_LIMITS.arenaBytesMax)
    throw new RangeError(`recordMax is ${recordMax}; with the room that this plan's ops add, no arena can hold it`);
  if (asked !== undefined) {
    checkRange('arenaBytes', asked, least, SIZE_LIMITS.arenaBytesMax);
    if (powerOfTwo(asked) !== asked) throw new RangeError(`arenaBytes is ${asked}; give a power of two`);
    return asked;
  }
  const { arenaBytes, arenaBytesShardMin } = SIZE_DEFAULTS;
  // Several shards share what one would have, down to a floor.
  return Math.max(least, arenaBytes / powerOfTwo(spec.shards), spec.shards === 1 ? 0 : arenaBytesShardMin);
}

function fixedStride(recordBytes: number, wordBytes: number): number {
  const bytes = wordBytes + recordBytes;
  if (wordBytes === 0) return roundUp(bytes, 8);
  return bytes <= CACHE_LINE ? powerOfTwo(bytes) : roundUp(bytes, CACHE_LINE);
}

/**
 * What the sizes asked for become.
 * @throws RangeError when one is out of its range, with the range
 */
export function resolveSizes(spec: RingSpec, asked: SizesAsked = {}): ShardSizes {
  const capacity = checkRange('capacity', asked.capacity ?? SIZE_DEFAULTS.capacity, 1, SIZE_LIMITS.capacityMax);
  const slotCount = powerOfTwo(capacity);
  const common = { capacity, slotCount, stampCount: Math.max(1, slotCount >> SAMPLE_SHIFT) };
  if (spec.layout === 'Fixed') {
    const wordBytes = asked.sequenceWords === true ? WORD_BYTES : 0;
    const slotStride = fixedStride(spec.recordBytes, wordBytes);
    return { ...common, slotStride, wordBytes, recordMax: fixedRecordMax(spec, asked), arenaBytes: 0 };
  }
  const least = Math.max(1, spec.ingress.recordBytes);
  const recordMax = checkRange('recordMax', asked.recordMax ?? SIZE_DEFAULTS.recordMax, least, SIZE_LIMITS.recordMax);
  const arenaBytes = resolveArena(spec, asked.arenaBytes, recordMax);
  return { ...common, slotStride: Slot.size, wordBytes: 0, recordMax, arenaBytes };
}

function fixedRecordMax({ recordBytes }: RingSpec, { recordMax = recordBytes }: SizesAsked): number {
  if (recordMax === recordBytes) return recordBytes;
  throw new RangeError(
    `recordMax is ${recordMax}; leave it out: every record of this plan's struct has ${recordBytes} bytes`,
  );
}

/** Bytes of one shard's lists: gates, terminals, their stamps, marks, wakes (u64) and dependencies of agents (u32). */
function listBytes(spec: RingSpec, threads: number): number {
  const entries = spec.entries.length;
  const offsets = 3 * (entries + 1) + spec.markCount + 2 * threads;
  const dependencies = spec.entries.reduce((sum, entry) => sum + entry.dependencies.length + 1, entries + 1);
  return roundUp(8 * offsets + 4 * dependencies, 8);
}

/** Bytes of texts: the plan's name and every id, once. */
function textBytes(spec: RingSpec): number {
  const texts = [spec.name, spec.ingress.id, spec.egress.id, ...spec.stages.map((stage) => stage.id)];
  return texts.reduce((sum, text) => sum + utf8Length(text), 0);
}

/** A region, planned: what it takes, and where everything lies in it. */
export interface PlannedRing {
  readonly memory: MemoryPlan;
  readonly places: RegionPlaces;
}

/** @param threads native threads, as placement decides or as asked for */
export function planRing(spec: RingSpec, sizes: ShardSizes, threads: number): PlannedRing {
  const walk = new Walk();
  const consumers = spec.entries.length + 1;
  const shards = Array.from({ length: spec.shards }, (_, shard) => shard);
  walk.array('header', 1, RegionHeader.size);
  const letters = letterLanes(spec);
  const agents = walk.array('agents', spec.shards * (spec.entries.length + 2) + letterAgents(spec), AgentEntry.size);
  const threadsAt = walk.array('threads', threads, ThreadBlock.size);
  const blocks = walk.array('rings', spec.shards, RingBlock.size);
  const lettersAt = letters.length === 0 ? 0 : walk.array('lanes', letters.length, LaneBlock.size);
  const longest = spec.headroom + sizes.recordMax + spec.tailroom;
  const letterPlaces = new LetterPlaces(walk, letters, () => longest);
  const ends = shards.map(() => ({
    producer: walk.pieces('producers', 1, ProducerBlock.size),
    consumers: walk.pieces('consumers', consumers, ConsumerBlock.size),
  }));
  letterPlaces.walkEnds();
  // Lanes of letters of the ends are no shard's own.
  const shardLists = listBytes(spec, threads) + roundUp(Math.ceil(letterListBytes(letters) / spec.shards), 8);
  const list_bytes = spec.shards * shardLists;
  const lists = walk.array('lists', spec.shards, shardLists);
  const text_bytes = textBytes(spec) + letterTextBytes(letters);
  const texts = walk.array('texts', 1, text_bytes);
  const times = shards.map(() => ({
    histograms: walk.pieces('histograms', consumers, HISTOGRAM_COUNTS * Uint32Array.BYTES_PER_ELEMENT),
    stamps: walk.pieces('stamps', consumers, sizes.stampCount * Float64Array.BYTES_PER_ELEMENT),
  }));
  letterPlaces.walkTimes();
  const observable_bytes = walk.endOfPage();
  const parts = shards.map((shard) => ({
    ...partSizes(spec, sizes),
    ...(ends[shard] as (typeof ends)[number]),
    ...(times[shard] as (typeof times)[number]),
    journal: 0,
    files: 0,
    marks: walk.pieces('marks', spec.markCount, sizes.slotCount, PAGE_BYTES),
    slots: walk.pieces('slots', 1, sizes.slotCount * sizes.slotStride, PAGE_BYTES),
    ordinals: 0,
    data: walk.pieces('arenas', 1, sizes.arenaBytes, PAGE_BYTES),
  }));
  const letterParts = letterPlaces.walkRecords();
  const region_bytes = walk.endOfPage();
  const tables = { agents, threads: threadsAt, blocks, letters: lettersAt, lists, list_bytes, texts, text_bytes };
  const places = { region_bytes, observable_bytes, ...tables, parts: [...parts, ...letterParts] };
  const beside = opTables(spec.stages, spec.shards);
  const totals = { observableBytes: observable_bytes, totalBytes: region_bytes };
  const mappedBytes = beside.reduce((sum, row) => sum + row.bytes, region_bytes);
  return { memory: { sizes, threads, rows: walk.table(), beside, ...totals, mappedBytes }, places };
}

const partSizes = ({ layout }: RingSpec, sizes: ShardSizes) => ({
  layout,
  capacity: sizes.capacity,
  slot_count: sizes.slotCount,
  slot_stride: sizes.slotStride,
  word_bytes: sizes.wordBytes,
  record_max: sizes.recordMax,
  memory_bytes: sizes.arenaBytes,
  stamp_count: sizes.stampCount,
});

/** As `planRing`, what it takes only. */
export const planMemory = (spec: RingSpec, sizes: ShardSizes, threads: number): MemoryPlan =>
  planRing(spec, sizes, threads).memory;
