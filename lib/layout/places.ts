/** What a layout says (lib/abi/definition.ts, LayoutHeader and LayoutPart), before it is a buffer. Pure; any thread. */

import type { LayoutHeader, LayoutPart } from '../abi/definition.js';
import type { LayoutName } from '../lower/spec.js';
import type { FieldName } from '../lower/spec-writer.js';

/** Sizes and places of a shard or of a lane. */
export type PartPlaces = { readonly layout: LayoutName } & Readonly<
  Record<Exclude<FieldName<typeof LayoutPart>, 'layout'>, number>
>;

type HeaderField = FieldName<typeof LayoutHeader>;

/** Where everything lies in a region. */
export interface RegionPlaces
  extends Readonly<
    Record<
      Extract<
        HeaderField,
        | 'region_bytes'
        | 'observable_bytes'
        | 'agents'
        | 'threads'
        | 'blocks'
        | 'letters'
        | 'lists'
        | 'list_bytes'
        | 'texts'
        | 'text_bytes'
      >,
      number
    >
  > {
  readonly parts: readonly PartPlaces[];
}

/** One lane, resolved. */
export interface LaneMemory {
  readonly id: string;
  /** What it holds at most: bytes of frames where there are no slots, else records. */
  readonly capacity: number;
  /** Bytes of the largest record. */
  readonly recordMax: number;
  /** A power of two; 0 where records are frames. */
  readonly slotCount: number;
  /** Where every record is the same struct, the slots are the records; elsewhere they point into an arena. */
  readonly fixed: boolean;
  /** Bytes of frames, or of the arena behind the slots: a power of two; of the records that are the slots. */
  readonly dataBytes: number;
  readonly stampCount: number;
  /** All of it: records, cursors, counters, stamps and histograms. */
  readonly bytes: number;
}
