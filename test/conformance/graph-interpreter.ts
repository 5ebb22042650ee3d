/**
 * What a LaneGraph plan does to records, as plainly as it can be said: owner after owner in the order of flow, lists and
 * no threads, lanes without an end. The running core is compared with this. Written from docs/lanes.md; it knows nothing
 * of routers, merges and bridges but what the author can see of them: who gets which record, and in what order.
 */
import type { Codec, Connection, LaneGraphPlan, StageEntry } from '../../lib/plan/document.js';
import { reportOf } from './interpreter.js';
import { keyOf, shardOf } from './keys.js';
import type { Line } from './lines.js';
import { hasFailed, type Letter, madeOf, type Site, seenBehind, Tally } from './op-model.js';

/** A record on its way. */
export interface Item {
  readonly bytes: Uint8Array;
  readonly terminator: Line['terminator'];
  /** Its place in the order of its ingress, from 0. */
  readonly place: number;
  /**
   * Where it stands among the copies of that record, from 0 to below 1, where an Ordered egress is downstream: a merge
   * puts the copies that meet in it in the order of its inlets, and into the part of the record's range that they own.
   */
  readonly copy: number;
}

/** Records of one lane, or of one owner. Where merges took them as they came, the order is one of many. */
export interface Flow {
  readonly items: readonly Item[];
  /** The order is the only possible one. */
  readonly exact: boolean;
  /** The part of its record's range that a copy owns. */
  readonly step: number;
}

export interface OwnerOutcome {
  /** What reaches it, by connection, in the order of the connections that lead to it. */
  readonly lanes: readonly Flow[];
  /** The same, merged. */
  readonly inlet: Flow;
  readonly outlet: Flow;
  /** Of a stage. */
  readonly tally: Tally;
  /** Items that fail and stop the graph, in the order of the inlet, and why. */
  readonly failing: readonly { readonly item: Item; readonly code: string }[];
  readonly letters: readonly Letter[];
  readonly report: unknown;
}

export interface GraphOutcome {
  readonly owners: ReadonlyMap<string, OwnerOutcome>;
  /** By connection, in the order of the plan. */
  readonly connections: readonly Flow[];
  /** Ingress → records without the key. */
  readonly keyless: Readonly<Record<string, number>>;
}

const NOTHING: Flow = { items: [], exact: true, step: 1 };

export interface GraphInput {
  /** Ingress → its records, with their terminators. */
  readonly records: Readonly<Record<string, readonly Line[]>>;
  /** Stage → how many of its records it passes on before it stops; without it, rejects let everything pass that they keep. */
  readonly stopAt?: Readonly<Record<string, number>>;
}

export class GraphInterpreter {
  private readonly codec: Codec | undefined;
  private readonly ordered: ReadonlySet<string>;
  private readonly connections: readonly Connection[];

  constructor(private readonly plan: LaneGraphPlan) {
    this.codec = plan.boundaries.find(({ kind }) => kind === 'ingress')?.codec;
    this.connections = plan.lane_graph.connections;
    this.ordered = this.orderedOwners();
  }

  run({ records, stopAt = {} }: GraphInput): GraphOutcome {
    const flows: Flow[] = this.connections.map(() => NOTHING);
    const owners = new Map<string, OwnerOutcome>();
    const keyless: Record<string, number> = {};
    for (const id of this.flowOrder()) {
      const lanes = flows.filter((_, index) => this.connections[index]?.to === id);
      const source = records[id];
      const inlet = source === undefined ? this.merge(id, lanes) : asFlow(source);
      const outcome = { lanes, inlet, ...this.work(id, inlet, stopAt[id]) };
      owners.set(id, outcome);
      const targets = this.connections.flatMap(({ from }, index) => (from === id ? [index] : []));
      keyless[id] = this.spread(id, outcome.outlet, targets, flows);
    }
    return { owners, connections: flows, keyless };
  }

  /** Owners, each after all that lead to it. */
  private flowOrder(): string[] {
    const ids = [...new Set(this.connections.flatMap(({ from, to }) => [from, to]))];
    const order: string[] = [];
    while (order.length < ids.length) {
      const next = ids.find(
        (id) => !order.includes(id) && this.connections.every(({ from, to }) => to !== id || order.includes(from)),
      );
      order.push(next as string);
    }
    return order;
  }

  /** Egresses that restore order, and everything before them. */
  private orderedOwners(): ReadonlySet<string> {
    const policies = this.plan.lane_graph.boundary_policy ?? {};
    const ordered = new Set(Object.keys(policies).filter((id) => policies[id] === 'Ordered'));
    for (const id of ordered) for (const { from, to } of this.connections) if (to === id) ordered.add(from);
    return ordered;
  }

