/**
 * From the author's graph to roles joined by one-writer lanes. Every owner keeps one inlet and one outlet; what does not
 * fit that gets an element between, by the rules of graph-rules.ts:
 *
 *   lanes ─▶ [bridge] ─▶ [merge] ─▶ owner ─▶ [router] ─▶ [bridge] ─▶ lanes
 *   journal ─▶ (relay) ─▶ egress
 *
 * An owner's elements stand beside it in the order of the roles, which therefore stays topological. A relay is none of the
 * compiler's elements: it is there because of how a journal is kept, whatever the plan says, so no rule explains it.
 */

import { functionOf } from '../plan/op-catalog.js';
import { type AuthorGraph, type AuthorLane, choosingPolicy, type LaneEnd, type Owner } from './graph-author.js';
import { bridgeInsert, type InsertReason, mergeInsert, routerInsert } from './graph-reasons.js';
import type { PolicyName, RoleName } from './spec.js';

export interface BuiltRole {
  readonly id: string;
  readonly kind: RoleName;
  readonly policy: PolicyName;
  /** It is there because of how the runtime keeps journals. */
  readonly relay: boolean;
  /** The boundary or stage that it is, or that it stands beside. */
  readonly owner: Owner;
  readonly inlets: number[];
  readonly outlets: number[];
}

export interface BuiltLane {
  readonly id: string;
  /** Undefined for an inserted lane. */
  readonly author: AuthorLane | undefined;
  writer: number;
  readonly readers: number[];
}

/** An element that was put in, and why. */
export interface InsertedRole extends InsertReason {
  /** Index into the roles. */
  readonly role: number;
  /** Index of the inserted lane that came with it. */
  readonly lane: number;
  /** How often it copies a record that it reads. */
  readonly copies: number;
}

export interface BuiltGraph {
  readonly roles: readonly BuiltRole[];
  readonly lanes: readonly BuiltLane[];
  readonly inserted: readonly InsertedRole[];
}

const KINDS = { ingress: 'Ingress', egress: 'Egress' } as const;

class GraphBuilder {
  readonly roles: BuiltRole[] = [];
  readonly lanes: BuiltLane[];
  readonly inserted: InsertedRole[] = [];
  readonly #graph: AuthorGraph;
  readonly #ids = new Set<string>();

  constructor(graph: AuthorGraph) {
    this.#graph = graph;
    this.lanes = graph.lanes.map((author) => ({ id: author.id, author, writer: 0, readers: [] }));
  }

  add(owner: Owner): void {
    const inlet = this.#inletOf(owner);
    const kind = owner.is === 'stage' ? 'Stage' : KINDS[owner.entry.kind];
    const role = this.#role(owner, owner.id, kind);
    if (inlet !== undefined) this.#reads(role, inlet);
    const lanes = this.#graph.outlets.get(owner.id) ?? [];
    const [only] = lanes;
    if (lanes.length > 1) this.#route(owner, role, lanes);
    else if (only !== undefined) this.#writes(role, only.index);
  }

