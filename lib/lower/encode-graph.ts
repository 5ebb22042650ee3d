/** The sections of a LaneGraph spec, in their order. Pure; any thread. */

import { enums, NONE, SpecBoundary, SpecKey, SpecLane, SpecRole } from '../abi/definition.js';
import { boundaryRow, keyRow, stageSections } from './encode-tables.js';
import type { GraphSpec, LaneSpec, RoleSpec } from './spec.js';
import {
  type FieldName,
  indexSection,
  type Row,
  type Section,
  type TextPool,
  table,
  textSection,
} from './spec-writer.js';

function roleRows(roles: readonly RoleSpec[], text: TextPool): Row<FieldName<typeof SpecRole>>[] {
  let start = 0;
  return roles.map((role) => {
    const id = text.add(role.id);
    const inlets = start;
    const outlets = inlets + role.inlets.length;
    start = outlets + role.outlets.length;
    return {
      id_offset: id.offset,
      id_length: id.length,
      kind: enums.RoleCode[role.kind],
      index: role.index ?? NONE,
      policy: enums.PolicyCode[role.policy],
      key: role.key ?? NONE,
      inlet_start: inlets,
      inlet_count: role.inlets.length,
      outlet_start: outlets,
      outlet_count: role.outlets.length,
    };
  });
}

function laneRow(lane: LaneSpec, readerStart: number, text: TextPool): Row<FieldName<typeof SpecLane>> {
  const id = text.add(lane.id);
  const { Inserted, Watermarked } = enums.LaneFlag;
  return {
    id_offset: id.offset,
    id_length: id.length,
    kind: enums.LaneKindCode[lane.kind],
    flags: (lane.inserted ? Inserted : 0) | (lane.watermarked ? Watermarked : 0),
    on_full: enums.OnFullCode[lane.onFull],
    writer: lane.writer,
    reader_start: readerStart,
    reader_count: lane.readers.length,
    connection: lane.connection ?? NONE,
    capacity_bytes: lane.capacityBytes,
    capacity_records: lane.capacityRecords,
    codec: enums.CodecCode[lane.codec],
    record_bytes: lane.recordBytes,
    fsync: lane.fsync === null ? 0 : enums.FsyncCode[lane.fsync],
    fsync_interval_ms: lane.fsyncIntervalMs,
    segment_bytes: lane.segmentBytes,
    layout_hash: lane.layoutHash,
    retain_bytes: lane.retainBytes,
    retain_ms: lane.retainMs,
  };
}

function laneRows(lanes: readonly LaneSpec[], text: TextPool): Row<FieldName<typeof SpecLane>>[] {
  let start = 0;
  return lanes.map((lane) => {
    const row = laneRow(lane, start, text);
    start += lane.readers.length;
    return row;
  });
}

/** Text, Boundaries, Stages, Keys, Roles, Lanes, RoleLanes (inlets, then outlets of each role), LaneReaders, Configs. */
export function graphSections(spec: GraphSpec, text: TextPool): Section[] {
  const kinds = enums.SectionKind;
  const { keys, roles, lanes } = spec;
  const boundaries = table(
    kinds.Boundaries,
    SpecBoundary,
    spec.boundaries.map((boundary) => boundaryRow(boundary, boundary.kind, text)),
  );
  const [stages, configs] = stageSections(spec.stages, text);
  const tables = [
    boundaries,
    stages,
    table(
      kinds.Keys,
      SpecKey,
      keys.map((key) => keyRow(key, text)),
    ),
    table(kinds.Roles, SpecRole, roleRows(roles, text)),
    table(kinds.Lanes, SpecLane, laneRows(lanes, text)),
    indexSection(
      kinds.RoleLanes,
      roles.flatMap((role) => [...role.inlets, ...role.outlets]),
    ),
    indexSection(
      kinds.LaneReaders,
      lanes.flatMap((lane) => lane.readers),
    ),
    configs,
  ];
  // Only now is every text in the pool.
  return [textSection(text), ...tables];
}
