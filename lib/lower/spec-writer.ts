/**
 * Sections, rows and texts of a spec buffer, and how they are put together. Knows bytes, not what they mean (encode-*.ts
 * do). Little-endian. Pure; any thread.
 */

import { enums, SPEC_LAYOUT_VERSION, SPEC_MAGIC, SpecHeader, SpecSection } from '../abi/definition.js';
import type { StructLayout } from '../abi/struct.js';

/** Bytes a record of the sections that hold indices only: one u32. */
export const INDEX_STRIDE = 4;
const SECTION_ALIGN = 8;

const alignUp = (at: number): number => Math.ceil(at / SECTION_ALIGN) * SECTION_ALIGN;

/** Where a string lies in the Text section, in bytes. */
interface TextPlace {
  readonly offset: number;
  readonly length: number;
}

/** Collects strings as UTF-8, each distinct one once, in the order of first use. */
export class TextPool {
  readonly #places = new Map<string, TextPlace>();
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;

  add(text: string): TextPlace {
    if (text === '') return { offset: 0, length: 0 };
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const part = new TextEncoder().encode(text);
    const place = { offset: this.#bytes, length: part.length };
    this.#places.set(text, place);
    this.#parts.push(part);
    this.#bytes += part.length;
    return place;
  }

  bytes(): Uint8Array {
    return concat(this.#parts);
  }
}

/** One behind the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** One struct's values; every field that is left out is zero. */
export type Row<Name extends string> = Partial<Readonly<Record<Name, number | bigint>>>;

/** Writes a struct at `at`: u32 and u64 fields. */
export function writeRow<Name extends string>(
  view: DataView,
  at: number,
  layout: StructLayout<Name>,
  row: Row<NoInfer<Name>>,
): void {
  for (const field of layout.fields) {
    const value = row[field.name as Name] ?? 0;
    if (field.type === 'u64') view.setBigUint64(at + field.offset, BigInt(value), true);
    else view.setUint32(at + field.offset, Number(value), true);
  }
}

export interface Section {
  readonly kind: number;
  readonly count: number;
  readonly stride: number;
  readonly bytes: Uint8Array;
}

export function table<Name extends string>(
  kind: number,
  layout: StructLayout<Name>,
  rows: readonly Row<NoInfer<Name>>[],
): Section {
  const bytes = new Uint8Array(rows.length * layout.size);
  const view = new DataView(bytes.buffer);
  for (const [index, row] of rows.entries()) writeRow(view, index * layout.size, layout, row);
  return { kind, count: rows.length, stride: layout.size, bytes };
}

export type FieldName<Layout> = Layout extends StructLayout<infer Name> ? Name : never;

/** A section of u32 indices: slices of it belong to the rows of another section. */
export function indexSection(kind: number, indices: readonly number[]): Section {
  const bytes = new Uint8Array(indices.length * INDEX_STRIDE);
  const view = new DataView(bytes.buffer);
  for (const [at, index] of indices.entries()) view.setUint32(at * INDEX_STRIDE, index, true);
  return { kind, count: indices.length, stride: INDEX_STRIDE, bytes };
}

/** A section without rows. */
export function bytesSection(kind: number, bytes: Uint8Array): Section {
  return { kind, count: bytes.length, stride: 1, bytes };
}

export function textSection(text: TextPool): Section {
  return bytesSection(enums.SectionKind.Text, text.bytes());
}

/** Header, section table and sections in one buffer, which the caller owns. */
export function assemble(target: number, name: TextPlace, sections: readonly Section[]): Uint8Array {
  const tableStart = SpecHeader.size;
  const offsets: number[] = [];
  let end = alignUp(tableStart + sections.length * SpecSection.size);
  for (const section of sections) {
    offsets.push(end);
    end = alignUp(end + section.bytes.length);
  }
  const out = new Uint8Array(end);
  const view = new DataView(out.buffer);
  writeRow(view, 0, SpecHeader, {
    magic: SPEC_MAGIC,
    layout_version: SPEC_LAYOUT_VERSION,
    total_bytes: end,
    target,
    section_count: sections.length,
    name_offset: name.offset,
    name_length: name.length,
  });
  for (const [index, section] of sections.entries()) {
    const offset = offsets[index] ?? 0;
    const { kind, count, stride, bytes } = section;
    writeRow(view, tableStart + index * SpecSection.size, SpecSection, { kind, offset, count, stride });
    out.set(bytes, offset);
  }
  return out;
}
