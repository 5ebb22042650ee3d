/**
 * The ledger of a LaneGraph. Every lane counts at both ends, every role between its lanes, and neighbours must agree:
 *
 *   role ──written──▶ [ published │ dropped: full, too_large ] ──read──▶ role
 *                       in flight = published - read, 0 once the pipeline has been settled
 *
 * Pure reader of a region; see ledger.ts.
 */

import { type AgentEntry, enums } from '../abi/definition.js';
import type { Counts, EgressCounts, Imbalance, IngressCounts, InsertedCounts, StageCounts } from './counts.js';
import { checkLane, checkLetters, type LaneFacts, laneFacts } from './lane-counters.js';
import type { BlockOf, Region } from './region.js';
import {
  checkEgress,
  checkStage,
  type EndCounts,
  type Expect,
  expecting,
  failuresOf,
  ingressFailures,
  stageCounts,
  sumOfEnds,
} from './stage-counters.js';

const { AgentKind, PolicyCode } = enums;

interface RoleFacts {
  readonly id: string;
  readonly kind: number;
  /** PolicyCode of a router or a merge, or NONE where the region does not say. */
  readonly policy: number;
  readonly sum: EndCounts;
  /** Offered to all its outlets. */
  readonly written: number;
  readonly outlets: readonly LaneFacts[];
}

function roleFacts(region: Region, agent: BlockOf<typeof AgentEntry>, index: number, lanes: readonly LaneFacts[]) {
  const lanesOf = (list: 'inlets_offset' | 'outlets_offset', count: number): LaneFacts[] =>
    region.u32List(agent.u64(list), count).flatMap((lane) => lanes[lane] ?? []);
  const inlets = lanesOf('inlets_offset', agent.u32('inlet_count'));
  const outlets = lanesOf('outlets_offset', agent.u32('outlet_count'));
  return {
    id: region.agentId(agent),
    kind: agent.u32('kind'),
    policy: agent.u32('entry'),
    sum: sumOfEnds(inlets.map(({ readers }) => readers.get(index))),
    written: outlets.reduce((total, { counts }) => total + counts.written, 0),
    outlets,
  } satisfies RoleFacts;
}

/** How often a router gives one record away: to each of its lanes, or to the one it chooses. Undefined: not known. */
function copiesOf({ policy, outlets }: RoleFacts): number | undefined {
  if (policy === PolicyCode.Broadcast) return outlets.length;
  return policy === PolicyCode.RoundRobin || policy === PolicyCode.KeyHash ? 1 : undefined;
}

function checkRouter(role: RoleFacts, expect: Expect): void {
  const { sum, written, outlets } = role;
  const copies = copiesOf(role);
  const right = written + sum.abandoned + sum.failed;
  const left = sum.in * (copies ?? outlets.length);
  const holds = left === right || (copies === undefined && sum.in === right);
  expect(holds, () => 'in × destinations = out + failed + abandoned', left, right);
}

function checkRole(role: RoleFacts, settled: boolean, found: Imbalance[]): void {
  const { kind, sum, written, outlets } = role;
  const expect = expecting(found, role.id, null);
  if (kind === AgentKind.Ingress || kind === AgentKind.Journal) return;
  if (kind === AgentKind.Router) {
    checkRouter(role, expect);
    return;
  }
  if (kind === AgentKind.Egress || kind === AgentKind.Letters) checkEgress(sum, expect);
  else checkStage(stageCounts(sum), settled, expect);
  if (outlets.length > 0) expect(sum.out === written, () => 'out = written', sum.out, written);
}

/** Keyless records of the router that stands behind an ingress: its lane's only reader. */
function keylessOf(lane: LaneFacts | undefined, roles: readonly RoleFacts[]): number {
  if (lane === undefined) return 0;
  const readers = [...lane.readers.keys()].map((agent) => roles[agent]);
  return readers.reduce((total, role) => total + (role?.kind === AgentKind.Router ? role.sum.keyless : 0), 0);
}

function ingressCounts(role: RoleFacts, roles: readonly RoleFacts[]): IngressCounts {
  const lane = role.outlets[0];
  const counts = lane?.counts;
  return {
    kind: 'ingress',
    published: counts?.published ?? 0,
    bytes: counts?.bytes ?? 0,
    dropped: counts?.dropped.full ?? 0,
    too_large: counts?.dropped.too_large ?? 0,
    keyless: (lane?.producer.f64('keyless') ?? 0) + keylessOf(lane, roles),
    ...failuresOf(ingressFailures(lane === undefined ? [] : [lane.producer])),
  };
}

function egressCounts({ sum }: RoleFacts): EgressCounts {
  const { in: reached, out, abandoned, bytes } = sum;
  return { kind: 'egress', in: reached, out, abandoned, skipped: 0, bytes, ...failuresOf(sum) };
}

const INSERTED: Readonly<Record<number, InsertedCounts['kind']>> = {
  [AgentKind.Router]: 'router',
  [AgentKind.Merge]: 'merge',
  [AgentKind.Bridge]: 'bridge',
};

function insertedCounts(kind: InsertedCounts['kind'], { sum, written }: RoleFacts): InsertedCounts {
  const { in: reached, failed, causes, abandoned, keyless } = sum;
  return { kind, in: reached, out: written, failed, causes, abandoned, keyless };
}

export function readGraphCounts(region: Region, settled: boolean): Counts {
  const { agents } = region;
  const ids = agents.map((agent) => region.agentId(agent));
  const lanes = region.lanes.map((lane) => laneFacts(region, lane, ids));
  const roles: RoleFacts[] = agents.map((agent, index) => roleFacts(region, agent, index, lanes));
  const boundaries: Record<string, IngressCounts | EgressCounts> = {};
  const stages: Record<string, StageCounts> = {};
  const inserted: Record<string, InsertedCounts> = {};
  const imbalances: Imbalance[] = [];
  for (const role of roles) {
    const kind = INSERTED[role.kind];
    if (role.kind === AgentKind.Ingress) boundaries[role.id] = ingressCounts(role, roles);
    else if (role.kind === AgentKind.Egress) boundaries[role.id] = egressCounts(role);
    else if (role.kind === AgentKind.Stage) stages[role.id] = stageCounts(role.sum);
    else if (kind !== undefined) inserted[role.id] = insertedCounts(kind, role);
    checkRole(role, settled, imbalances);
  }
  for (const lane of lanes) checkLane(lane, settled, imbalances);
  checkLetters(region, lanes, stages, boundaries, imbalances);
  return {
    boundaries,
    stages,
    inserted,
    lanes: Object.fromEntries(lanes.map(({ id, counts }) => [id, counts])),
    imbalances,
  };
}
