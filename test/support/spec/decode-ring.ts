/** Checked reading of a SingleRing spec. The same rules stand in native/graph/decode.cpp. Pure; any thread. */

import { enums, NONE, SpecBoundary, SpecKey, SpecRing, SpecRingEntry } from '../../../lib/abi/definition.js';
import { maskOf } from '../../../lib/lower/encode-ring.js';
import { ANY_RECORD } from '../../../lib/lower/graph-flow.js';
import { chooseLayout, keepsRecords } from '../../../lib/lower/layout.js';
import type { BoundarySpec, RingEntrySpec, RingSpec, StageSpec } from '../../../lib/lower/spec.js';
import { marksRecords } from '../../../lib/lower/stage.js';
import { ancestorsOf, nearestMarking, terminalsOf } from '../../../lib/lower/topology.js';
import { checkStageKey, checkStructs, readConfig } from './decode-config.js';
import {
  agree,
  checkField,
  expect,
  indexOrNull,
  readBoundary,
  readKey,
  readName,
  readStages,
} from './decode-tables.js';
import { SpecError } from './spec-error.js';
import { nameOf, type Row, type SpecReader } from './spec-reader.js';

/** Most entries a ring can have: one bit each in a 64-bit mask. */
const ENTRIES_MAX = 64;
const SHARDS_MAX = 64;

type BoundaryRow = Row<keyof typeof SpecBoundary.offset>;
type RingRow = Row<keyof typeof SpecRing.offset>;
type EntryRow = Row<keyof typeof SpecRingEntry.offset>;

function pickBoundary(
  rows: readonly BoundaryRow[],
  ring: RingRow,
  field: 'ingress' | 'egress',
  kind: keyof typeof enums.BoundaryCode,
): BoundaryRow {
  const index = ring.u32(field);
  const row = rows[index];
  if (row === undefined) throw new SpecError(`${field} ${index} of ${rows.length} boundaries`, ring.at(field));
  expect(nameOf(enums.BoundaryCode, row, 'kind', 'boundary kind') === kind, `boundary is not an ${field}`, row, 'kind');
  return row;
}

function readDependencies(reader: SpecReader, row: EntryRow): readonly number[] {
  const own = reader.indices('Dependencies', row, 'dependency_start', 'dependency_count');
  for (const [at, index] of own.entries()) {
    const previous = own[at - 1] ?? -1;
    const message = `entry ${row.index} depends on ${index}: dependencies ascend and stand before their entry`;
    expect(index < row.index && index > previous, message, row, 'dependency_start');
  }
  return own;
}

interface Topology {
  readonly entries: readonly RingEntrySpec[];
  readonly markCount: number;
  readonly terminals: readonly number[];
  readonly egressReadsMarksOf: readonly number[];
}

function readEntries(reader: SpecReader, stages: readonly StageSpec[]): Topology {
  const rows = reader.rows('RingEntries', SpecRingEntry);
  const [first] = rows;
  if (first === undefined || rows.length > ENTRIES_MAX)
    throw new SpecError(`a ring has 1 to ${ENTRIES_MAX} entries, found ${rows.length}`, 0);
  expect(rows.length === stages.length, `${rows.length} entries for ${stages.length} stages`, first, 'stage');
  const dependencies = rows.map((row) => readDependencies(reader, row));
  const ancestors = ancestorsOf(dependencies);
  const marking = rows.map((row) => {
    const stage = stages[row.u32('stage')];
    return stage !== undefined && marksRecords(stage);
  });
  const seen = new Set<number>();
  let markCount = 0;
  const entries = rows.map((row, index) => {
    const stage = row.u32('stage');
    expect(stage < stages.length && !seen.has(stage), `stage ${stage} is unknown or stands twice`, row, 'stage');
    seen.add(stage);
    const before = ancestors[index] ?? [];
    const readsMarksOf = nearestMarking(before, marking, ancestors);
    const mark = marking[index] === true ? markCount++ : null;
    agree(row, 'ancestor_mask', maskOf(before));
    agree(row, 'filter_mask', maskOf(readsMarksOf));
    agree(row, 'mark', mark ?? NONE);
    return { stage, dependencies: dependencies[index] ?? [], ancestors: before, readsMarksOf, mark };
  });
  const everyEntry = rows.map((_, index) => index);
  const egressReadsMarksOf = nearestMarking(everyEntry, marking, ancestors);
  return { entries, markCount, terminals: terminalsOf(dependencies), egressReadsMarksOf };
}

