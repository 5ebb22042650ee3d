/** Rows of the tables that rings and graphs share: boundaries, stages, keys. Pure; any thread. */

import { enums, type SpecBoundary, type SpecKey, SpecStage, stageFlags } from '../abi/definition.js';
import { configOf } from '../abi/ops.js';
import { encodeConfig } from './config.js';
import { keyValues } from './key.js';
import type { BoundaryName, BoundarySpec, KeySpec, StageSpec } from './spec.js';
import { bytesSection, concat, type FieldName, type Row, type Section, type TextPool, table } from './spec-writer.js';

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
    on_error: enums.OnErrorCode[boundary.onError],
    layout_hash: boundary.layoutHash,
  };
}

/** Stages, and their configs, which lie in the order of the stages, one behind the other. */
export function stageSections(
  stages: readonly StageSpec[],
  text: TextPool,
): readonly [stages: Section, configs: Section] {
  const configs = stages.map(({ op, config }) => {
    const layout = configOf(op);
    return config === null || layout === null ? new Uint8Array(0) : encodeConfig(layout, config);
  });
  let end = 0;
  const rows = stages.map((stage, index): Row<FieldName<typeof SpecStage>> => {
    const id = text.add(stage.id);
    const start = end;
    end += configs[index]?.length ?? 0;
    return {
      id_offset: id.offset,
      id_length: id.length,
      op: enums.OpCode[stage.op],
      flags: stageFlags(stage),
      headroom: stage.headroom,
      tailroom: stage.tailroom,
      config_offset: start,
      config_length: end - start,
      on_error: enums.OnErrorCode[stage.onError],
    };
  });
  return [table(enums.SectionKind.Stages, SpecStage, rows), bytesSection(enums.SectionKind.Configs, concat(configs))];
}

export function keyRow(key: KeySpec, text: TextPool): Row<FieldName<typeof SpecKey>> {
  const { text: keyText, ...numbers } = keyValues(key);
  const place = text.add(keyText);
  return { ...numbers, text_offset: place.offset, text_length: place.length };
}
