/**
 * One shard's records as typed arrays: what codecs, producers and consumers index into. `at` is always a byte index into
 * `bytes`: the slots themselves in the Fixed layout, the arena in the Variable one (native/core/record.hpp draws both).
 * Made once when a handle is taken; used by that handle's thread.
 */

import { RegionError, type RingPlaces } from '../region/region.js';

export interface RecordMemory {
  readonly bytes: Uint8Array;
  /** The same bytes with Node's text methods. */
  readonly buffer: Buffer;
  readonly view: DataView;
  /** Every record begins at a multiple of this: 8, or 1 where ops may move it. */
  readonly align: number;
}

/** @internal */
export function recordMemory(memory: ArrayBuffer, ring: RingPlaces): RecordMemory {
  const at = ring.fixed ? ring.slotsAt : ring.arenaAt;
  const length = ring.fixed ? ring.slotCount * ring.slotStride : ring.arenaBytes;
  const aligned = ring.fixed && ring.slotStride % 8 === 0 && at % 8 === 0;
  return memoryOver(memory, at, length, aligned ? 8 : 1);
}

/**
 * Views of any stretch of memory; a scratch area for routed records is one too.
 * @internal
 */
export function memoryOver(memory: ArrayBuffer, at: number, length: number, align: number): RecordMemory {
  checkPlace(memory, at, length);
  return {
    bytes: new Uint8Array(memory, at, length),
    buffer: Buffer.from(memory, at, length),
    view: new DataView(memory, at, length),
    align,
  };
}

/**
 * Words of a slot table (Variable layout): position, start, length, flags. Empty in the Fixed layout.
 * @internal
 */
export function slotWords(memory: ArrayBuffer, ring: RingPlaces): Int32Array {
  if (ring.fixed) return new Int32Array(0);
  checkPlace(memory, ring.slotsAt, ring.slotCount * 16);
  return new Int32Array(memory, ring.slotsAt, ring.slotCount * 4);
}

/** What the region says of places is believed only as far as it has bytes: the tables can be written over. */
function checkPlace(memory: ArrayBuffer, at: number, bytes: number): void {
  if (at % 8 === 0 && at + bytes <= memory.byteLength) return;
  throw new RegionError(
    `records at ${at} (${bytes} bytes) do not lie in the ${memory.byteLength} bytes of the region: it was written over`,
  );
}
