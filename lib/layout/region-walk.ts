/**
 * Where the tables of a region lie, one after the other: what rings and graphs are laid out with. Pure; any thread.
 */

import { COUNT_TABLE_BYTES, FRAME_ALIGN, FRAME_HEADER_BYTES } from '../abi/definition.js';
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

/** The longest record of a framed lane: a frame of half the lane always finds room once the lane is empty. */
export function framedRecordMax(capacity: number): number {
  const half = Math.floor(capacity / 2 / FRAME_ALIGN) * FRAME_ALIGN;
  return Math.max(0, half - FRAME_HEADER_BYTES);
}

export function checkRange(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} is ${value}; give an integer from ${min} to ${max}`);
}

/** Tables that ops keep beside the region. */
export function opTables(stages: readonly StageSpec[], shards: number): MemoryRow[] {
  const count = shards * stages.filter(({ op, config }) => op === 'Count' && config !== null).length;
  if (count === 0) return [];
  return [{ table: 'key tables', count, bytesEach: COUNT_TABLE_BYTES, bytes: count * COUNT_TABLE_BYTES }];
}

/** Walks the region from its start, giving each table its place, and keeps the sums. */
export class Walk {
  readonly rows: MemoryRow[] = [];
  #at = 0;
  #used = 0;

  /** `count` pieces of `bytesEach`, each aligned on its own: the place of the first; 0 where there is none. */
  pieces(table: string, count: number, bytesEach: number, align = CACHE_BLOCK): number {
    this.#add(table, count, bytesEach);
    if (count === 0) return 0;
    const place = roundUp(this.#at, align);
    this.#at = place + (count - 1) * roundUp(bytesEach, align) + bytesEach;
    return place;
  }

  /** One array of `count` elements: its place. */
  array(table: string, count: number, bytesEach: number): number {
    const place = roundUp(this.#at, CACHE_BLOCK);
    this.#at = place + count * bytesEach;
    this.#add(table, count, bytesEach);
    return place;
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
