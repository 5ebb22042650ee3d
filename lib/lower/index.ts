/**
 * Lowering: checked plan → spec. One pass a target; each is pure and deterministic and never sees an unchecked plan.
 *
 *   SingleRing  ring.ts    dependencies → barriers, marks, room, keys
 *   LaneGraph   (graph.ts) its own pass beside ring.ts: lanes, routers, merges, bridges
 */

import type { CheckedPlan, LaneGraphPlan, PipelinePlanV2, SingleRingPlan } from '../plan/document.js';
import { UnsupportedTargetError } from './errors.js';
import { lowerRing } from './ring.js';
import type { RingSpec } from './spec.js';

export { decodeSpec } from './decode.js';
export { encodeSpec } from './encode.js';
export { SpecError, UnsupportedTargetError } from './errors.js';
export type * from './spec.js';

const isRing = (plan: PipelinePlanV2): plan is SingleRingPlan => plan.target === 'SingleRing';

/**
 * Lowers a checked plan. The same plan gives an equal spec, whatever the order of its catalog, and with its defaults
 * written out or left out.
 * @throws UnsupportedTargetError for a LaneGraph plan.
 */
export function lower(plan: CheckedPlan<SingleRingPlan>): RingSpec;
export function lower(plan: CheckedPlan<LaneGraphPlan>): never;
export function lower(plan: CheckedPlan): RingSpec;
export function lower(plan: CheckedPlan): RingSpec {
  if (isRing(plan)) return lowerRing(plan);
  throw new UnsupportedTargetError(plan.name, plan.target);
}
