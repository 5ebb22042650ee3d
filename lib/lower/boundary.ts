/** Lowers one boundary of the catalog: its codec becomes what native code needs of it. Pure; any thread. */

import { layoutStruct } from '../plan/codec-layout.js';
import type { BoundaryEntry, Codec } from '../plan/document.js';
import { onErrorOf } from './on-error.js';
import type { BoundarySpec } from './spec.js';

export function lowerBoundary(entry: BoundaryEntry): BoundarySpec {
  const codec: Codec = entry.codec ?? 'bytes';
  const common = { id: entry.id, onError: onErrorOf(entry) };
  if (codec === 'bytes') return { ...common, codec: 'Bytes', recordBytes: 0, layoutHash: 0n };
  if (codec === 'utf8') return { ...common, codec: 'Utf8', recordBytes: 0, layoutHash: 0n };
  const layout = layoutStruct(codec.fields);
  return { ...common, codec: 'Struct', recordBytes: layout.size, layoutHash: BigInt(`0x${layout.hash}`) };
}
