/** What a catalog's type says of a boundary's codec. Types only. */
import type { Codec } from './document.js';

/** The codec of boundaries, in a union of entries; undefined where one has none. */
export type CodecOf<B, Id> = B extends { readonly id: infer Own }
  ? Id extends Own
    ? B extends { readonly codec: infer C extends Codec }
      ? C
      : B extends { readonly codec?: infer C extends Codec }
        ? C | undefined
        : undefined
    : never
  : never;
