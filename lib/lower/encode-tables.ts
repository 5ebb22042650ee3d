/** Rows of the tables that rings and graphs share: boundaries, stages, keys. Pure; any thread. */

import { enums, NONE, type SpecBoundary, type SpecKey, type SpecStage } from '../abi/definition.js';
import type { BoundaryName, BoundarySpec, KeySpec, StageSpec } from './spec.js';
import type { FieldName, Row, TextPool } from './spec-writer.js';

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

export function stageRow(stage: StageSpec, text: TextPool): Row<FieldName<typeof SpecStage>> {
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
