/** What a compiled plan is made of, by the author's names: the facts of `compile --json`. Pure; any thread. */

import { words } from '../abi/definition.js';
import { planLanes } from '../layout/graph-memory.js';
import { LETTERS_AGENT, letterLanes } from '../layout/letters.js';
import type { LaneMemory } from '../layout/places.js';
import type { LoweredGraph } from '../lower/graph.js';
import type { InsertedRole } from '../lower/graph-build.js';
import { INSERT_RULES, type InsertRule } from '../lower/graph-rules.js';
import type {
  GraphSpec,
  LaneKindName,
  LaneSpec,
  OnFullName,
  PolicyName,
  RingSpec,
  RoleSpec,
  Spec,
  StageSpec,
} from '../lower/spec.js';
import type { Diagnostic } from '../plan/diagnostic.js';
import type { LaneGraphPlan, OnError } from '../plan/document.js';

/** What an agent does. Routers, merges and bridges are inserted into graphs; `letters` writes the letters of records that failed. */
export type RoleKind = 'ingress' | 'stage' | 'egress' | 'router' | 'merge' | 'bridge' | 'letters';

/** An agent's task in a version. */
export interface Role {
  /** Id of the stage or boundary, or the name of what was inserted. */
  readonly id: string;
  /** What it does. */
  readonly kind: RoleKind;
  /** Agents of this role: one a shard. A graph has no shards. */
  readonly shards: number;
  /** What a router or a merge does. */
  readonly policy?: PolicyName;
  /** Of a stage or a boundary: what becomes of a record that fails in it, where that is not `stop`. */
  readonly on_error?: OnError;
  /** Neither the author's nor the compiler's: a relay, because of how journals are kept, or what writes letters. */
  readonly origin?: 'runtime';
}

/** The ring of a shard. */
export interface RingLaneReport {
  /** `ring:<shard>`: no author's id has a colon. */
  readonly id: string;
  /** Tells it from a lane of a graph. */
  readonly kind: 'Ring';
  /** Id of the ingress. */
  readonly from: string;
  /** Id of the egress. */
  readonly to: string;
  /** Number of the shard, from 0. */
  readonly shard: number;
}

/** A lane of a graph, or one of letters, which a ring may have as well. */
export interface GraphLaneReport {
  /** `from->to`: of an author's lane by the ends of its connections, of an inserted one by its roles. */
  readonly id: string;
  /** The kind that is built. */
  readonly kind: LaneKindName;
  /** The role that writes it. */
  readonly from: string;
  /** The roles that read it, joined by commas. */
  readonly to: string;
  /** Ids of the roles that read it. */
  readonly readers: readonly string[];
  /** What its writer does when it has no room. */
  readonly on_full: OnFullName;
  /** No connection of the plan: it came with an element that was put in. */
  readonly inserted: boolean;
  /** Neither the author's nor the compiler's: what a relay writes, or letters. */
  readonly origin?: 'runtime';
  /** The kind that the plan asks for, where it is built as another one: a broadcast that drops. */
  readonly asked?: LaneKindName;
}

/** A channel of a version. */
export type LaneReport = RingLaneReport | GraphLaneReport;

/** What an inserted element adds. */
export interface InsertCost {
  /** Memory of the lane that comes with it, at the sizes that `open` takes when nothing is asked for. */
  readonly bytes: number;
  /** How often it copies a record that it reads. */
  readonly copies: number;
  /** Agents that run it. */
  readonly agents: number;
}

/** An element that the compiler put in, with the rule and the plan path that caused it. A ring never has one. */
export interface InsertedElement {
  /** Its name, like `router:in`. */
  readonly id: string;
  /** What it is. */
  readonly kind: 'bridge' | 'router' | 'merge';
  /** Explained by `byteor explain` and in docs/inserts.md. */
  readonly rule: InsertRule;
  /** JSON pointer to the place in the plan that caused it. */
  readonly path: string;
  /** A sentence with the plan's own names. */
  readonly reason: string;
  /** What it adds. */
  readonly cost: InsertCost;
}

export interface GraphReport extends VersionReport {
  readonly lanes: readonly GraphLaneReport[];
}

/** What a version is made of. */
export interface VersionReport {
  /** What validation warned of. */
  readonly warnings: readonly Diagnostic[];
  /** In the order of flow; of a ring: ingress, stages in the author's order, egress. What writes letters is the last. */
  readonly roles: readonly Role[];
  /** Of a ring one a shard, of a graph every lane; then those of letters. */
  readonly lanes: readonly LaneReport[];
  /** Routers, merges and bridges; a ring has none. */
  readonly inserted: readonly InsertedElement[];
}

