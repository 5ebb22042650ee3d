/**
 * Writes a RingSpec as the one buffer that crosses into C++, exactly as lib/abi/definition.ts lays it out: header,
 * section table, then every section in the order of SectionKind, each 8-byte aligned, all seven always present.
 * Deterministic: equal specs give equal bytes. Pure; any thread.
 */

import {
  enums,
  NONE,
  SPEC_LAYOUT_VERSION,
  SPEC_MAGIC,
  SpecBoundary,
  SpecHeader,
  SpecKey,
  SpecRing,
  SpecRingEntry,
  SpecSection,
  SpecStage,
} from '../abi/definition.js';
import type { StructLayout } from '../abi/struct.js';
import type { BoundarySpec, KeySpec, RingEntrySpec, RingSpec, StageSpec } from './spec.js';

/** Bytes a record of the Dependencies section: one u32 entry index. */
export const DEPENDENCY_STRIDE = 4;
const SECTION_ALIGN = 8;

const alignUp = (at: number): number => Math.ceil(at / SECTION_ALIGN) * SECTION_ALIGN;

/** Entry indices as a 64-bit mask, bit i for entry i. */
export function maskOf(entries: readonly number[]): bigint {
  return entries.reduce((mask, entry) => mask | (1n << BigInt(entry)), 0n);
}

/** Where a string lies in the Text section, in bytes. */
interface TextPlace {
  readonly offset: number;
  readonly length: number;
}

/** Collects strings as UTF-8, each distinct one once, in the order of first use. */
class TextPool {
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
    const all = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** One struct's values; every field that is left out is zero. */
type Row<Name extends string> = Partial<Readonly<Record<Name, number | bigint>>>;

function writeRow<Name extends string>(
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

interface Section {
  readonly kind: number;
  readonly count: number;
  readonly stride: number;
  readonly bytes: Uint8Array;
}

function table<Name extends string>(
  kind: number,
  layout: StructLayout<Name>,
  rows: readonly Row<NoInfer<Name>>[],
): Section {
  const bytes = new Uint8Array(rows.length * layout.size);
  const view = new DataView(bytes.buffer);
  for (const [index, row] of rows.entries()) writeRow(view, index * layout.size, layout, row);
  return { kind, count: rows.length, stride: layout.size, bytes };
}

type FieldName<Layout> = Layout extends StructLayout<infer Name> ? Name : never;

function boundaryRow(
  boundary: BoundarySpec,
  kind: keyof typeof enums.BoundaryCode,
  text: TextPool,
): Row<FieldName<typeof SpecBoundary>> {
  const id = text.add(boundary.id);
  return {
    id_offset: id.offset,
    id_length: id.length,
    kind: enums.BoundaryCode[kind],
    codec: enums.CodecCode[boundary.codec],
    record_bytes: boundary.recordBytes,
    layout_hash: boundary.layoutHash,
  };
}

function stageRow(stage: StageSpec, text: TextPool): Row<FieldName<typeof SpecStage>> {
  const id = text.add(stage.id);
  const argument = text.add(stage.text);
  const { Writes, Filters, Fails, Sink } = enums.StageFlag;
  const flags =
    (stage.writes ? Writes : 0) | (stage.filters ? Filters : 0) | (stage.fails ? Fails : 0) | (stage.sink ? Sink : 0);
  return {
    id_offset: id.offset,
    id_length: id.length,
    op: enums.OpCode[stage.op],
    flags,
    headroom: stage.headroom,
    tailroom: stage.tailroom,
    text_offset: argument.offset,
    text_length: argument.length,
    match: enums.MatchCode[stage.match],
    invert: stage.invert ? 1 : 0,
    key: stage.key ?? NONE,
  };
}

function ringRow(spec: RingSpec): Row<FieldName<typeof SpecRing>> {
  return {
    shards: spec.shards,
    ordering: enums.OrderingCode[spec.ordering],
    layout: enums.LayoutCode[spec.layout],
    record_bytes: spec.recordBytes,
    headroom: spec.headroom,
    tailroom: spec.tailroom,
    ingress: 0,
    egress: 1,
    shard_key: spec.shardKey ?? NONE,
    mark_count: spec.markCount,
    terminal_mask: maskOf(spec.terminals),
    egress_filter_mask: maskOf(spec.egressReadsMarksOf),
  };
}

function entryRows(entries: readonly RingEntrySpec[]): Row<FieldName<typeof SpecRingEntry>>[] {
  let start = 0;
  return entries.map((entry) => {
    const row = {
      stage: entry.stage,
      dependency_start: start,
      dependency_count: entry.dependencies.length,
      mark: entry.mark ?? NONE,
      ancestor_mask: maskOf(entry.ancestors),
      filter_mask: maskOf(entry.readsMarksOf),
    };
    start += entry.dependencies.length;
    return row;
  });
}

function keyText(key: KeySpec): string {
  if (key.kind === 'Token') return key.separator;
  if (key.kind === 'Json') return key.pointer;
  return key.kind === 'Field' ? key.name : '';
}

function keyRow(key: KeySpec, text: TextPool): Row<FieldName<typeof SpecKey>> {
  const place = text.add(keyText(key));
  const range = key.kind === 'Bytes' || key.kind === 'Field' ? key : { offset: 0, length: 0 };
  return {
    kind: enums.KeyCode[key.kind],
    offset: range.offset,
    length: range.length,
    index: key.kind === 'Token' ? key.index : 0,
    text_offset: place.offset,
    text_length: place.length,
  };
}

function dependencySection(entries: readonly RingEntrySpec[]): Section {
  const indices = entries.flatMap((entry) => entry.dependencies);
  const bytes = new Uint8Array(indices.length * DEPENDENCY_STRIDE);
  const view = new DataView(bytes.buffer);
  for (const [at, index] of indices.entries()) view.setUint32(at * DEPENDENCY_STRIDE, index, true);
  return { kind: enums.SectionKind.Dependencies, count: indices.length, stride: DEPENDENCY_STRIDE, bytes };
}

function sectionsOf(spec: RingSpec, text: TextPool): Section[] {
  const kinds = enums.SectionKind;
  const tables = [
    table(kinds.Boundaries, SpecBoundary, [
      boundaryRow(spec.ingress, 'Ingress', text),
      boundaryRow(spec.egress, 'Egress', text),
    ]),
    table(
      kinds.Stages,
      SpecStage,
      spec.stages.map((stage) => stageRow(stage, text)),
    ),
    table(kinds.Ring, SpecRing, [ringRow(spec)]),
    table(kinds.RingEntries, SpecRingEntry, entryRows(spec.entries)),
    dependencySection(spec.entries),
    table(
      kinds.Keys,
      SpecKey,
      spec.keys.map((key) => keyRow(key, text)),
    ),
  ];
  const bytes = text.bytes();
  return [{ kind: kinds.Text, count: bytes.length, stride: 1, bytes }, ...tables];
}

/** The buffer of a lowered plan, little-endian. The caller owns the result. */
export function encodeSpec(spec: RingSpec): Uint8Array<ArrayBuffer> {
  const text = new TextPool();
  const name = text.add(spec.name);
  const sections = sectionsOf(spec, text);
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
    target: enums.TargetCode[spec.target],
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
