/**
 * Rules about `boundary_policy` and about keys inside a graph: the policy fits the kind of its boundary, `Ordered` has
 * one ingress upstream, a field key reads records that have the field. Pure; any thread.
 */
import type { BoundaryPolicy } from '../plan/document.js';
import { under, valueAt } from '../plan/pointer.js';
import { didYouMean, oneOf, quote } from '../plan/words.js';
import type { Graph } from './graph-connections.js';
import { checkKey } from './keys.js';
import { asMap, type BoundaryNode, type Model, type Note, type StageNode } from './model.js';

type Node = StageNode | BoundaryNode;

export function checkPolicies(model: Model, graph: Graph, note: Note): void {
  if (model.graph === undefined) return;
  const upstream = new Upstream(graph);
  const unknown = [...model.graph.policies.keys()].filter((id) => !graph.names.byId.has(id));
  for (const id of unknown.slice(graph.names.lostBoundaries)) {
    if (model.hasBoundaries) noteUnknown(model, id, graph, note);
  }
  for (const [id, policy] of model.graph.policies) {
    const named = graph.names.byId.get(id);
    if (named === undefined || graph.names.ambiguous.has(id)) continue;
    if (named.is === 'stage') noteStage(id, named.node, note);
    else if (policy !== undefined) checkPolicy(model, named.node, policy, upstream, note);
  }
}

/** Keys of `count` stages: their records come from every ingress upstream. */
export function checkStageKeys(model: Model, graph: Graph | undefined, note: Note): void {
  const upstream = graph === undefined ? undefined : new Upstream(graph);
  for (const stage of model.stages) {
    const key = asMap(stage.config)?.key;
    if (stage.op !== 'count' || asMap(key)?.kind !== 'field') continue;
    const ingresses = model.boundaries.filter((node) => node.kind === 'ingress');
    // A ring has one ingress; if it has several, that was reported and nobody knows which is meant.
    const sources = upstream?.ingressesOf(stage) ?? (ingresses.length === 1 ? ingresses : []);
    checkKey(model, key, under(stage.path, 'config', 'key'), sources, note);
  }
}

/** What lies before a node, walked once for each node that is asked for. */
class Upstream {
  private readonly before = new Map<Node, Node[]>();
  private readonly broken: ReadonlySet<string | undefined>;

  constructor(graph: Graph) {
    for (const { from, to } of graph.edges) {
      const list = this.before.get(to);
      if (list === undefined) this.before.set(to, [from]);
      else list.push(from);
    }
    this.broken = new Set(graph.broken.map((connection) => connection.to));
  }

  ingressesOf(node: Node): BoundaryNode[] {
    return this.walk(node).ingresses;
  }

  /** `whole` is false if a broken connection ends somewhere on the way: then not all of it is known. */
  walk(node: Node): { ingresses: BoundaryNode[]; whole: boolean } {
    const seen = new Set<Node>([node]);
    for (const one of seen) for (const earlier of this.before.get(one) ?? []) seen.add(earlier);
    const ingresses = [...seen].filter((one): one is BoundaryNode => 'kind' in one && one.kind === 'ingress');
    return { ingresses, whole: !this.broken.has(undefined) && ![...seen].some((one) => this.broken.has(one.id)) };
  }
}

const WORDS: Record<'ingress' | 'egress', readonly string[]> = {
  ingress: ['Broadcast', 'RoundRobin', 'KeyHash'],
  egress: ['Interleave', 'Ordered'],
};

function checkPolicy(model: Model, node: BoundaryNode, policy: BoundaryPolicy, upstream: Upstream, note: Note): void {
  const path = under('/lane_graph/boundary_policy', node.id as string);
  const word = typeof policy === 'string' ? policy : policy.kind;
  if (node.kind === undefined) return;
  if (!WORDS[node.kind].includes(word)) noteWrongKind(node, word, path, note);
  else if (typeof policy !== 'string') checkKey(model, policy.key, under(path, 'key'), [node], note);
  else if (policy === 'Ordered') checkOrdered(node, upstream, path, note);
}

function noteWrongKind(node: BoundaryNode, word: string, path: string, note: Note): void {
  const kind = node.kind as 'ingress' | 'egress';
  note({
    code: 'POLICY_KIND',
    path,
    message: `${quote(node.id)} is an ${kind} and cannot have the policy \`${word}\`; it can have ${oneOf(WORDS[kind].map((one) => `\`${one}\``))}.`,
    received: word,
    related: [{ path: node.path, message: `${quote(node.id)} is declared here.` }],
  });
}

function checkOrdered(node: BoundaryNode, upstream: Upstream, path: string, note: Note): void {
  const { ingresses, whole } = upstream.walk(node);
  if (ingresses.length === 1 || !whole || ingresses.length === 0) return;
  note({
    code: 'POLICY_ORDERED',
    path,
    message: `The egress ${quote(node.id)} is \`Ordered\`, which restores the order of one ingress; records of ${ingresses.length} reach it: ${oneOf(
      ingresses.slice(0, 8).map((one) => quote(one.id)),
      'and',
    )}.`,
    received: 'Ordered',
    hint: 'Write `Interleave`, or give each ingress an egress of its own.',
    related: ingresses.slice(0, 8).map((one) => ({ path: one.path, message: `Ingress ${quote(one.id)}.` })),
  });
}

function noteUnknown(model: Model, id: string, graph: Graph, note: Note): void {
  const path = under('/lane_graph/boundary_policy', id);
  const boundaries = [...graph.names.byId].filter(([, named]) => named.is === 'boundary').map(([name]) => name);
  note({
    code: 'POLICY_BOUNDARY_UNKNOWN',
    path,
    atKey: true,
    message: `\`boundary_policy\` names ${quote(id)}, but the plan has no such boundary.`,
    received: valueAt(model.document, path),
    hint: didYouMean(id, boundaries),
  });
}

function noteStage(id: string, node: StageNode, note: Note): void {
  note({
    code: 'POLICY_BOUNDARY_UNKNOWN',
    path: under('/lane_graph/boundary_policy', id),
    atKey: true,
    message: `\`boundary_policy\` names ${quote(id)}, which is a stage; a stage gives every record to each of its connections.`,
    hint: 'Remove it.',
    related: [{ path: node.path, message: `The stage ${quote(id)} is declared here.` }],
  });
}
