/**
 * In which order records pass a place of a plan: what is promised (docs/lanes.md), not what a run happens to show. Two plans'
 * outputs are compared line by line only where both promise the same. Pure; any thread.
 */
import type { LaneGraphPlan, PipelinePlanV2 } from '../../plan/document.js';
import { statedPolicy } from '../../plan/policy.js';

/** The order of the input. */
export const INPUT_ORDER = 'input order';

/** A text that is the same where the same order is promised; undefined where none is. */
export function orderAt(plan: PipelinePlanV2, id: string): string | undefined {
  if (plan.target === 'LaneGraph') {
    const ordered = statedPolicy(plan, id) === 'Ordered';
    return ordered || !mergesBefore(plan, id) ? INPUT_ORDER : undefined;
  }
  const { shards = 1, shard_key } = plan.single_ring;
  if (shards === 1) return INPUT_ORDER;
  // Each shard has its order, and its stages see it; an egress takes from the shards in turn, as they come.
  const isStage = plan.stages.some((stage) => stage.id === id);
  return isStage ? `${shards} shards by ${JSON.stringify(shard_key)}` : undefined;
}

/** Whether several connections meet anywhere on the way to a place; which record of them comes first, chance decides. */
function mergesBefore({ lane_graph: { connections } }: LaneGraphPlan, id: string): boolean {
  const into = (place: string) => connections.filter(({ to }) => to === place);
  for (let before = into(id); before.length > 0; before = into((before[0] as { from: string }).from))
    if (before.length > 1) return true;
  return false;
}

/** A lane that drops when it is full loses other records each time. */
export const mayDrop = (plan: PipelinePlanV2): boolean =>
  plan.target === 'LaneGraph' &&
  plan.lane_graph.connections.some(({ on_full }) => (on_full ?? plan.lane_graph.on_full) === 'Drop');
