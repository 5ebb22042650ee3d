/**
 * Lowering: checked plan → spec. One pass a target; each is pure and deterministic and never sees an unchecked plan.
 *
 *   SingleRing  ring.ts     dependencies → barriers, marks, room, keys
 *   LaneGraph   graph*.ts   connections → lanes, routers, merges, bridges, watermarks, keys
 */

import type { CheckedPlan, LaneGraphPlan, PipelinePlanV2, SingleRingPlan } from '../plan/document.js';
import { lowerGraph } from './graph.js';
import { lowerRing } from './ring.js';
import type { GraphSpec, RingSpec, Spec } from './spec.js';

export { encodeSpec } from './encode.js';
export type * from './spec.js';

/**
 * Lowers a checked plan. The same plan gives an equal spec, whatever the order of its catalog, and with its defaults
 * written out or left out.
 */
export function lower(plan: CheckedPlan<SingleRingPlan>): RingSpec;
export function lower(plan: CheckedPlan<LaneGraphPlan>): GraphSpec;
export function lower(plan: CheckedPlan): Spec;
export function lower(plan: CheckedPlan): Spec {
  const authored: PipelinePlanV2 = plan;
  return authored.target === 'SingleRing' ? lowerRing(authored) : lowerGraph(authored).spec;
}