  #role(owner: Owner, id: string, kind: RoleName, policy: PolicyName = 'None', relay = false): number {
    this.#ids.add(id);
    this.roles.push({ id, kind, policy, relay, owner, inlets: [], outlets: [] });
    return this.roles.length - 1;
  }

  #reads(role: number, lane: number): void {
    this.roles[role]?.inlets.push(lane);
    this.lanes[lane]?.readers.push(role);
  }

  #writes(role: number, lane: number): void {
    this.roles[role]?.outlets.push(lane);
    (this.lanes[lane] as BuiltLane).writer = role;
  }

  /** A lane between two roles of which the reader may stand only later. */
  #insertLane(writer: number, readerId: string): number {
    this.lanes.push({ id: `${this.roles[writer]?.id}->${readerId}`, author: undefined, writer, readers: [] });
    const lane = this.lanes.length - 1;
    this.roles[writer]?.outlets.push(lane);
    return lane;
  }

  /** The lane that an owner reads: its only one, or that behind a merge. */
  #inletOf(owner: Owner): number | undefined {
    const ends = this.#graph.inlets.get(owner.id) ?? [];
    const only = ends[0]?.lane;
    if (ends.length < 2) return only === undefined ? undefined : this.#relayed(owner, only);
    const id = `merge:${owner.id}`;
    const inlets = ends.map((end) => this.#bridgeToMerge(owner, id, end));
    const policy = this.#graph.ordered.has(owner.id) ? 'Ordered' : 'Interleave';
    const role = this.#role(owner, id, 'Merge', policy);
    for (const lane of inlets) this.#reads(role, lane);
    const lane = this.#insertLane(role, owner.id);
    this.inserted.push({ role, lane, copies: 1, ...mergeInsert(owner.id, ends, policy) });
    return lane;
  }

  /**
   * The lane that an owner reads for a connection. A journal's records of earlier runs come from its files first, which a
   * native role does, and neither an end of a boundary nor a thread of JavaScript, which must not wait for a disk: in front of
   * those a relay reads the journal and writes a lane in memory.
   */
  #relayed(owner: Owner, { index, id, lane }: AuthorLane): number {
    if (lane.kind !== 'Journal' || (owner.is === 'stage' && functionOf(owner.entry.op) === undefined)) return index;
    const role = this.#role(owner, `relay:${id}`, 'Bridge', 'None', true);
    this.#reads(role, index);
    return this.#insertLane(role, owner.id);
  }

  /** The Events lane by which a merge reads an end: its own, or that behind a bridge. */
  #bridgeToMerge(owner: Owner, mergeId: string, end: LaneEnd): number {
    if (end.lane.lane.kind === 'Events') return end.lane.index;
    const id = `bridge:${end.lane.from}:${end.to}`;
    // The lane may have a bridge at its other side already, which then has the name of the connection.
    const role = this.#role(owner, this.#ids.has(id) ? `${id}:merge` : id, 'Bridge');
    this.#reads(role, end.lane.index);
    const lane = this.#insertLane(role, mergeId);
    this.inserted.push({ role, lane, copies: 1, ...bridgeInsert('BRIDGE_AT_MERGE', end.lane, end.connection) });
    return lane;
  }

  #route(owner: Owner, writer: number, lanes: readonly AuthorLane[]): void {
    const id = `router:${owner.id}`;
    const inlet = this.#insertLane(writer, id);
    const choosing = choosingPolicy(this.#graph, owner);
    const policy = choosing === undefined ? 'Broadcast' : choosing === 'RoundRobin' ? choosing : choosing.kind;
    const role = this.#role(owner, id, 'Router', policy);
    this.#reads(role, inlet);
    const copies = choosing === undefined ? lanes.length : 1;
    this.inserted.push({ role, lane: inlet, copies, ...routerInsert(this.#graph.plan, owner.id, lanes, policy) });
    for (const lane of lanes) {
      if (lane.lane.kind === 'Events') this.#writes(role, lane.index);
      else this.#bridgeFromRouter(owner, role, lane);
    }
  }

  #bridgeFromRouter(owner: Owner, router: number, author: AuthorLane): void {
    const id = `bridge:${author.from}:${author.ends.map(({ to }) => to).join(',')}`;
    const lane = this.#insertLane(router, id);
    const role = this.#role(owner, id, 'Bridge');
    this.#reads(role, lane);
    this.#writes(role, author.index);
    this.inserted.push({ role, lane, copies: 1, ...bridgeInsert('BRIDGE_AT_ROUTER', author, author.connection) });
  }
}

/** Pure. The ends of the connections must be acyclic and known, as validation proves. */
export function buildGraph(graph: AuthorGraph): BuiltGraph {
  const builder = new GraphBuilder(graph);
  for (const owner of graph.owners) builder.add(owner);
  const { roles, lanes, inserted } = builder;
  // Readers of a shared lane become roles in topological order; the lane has them in that of its connections.
  for (const { author, readers } of lanes)
    if (author !== undefined && readers.length > 1) sortReaders(roles, author, readers);
  return { roles, lanes, inserted };
}

/** A reader of a shared lane is the owner at the end of its connection, or the bridge that stands beside that owner. */
function sortReaders(roles: readonly BuiltRole[], { ends }: AuthorLane, readers: number[]): void {
  const place = new Map(ends.map(({ to }, index) => [to, index]));
  const placeOf = (role: number): number => place.get(roles[role]?.owner.id ?? '') ?? 0;
  readers.sort((a, b) => placeOf(a) - placeOf(b));
}
