/** Lowers one boundary of the catalog: its codec becomes what native code needs of it. Pure; any thread. */

import { type CodecKind, codecKind, layoutOf } from '../plan/codec-layout.js';
import type { BoundaryEntry } from '../plan/document.js';
import type { BoundarySpec, CodecName } from './spec.js';

const NAMES = { bytes: 'Bytes', utf8: 'Utf8', json: 'Json', struct: 'Struct' } as const satisfies Record<
  CodecKind,
  CodecName
>;

export function lowerBoundary({ id, codec }: BoundaryEntry): BoundarySpec {
  const { size, hash } = layoutOf(codec) ?? { size: 0, hash: '0' };
  return { id, codec: NAMES[codecKind(codec)], recordBytes: size, layoutHash: BigInt(`0x${hash}`) };
}
