/**
 * Rules about the graph as a whole: no cycle, every stage fed from an ingress and read, every boundary
 * used. In a graph without cycles, "reachable" and "not a dead end" hold for all stages if each has a connection on
 * either side, so only the stage where it breaks is named, not all those behind it. Pure; any thread.
 */
import { oneOf, quote } from '../plan/words.js';
import type { Edge, Graph } from './graph-connections.js';
import type { BoundaryNode, Model, Note, StageNode } from './model.js';
import { unaccounted } from './names.js';
import { fromCaller } from './ops.js';

type Node = StageNode | BoundaryNode;

export function checkGraphShape(model: Model, graph: Graph, note: Note): void {
  if (model.graph === undefined || model.graph.connections.length === 0) return;
  const cycles = checkCycles(graph.edges, note);
  const waiting = waitingNodes(model, graph, note);
  for (const node of waiting.starved) noteUnfed(node, waiting.isolated.has(node), graph.edges, note);
  for (const node of waiting.dead) noteDeadEnd(node, note);
  noteSinks(model.stages, graph, note);
  // A boundary that nothing uses and a stage that misses a connection, or a connection that turns back into a cycle,
  // are one misplaced connection; the stage or the cycle was reported.
  for (const node of waiting.unusedIn.slice(waiting.starved.length + cycles)) noteUnused(node, note);
  for (const node of waiting.unusedOut.slice(waiting.dead.length + waiting.isolated.size + cycles))
    noteUnused(node, note);
}

interface Waiting {
  /** Stages that nothing feeds, among them the isolated ones. */
  readonly starved: readonly StageNode[];
  /** Stages that nothing reads although they are not sinks, without the isolated ones. */
  readonly dead: readonly StageNode[];
  readonly isolated: ReadonlySet<StageNode>;
  readonly unusedIn: readonly BoundaryNode[];
  readonly unusedOut: readonly BoundaryNode[];
}

/** The nodes that miss a connection, after each broken end of a connection has accounted for one of them. */
function waitingNodes(model: Model, graph: Graph, note: Note): Waiting {
  const { stages, boundaries } = namedNodes(model, graph);
  const anyIngress = model.boundaries.some((node) => node.kind !== 'egress');
  if (!anyIngress && model.hasBoundaries && graph.misplaced.size === 0) noteNoIngress(model, note);
  const unfed = anyIngress ? stages.filter((node) => !graph.entered.has(node)) : [];
  const unread = stages.filter((node) => !graph.leaving.has(node) && node.traits?.sink === false);
  const unused = boundaries.filter((node) => !graph.misplaced.has(node));
  const ingresses = unused.filter((node) => node.kind === 'ingress' && !graph.leaving.has(node));
  const egresses = unused.filter((node) => node.kind === 'egress' && !graph.entered.has(node));
  const inward = new Set(unaccounted<Node>([...unfed, ...egresses], graph.brokenTo));
  const outward = new Set(unaccounted<Node>([...unread, ...ingresses], graph.brokenFrom));
  const starved = unfed.filter((node) => inward.has(node));
  const isolated = new Set(
    starved.filter((node) => outward.has(node) || (!graph.leaving.has(node) && node.traits?.sink === true)),
  );
  return {
    starved,
    dead: unread.filter((node) => outward.has(node) && !isolated.has(node)),
    isolated,
    unusedIn: ingresses.filter((node) => outward.has(node)),
    unusedOut: egresses.filter((node) => inward.has(node)),
  };
}

/** The nodes that a reference can mean: sound ids, first declarations, no ambiguous ones. */
function namedNodes(model: Model, graph: Graph): { stages: StageNode[]; boundaries: BoundaryNode[] } {
  const means = (node: Node) =>
    node.id !== undefined && !graph.names.ambiguous.has(node.id) && graph.names.byId.get(node.id)?.node === node;
  return { stages: model.stages.filter(means), boundaries: model.boundaries.filter(means) };
}

function noteNoIngress(model: Model, note: Note): void {
  note({
    code: 'GRAPH_NO_INGRESS',
    path: '/boundaries',
    message: 'The plan has no ingress, so no record can enter the graph.',
    received: model.boundaries.length === 0 ? [] : undefined,
    hint: 'Add a boundary with `kind: ingress`.',
  });
}

function noteUnfed(node: StageNode, isolated: boolean, edges: readonly Edge[], note: Note): void {
  const behind = edges.filter((edge) => edge.from === node).map((edge) => quote(edge.to.id));
  note({
    code: 'GRAPH_STAGE_UNREACHABLE',
    path: node.path,
    message: isolated
      ? `The stage ${quote(node.id)} stands in no connection.`
      : `No connection leads to the stage ${quote(node.id)}, so no record from an ingress reaches it${behind.length === 0 ? '' : ` and, through it, ${oneOf(behind.slice(0, 8), 'and')}`}.`,
    hint: isolated ? 'Connect it, or remove it from `stages`.' : 'Connect an ingress or another stage to it.',
  });
}

