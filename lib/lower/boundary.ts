/** Lowers one boundary of the catalog: its codec becomes what native code needs of it. Pure; any thread. */

import { type CodecKind, codecKind, layoutOf } from '../plan/codec-layout.js';
import type { BoundaryEntry } from '../plan/document.js';
import { onErrorOf } from './on-error.js';
import type { BoundarySpec, CodecName } from './spec.js';

const NAMES = { bytes: 'Bytes', utf8: 'Utf8', json: 'Json', struct: 'Struct' } as const satisfies Record<
  CodecKind,
  CodecName
>;

export function lowerBoundary(entry: BoundaryEntry): BoundarySpec {
  const { size, hash } = layoutOf(entry.codec) ?? { size: 0, hash: '0' };
  const codec = NAMES[codecKind(entry.codec)];
  const common = { id: entry.id, onError: onErrorOf(entry) };
  return { ...common, codec, recordBytes: size, layoutHash: BigInt(`0x${hash}`) };
}
