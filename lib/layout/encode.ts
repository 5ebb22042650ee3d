/** Writes a layout as the buffer that crosses into C++ beside the spec. Little-endian. Pure; any thread. */

import { enums, LAYOUT_MAGIC, LayoutHeader, LayoutPart, REGION_LAYOUT_VERSION } from '../abi/definition.js';
import type { Spec } from '../lower/spec.js';
import { writeRow } from '../lower/spec-writer.js';
import type { Placement } from './placement.js';
import type { RegionPlaces } from './places.js';
import { roundUp } from './region-walk.js';

/** The caller owns the result. */
export function encodeLayout(
  target: Spec['target'],
  { parts, ...places }: RegionPlaces,
  { threads, hosted, agentThreads }: Placement,
): Uint8Array {
  const agentsAt = LayoutHeader.size;
  const partsAt = roundUp(agentsAt + agentThreads.length * Uint32Array.BYTES_PER_ELEMENT, 8);
  const out = new Uint8Array(partsAt + parts.length * LayoutPart.size);
  const view = new DataView(out.buffer);
  writeRow(view, 0, LayoutHeader, {
    ...places,
    magic: LAYOUT_MAGIC,
    layout_version: REGION_LAYOUT_VERSION,
    total_bytes: out.length,
    target: enums.TargetCode[target],
    thread_count: threads + hosted,
    hosted_count: hosted,
    agent_count: agentThreads.length,
    part_count: parts.length,
  });
  for (const [agent, thread] of agentThreads.entries())
    view.setUint32(agentsAt + agent * Uint32Array.BYTES_PER_ELEMENT, thread, true);
  for (const [part, { layout, ...own }] of parts.entries())
    writeRow(view, partsAt + part * LayoutPart.size, LayoutPart, { ...own, layout: enums.LayoutCode[layout] });
  return out;
}
