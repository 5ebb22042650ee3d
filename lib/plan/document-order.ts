/**
 * The order of a report: that of the document as it was written. A place stands before what is in it, and what is in it
 * in the order of its keys; what a map lacks is reported where the map begins, so it stands first in it. Pure; any thread.
 */
import { fromPointer } from './pointer.js';

/** What of a place is wrong: its key, or something that is missing in it (both stand first), or its value. */
const AT_START = -2;
const AT_VALUE = -1;

/** Where a place stands: for each step down its index among its siblings, then which part of it is meant. */
export type Rank = readonly number[];

/** Ranks places of one document. Indices of large maps are looked up once. */
export class DocumentOrder {
  readonly #document: unknown;
  readonly #indices = new Map<object, ReadonlyMap<string, number>>();

  constructor(document: unknown) {
    this.#document = document;
  }

  rankOf(pointer: string, part: 'key' | 'value'): Rank {
    const rank: number[] = [];
    let value = this.#document;
    for (const segment of fromPointer(pointer)) {
      const index = this.#indexOf(value, segment);
      if (index === undefined) return [...rank, AT_START];
      rank.push(index);
      value = (value as Record<string, unknown>)[segment];
    }
    return [...rank, part === 'key' ? AT_START : AT_VALUE];
  }

  #indexOf(holder: unknown, segment: string): number | undefined {
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, segment)) return undefined;
    if (Array.isArray(holder)) return Number(segment);
    const known = this.#indices.get(holder) ?? new Map(Object.keys(holder).map((key, index) => [key, index]));
    this.#indices.set(holder, known);
    return known.get(segment);
  }
}

export function compareRanks(one: Rank, other: Rank): number {
  for (let depth = 0; depth < Math.min(one.length, other.length); depth++) {
    const difference = (one[depth] as number) - (other[depth] as number);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
