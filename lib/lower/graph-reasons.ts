/** Which rule put an element in, where in the plan its cause stands, and the reason in words. Pure; any thread. */

import type { LaneGraphPlan } from '../plan/document.js';
import { under } from '../plan/pointer.js';
import { oneOf } from '../plan/words.js';
import type { AuthorLane, LaneEnd } from './graph-author.js';
import type { InsertRule } from './graph-rules.js';
import type { PolicyName } from './spec.js';

export interface InsertReason {
  readonly rule: InsertRule;
  /** JSON pointer to what in the plan caused it. */
  readonly path: string;
  readonly reason: string;
}

/** Names in a sentence; a long list is cut, because a stage may have a thousand connections. */
const NAMES_MAX = 8;

function listed(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX;
  return rest > 0 ? `${names.slice(0, NAMES_MAX).join(', ')} and ${rest} more` : oneOf(names, 'and');
}

const connectionPath = (connection: number): string => under('/lane_graph/connections', connection);

/** Where it is written that a connection drops. */
function dropPath(plan: LaneGraphPlan, connection: number): string {
  const said = plan.lane_graph.connections[connection]?.on_full !== undefined;
  return said ? under(connectionPath(connection), 'on_full') : '/lane_graph/on_full';
}

const isDroppingBroadcast = (plan: LaneGraphPlan, { lane, connection }: AuthorLane): boolean =>
  lane.kind === 'Events' && plan.lane_graph.connections[connection]?.lane.kind === 'FanoutBroadcast';

export function routerInsert(
  plan: LaneGraphPlan,
  owner: string,
  lanes: readonly AuthorLane[],
  policy: PolicyName,
): InsertReason {
  const names = listed(lanes.map(({ id }) => id));
  if (policy !== 'Broadcast') {
    const path = under('/lane_graph/boundary_policy', owner);
    return { rule: 'ROUTER_POLICY', path, reason: `${policy} gives each record of ${owner} to one of ${names}` };
  }
  const [first, second] = lanes as readonly [AuthorLane, AuthorLane];
  const split = `every record of ${owner} goes into each of ${names}`;
  if (lanes.every((lane) => isDroppingBroadcast(plan, lane))) {
    const reason = `a broadcast that drops has a lane for each reader: ${split}`;
    return { rule: 'ROUTER_BROADCAST_DROPS', path: dropPath(plan, first.connection), reason };
  }
  return { rule: 'ROUTER_FAN_OUT', path: connectionPath(second.connection), reason: split };
}

export function mergeInsert(owner: string, ends: readonly LaneEnd[], policy: PolicyName): InsertReason {
  const order = policy === 'Ordered' ? 'in the order of the ingress' : 'as records come';
  const names = listed(ends.map(({ lane, to }) => `${lane.from}->${to}`));
  const path = connectionPath((ends[1] as LaneEnd).connection);
  return { rule: 'MERGE_FAN_IN', path, reason: `${owner} reads ${names}, ${order} (${policy})` };
}

export function bridgeInsert(
  rule: 'BRIDGE_AT_ROUTER' | 'BRIDGE_AT_MERGE',
  { id, lane }: AuthorLane,
  connection: number,
): InsertReason {
  const speaks = rule === 'BRIDGE_AT_ROUTER' ? 'a router writes' : 'a merge reads';
  const path = under(connectionPath(connection), 'lane', 'kind');
  return { rule, path, reason: `${speaks} Events lanes, and ${id} is ${lane.kind}` };
}
