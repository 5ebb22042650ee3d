/**
 * Bytes that the lanes of a graph take, before it is opened: an estimate by the sizes that the plan and the options state.
 * A lane is its blocks (one for itself, one for its writer, one for each reader, with a histogram) and its data: frames in
 * memory of a power of two, or slots with an arena. Where the region's pages and lists lie, and what a journal keeps in
 * files, is not in it. Pure; any thread.
 */

import {
  ConsumerBlock,
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  HISTOGRAM_COUNTS,
  LANE_BYTES_DEFAULT,
  LaneBlock,
  ProducerBlock,
  SEQUENCED_SLOTS_GATES,
  SLOTS_LANE_ARENA_BYTES_DEFAULT,
  Slot,
} from '../abi/definition.js';
import type { GraphSpec, LaneSpec } from '../lower/spec.js';

const HISTOGRAM_BYTES = HISTOGRAM_COUNTS * Uint32Array.BYTES_PER_ELEMENT;
const ORDINAL_BYTES = BigUint64Array.BYTES_PER_ELEMENT;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;
const powerOfTwo = (value: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, value)));

export interface LaneMemory {
  readonly id: string;
  /** What records take their place in. */
  readonly dataBytes: number;
  /** Cursors, counters and histograms of its ends. */
  readonly blockBytes: number;
  readonly bytes: number;
}

export interface GraphMemory {
  /** In the order of the spec. */
  readonly lanes: readonly LaneMemory[];
  readonly bytes: number;
}

/** Two of the largest records fit a lane's memory, so that one that wraps still finds room. */
const roomForTwo = (recordMax: number): number =>
  powerOfTwo(2 * (FRAME_HEADER_BYTES + roundUp(recordMax, FRAME_ALIGN)));

function dataBytes(lane: LaneSpec, recordMax: number): number {
  if (lane.kind === 'SequencedSlots') {
    const slots = powerOfTwo(lane.capacityRecords);
    const arena = Math.max(SLOTS_LANE_ARENA_BYTES_DEFAULT, powerOfTwo(2 * roundUp(recordMax, FRAME_ALIGN)));
    return slots * (Slot.size + (lane.watermarked ? ORDINAL_BYTES : 0)) + arena;
  }
  if (lane.capacityBytes > 0) return powerOfTwo(lane.capacityBytes);
  return Math.max(LANE_BYTES_DEFAULT, recordMax === 0 ? 0 : roomForTwo(recordMax));
}

function readersOf(lane: LaneSpec): number {
  // The agent that writes a journal's files reads its lane too; a slots lane has its gates whether read or not.
  if (lane.kind === 'Journal') return lane.readers.length + 1;
  return lane.kind === 'SequencedSlots' ? SEQUENCED_SLOTS_GATES : lane.readers.length;
}

/** @param recordMax the largest record as asked for at open; 0: whatever the lane takes */
export function laneMemory(lane: LaneSpec, recordMax = 0): LaneMemory {
  const data = dataBytes(lane, Math.max(recordMax, lane.recordBytes));
  const readers = readersOf(lane) * ConsumerBlock.size + lane.readers.length * HISTOGRAM_BYTES;
  const blockBytes = LaneBlock.size + ProducerBlock.size + readers;
  return { id: lane.id, dataBytes: data, blockBytes, bytes: data + blockBytes };
}

export function planGraphMemory(spec: GraphSpec, recordMax = 0): GraphMemory {
  const lanes = spec.lanes.map((lane) => laneMemory(lane, recordMax));
  return { lanes, bytes: lanes.reduce((sum, lane) => sum + lane.bytes, 0) };
}
