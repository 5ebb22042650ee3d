/**
 * Where the tables of a region lie, one after the other, with the rules of native/graph/region_cursor.hpp: what rings and
 * graphs are measured with before they are opened. Pure; any thread.
 */

import { COUNT_KEY_TEXT_BYTES_MAX, COUNT_KEYS_MAX } from '../abi/definition.js';
import { CACHE_BLOCK } from '../abi/struct.js';
import type { StageSpec } from '../lower/spec.js';

/** Where records lie, and marks of them, begins on a page of this many bytes; so does what follows the observable part. */
export const PAGE_BYTES = 4096;

export interface MemoryRow {
  readonly table: string;
  readonly count: number;
  readonly bytesEach: number;
  readonly bytes: number;
}

export const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;
export const powerOfTwo = (value: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, value)));

export function checkRange(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} is ${value}; give an integer from ${min} to ${max}`);
}

/** What native/op/key_table.hpp allocates for a `count` with a key: slots, entries of 16 bytes, and texts. */
const KEY_TABLE_BYTES = 2 * COUNT_KEYS_MAX * 8 + COUNT_KEYS_MAX * 16 + COUNT_KEY_TEXT_BYTES_MAX;

/** Tables that ops keep beside the region. */
export function opTables(stages: readonly StageSpec[], shards: number): MemoryRow[] {
  const count = shards * stages.filter(({ op, config }) => op === 'Count' && config !== null).length;
  if (count === 0) return [];
  return [{ table: 'key tables', count, bytesEach: KEY_TABLE_BYTES, bytes: count * KEY_TABLE_BYTES }];
}

/** Walks the region from its start, as the native planner does, and keeps the sums. */
export class Walk {
  readonly rows: MemoryRow[] = [];
  #at = 0;
  #used = 0;

  /** `count` pieces of `bytesEach`, each aligned on its own. */
  pieces(table: string, count: number, bytesEach: number, align = CACHE_BLOCK): void {
    for (let piece = 0; piece < count; piece++) this.#at = roundUp(this.#at, align) + bytesEach;
    this.#add(table, count, bytesEach);
  }

  /** One array of `count` elements. */
  array(table: string, count: number, bytesEach: number): void {
    this.#at = roundUp(this.#at, CACHE_BLOCK) + count * bytesEach;
    this.#add(table, count, bytesEach);
  }

  #add(table: string, count: number, bytesEach: number): void {
    const bytes = count * bytesEach;
    this.#used += bytes;
    const known = this.rows.findIndex((row) => row.table === table);
    const row = this.rows[known];
    if (row === undefined) this.rows.push({ table, count, bytesEach, bytes });
    else this.rows[known] = { ...row, count: row.count + count, bytes: row.bytes + bytes };
  }

  endOfPage(): number {
    this.#at = roundUp(this.#at, PAGE_BYTES);
    return this.#at;
  }

  get padding(): number {
    return this.#at - this.#used;
  }

  /** What lies between the tables, as the last row. */
  table(): readonly MemoryRow[] {
    return [...this.rows, { table: 'padding', count: 1, bytesEach: this.padding, bytes: this.padding }];
  }
}
