/**
 * Writes a spec as the one buffer that crosses into C++, exactly as lib/abi/definition.ts lays it out: header, section
 * table, then the sections of its target in a stated order, each 8-byte aligned, all of them always present.
 * Deterministic: equal specs give equal bytes. Pure; any thread.
 */

import { enums } from '../abi/definition.js';
import { graphSections } from './encode-graph.js';
import { ringSections } from './encode-ring.js';
import type { Spec } from './spec.js';
import { assemble, TextPool } from './spec-writer.js';

/** The buffer of a lowered plan, little-endian. The caller owns the result. */
export function encodeSpec(spec: Spec): Uint8Array {
  const text = new TextPool();
  const name = text.add(spec.name);
  const sections = spec.target === 'SingleRing' ? ringSections(spec, text) : graphSections(spec, text);
  return assemble(enums.TargetCode[spec.target], name, sections);
}