  private merge(id: string, lanes: readonly Flow[]): Flow {
    if (lanes.length === 1) return lanes[0] as Flow;
    const exact = this.ordered.has(id);
    const parts = 2 ** Math.ceil(Math.log2(lanes.length));
    const step = Math.min(...lanes.map((lane) => lane.step)) / parts;
    const all = lanes.flatMap(({ items }, lane) =>
      items.map((item) => ({ lane, before: item.copy, item: { ...item, copy: item.copy + lane * step } })),
    );
    if (exact) all.sort((a, b) => a.item.place - b.item.place || a.before - b.before || a.lane - b.lane);
    return { items: all.map(({ item }) => item), exact, step };
  }

  private siteOf(id: string, { emits_max: most }: StageEntry): Site {
    const before = new Set([id]);
    for (const one of before) for (const { from, to } of this.connections) if (to === one) before.add(from);
    const entries = this.plan.stages.filter((stage) => stage.id !== id && before.has(stage.id));
    const seenAs = seenBehind(this.codec, entries);
    const any = this.ordered.has(id) ? 1 : Number.POSITIVE_INFINITY;
    return { codec: this.codec, seenAs, room: undefined, most: most ?? any };
  }

  /** The one ingress that leads to it. */
  private ingressOf(id: string): string | null {
    const before = new Set([id]);
    for (const one of before) for (const { from, to } of this.connections) if (to === one) before.add(from);
    const ingresses = this.plan.boundaries.filter(({ id: one, kind }) => kind === 'ingress' && before.has(one));
    return ingresses.length === 1 ? (ingresses[0]?.id ?? null) : null;
  }

  private work(id: string, inlet: Flow, stopAt: number | undefined): Omit<OwnerOutcome, 'lanes' | 'inlet'> {
    const stage = this.plan.stages.find((candidate) => candidate.id === id);
    const tally = new Tally();
    if (stage === undefined) return { outlet: inlet, tally, failing: [], letters: [], report: null };
    const seen = inlet.items.slice(0, stopAt);
    const site = this.siteOf(id, stage);
    const step = this.ordered.has(id) ? inlet.step / 2 ** Math.ceil(Math.log2(stage.emits_max ?? 1)) : inlet.step;
    const ingress = this.ingressOf(id);
    const failing: { readonly item: Item; readonly code: string }[] = [];
    const letters: Letter[] = [];
    const items = seen.flatMap((item) => {
      const made = madeOf(stage, Buffer.from(item.bytes), site);
      if (hasFailed(made)) {
        if ((stage.on_error ?? 'stop') === 'stop') failing.push({ item, code: made });
        const record = Buffer.from(item.bytes).toString('latin1');
        const letter = { element: id, shard: 0, sequence: item.place, ingress, code: made, record };
        if (stage.on_error === 'dead_letter') letters.push(letter);
      }
      return tally.add(stage, item.bytes, made).map((bytes, at) => ({ ...item, bytes, copy: item.copy + at * step }));
    });
    const report = reportOf(stage, [seen.map(({ bytes }) => bytes)], this.codec);
    return { outlet: { ...inlet, items, step }, tally, failing, letters, report };
  }

  /** Gives records to connections; answers how many had no key. */
  private spread(id: string, { items, ...flow }: Flow, targets: readonly number[], flows: Flow[]): number {
    const policy = this.plan.lane_graph.boundary_policy?.[id] ?? 'Broadcast';
    const ingress = this.plan.boundaries.some((boundary) => boundary.id === id && boundary.kind === 'ingress');
    const chooses = ingress && targets.length > 1 && policy !== 'Broadcast';
    const key = typeof policy === 'object' ? policy.key : undefined;
    const choose = ({ bytes, place }: Item): number =>
      key === undefined ? place % targets.length : shardOf(bytes, targets.length, key, this.codec);
    for (const [index, target] of targets.entries())
      flows[target] = { ...flow, items: chooses ? items.filter((item) => choose(item) === index) : items };
    if (!chooses || key === undefined) return 0;
    return items.filter(({ bytes }) => keyOf(bytes, key, this.codec) === undefined).length;
  }
}

const asFlow = (lines: readonly Line[]): Flow => ({
  items: lines.map(({ bytes, terminator }, place) => ({ bytes, terminator, place, copy: 0 })),
  exact: true,
  step: 1,
});
