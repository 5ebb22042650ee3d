/** What a boundary of a graph does, said or not. Pure; any thread. */
import type { BoundaryEntry, BoundaryPolicy, LaneGraphPlan } from './document.js';

/** What a boundary does when the plan does not say. */
export function defaultPolicy(kind: BoundaryEntry['kind']): BoundaryPolicy {
  return kind === 'ingress' ? 'Broadcast' : 'Interleave';
}

/** The policy that the plan states; undefined where it does not. A boundary may be called `constructor`. */
export function statedPolicy(plan: LaneGraphPlan, id: string): BoundaryPolicy | undefined {
  const policies = plan.lane_graph.boundary_policy ?? {};
  return Object.hasOwn(policies, id) ? policies[id] : undefined;
}

export function policyOf(plan: LaneGraphPlan, { id, kind }: BoundaryEntry): BoundaryPolicy {
  return statedPolicy(plan, id) ?? defaultPolicy(kind);
}

/**
 * The policy where it decides anything: an ingress with one connection neither spreads nor copies, and an egress with one
 * has nothing to interleave. Ordered holds upstream of its egress too, so one connection does not end it. The same for a
 * default that is written out and one that is left out.
 */
export function policyInForce(plan: LaneGraphPlan, entry: BoundaryEntry): BoundaryPolicy | undefined {
  const policy = policyOf(plan, entry);
  const connections = plan.lane_graph.connections.filter(({ from, to }) => from === entry.id || to === entry.id);
  return connections.length > 1 || policy === 'Ordered' ? policy : undefined;
}

/** The egresses that restore the order of their ingress. */
export function orderedEgresses(plan: LaneGraphPlan): readonly string[] {
  return plan.boundaries.filter((entry) => policyOf(plan, entry) === 'Ordered').map(({ id }) => id);
}
