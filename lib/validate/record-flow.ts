/**
 * What is known of the records at a node of the plan: from which ingress they come, and what the stages on the way have
 * made of them. A struct is known as long as nothing changes it, or only text of a known length is put before or behind
 * it. Both targets; pure; any thread.
 */
import { flowOrder } from '../plan/flow.js';
import type { Graph } from './graph-connections.js';
import type { BoundaryNode, Model, StageNode } from './model.js';
import { stagesBefore } from './ring-races.js';

/** Bytes over all ways: the least and the most. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** The records of one ingress where they arrive. */
export interface Arrival {
  readonly source: BoundaryNode;
  /** Ways on which all is known; undefined where there is none. */
  readonly known: { readonly before: Range; readonly added: Range; readonly adder: StageNode | undefined } | undefined;
  /** A stage behind which nothing is known of a struct, on some way. */
  readonly changedBy: StageNode | undefined;
  /** Something on some way is not sound and was reported: nothing can be said of it. */
  readonly unsure: boolean;
}

type Node = StageNode | BoundaryNode;

const NOTHING: Range = { least: 0, most: 0 };

const longer = ({ least, most }: Range, bytes: number): Range => ({ least: least + bytes, most: most + bytes });
const hull = (one: Range, other: Range): Range => ({
  least: Math.min(one.least, other.least),
  most: Math.max(one.most, other.most),
});

/** What a stage makes of a record, as far as a plan can say. */
function behind(model: Model, stage: StageNode, arrival: Arrival): Arrival {
  const { traits, op } = stage;
  if (traits === undefined) return { ...arrival, known: undefined, unsure: true };
  if (traits.keepsLayout) return arrival;
  const entry = op === undefined ? undefined : model.catalog.get(op);
  if (entry?.adds === undefined) {
    const known = arrival.known === undefined ? {} : { changedBy: arrival.changedBy ?? stage };
    return { ...arrival, ...known, known: undefined };
  }
  if (!entry.config.safeParse(stage.config).success) return { ...arrival, known: undefined, unsure: true };
  const { head, tail } = entry.adds(stage.config);
  if (arrival.known === undefined) return arrival;
  const { before, added } = arrival.known;
  return { ...arrival, known: { before: longer(before, head), added: longer(added, head + tail), adder: stage } };
}

function join(one: Arrival, other: Arrival): Arrival {
  const [a, b] = [one.known, other.known];
  const known =
    a === undefined || b === undefined
      ? (a ?? b)
      : { before: hull(a.before, b.before), added: hull(a.added, b.added), adder: a.adder ?? b.adder };
  return {
    source: one.source,
    known,
    changedBy: one.changedBy ?? other.changedBy,
    unsure: one.unsure || other.unsure,
  };
}

/** Records as they come from their ingress. */
export const fresh = (source: BoundaryNode): Arrival => ({
  source,
  known: { before: NOTHING, added: NOTHING, adder: undefined },
  changedBy: undefined,
  unsure: source.codec === undefined,
});

/** What arrives at a node, by ingress; undefined where that cannot be said. */
export type Arrivals = (node: Node) => readonly Arrival[] | undefined;

export function recordFlow(model: Model, graph: Graph | undefined): Arrivals {
  return graph === undefined ? ringFlow(model) : graphFlow(model, graph);
}

/** All stages of a ring work on the one slot, so an egress sees what all of them made, and a stage what those before it. */
function ringFlow(model: Model): Arrivals {
  const ingresses = model.boundaries.filter((node) => node.kind === 'ingress');
  const [source] = ingresses;
  return (node) => {
    // A ring has one ingress; if it has several, that was reported and it is unknown which is meant.
    if (source === undefined || ingresses.length > 1) return undefined;
    const stages = 'op' in node ? stagesBefore(model, node) : model.stages;
    if (stages === undefined) return [{ ...fresh(source), known: undefined, unsure: true }];
    return [stages.reduce((arrival, stage) => behind(model, stage, arrival), fresh(source))];
  };
}

function graphFlow(model: Model, graph: Graph): Arrivals {
  const nodes = new Map<string, Node>();
  const sources = new Map<Node, Node[]>();
  for (const { from, to } of graph.edges) {
    nodes.set(from.id as string, from).set(to.id as string, to);
    const list = sources.get(to);
    if (list === undefined) sources.set(to, [from]);
    else list.push(from);
  }
  const ends = graph.edges.map(({ from, to }) => ({ from: from.id as string, to: to.id as string }));
  const arriving = new Map<Node, readonly Arrival[]>();
  const leaving = new Map<Node, readonly Arrival[]>();
  for (const id of flowOrder(ends)) {
    const node = nodes.get(id) as Node;
    const bySource = new Map<BoundaryNode, Arrival>();
    for (const arrival of (sources.get(node) ?? []).flatMap((from) => leaving.get(from) ?? [])) {
      const before = bySource.get(arrival.source);
      bySource.set(arrival.source, before === undefined ? arrival : join(before, arrival));
    }
    const arrivals = [...bySource.values()];
    arriving.set(node, arrivals);
    leaving.set(node, 'op' in node ? arrivals.map((one) => behind(model, node, one)) : [fresh(node)]);
  }
  return (node) => arriving.get(node);
}
