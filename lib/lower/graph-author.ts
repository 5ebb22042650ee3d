/**
 * A graph as its author drew it, before anything is inserted: who owns an end of a lane (boundaries and stages, in
 * topological order), the lanes that the connections ask for, and what each outlet and inlet then holds.
 *
 *   connections        lanes                       outlets          inlets
 *   a─▶b  Fanout       a->b,c  (one for both)      a: [a->b,c]      b: [a->b,c]
 *   a─▶c  Fanout       b->d                        b: [b->d]        c: [a->b,c]
 *   b─▶d, c─▶d         c->d                        c: [c->d]        d: [b->d, c->d]
 *
 * Everything follows the order of the connections, never that of the catalogs. Pure; any thread.
 */

import type {
  BoundaryEntry,
  BoundaryPolicy,
  Codec,
  Lane,
  LaneGraphPlan,
  OnFull,
  StageEntry,
} from '../plan/document.js';
import { flowOrder, grouped, orderedOwners } from '../plan/flow.js';
import { orderedEgresses, policyOf } from '../plan/policy.js';
import { present } from './present.js';

/** A boundary or a stage: it owns at most one inlet and one outlet. */
export type Owner =
  | { readonly is: 'boundary'; readonly id: string; readonly entry: BoundaryEntry }
  | { readonly is: 'stage'; readonly id: string; readonly entry: StageEntry };

/** One reader of an author's lane, and the connection that asks for it. */
export interface LaneEnd {
  readonly lane: AuthorLane;
  readonly connection: number;
  readonly to: string;
}

/** A lane that connections ask for. */
export interface AuthorLane {
  readonly index: number;
  readonly id: string;
  /** As it is built: a broadcast that drops has become an Events lane. */
  readonly lane: Lane;
  readonly onFull: OnFull;
  /** Index of its (first) connection. */
  readonly connection: number;
  readonly from: string;
  /** In the order of the connections; several only where FanoutBroadcast connections share it. */
  readonly ends: readonly LaneEnd[];
}

export interface AuthorGraph {
  readonly plan: LaneGraphPlan;
  /** In topological order. */
  readonly owners: readonly Owner[];
  readonly lanes: readonly AuthorLane[];
  /** Lanes that an owner writes, in the order of their (first) connections. */
  readonly outlets: ReadonlyMap<string, readonly AuthorLane[]>;
  /** Lanes that an owner reads, in the order of the connections. */
  readonly inlets: ReadonlyMap<string, readonly LaneEnd[]>;
  /** Owners whose records must be in the ingress's order: an Ordered egress, and all before it. */
  readonly ordered: ReadonlySet<string>;
  /** What an ingress before the owner declares; with several, whatever a key needs of it agrees (validation). */
  readonly codecs: ReadonlyMap<string, Codec>;
}

function ownersOf(plan: LaneGraphPlan): readonly Owner[] {
  const owners = new Map<string, Owner>([
    ...plan.boundaries.map((entry): [string, Owner] => [entry.id, { is: 'boundary', id: entry.id, entry }]),
    ...plan.stages.map((entry): [string, Owner] => [entry.id, { is: 'stage', id: entry.id, entry }]),
  ]);
  return flowOrder(plan.lane_graph.connections).map((id) => present(owners.get(id), `stage or boundary "${id}"`));
}

/**
 * The lane of a connection as it is built. A broadcast that drops is one Events lane a reader: readers work in place, so
 * a shared lane cannot be overrun, and each reader loses only what it has no room for itself.
 */
function builtLane(lane: Lane, onFull: OnFull): Lane {
  if (lane.kind !== 'FanoutBroadcast' || onFull === 'Block') return lane;
  const { capacity_bytes } = lane;
  return capacity_bytes === undefined ? { kind: 'Events' } : { kind: 'Events', capacity_bytes };
}

function authorLanes(plan: LaneGraphPlan): readonly AuthorLane[] {
  const { connections, on_full: graphOnFull = 'Block' } = plan.lane_graph;
  const built = connections.map(({ from, to, lane, on_full: onFull = graphOnFull }, connection) => {
    return { from, to, connection, onFull, lane: builtLane(lane, onFull) };
  });
  // FanoutBroadcast connections of one outlet are one lane; any other connection has one of its own.
  const groups = grouped(built, ({ from, lane, connection }) =>
    lane.kind === 'FanoutBroadcast' ? `shared ${from}` : String(connection),
  );
  return [...groups.values()].map((group, index) => {
    const { from, lane, onFull, connection } = group[0] as (typeof group)[number];
    const id = `${from}->${group.map(({ to }) => to).join(',')}`;
    const ends: LaneEnd[] = [];
    const made: AuthorLane = { index, id, lane, onFull, connection, from, ends };
    ends.push(...group.map((end) => ({ lane: made, connection: end.connection, to: end.to })));
    return made;
  });
}

function codecsOf(owners: readonly Owner[], inlets: AuthorGraph['inlets']): ReadonlyMap<string, Codec> {
  const codecs = new Map<string, Codec>();
  for (const owner of owners) {
    const first = inlets.get(owner.id)?.[0]?.lane.from;
    const upstream = first === undefined ? undefined : codecs.get(first);
    const own = owner.is === 'boundary' ? (owner.entry.codec ?? 'bytes') : 'bytes';
    codecs.set(owner.id, upstream ?? own);
  }
  return codecs;
}

export function authorGraph(plan: LaneGraphPlan): AuthorGraph {
  const owners = ownersOf(plan);
  const lanes = authorLanes(plan);
  const ends = lanes.flatMap((lane) => lane.ends).sort((a, b) => a.connection - b.connection);
  const inlets = grouped(ends, ({ to }) => to);
  return {
    plan,
    owners,
    lanes,
    outlets: grouped(lanes, ({ from }) => from),
    inlets,
    ordered: orderedOwners(plan.lane_graph.connections, orderedEgresses(plan)),
    codecs: codecsOf(owners, inlets),
  };
}

/** The policy of an ingress, or undefined for a stage, which gives every record to each of its lanes. */
export function choosingPolicy(
  { plan }: AuthorGraph,
  owner: Owner,
): Exclude<BoundaryPolicy, string> | 'RoundRobin' | undefined {
  if (owner.is === 'stage') return undefined;
  const policy = policyOf(plan, owner.entry);
  return typeof policy === 'object' || policy === 'RoundRobin' ? policy : undefined;
}
