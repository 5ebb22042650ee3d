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