/** Two stages of which one writes, and neither of which is before the other, would race on the slot. */
function checkRaces(stages: readonly StageSpec[], { entries }: Topology, row: RingRow): void {
  const writes = entries.map(({ stage }) => stages[stage]?.writes === true);
  for (const [later, entry] of entries.entries()) {
    const free = entries.findIndex(
      (_, earlier) => earlier < later && !entry.ancestors.includes(earlier) && (writes[earlier] || writes[later]),
    );
    expect(free < 0, `entries ${free} and ${later} race on the slot`, row, 'terminal_mask');
  }
}

/** What sets a field finds the ingress's structs: none of the stages before it changes them. */
function checkConfigs(ingress: BoundarySpec, stages: readonly StageSpec[], { entries }: Topology, row: RingRow): void {
  const stageOf = (entry: number): StageSpec => stages[entries[entry]?.stage ?? 0] as StageSpec;
  for (const [index, { ancestors }] of entries.entries()) {
    const structs = ancestors.every((before) => keepsRecords(stageOf(before)));
    checkStructs(stageOf(index), structs ? ingress : ANY_RECORD, row, 'record_bytes');
    checkStageKey(stageOf(index), ingress, row, 'record_bytes');
  }
}

function checkRing(ring: RingRow, ingress: BoundarySpec, stages: readonly StageSpec[], topology: Topology): void {
  const layout = chooseLayout(ingress, stages);
  agree(ring, 'layout', enums.LayoutCode[layout]);
  agree(ring, 'record_bytes', layout === 'Fixed' ? ingress.recordBytes : 0);
  agree(
    ring,
    'headroom',
    stages.reduce((total, stage) => total + stage.headroom, 0),
  );
  agree(
    ring,
    'tailroom',
    stages.reduce((total, stage) => total + stage.tailroom, 0),
  );
  agree(ring, 'mark_count', topology.markCount);
  agree(ring, 'terminal_mask', maskOf(topology.terminals));
  agree(ring, 'egress_filter_mask', maskOf(topology.egressReadsMarksOf));
}

function readShards(ring: RingRow, keyCount: number): Pick<RingSpec, 'shards' | 'ordering' | 'shardKey'> {
  const shards = ring.u32('shards');
  const ordering = nameOf(enums.OrderingCode, ring, 'ordering', 'ordering');
  const shardKey = indexOrNull(ring, 'shard_key', keyCount);
  expect(shards >= 1 && shards <= SHARDS_MAX, `shards is ${shards}, expected 1…${SHARDS_MAX}`, ring, 'shards');
  expect(ordering !== 'Strict' || shards === 1, `Strict ordering with ${shards} shards`, ring, 'ordering');
  expect((shardKey !== null) === shards > 1, 'a shard key stands exactly with several shards', ring, 'shard_key');
  return { shards, ordering, shardKey };
}

/** @throws SpecError with the byte in question when anything does not hold */
export function decodeRing(reader: SpecReader): RingSpec {
  const name = readName(reader);
  const [ring, ...moreRings] = reader.rows('Ring', SpecRing);
  if (ring === undefined || moreRings.length > 0)
    throw new SpecError(`expected exactly one Ring record, found ${moreRings.length + (ring ? 1 : 0)}`, 0);
  const boundaryRows = reader.rows('Boundaries', SpecBoundary);
  expect(boundaryRows.length === 2, `expected 2 boundaries, found ${boundaryRows.length}`, ring, 'ingress');
  const ingress = readBoundary(reader, pickBoundary(boundaryRows, ring, 'ingress', 'Ingress'));
  const egress = readBoundary(reader, pickBoundary(boundaryRows, ring, 'egress', 'Egress'));
  const keyRows = reader.rows('Keys', SpecKey);
  const keys = keyRows.map((row) => readKey(reader, row));
  for (const [index, key] of keys.entries()) checkField(key, keyRows[index], ingress);
  const stages = readStages(reader, readConfig);
  const emitting = stages.find(({ emits }) => emits);
  expect(emitting === undefined, `${emitting?.id} emits other records, which a slot cannot hold`, ring, 'ingress');
  const ids = new Set([ingress, egress, ...stages].map(({ id }) => id));
  expect(ids.size === stages.length + 2, 'an id stands twice', ring, 'ingress');
  const topology = readEntries(reader, stages);
  checkRaces(stages, topology, ring);
  checkConfigs(ingress, stages, topology, ring);
  checkRing(ring, ingress, stages, topology);
  return {
    target: 'SingleRing',
    name,
    ...readShards(ring, keys.length),
    layout: nameOf(enums.LayoutCode, ring, 'layout', 'layout'),
    recordBytes: ring.u32('record_bytes'),
    headroom: ring.u32('headroom'),
    tailroom: ring.u32('tailroom'),
    ingress,
    egress,
    stages,
    keys,
    ...topology,
  };
}
