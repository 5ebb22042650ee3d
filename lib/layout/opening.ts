/**
 * One opening of a lowered plan, planned: sizes, places, threads, and the buffer that tells the core. `open` passes it on,
 * `describe` shows the same plan, and the core only checks it (native/graph/layout.hpp). Pure; any thread.
 */

import type { Spec } from '../lower/spec.js';
import { encodeLayout } from './encode.js';
import { type GraphMemory, type GraphSizesAsked, planGraph } from './graph-memory.js';
import { type MemoryPlan, planRing, resolveSizes, type SizesAsked } from './memory.js';
import { type Placement, type PlacementAsked, place } from './placement.js';

/** What is asked for at open; what is left out gets its default. */
export interface OpeningAsked extends PlacementAsked {
  readonly sizes: SizesAsked & GraphSizesAsked;
}

export interface Opening {
  readonly memory: MemoryPlan | GraphMemory;
  readonly placement: Placement;
  /** LayoutHeader and what follows it (lib/abi/definition.ts). The caller owns it. */
  readonly layout: Uint8Array;
}

/** @throws RangeError when a size is out of its range, with the range */
export function planOpening(spec: Spec, asked: OpeningAsked): Opening {
  const placement = place(spec, asked);
  const blocks = placement.threads + placement.hosted;
  const { memory, places } =
    spec.target === 'LaneGraph'
      ? planGraph(spec, asked.sizes, blocks)
      : planRing(spec, resolveSizes(spec, asked.sizes), blocks);
  return { memory, placement, layout: encodeLayout(spec.target, places, placement) };
}
