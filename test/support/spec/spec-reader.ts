/**
 * Bounds-checked access to a spec buffer: every read states what it expects and fails with a SpecError that says what
 * was found. Knows targets, sections and scalars, not what they mean (decode-*.ts do).
 */

import {
  enums,
  SPEC_LAYOUT_VERSION,
  SPEC_MAGIC,
  SpecBoundary,
  SpecHeader,
  SpecKey,
  SpecLane,
  SpecRing,
  SpecRingEntry,
  SpecRole,
  SpecSection,
  SpecStage,
} from '../../../lib/abi/definition.js';
import type { StructLayout } from '../../../lib/abi/struct.js';
import { INDEX_STRIDE } from '../../../lib/lower/spec-writer.js';
import { SpecError } from './spec-error.js';

type SectionName = keyof typeof enums.SectionKind;
type TargetName = keyof typeof enums.TargetCode;

const STRIDES: Readonly<Record<SectionName, number>> = {
  Text: 1,
  Boundaries: SpecBoundary.size,
  Stages: SpecStage.size,
  Ring: SpecRing.size,
  RingEntries: SpecRingEntry.size,
  Dependencies: INDEX_STRIDE,
  Keys: SpecKey.size,
  Roles: SpecRole.size,
  Lanes: SpecLane.size,
  RoleLanes: INDEX_STRIDE,
  LaneReaders: INDEX_STRIDE,
  Configs: 1,
};

/** A buffer has exactly those of its target. */
const SECTION_NAMES: Readonly<Record<TargetName, readonly SectionName[]>> = {
  SingleRing: ['Text', 'Boundaries', 'Stages', 'Ring', 'RingEntries', 'Dependencies', 'Keys', 'Configs'],
  LaneGraph: ['Text', 'Boundaries', 'Stages', 'Keys', 'Roles', 'Lanes', 'RoleLanes', 'LaneReaders', 'Configs'],
};

/** What the indices of a section are called in messages. */
const INDEX_WORDS = { Dependencies: 'dependencies', RoleLanes: 'lanes', LaneReaders: 'readers' } as const;

interface Section {
  readonly offset: number;
  readonly count: number;
  readonly end: number;
}

/** One struct in the buffer. `u32` and `u64` read a field; `at` is the field's byte offset, for error messages. */
export interface Row<Name extends string> {
  readonly index: number;
  /** Its byte offset. */
  readonly start: number;
  at(field: Name): number;
  u32(field: Name): number;
  u64(field: Name): bigint;
}