const onErrorIn = (element: Pick<StageSpec, 'onError'> | undefined): Pick<Role, 'on_error'> =>
  element === undefined || element.onError === 'Stop' ? {} : { on_error: words.OnErrorCode[element.onError] };

/** What takes letters: no element of the plan, and nothing that a rule inserted. */
function reportLetters(spec: Spec): { readonly roles: readonly Role[]; readonly lanes: readonly GraphLaneReport[] } {
  const lanes = letterLanes(spec).map(
    ({ id, from }): GraphLaneReport => ({
      id,
      kind: 'Events',
      from,
      to: LETTERS_AGENT,
      readers: [LETTERS_AGENT],
      on_full: 'Block',
      inserted: true,
      origin: 'runtime',
    }),
  );
  const role: Role = { id: LETTERS_AGENT, kind: 'letters', shards: 1, origin: 'runtime' };
  return { roles: lanes.length === 0 ? [] : [role], lanes };
}

export function reportRing(spec: RingSpec, warnings: readonly Diagnostic[]): VersionReport {
  const { shards, ingress, egress } = spec;
  const stages = spec.entries.map(({ stage }) => spec.stages[stage]);
  const letters = reportLetters(spec);
  return {
    warnings,
    roles: [
      { id: ingress.id, kind: 'ingress', shards, ...onErrorIn(ingress) },
      ...stages.map((stage): Role => ({ id: stage?.id ?? '', kind: 'stage', shards, ...onErrorIn(stage) })),
      { id: egress.id, kind: 'egress', shards, ...onErrorIn(egress) },
      ...letters.roles,
    ],
    lanes: [
      ...Array.from(
        { length: shards },
        (_, shard): RingLaneReport => ({ id: `ring:${shard}`, kind: 'Ring', from: ingress.id, to: egress.id, shard }),
      ),
      ...letters.lanes,
    ],
    inserted: [],
  };
}

const KINDS: Readonly<Record<RoleSpec['kind'], RoleKind>> = {
  Ingress: 'ingress',
  Stage: 'stage',
  Egress: 'egress',
  Router: 'router',
  Merge: 'merge',
  Bridge: 'bridge',
};

const originOf = (role: RoleSpec | undefined) => (role?.relay === true ? ({ origin: 'runtime' } as const) : {});

function reportRole({ boundaries, stages }: GraphSpec, role: RoleSpec): Role {
  const { id, kind, policy, index } = role;
  const own: readonly Pick<StageSpec, 'onError'>[] = kind === 'Stage' ? stages : boundaries;
  const element = index === null ? undefined : own[index];
  const does = { ...(policy === 'None' ? {} : { policy }), ...onErrorIn(element) };
  return { id, kind: KINDS[kind], shards: 1, ...does, ...originOf(role) };
}

function reportLane(plan: LaneGraphPlan, { roles }: GraphSpec, lane: LaneSpec): GraphLaneReport {
  const asked = lane.connection === null ? lane.kind : plan.lane_graph.connections[lane.connection]?.lane.kind;
  const readers = lane.readers.map((role) => roles[role]?.id ?? '');
  return {
    id: lane.id,
    kind: lane.kind,
    from: roles[lane.writer]?.id ?? '',
    to: readers.join(','),
    readers,
    on_full: lane.onFull,
    inserted: lane.inserted,
    ...originOf(roles[lane.writer]),
    ...(asked === undefined || asked === lane.kind ? {} : { asked }),
  };
}

function reportInserted({ roles }: GraphSpec, lanes: readonly LaneMemory[], inserted: InsertedRole): InsertedElement {
  const { role, lane, copies, rule, path, reason } = inserted;
  const bytes = lanes[lane]?.bytes ?? 0;
  const { kind } = INSERT_RULES[rule];
  return { id: roles[role]?.id ?? '', kind, rule, path, reason, cost: { bytes, copies, agents: 1 } };
}

export function reportGraph(
  plan: LaneGraphPlan,
  { spec, inserted }: LoweredGraph,
  warnings: readonly Diagnostic[],
): GraphReport {
  const memory = planLanes(spec);
  const letters = reportLetters(spec);
  return {
    warnings,
    roles: [...spec.roles.map((role) => reportRole(spec, role)), ...letters.roles],
    lanes: [...spec.lanes.map((lane) => reportLane(plan, spec, lane)), ...letters.lanes],
    inserted: inserted.map((element) => reportInserted(spec, memory, element)),
  };
}
