/**
 * A SingleRing chain as the LaneGraph document that does the same: its stages in a line, joined by Events lanes that
 * block. Only a chain on one ring can be said so: in a ring the arms of a branch work on one record and meet again on it,
 * while a graph gives each arm a copy; and a graph has no shards. Pure; any thread.
 */

import type { ErrorCode } from '../abi/error-codes.js';
import type { CheckedPlan, Connection, LaneGraphPlan, PipelinePlanV2, SingleRingPlan } from '../plan/document.js';
import { oneOf, quote } from '../plan/words.js';

/** The plan has no LaneGraph document that does the same; the message says why. */
export class NoLaneGraphError extends Error {
  /** Name of the class. */
  override readonly name = 'NoLaneGraphError';
  /** Stable word for the cause. */
  readonly code = 'NO_LANE_GRAPH' satisfies ErrorCode;

  constructor(plan: string, reason: string) {
    super(`plan ${quote(plan)} has no LaneGraph document that does the same: ${reason}`);
  }
}

function refuse(plan: PipelinePlanV2, reason: string): never {
  throw new NoLaneGraphError(plan.name, reason);
}

/** A chain: every stage waits for the one before it. More dependencies, on earlier ones, change nothing. */
function checkChain(plan: SingleRingPlan): void {
  const { stages, shards = 1 } = plan.single_ring;
  if (shards !== 1) refuse(plan, `it has ${shards} shards, and a graph runs once`);
  for (const [index, { stage, depends_on = [] }] of stages.entries()) {
    const previous = stages[index - 1]?.stage;
    if (previous === undefined || depends_on.includes(previous)) continue;
    const waits = depends_on.length === 0 ? 'the ingress' : oneOf(depends_on.map(quote), 'and');
    refuse(
      plan,
      `${quote(stage)} waits for ${waits} and not for ${quote(previous)}, so it is not a chain: ` +
        'the arms of a branch work on one record in a ring, and on copies of it in a graph',
    );
  }
}

/**
 * The document, which is another plan with an id of its own; the given one is only read.
 * @throws NoLaneGraphError for branches, shards, and plans that are graphs already
 */
export function asLaneGraph(plan: CheckedPlan): LaneGraphPlan {
  const authored: PipelinePlanV2 = plan;
  if (authored.target === 'LaneGraph') refuse(authored, 'it is one already');
  checkChain(authored);
  const { version, name, stages, boundaries, single_ring } = authored;
  const end = (kind: 'ingress' | 'egress'): string => boundaries.find((entry) => entry.kind === kind)?.id ?? '';
  const line = [end('ingress'), ...single_ring.stages.map(({ stage }) => stage), end('egress')];
  const connections = line.slice(1).map((to, index): Connection => {
    return { from: line[index] as string, to, lane: { kind: 'Events' } };
  });
  return structuredClone({ version, name, target: 'LaneGraph', stages, boundaries, lane_graph: { connections } });
}
