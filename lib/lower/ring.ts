/**
 * Lowers a SingleRing plan: dependency lists become ancestors and terminals, stages that mark records get mark planes, room for
 * writing ops is summed, keys are resolved, and the layout of slots is chosen. Entries keep the author's topological
 * order; stages follow the entries, so that the order of the catalog leaves no trace.
 *
 *      in ─▶ a ─┬─▶ b ─┬─▶ out        entries      a   b   c
 *               └─▶ c ─┘              ancestors    {}  {a} {a}      terminals {b, c}
 */

import type { BoundaryEntry, SingleRingPlan, StageEntry } from '../plan/document.js';
import { lowerBoundary } from './boundary.js';
import { KeyTable } from './key.js';
import { chooseLayout } from './layout.js';
import { present } from './present.js';
import type { RingEntrySpec, RingSpec } from './spec.js';
import { lowerStage, marksRecords } from './stage.js';
import { ancestorsOf, nearestMarking, terminalsOf } from './topology.js';

function boundary(plan: SingleRingPlan, kind: BoundaryEntry['kind']): BoundaryEntry {
  return present(
    plan.boundaries.find((candidate) => candidate.kind === kind),
    kind,
  );
}

/** Dependency lists as ascending entry indices: the author's list is a set, its order means nothing. */
function dependencyIndices(plan: SingleRingPlan): readonly (readonly number[])[] {
  const indexOf = new Map(plan.single_ring.stages.map((entry, index) => [entry.stage, index]));
  return plan.single_ring.stages.map((entry) =>
    (entry.depends_on ?? []).map((name) => present(indexOf.get(name), `stage "${name}"`)).sort((a, b) => a - b),
  );
}

function lowerEntries(
  dependencies: readonly (readonly number[])[],
  ancestors: readonly (readonly number[])[],
  marking: readonly boolean[],
): readonly RingEntrySpec[] {
  let marks = 0;
  return dependencies.map((own, index) => {
    const before = ancestors[index] ?? [];
    return {
      stage: index,
      dependencies: own,
      ancestors: before,
      readsMarksOf: nearestMarking(before, marking, ancestors),
      mark: marking[index] === true ? marks++ : null,
    };
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Lowers a checked SingleRing plan. Pure. */
export function lowerRing(plan: SingleRingPlan): RingSpec {
  const ring = plan.single_ring;
  const shards = ring.shards ?? 1;
  const ingressEntry = boundary(plan, 'ingress');
  const codec = ingressEntry.codec ?? 'bytes';
  const keys = new KeyTable();
  // With one shard a shard key has no effect (validation warns), so it must not reach the spec either.
  const shardKey = shards > 1 ? keys.add(ring.shard_key, codec) : null;
  const catalog = new Map<string, StageEntry>(plan.stages.map((stage) => [stage.id, stage]));
  const stages = ring.stages.map(({ stage }) => lowerStage(present(catalog.get(stage), `stage "${stage}"`), codec));
  const dependencies = dependencyIndices(plan);
  const ancestors = ancestorsOf(dependencies);
  const marking = stages.map(marksRecords);
  const ingress = lowerBoundary(ingressEntry);
  const layout = chooseLayout(ingress, stages);
  const everyEntry = stages.map((_, index) => index);
  return {
    target: 'SingleRing',
    name: plan.name,
    shards,
    ordering: ring.ordering ?? 'Strict',
    layout,
    recordBytes: layout === 'Fixed' ? ingress.recordBytes : 0,
    headroom: sum(stages.map((stage) => stage.headroom)),
    tailroom: sum(stages.map((stage) => stage.tailroom)),
    ingress,
    egress: lowerBoundary(boundary(plan, 'egress')),
    stages,
    entries: lowerEntries(dependencies, ancestors, marking),
    keys: keys.keys,
    shardKey,
    markCount: sum(marking.map(Number)),
    terminals: terminalsOf(dependencies),
    egressReadsMarksOf: nearestMarking(everyEntry, marking, ancestors),
  };
}
