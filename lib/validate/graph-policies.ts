/**
 * Rules about `boundary_policy` and about keys inside a graph: the policy fits the kind of its boundary, `Ordered` has
 * one ingress upstream, a field key reads records that have the field. Pure; any thread.
 */

import { ORDINAL_BITS_MAX } from '../abi/limits.js';
import type { BoundaryPolicy } from '../plan/document.js';
import { type OrdinalUse, orderedOwners, ordinalUses } from '../plan/flow.js';
import { under, valueAt } from '../plan/pointer.js';
import { count, didYouMean, oneOf, quote } from '../plan/words.js';
import type { Graph } from './graph-connections.js';
import { checkKey } from './keys.js';
import { asMap, type BoundaryNode, type Model, type Note, type StageNode } from './model.js';
import { type Arrivals, fresh } from './record-flow.js';

type Node = StageNode | BoundaryNode;

export function checkPolicies(model: Model, graph: Graph, note: Note): void {
  if (model.graph === undefined) return;
  const upstream = new Upstream(graph);
  const uses = ordinalUsesOf(graph, model.graph.policies);
  checkEmitted(graph, uses, note);
  const unknown = [...model.graph.policies.keys()].filter((id) => !graph.names.byId.has(id) && !graph.meant.has(id));
  // As many as there are broken declarations that no connection names may be meant by those.
  const { lostStages, lostBoundaries } = graph.names;
  const lost = Math.min(lostBoundaries, Math.max(0, lostStages + lostBoundaries - graph.meant.size));
  for (const id of unknown.slice(lost)) {
    if (model.hasBoundaries) noteUnknown(model, id, graph, note);
  }
  for (const [id, policy] of model.graph.policies) {
    const named = graph.names.byId.get(id);
    if (named === undefined || graph.names.ambiguous.has(id)) continue;
    if (named.is === 'stage') noteStage(id, named.node, note);
    else if (policy !== undefined) {
      checkPolicy(model, named.node, policy, upstream, note);
      if (policy === 'Ordered') checkOrdinals(named.node, uses, note);
    }
  }
}

/** Keys of `count` stages: their records come from every ingress upstream, as the stages on the way leave them. */
export function checkStageKeys(model: Model, arrivals: Arrivals, note: Note): void {
  for (const stage of model.stages) {
    const key = asMap(stage.config)?.key;
    if (stage.op !== 'count' || asMap(key)?.kind !== 'field') continue;
    checkKey(model, key, under(stage.path, 'config', 'key'), arrivals(stage) ?? [], note);
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
  else if (typeof policy !== 'string') checkKey(model, policy.key, under(path, 'key'), [fresh(node)], note);
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

/** What of an ordinal is used up before each end whose order an egress restores, over the connections that may stand. */
function ordinalUsesOf(
  graph: Graph,
  policies: ReadonlyMap<string, BoundaryPolicy | undefined>,
): ReadonlyMap<string, OrdinalUse> {
  const egresses = [...policies].filter(([, policy]) => policy === 'Ordered').map(([id]) => id);
  if (egresses.length === 0) return new Map();
  const ends = graph.edges.map(({ from, to }) => ({ from: from.id as string, to: to.id as string }));
  const emitted = (id: string): number => {
    const named = graph.names.byId.get(id);
    return (named?.is === 'stage' ? named.node.traits?.emitsMax : undefined) ?? 1;
  };
  return ordinalUses(ends, orderedOwners(ends, egresses), emitted);
}

/** Stages before an Ordered egress that emit: how many records at most, their ordinals must have room for. */
function checkEmitted(graph: Graph, uses: ReadonlyMap<string, OrdinalUse>, note: Note): void {
  for (const id of uses.keys()) {
    const named = graph.names.byId.get(id);
    if (named?.is !== 'stage' || named.node.traits?.emits !== true || named.node.traits.emitsMax !== undefined)
      continue;
    note({
      code: 'ORDERED_EMITS',
      path: under(named.node.path, 'emits_max'),
      message: `The stage ${quote(id)} emits records, and an \`Ordered\` egress is behind it, so it needs the field \`emits_max\`: how many they are at most for one that it reads.`,
      hint: 'For example `emits_max: 16`, which takes 4 bits of every ordinal; or write `Interleave` at the egress.',
    });
  }
}

function checkOrdinals(node: BoundaryNode, uses: ReadonlyMap<string, OrdinalUse>, note: Note): void {
  const needed = uses.get(node.id as string)?.bits ?? 0;
  if (needed <= ORDINAL_BITS_MAX) return;
  const merges: { readonly id: string; readonly use: OrdinalUse }[] = [];
  for (let id = node.id; id !== undefined; id = uses.get(id)?.before) {
    const use = uses.get(id);
    if (use !== undefined && use.own > 0) merges.unshift({ id, use });
  }
  const shown = merges.slice(0, MERGES_SHOWN).map(({ id, use }) => `${quote(id)} (${use.own})`);
  const rest = merges.length - shown.length;
  note({
    code: 'ORDERED_BITS',
    path: under('/lane_graph/boundary_policy', node.id as string),
    message: `The egress ${quote(node.id)} is \`Ordered\`, and on the way to it ${count(needed, 'bit')} of a record's ordinal are needed to tell its copies apart; there are ${ORDINAL_BITS_MAX}. ${count(merges.length, 'stage')} in a row use them: ${oneOf(rest === 0 ? shown : [...shown, `${rest} more`], 'and')}.`,
    received: 'Ordered',
    hint: 'Write `Interleave`, or let fewer branches meet again one behind the other: a merge of k connections takes log2(k) bits, rounded up.',
  });
}

/** Of the merges that use up an ordinal, so many are named. */
const MERGES_SHOWN = 8;

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
