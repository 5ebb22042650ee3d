/**
 * Lowers a LaneGraph plan: connections become lanes, what cannot be joined directly gets a router, a merge or a bridge,
 * and then every name and default becomes an index or a number.
 *
 *   plan ─ graph-author ─▶ owners and lanes ─ graph-build ─▶ roles and lanes ─ here ─▶ spec
 *
 * Pure; any thread.
 */

import type { Lane, LaneGraphPlan } from '../plan/document.js';
import { lowerBoundary } from './boundary.js';
import { type AuthorGraph, authorGraph, choosingPolicy } from './graph-author.js';
import { type BuiltGraph, type BuiltLane, type BuiltRole, buildGraph, type InsertedRole } from './graph-build.js';
import { ANY_RECORD, laneRecords, watermarkedLanes } from './graph-flow.js';
import { KeyTable } from './key.js';
import type { GraphBoundarySpec, GraphSpec, LaneSpec, RoleSpec, StageSpec } from './spec.js';
import { lowerStage } from './stage.js';

/** A lowered graph, and why each element that the author did not write is in it. */
export interface LoweredGraph {
  readonly spec: GraphSpec;
  /** In the order of the roles. */
  readonly inserted: readonly InsertedRole[];
}

type RolesAndTables = Pick<GraphSpec, 'roles' | 'boundaries' | 'stages' | 'keys'>;

/** Roles in their order fill the tables, so that the order of the catalogs leaves no trace. */
class RoleLowering {
  readonly #graph: AuthorGraph;
  readonly #boundaries: GraphBoundarySpec[] = [];
  readonly #stages: StageSpec[] = [];
  readonly #keys = new KeyTable();

  constructor(graph: AuthorGraph) {
    this.#graph = graph;
  }

  lower(roles: readonly BuiltRole[]): RolesAndTables {
    const lowered = roles.map((role): RoleSpec => {
      const { id, kind, policy, relay, inlets, outlets } = role;
      return { id, kind, index: this.#indexOf(role), policy, relay, key: this.#keyOf(role), inlets, outlets };
    });
    return { roles: lowered, boundaries: this.#boundaries, stages: this.#stages, keys: this.#keys.keys };
  }

  #indexOf({ kind, owner }: BuiltRole): number | null {
    if (kind === 'Stage' && owner.is === 'stage')
      return this.#stages.push(lowerStage(owner.entry, this.#codecAt(owner.id))) - 1;
    if ((kind === 'Ingress' || kind === 'Egress') && owner.is === 'boundary')
      return this.#boundaries.push({ ...lowerBoundary(owner.entry), kind }) - 1;
    return null;
  }

  #keyOf({ kind, owner }: BuiltRole): number | null {
    const policy = kind === 'Router' ? choosingPolicy(this.#graph, owner) : undefined;
    return typeof policy === 'object' ? this.#keys.add(policy.key, this.#codecAt(owner.id)) : null;
  }

  #codecAt(id: string) {
    return this.#graph.codecs.get(id) ?? 'bytes';
  }
}

type Parameters = Pick<
  LaneSpec,
  | 'kind'
  | 'capacityBytes'
  | 'capacityRecords'
  | 'fsync'
  | 'fsyncIntervalMs'
  | 'segmentBytes'
  | 'retainBytes'
  | 'retainMs'
>;

const NO_PARAMETERS = {
  capacityBytes: 0,
  capacityRecords: 0,
  fsync: null,
  fsyncIntervalMs: 0,
  segmentBytes: 0,
  retainBytes: 0,
  retainMs: 0,
} as const;

function journalParameters(lane: Extract<Lane, { kind: 'Journal' }>): Parameters {
  // fsync left out means each_batch: the strongest promise is the default.
  const { fsync = 'each_batch', segment_bytes = 0, retain_bytes = 0, retain_ms = 0 } = lane;
  return {
    ...NO_PARAMETERS,
    kind: lane.kind,
    fsync: typeof fsync === 'object' ? 'Interval' : fsync === 'none' ? 'None' : 'EachBatch',
    fsyncIntervalMs: typeof fsync === 'object' ? fsync.interval_ms : 0,
    segmentBytes: segment_bytes,
    retainBytes: retain_bytes,
    retainMs: retain_ms,
  };
}

function parametersOf(lane: Lane): Parameters {
  switch (lane.kind) {
    case 'Journal':
      return journalParameters(lane);
    case 'SequencedSlots':
      return { ...NO_PARAMETERS, kind: lane.kind, capacityRecords: lane.capacity };
    case 'Events':
    case 'FanoutBroadcast':
      return { ...NO_PARAMETERS, kind: lane.kind, capacityBytes: lane.capacity_bytes ?? 0 };
  }
}

function lowerLanes(built: BuiltGraph, { roles, boundaries, stages }: RolesAndTables): readonly LaneSpec[] {
  const count = built.lanes.length;
  const records = laneRecords(roles, count, boundaries, stages);
  const marks = watermarkedLanes(roles, count);
  return built.lanes.map(
    ({ id, author, writer, readers }: BuiltLane, index): LaneSpec => ({
      id,
      ...parametersOf(author?.lane ?? { kind: 'Events' }),
      inserted: author === undefined,
      watermarked: marks[index] ?? false,
      onFull: author?.onFull ?? 'Block',
      writer,
      readers,
      connection: author?.connection ?? null,
      ...(records[index] ?? ANY_RECORD),
    }),
  );
}

/** Lowers a checked LaneGraph plan, and says why each inserted element is there. Pure. */
export function lowerGraph(plan: LaneGraphPlan): LoweredGraph {
  const author = authorGraph(plan);
  const built = buildGraph(author);
  const tables = new RoleLowering(author).lower(built.roles);
  const lanes = lowerLanes(built, tables);
  return { spec: { target: 'LaneGraph', name: plan.name, ...tables, lanes }, inserted: built.inserted };
}
