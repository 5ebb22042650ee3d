/**
 * Reads a spec buffer back. Nothing is trusted: every bound is checked, and everything that follows from something else
 * (ancestors, marks, room, layout; watermarks, what lanes carry) is computed again and compared. The same rules stand in
 * native/graph; this side is the oracle of tests, and no part of the package. Pure.
 */

import type { Spec } from '../../../lib/lower/spec.js';
import { decodeGraph } from './decode-graph.js';
import { decodeRing } from './decode-ring.js';
import { SpecReader } from './spec-reader.js';

/**
 * Reads a spec buffer. The view is only read; the result shares nothing with it.
 * @throws SpecError with the byte in question when anything does not hold
 */
export function decodeSpec(bytes: Uint8Array): Spec {
  const reader = new SpecReader(bytes);
  return reader.target === 'SingleRing' ? decodeRing(reader) : decodeGraph(reader);
}