function noteDeadEnd(node: StageNode, note: Note): void {
  note({
    code: 'GRAPH_STAGE_DEAD_END',
    path: node.path,
    message: `Nothing reads what the stage ${quote(node.id)} writes, and its op ${quote(node.op)} is not a sink.`,
    hint: fromCaller(node)
      ? 'Connect it to a stage or an egress, or declare `sink: true` if its op is a sink.'
      : 'Connect it to a stage or an egress; the built-in sinks are `count` and `checksum`.',
  });
}

/** An op of the caller may be a sink; only the op itself knows. */
function noteSinks(stages: readonly StageNode[], graph: Graph, note: Note): void {
  for (const node of stages) {
    if (!fromCaller(node) || node.says?.sink !== undefined || graph.leaving.has(node) || !graph.entered.has(node))
      continue;
    note({
      code: 'GRAPH_SINK_UNPROVEN',
      path: node.path,
      message: `Nothing reads what the stage ${quote(node.id)} writes; \`open\` accepts that only if ${quote(node.op)} is a sink.`,
      hint: 'If it is one, say so: `sink: true`.',
    });
  }
}

function noteUnused(node: BoundaryNode, note: Note): void {
  note({
    code: 'GRAPH_BOUNDARY_UNUSED',
    path: node.path,
    message: `No connection ${node.kind === 'ingress' ? 'comes from the ingress' : 'leads to the egress'} ${quote(node.id)}.`,
    hint: 'Connect it, or remove it from `boundaries`.',
  });
}

/** One finding for each knot of stages that feed each other, with a shortest cycle in it by name. */
function checkCycles(edges: readonly Edge[], note: Note): number {
  const knots = cyclicParts(edges);
  for (const members of knots) {
    const cycle = shortestCycle(edges, members);
    const nodes = cycle.map((edge) => quote(edge.from.id));
    note({
      code: 'GRAPH_CYCLE',
      path: '/lane_graph/connections',
      message: `The connections form the cycle ${[...nodes, nodes[0]].join(' → ')}.`,
      hint: 'Remove one of these connections: records flow one way.',
      related: cycle.slice(0, 16).map(({ connection }) => ({
        path: connection.path,
        message: `${quote(connection.from)} → ${quote(connection.to)}`,
      })),
    });
  }
  return knots.length;
}

/** The parts of a graph in which every node reaches every other (Tarjan's algorithm, without recursion). */
function cyclicParts(edges: readonly Edge[]): Set<Node>[] {
  const targets = successors(edges);
  const order = new Map<Node, number>();
  const low = new Map<Node, number>();
  const open: Node[] = [];
  const isOpen = new Set<Node>();
  const parts: Set<Node>[] = [];
  for (const root of targets.keys()) {
    if (order.has(root)) continue;
    const path: { node: Node; next: number }[] = [];
    const enter = (node: Node) => {
      order.set(node, order.size);
      low.set(node, order.size - 1);
      open.push(node);
      isOpen.add(node);
      path.push({ node, next: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = targets.get(top.node)?.[top.next];
      top.next += 1;
      if (target !== undefined && !order.has(target)) {
        enter(target);
      } else if (target !== undefined) {
        if (isOpen.has(target)) lower(low, top.node, order.get(target) as number);
      } else {
        path.pop();
        const above = path.at(-1);
        if (above !== undefined) lower(low, above.node, low.get(top.node) as number);
        if (low.get(top.node) === order.get(top.node)) closePart(top.node, open, isOpen, parts);
      }
    }
  }
  return parts;
}

function lower(low: Map<Node, number>, node: Node, value: number): void {
  low.set(node, Math.min(low.get(node) as number, value));
}

function closePart(root: Node, open: Node[], isOpen: Set<Node>, parts: Set<Node>[]): void {
  const part = new Set<Node>(open.splice(open.lastIndexOf(root)));
  for (const node of part) isOpen.delete(node);
  if (part.size > 1) parts.push(part);
}

function successors(edges: readonly Edge[]): Map<Node, Node[]> {
  const targets = new Map<Node, Node[]>();
  for (const edge of edges) {
    const list = targets.get(edge.from);
    if (list === undefined) targets.set(edge.from, [edge.to]);
    else list.push(edge.to);
  }
  return targets;
}

/** A shortest way from the part's first stage back to itself, by breadth. */
function shortestCycle(edges: readonly Edge[], part: ReadonlySet<Node>): Edge[] {
  const inside = edges.filter((edge) => part.has(edge.from) && part.has(edge.to));
  const first = [...part].sort((a, b) => a.index - b.index)[0] as Node;
  const outgoing = new Map<Node, Edge[]>();
  for (const edge of inside) outgoing.set(edge.from, [...(outgoing.get(edge.from) ?? []), edge]);
  const reached = new Map<Node, Edge>();
  let front: Node[] = [first];
  while (front.length > 0 && !reached.has(first)) {
    const next: Node[] = [];
    for (const edge of front.flatMap((node) => outgoing.get(node) ?? [])) {
      if (reached.has(edge.to)) continue;
      reached.set(edge.to, edge);
      next.push(edge.to);
    }
    front = next;
  }
  const cycle: Edge[] = [];
  for (
    let edge = reached.get(first);
    edge !== undefined;
    edge = edge.from === first ? undefined : reached.get(edge.from)
  ) {
    cycle.unshift(edge);
  }
  return cycle;
}