export class SpecReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #sections: ReadonlyMap<SectionName, Section>;
  /** Indices that were handed out, by section. */
  readonly #used = new Map<SectionName, number>();
  readonly header: Row<keyof typeof SpecHeader.offset>;
  readonly target: TargetName;

  /** Checks the header and the section table. @throws SpecError */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < SpecHeader.size)
      throw new SpecError(`it has ${bytes.byteLength} bytes, the header alone needs ${SpecHeader.size}`, 0);
    this.header = this.#row(SpecHeader, 0, 0);
    this.#expect('magic', SPEC_MAGIC);
    this.#expect('layout_version', SPEC_LAYOUT_VERSION);
    this.#expect('total_bytes', this.#bytes.byteLength);
    this.target = nameOf(enums.TargetCode, this.header, 'target', 'target');
    this.#expect('section_count', SECTION_NAMES[this.target].length);
    this.#expect('reserved', 0);
    this.#sections = this.#readSections(SECTION_NAMES[this.target]);
  }

  #row<Name extends string>(layout: StructLayout<Name>, start: number, index: number): Row<Name> {
    const at = (field: Name): number => start + layout.offset[field];
    return {
      index,
      start,
      at,
      u32: (field) => this.#view.getUint32(at(field), true),
      u64: (field) => this.#view.getBigUint64(at(field), true),
    };
  }

  #expect(field: keyof typeof SpecHeader.offset, expected: number): void {
    const found = this.header.u32(field);
    if (found !== expected) throw new SpecError(`${field} is ${found}, expected ${expected}`, this.header.at(field));
  }

  #readSections(names: readonly SectionName[]): ReadonlyMap<SectionName, Section> {
    const tableEnd = SpecHeader.size + names.length * SpecSection.size;
    if (tableEnd > this.#bytes.byteLength)
      throw new SpecError(`the section table ends at ${tableEnd}, behind the buffer`, SpecHeader.size);
    const sections = new Map<SectionName, Section>();
    for (let index = 0; index < names.length; index++) {
      const row = this.#row(SpecSection, SpecHeader.size + index * SpecSection.size, index);
      const name = nameOf(enums.SectionKind, row, 'kind', 'section kind');
      if (!names.includes(name)) throw new SpecError(`a ${this.target} has no section ${name}`, row.at('kind'));
      if (sections.has(name)) throw new SpecError(`section ${name} stands twice`, row.at('kind'));
      sections.set(name, this.#section(name, row, tableEnd));
    }
    this.#checkOverlap([...sections.values()]);
    return sections;
  }

  #section(name: SectionName, row: Row<keyof typeof SpecSection.offset>, tableEnd: number): Section {
    const [offset, count, stride] = [row.u32('offset'), row.u32('count'), row.u32('stride')];
    if (stride !== STRIDES[name])
      throw new SpecError(`section ${name} has stride ${stride}, expected ${STRIDES[name]}`, row.at('stride'));
    if (offset % 8 !== 0) throw new SpecError(`section ${name} is not 8-byte aligned`, row.at('offset'));
    const end = offset + count * stride;
    if (offset < tableEnd || end > this.#bytes.byteLength)
      throw new SpecError(`section ${name} spans ${offset}…${end}, outside the buffer`, row.at('offset'));
    return { offset, count, end };
  }

  #checkOverlap(sections: readonly Section[]): void {
    const filled = sections.filter((section) => section.count > 0).sort((a, b) => a.offset - b.offset);
    for (const [index, section] of filled.entries()) {
      const next = filled[index + 1];
      if (next !== undefined && section.end > next.offset) throw new SpecError('sections overlap', next.offset);
    }
  }

  #find(name: SectionName): Section {
    const section = this.#sections.get(name);
    if (section === undefined) throw new SpecError(`section ${name} is missing`, SpecHeader.size);
    return section;
  }

  /** All records of a table. */
  rows<Name extends string>(name: SectionName, layout: StructLayout<Name>): readonly Row<Name>[] {
    const { offset, count } = this.#find(name);
    return Array.from({ length: count }, (_, index) => this.#row(layout, offset + index * layout.size, index));
  }

  /** A slice of a section of indices. `row` is what owns it, and its fields say where it lies. */
  indices<Name extends string>(
    name: 'Dependencies' | 'RoleLanes' | 'LaneReaders',
    row: Row<Name>,
    startField: Name,
    countField: Name,
  ): readonly number[] {
    const { offset, count } = this.#find(name);
    const [start, length] = [row.u32(startField), row.u32(countField)];
    if (start + length > count)
      throw new SpecError(`${INDEX_WORDS[name]} ${start}…${start + length} of ${count}`, row.at(startField));
    // Slices that overlap would make a short section stand for lists without end.
    const used = (this.#used.get(name) ?? 0) + length;
    this.#used.set(name, used);
    if (used > count) throw new SpecError(`${INDEX_WORDS[name]} are shared`, row.at(startField));
    return Array.from({ length }, (_, index) => this.#view.getUint32(offset + (start + index) * INDEX_STRIDE, true));
  }

  /** A string of the Text section. `at` is where the reference stands. */
  text(offset: number, length: number, at: number): string {
    const section = this.#find('Text');
    if (offset + length > section.count)
      throw new SpecError(`text ${offset}…${offset + length} of ${section.count} bytes`, at);
    return this.utf8(section.offset + offset, length);
  }

  /** The struct at the start of a stage's config, which lies in the section Configs. */
  config(layout: StructLayout, stage: Row<keyof typeof SpecStage.offset>): Row<string> {
    const section = this.#find('Configs');
    const [offset, length] = [stage.u32('config_offset'), stage.u32('config_length')];
    if (length < layout.size || offset + length > section.count)
      throw new SpecError(`config ${offset}…${offset + length} of ${section.count} bytes`, stage.at('config_offset'));
    return this.#row(layout, section.offset + offset, 0);
  }

  /** All bytes of the section Configs belong to stages. */
  expectConfigs(bytes: number): void {
    const { offset, count } = this.#find('Configs');
    if (count !== bytes) throw new SpecError(`configs of ${count} bytes, of which ${bytes} are read`, offset);
  }

  /** A string whose bytes are known to lie in the buffer. */
  utf8(start: number, length: number): string {
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      return decoder.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw new SpecError('a text is not UTF-8', start);
    }
  }
}

/** The name of an enum's number. @throws SpecError when the number is unknown */
export function nameOf<Values extends Readonly<Record<string, number>>, Field extends string>(
  values: Values,
  row: Row<Field>,
  field: Field,
  what: string,
): keyof Values & string {
  const code = row.u32(field);
  const found = Object.keys(values).find((name) => values[name] === code);
  if (found === undefined) throw new SpecError(`unknown ${what} ${code}`, row.at(field));
  return found;
}
