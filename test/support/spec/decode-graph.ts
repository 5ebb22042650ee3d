/**
 * Checked reading of a LaneGraph spec: roles and lanes say the same of each other, flow one way, have as many ends as
 * their kinds have, and carry the watermarks and record facts that follow. The same rules stand in native/graph. Pure.
 */

import { enums, SpecBoundary, SpecKey, SpecRole } from '../../../lib/abi/definition.js';
import { ORDINAL_BITS_MAX } from '../../../lib/abi/limits.js';
import { laneRecords, watermarkedLanes } from '../../../lib/lower/graph-flow.js';
import type {
  GraphBoundarySpec,
  GraphSpec,
  KeySpec,
  LaneSpec,
  PolicyName,
  RoleName,
  RoleSpec,
  StageSpec,
} from '../../../lib/lower/spec.js';
import { orderedOwners, ordinalUses } from '../../../lib/plan/flow.js';
import { CATALOG_BOUNDARIES_MAX, CATALOG_STAGES_MAX } from '../../../lib/plan/limits.js';
import { checkStageKey, checkStructs, emitsMaxOf, readConfig } from './decode-config.js';
import { type LaneRow, type ReadLanes, readLanes } from './decode-lanes.js';
import {
  agree,
  checkField,
  expect,
  indexOrNull,
  readBoundary,
  readId,
  readKey,
  readName,
  readStages,
} from './decode-tables.js';
import { SpecError } from './spec-error.js';
import { nameOf, type Row, type SpecReader } from './spec-reader.js';

type RoleRow = Row<keyof typeof SpecRole.offset>;
type KeyRow = Row<keyof typeof SpecKey.offset>;

interface Tables {
  readonly boundaries: readonly GraphBoundarySpec[];
  readonly stages: readonly StageSpec[];
  readonly keys: readonly KeySpec[];
  readonly keyRows: readonly KeyRow[];
}

function readTables(reader: SpecReader): Tables {
  const boundaryRows = reader.rows('Boundaries', SpecBoundary);
  const keyRows = reader.rows('Keys', SpecKey);
  if (boundaryRows.length > CATALOG_BOUNDARIES_MAX) throw new SpecError(`${boundaryRows.length} boundaries`, 0);
  const stages = readStages(reader, readConfig);
  if (stages.length > CATALOG_STAGES_MAX) throw new SpecError(`${stages.length} stages`, 0);
  return {
    boundaries: boundaryRows.map((row) => ({
      ...readBoundary(reader, row),
      kind: nameOf(enums.BoundaryCode, row, 'kind', 'boundary kind'),
    })),
    stages,
    keys: keyRows.map((row) => readKey(reader, row)),
    keyRows,
  };
}

const POLICIES: Readonly<Record<RoleName, readonly PolicyName[]>> = {
  Ingress: ['None'],
  Stage: ['None'],
  Egress: ['None'],
  Router: ['Broadcast', 'RoundRobin', 'KeyHash'],
  Merge: ['Interleave', 'Ordered'],
  Bridge: ['None'],
};

interface Ends {
  readonly min: number;
  readonly max: number;
}

const NO_END: Ends = { min: 0, max: 0 };
const ONE: Ends = { min: 1, max: 1 };
const SEVERAL: Ends = { min: 2, max: Number.POSITIVE_INFINITY };

const INLETS: Readonly<Record<RoleName, Ends>> = {
  Ingress: NO_END,
  Stage: ONE,
  Egress: ONE,
  Router: ONE,
  Merge: SEVERAL,
  Bridge: ONE,
};

const OUTLETS: Readonly<Record<RoleName, Ends>> = {
  Ingress: ONE,
  Stage: ONE,
  Egress: NO_END,
  Router: SEVERAL,
  Merge: ONE,
  Bridge: ONE,
};

function checkCount(row: RoleRow, field: 'inlet_count' | 'outlet_count', kind: RoleName, ends: Ends): void {
  const count = row.u32(field);
  expect(count >= ends.min && count <= ends.max, `a ${kind} with ${field} ${count}`, row, field);
}

/** Boundaries and stages stand in the order of their roles, and the id of a role is theirs; others have a colon. */
class RoleReader {
  readonly #reader: SpecReader;
  readonly #tables: Tables;
  readonly #ids = new Set<string>();
  #boundaries = 0;
  #stages = 0;

