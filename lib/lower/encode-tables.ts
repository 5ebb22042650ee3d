/** Rows of the tables that rings and graphs share: boundaries, stages, keys. Pure; any thread. */

import { enums, NONE, type SpecBoundary, SpecFieldWrite, type SpecKey, SpecStage } from '../abi/definition.js';
import type { BoundaryName, BoundarySpec, FieldWriteSpec, KeySpec, StageAbilities, StageSpec } from './spec.js';
import { type FieldName, type Row, type Section, type TextPool, table } from './spec-writer.js';

export function boundaryRow(
  boundary: BoundarySpec,
  kind: BoundaryName,
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

/** @param fieldWrite index of its row among those of the stages that set a field */
function stageRow(stage: StageSpec, fieldWrite: number, text: TextPool): Row<FieldName<typeof SpecStage>> {
  const id = text.add(stage.id);
  const argument = text.add(stage.text);
  return {
    id_offset: id.offset,
    id_length: id.length,
    op: enums.OpCode[stage.op],
    flags: stageFlags(stage),
    headroom: stage.headroom,
    tailroom: stage.tailroom,
    text_offset: argument.offset,
    text_length: argument.length,
    match: enums.MatchCode[stage.match],
    invert: stage.invert ? 1 : 0,
    key: stage.key ?? NONE,
    field_write: stage.field === null ? NONE : fieldWrite,
  };
}

export function stageFlags({ writes, filters, fails, sink, keepsLayout }: StageAbilities): number {
  const { Writes, Filters, Fails, Sink, KeepsLayout } = enums.StageFlag;
  return (
    (writes ? Writes : 0) |
    (filters ? Filters : 0) |
    (fails ? Fails : 0) |
    (sink ? Sink : 0) |
    (keepsLayout ? KeepsLayout : 0)
  );
}

function fieldWriteRow(field: FieldWriteSpec, text: TextPool): Row<FieldName<typeof SpecFieldWrite>> {
  const name = text.add(field.name);
  const constant = text.add(field.text);
  return {
    write: enums.FieldWriteCode[field.write],
    kind: enums.FieldCode[field.kind],
    offset: field.offset,
    length: field.length,
    from: field.from,
    name_offset: name.offset,
    name_length: name.length,
    text_offset: constant.offset,
    text_length: constant.length,
    bits: field.bits,
  };
}

/** Stages and what those of them do that set a field. */
export function stageSections(
  stages: readonly StageSpec[],
  text: TextPool,
): readonly [stages: Section, fields: Section] {
  let written = 0;
  const rows = stages.map((stage) => stageRow(stage, stage.field === null ? written : written++, text));
  const fields = stages.flatMap(({ field }) => (field === null ? [] : fieldWriteRow(field, text)));
  return [
    table(enums.SectionKind.Stages, SpecStage, rows),
    table(enums.SectionKind.FieldWrites, SpecFieldWrite, fields),
  ];
}

function keyText(key: KeySpec): string {
  if (key.kind === 'Token') return key.separator;
  if (key.kind === 'Json') return key.pointer;
  return key.kind === 'Field' ? key.name : '';
}

export function keyRow(key: KeySpec, text: TextPool): Row<FieldName<typeof SpecKey>> {
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
