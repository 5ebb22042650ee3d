/**
 * Every byte that a pipeline will map, table by table, before it is opened. The rules are those of
 * native/run/sizes.cpp (what an option left out becomes) and native/graph/region_plan.cpp (where everything lies); the
 * region's own total_bytes is compared with this sum in a test. Pure; any thread.
 */

import {
  AgentEntry,
  ARENA_BYTES_DEFAULT,
  ARENA_BYTES_MAX,
  ARENA_BYTES_SHARD_MIN,
  CAPACITY_DEFAULT,
  ConsumerBlock,
  HISTOGRAM_COUNTS,
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
} from '../abi/definition.js';
import type { RingSpec } from '../lower/spec.js';
import { utf8Length } from '../plan/utf8.js';
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

/** Sizes as asked for at open; what is left out gets its default. */
export interface SizesAsked {
  /** Records a shard may hold, exactly. */
  readonly capacity?: number | undefined;
  /** Largest record, bytes. Ignored by the Fixed layout, where the struct says it. */
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

function fixedStride(recordBytes: number, sequenceWords: boolean): number {
  if (!sequenceWords) return roundUp(recordBytes, 8);
  const bytes = WORD_BYTES + recordBytes;
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
    const slotStride = fixedStride(spec.recordBytes, asked.sequenceWords ?? false);
    return { ...common, slotStride, recordMax: spec.recordBytes, arenaBytes: 0 };
  }
  const least = Math.max(1, spec.ingress.recordBytes);
  const recordMax = checkRange('recordMax', asked.recordMax ?? SIZE_DEFAULTS.recordMax, least, SIZE_LIMITS.recordMax);
  return { ...common, slotStride: Slot.size, recordMax, arenaBytes: resolveArena(spec, asked.arenaBytes, recordMax) };
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

/** @param threads native threads, as placement decides or as asked for */
export function planMemory(spec: RingSpec, sizes: ShardSizes, threads: number): MemoryPlan {
  const walk = new Walk();
  const consumers = spec.entries.length + 1;
  const shards = Array.from({ length: spec.shards }, (_, shard) => shard);
  walk.array('header', 1, RegionHeader.size);
  walk.array('agents', spec.shards * (spec.entries.length + 2), AgentEntry.size);
  walk.array('threads', threads, ThreadBlock.size);
  walk.array('rings', spec.shards, RingBlock.size);
  for (const _ of shards) {
    walk.pieces('producers', 1, ProducerBlock.size);
    walk.pieces('consumers', consumers, ConsumerBlock.size);
  }
  walk.array('lists', spec.shards, listBytes(spec, threads));
  walk.array('texts', 1, textBytes(spec));
  for (const _ of shards) {
    walk.pieces('histograms', consumers, HISTOGRAM_COUNTS * Uint32Array.BYTES_PER_ELEMENT);
    walk.pieces('stamps', consumers, sizes.stampCount * Float64Array.BYTES_PER_ELEMENT);
  }
  const observableBytes = walk.endOfPage();
  for (const _ of shards) {
    walk.pieces('marks', spec.markCount, sizes.slotCount, PAGE_BYTES);
    walk.pieces('slots', 1, sizes.slotCount * sizes.slotStride, PAGE_BYTES);
    walk.pieces('arenas', 1, sizes.arenaBytes, PAGE_BYTES);
  }
  const totalBytes = walk.endOfPage();
  const beside = opTables(spec.stages, spec.shards);
  const mappedBytes = beside.reduce((sum, row) => sum + row.bytes, totalBytes);
  return { sizes, threads, rows: walk.table(), beside, observableBytes, totalBytes, mappedBytes };
}
