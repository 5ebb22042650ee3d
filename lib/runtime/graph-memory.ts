/**
 * What the authored lanes of a graph will map at least, before anything is lowered to bytes: enough to refuse what cannot
 * be had, in words of the plan. Inserted lanes and the tables of the region come on top; the core counts all. Pure.
 */

import {
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  LANE_BYTES_DEFAULT,
  SLOTS_LANE_ARENA_BYTES_DEFAULT,
  Slot,
} from '../abi/definition.js';
import type { Connection, LaneGraphPayload } from '../plan/document.js';

export interface LaneSizes {
  readonly laneBytes?: number;
  readonly recordMax?: number;
}

const powerOfTwo = (value: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, value)));
const frame = (record: number): number => Math.ceil((FRAME_HEADER_BYTES + record) / FRAME_ALIGN) * FRAME_ALIGN;

function laneMemory({ lane }: Connection, { laneBytes = 0, recordMax = 0 }: LaneSizes): number {
  if (lane.kind === 'SequencedSlots') {
    const arena = powerOfTwo(Math.max(SLOTS_LANE_ARENA_BYTES_DEFAULT, 2 * recordMax));
    return powerOfTwo(lane.capacity) * Slot.size + arena;
  }
  const stated = lane.kind === 'Journal' ? undefined : lane.capacity_bytes;
  // The largest record and the padding that it may cause have to fit, so a lane without a stated size grows with it.
  return powerOfTwo(stated ?? Math.max(laneBytes === 0 ? LANE_BYTES_DEFAULT : laneBytes, 2 * frame(recordMax)));
}

/** Bytes. The FanoutBroadcast connections of one outlet are one lane. */
export function leastGraphMemory({ connections }: LaneGraphPayload, sizes: LaneSizes): number {
  const shared = new Set<string>();
  let bytes = 0;
  for (const connection of connections) {
    if (connection.lane.kind === 'FanoutBroadcast') {
      if (shared.has(connection.from)) continue;
      shared.add(connection.from);
    }
    bytes += laneMemory(connection, sizes);
  }
  return bytes;
}