  constructor(reader: SpecReader, tables: Tables) {
    this.#reader = reader;
    this.#tables = tables;
  }

  read(row: RoleRow): RoleSpec {
    const kind = nameOf(enums.RoleCode, row, 'kind', 'role kind');
    const policy = nameOf(enums.PolicyCode, row, 'policy', 'policy');
    expect(POLICIES[kind].includes(policy), `a ${kind} with policy ${policy}`, row, 'policy');
    const key = indexOrNull(row, 'key', this.#tables.keys.length);
    expect((key !== null) === (policy === 'KeyHash'), `a ${kind} by ${policy} with key ${key ?? 'none'}`, row, 'key');
    const id = readId(this.#reader, row);
    expect(!this.#ids.has(id), `the id ${id} stands twice`, row, 'id_offset');
    this.#ids.add(id);
    const index = this.#index(row, kind, id);
    checkCount(row, 'inlet_count', kind, INLETS[kind]);
    const isSink = kind === 'Stage' && this.#tables.stages[index ?? 0]?.sink === true;
    checkCount(row, 'outlet_count', kind, isSink ? { min: 0, max: 1 } : OUTLETS[kind]);
    const inlets = this.#reader.indices('RoleLanes', row, 'inlet_start', 'inlet_count');
    const outlets = this.#reader.indices('RoleLanes', row, 'outlet_start', 'outlet_count');
    const relay = kind === 'Bridge' && id.startsWith('relay:');
    return { id, kind, index, policy, relay, key, inlets, outlets };
  }

  #index(row: RoleRow, kind: RoleName, id: string): number | null {
    const { boundaries, stages } = this.#tables;
    if (kind === 'Stage') return this.#own(row, id, stages, this.#stages++);
    if (kind === 'Ingress' || kind === 'Egress') {
      const index = this.#own(row, id, boundaries, this.#boundaries++);
      expect(boundaries[index]?.kind === kind, `boundary ${id} is not an ${kind}`, row, 'kind');
      return index;
    }
    expect(indexOrNull(row, 'index', 0) === null, `a ${kind} is neither boundary nor stage`, row, 'index');
    expect(id.includes(':'), `${id} is not a name of an inserted element`, row, 'id_offset');
    return null;
  }

  #own(row: RoleRow, id: string, table: readonly { readonly id: string }[], index: number): number {
    agree(row, 'index', index);
    expect(table[index]?.id === id, `role ${id} is ${table[index]?.id ?? 'nothing'} in its table`, row, 'index');
    return index;
  }

  /** Every boundary and every stage is a role. */
  checkComplete(): void {
    const { boundaries, stages } = this.#tables;
    if (this.#boundaries !== boundaries.length || this.#stages !== stages.length)
      throw new SpecError(
        `roles for ${this.#boundaries} of ${boundaries.length} boundaries and ${this.#stages} of ${stages.length} stages`,
        0,
      );
  }
}

/** Roles and lanes agree on who writes and who reads, and records only ever go to a later role. */
function checkEnds(roles: readonly RoleSpec[], roleRows: readonly RoleRow[], { lanes, rows }: ReadLanes): void {
  let [written, read] = [0, 0];
  for (const [index, role] of roles.entries()) {
    const row = roleRows[index] as RoleRow;
    const writes = role.outlets.every((lane) => lanes[lane]?.writer === index);
    expect(writes && isSet(role.outlets), `${role.id} and its outlets disagree`, row, 'outlet_start');
    const reads = role.inlets.every((lane) => lanes[lane]?.readers.includes(index));
    expect(reads && isSet(role.inlets), `${role.id} and its inlets disagree`, row, 'inlet_start');
    written += role.outlets.length;
    read += role.inlets.length;
  }
  for (const [index, lane] of lanes.entries()) {
    const row = rows[index] as LaneRow;
    expect(lane.writer < roles.length, `writer ${lane.writer} of ${roles.length}`, row, 'writer');
    for (const reader of lane.readers)
      expect(reader < roles.length && reader > lane.writer, `${lane.id} flows to role ${reader}`, row, 'reader_start');
  }
  // No role names a lane that does not name it back, so equal sums leave no lane that names a role in vain.
  if (written !== lanes.length || read !== lanes.reduce((sum, { readers }) => sum + readers.length, 0))
    throw new SpecError('a lane has an end at which no role stands', 0);
}

const isSet = (indices: readonly number[]): boolean => new Set(indices).size === indices.length;

/**
 * Routers and merges speak Events only, a bridge stands between one of them and a lane of another kind, and an egress, or a stage
 * that JavaScript runs, reads a journal through a relay.
 */
function checkKinds(
  roles: readonly RoleSpec[],
  roleRows: readonly RoleRow[],
  { stages }: Tables,
  { lanes, rows }: ReadLanes,
): void {
  const isEvents = (lane: number): boolean => lanes[lane]?.kind === 'Events';
  for (const [index, { id, kind, index: own, policy, inlets, outlets }] of roles.entries()) {
    const row = roleRows[index] as RoleRow;
    if (kind === 'Router' || kind === 'Merge')
      for (const lane of [...inlets, ...outlets])
        expect(isEvents(lane), `${id} meets a lane of another kind than Events`, rows[lane] as LaneRow, 'kind');
    if (kind === 'Egress' || (kind === 'Stage' && stages[own ?? 0]?.op === 'Js'))
      for (const lane of inlets)
        expect(lanes[lane]?.kind !== 'Journal', `${id} reads a journal without a relay`, rows[lane] as LaneRow, 'kind');
    if (kind === 'Bridge') {
      const [inlet, outlet] = [inlets[0] as number, outlets[0] as number];
      expect(isEvents(inlet) !== isEvents(outlet), `${id} bridges nothing`, row, 'kind');
    }
    const chooses = policy === 'RoundRobin' || policy === 'KeyHash';
    const behind = roles[lanes[inlets[0] ?? 0]?.writer ?? 0]?.kind;
    expect(!chooses || behind === 'Ingress', `${id} chooses behind a ${behind}`, row, 'policy');
  }
}

/** Inserted lanes are called after their roles. */
function checkNames(roles: readonly RoleSpec[], { lanes, rows }: ReadLanes): void {
  for (const [index, { id, inserted, writer, readers }] of lanes.entries()) {
    const name = `${roles[writer]?.id}->${roles[readers[0] ?? 0]?.id}`;
    expect(!inserted || id === name, `${id} should be ${name}`, rows[index] as LaneRow, 'id_offset');
  }
}

/** What a lane says of its records and of watermarks follows from the roles. */
function checkFacts(roles: readonly RoleSpec[], { boundaries, stages }: Tables, { lanes, rows }: ReadLanes): void {
  const records = laneRecords(roles, lanes.length, boundaries, stages);
  const marks = watermarkedLanes(roles, lanes.length);
  for (const [index, lane] of lanes.entries()) {
    const row = rows[index] as LaneRow;
    const { codec, recordBytes, layoutHash } = records[index] as LaneSpec;
    agree(row, 'codec', enums.CodecCode[codec]);
    agree(row, 'record_bytes', recordBytes);
    agree(row, 'layout_hash', layoutHash);
    const message = `${lane.id} ${marks[index] ? 'leads' : 'does not lead'} to an Ordered merge`;
    expect(lane.watermarked === marks[index], message, row, 'flags');
  }
}

/** What sets a field reads a lane of structs. */
function checkStructsOfStages(
  roles: readonly RoleSpec[],
  roleRows: readonly RoleRow[],
  { stages }: Tables,
  { lanes }: ReadLanes,
): void {
  for (const [index, { kind, index: stage, inlets }] of roles.entries()) {
    if (kind !== 'Stage') continue;
    checkStructs(
      stages[stage ?? 0] as StageSpec,
      lanes[inlets[0] ?? 0] as LaneSpec,
      roleRows[index] as RoleRow,
      'inlet_start',
    );
  }
}

/** Ordinals are those of one ingress, and stay in order only where every merge on the way keeps them so. */
function checkOrder(
  roles: readonly RoleSpec[],
  roleRows: readonly RoleRow[],
  sources: readonly ReadonlySet<number>[],
  lanes: readonly LaneSpec[],
): void {
  for (const [index, { id, kind, policy, outlets }] of roles.entries()) {
    if (kind !== 'Merge') continue;
    const row = roleRows[index] as RoleRow;
    if (policy === 'Ordered') {
      const count = sources[index]?.size ?? 0;
      expect(count === 1, `${id} restores the order of ${count} ingresses`, row, 'policy');
    } else {
      const marked = outlets.some((lane) => lanes[lane]?.watermarked);
      expect(!marked, `${id} loses the order that a later merge restores`, row, 'policy');
    }
  }
}

/** Before an Ordered merge, what comes of one record is bounded, so that its ordinals have room for it. */
function checkEmits(
  roles: readonly RoleSpec[],
  roleRows: readonly RoleRow[],
  { stages }: Tables,
  lanes: readonly LaneSpec[],
): void {
  for (const [role, { id, kind, index, outlets }] of roles.entries()) {
    const stage = kind === 'Stage' ? (stages[index ?? 0] as StageSpec) : undefined;
    const bounded = stage?.emits !== true || emitsMaxOf(stage) > 0;
    const ordered = outlets.some((lane) => lanes[lane]?.watermarked);
    expect(bounded || !ordered, `${id} emits any number of records for one`, roleRows[role] as RoleRow, 'outlet_start');
  }
}

/** With less room than copies, an Ordered merge would give two of them one ordinal. */
function checkOrdinals(
  roles: readonly RoleSpec[],
  roleRows: readonly RoleRow[],
  { stages }: Tables,
  lanes: readonly LaneSpec[],
): void {
  const emitsOf = (role: string): number => {
    const { kind, index } = roles[Number(role)] as RoleSpec;
    return kind === 'Stage' ? Math.max(1, emitsMaxOf(stages[index ?? 0] as StageSpec)) : 1;
  };
  const ends = lanes.flatMap(({ writer, readers }) =>
    readers.map((reader) => ({ from: String(writer), to: String(reader) })),
  );
  const ordered = [...roles.keys()].filter((role) => roles[role]?.policy === 'Ordered').map(String);
  for (const [role, { bits }] of ordinalUses(ends, orderedOwners(ends, ordered), emitsOf)) {
    const { id } = roles[Number(role)] as RoleSpec;
    const row = roleRows[Number(role)] as RoleRow;
    expect(bits <= ORDINAL_BITS_MAX, `the order behind ${id} needs ${bits} bits of an ordinal`, row, 'inlet_count');
  }
}

function checkKeys(
  roles: readonly RoleSpec[],
  roleRows: readonly RoleRow[],
  sources: readonly ReadonlySet<number>[],
  { boundaries, stages, keys, keyRows }: Tables,
): void {
  for (const [index, role] of roles.entries()) {
    for (const source of sources[index] ?? []) {
      const ingress = boundaries[roles[source]?.index ?? 0] as GraphBoundarySpec;
      if (role.kind === 'Stage')
        checkStageKey(stages[role.index ?? 0] as StageSpec, ingress, roleRows[index] as RoleRow, 'index');
      else if (role.key !== null) checkField(keys[role.key], keyRows[role.key], ingress);
    }
  }
}

/** For each role, the roles of the ingresses whose records reach it. */
function ingressesOf(roles: readonly RoleSpec[], laneCount: number): readonly ReadonlySet<number>[] {
  const through: ReadonlySet<number>[] = Array.from({ length: laneCount }, () => new Set<number>());
  return roles.map(({ kind, inlets, outlets }, role) => {
    const sources = new Set(inlets.flatMap((lane) => [...(through[lane] ?? [])]));
    if (kind === 'Ingress') sources.add(role);
    for (const lane of outlets) through[lane] = sources;
    return sources;
  });
}

/** @throws SpecError with the byte in question when anything does not hold */
export function decodeGraph(reader: SpecReader): GraphSpec {
  const name = readName(reader);
  const tables = readTables(reader);
  const roleRows = reader.rows('Roles', SpecRole);
  const roleReader = new RoleReader(reader, tables);
  const roles = roleRows.map((row) => roleReader.read(row));
  roleReader.checkComplete();
  const read = readLanes(reader);
  checkEnds(roles, roleRows, read);
  checkKinds(roles, roleRows, tables, read);
  checkNames(roles, read);
  checkFacts(roles, tables, read);
  checkStructsOfStages(roles, roleRows, tables, read);
  const sources = ingressesOf(roles, read.lanes.length);
  checkOrder(roles, roleRows, sources, read.lanes);
  checkEmits(roles, roleRows, tables, read.lanes);
  checkOrdinals(roles, roleRows, tables, read.lanes);
  checkKeys(roles, roleRows, sources, tables);
  const { boundaries, stages, keys } = tables;
  return { target: 'LaneGraph', name, boundaries, stages, keys, roles, lanes: read.lanes };
}
