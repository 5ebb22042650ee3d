/**
 * What a plan means, as a tree of plain data: defaults written out (those inside an
 * op's configuration left out), catalogs in the order of their ids, dependency
 * lists sorted (they are sets), what has no effect left out. Two plans with equal trees are the same version. Works for
 * both targets from the checked plan, because a spec has no author's names. Pure; any thread.
 */

import { codecKind } from '../plan/codec-layout.js';
import type {
  BoundaryEntry,
  CheckedPlan,
  Connection,
  Lane,
  LaneGraphPlan,
  PipelinePlanV2,
  SingleRingPlan,
  StageEntry,
} from '../plan/document.js';
import { normalConfig, normalDeclarations } from '../plan/op-catalog.js';
import { policyOf } from '../plan/policy.js';
import type { CanonicalObject, CanonicalValue } from './canonical-text.js';

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byId = <T extends { readonly id: string }>(entries: readonly T[]): T[] =>
  [...entries].sort((a, b) => byCodeUnit(a.id, b.id));

/** Plan values are JSON data already (validation proved it); their types are only narrower than a canonical value. */
const data = (value: unknown): CanonicalValue | undefined => value as CanonicalValue | undefined;

/** Words that came after the first plans have no line at their default, so that ids of older plans stay. */
const besides = (normal: string, value: string | undefined): string | undefined =>
  value === normal ? undefined : value;

const canonicalStage = (stage: StageEntry): CanonicalObject => ({
  id: stage.id,
  op: stage.op,
  config: data(normalConfig(stage)),
  on_error: besides('stop', stage.on_error),
  ...(normalDeclarations(stage) as CanonicalObject),
});

const canonicalBoundary = (boundary: BoundaryEntry): CanonicalObject => ({
  id: boundary.id,
  kind: boundary.kind,
  codec: codecKind(boundary.codec) === 'struct' ? data(boundary.codec) : codecKind(boundary.codec),
  on_error: besides('stop', boundary.on_error),
});

function canonicalRing(plan: SingleRingPlan): CanonicalObject {
  const ring = plan.single_ring;
  const shards = ring.shards ?? 1;
  return {
    stages: ring.stages.map((entry) => ({
      stage: entry.stage,
      depends_on: [...(entry.depends_on ?? [])].sort(byCodeUnit),
    })),
    shards,
    ordering: ring.ordering ?? 'Strict',
    producer: ring.producer ?? 'Single',
    scheduling: ring.scheduling ?? 'Dedicated',
    // With one shard the key is ignored (validation warns), so it is not part of what the plan means.
    shard_key: shards > 1 ? data(ring.shard_key) : undefined,
  };
}

function canonicalLane(lane: Lane): CanonicalObject {
  // fsync left out means each_batch: the strongest promise is the default.
  return lane.kind === 'Journal' ? { ...lane, fsync: data(lane.fsync ?? 'each_batch') } : { ...lane };
}

function canonicalGraph(plan: LaneGraphPlan): CanonicalObject {
  const graph = plan.lane_graph;
  const onFull = graph.on_full ?? 'Block';
  const connection = (entry: Connection): CanonicalObject => ({
    from: entry.from,
    to: entry.to,
    lane: canonicalLane(entry.lane),
    on_full: entry.on_full ?? onFull,
  });
  const policies = plan.boundaries.map((entry) => [entry.id, data(policyOf(plan, entry))]);
  return {
    // Order of connections is kept: RoundRobin turns in it, and Ordered gives copies of a record in it.
    connections: graph.connections.map(connection),
    boundary_policy: Object.fromEntries(policies),
    on_full: onFull,
  };
}

/** The tree whose canonical text is hashed into a version's id. */
export function canonicalPlan(plan: CheckedPlan): CanonicalObject {
  const authored: PipelinePlanV2 = plan;
  const common = {
    version: authored.version,
    name: authored.name,
    target: authored.target,
    boundaries: byId(authored.boundaries).map(canonicalBoundary),
    stages: byId(authored.stages).map(canonicalStage),
  };
  return authored.target === 'SingleRing'
    ? { ...common, single_ring: canonicalRing(authored) }
    : { ...common, lane_graph: canonicalGraph(authored) };
}
