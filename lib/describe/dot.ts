/**
 * The authored graph in Graphviz's language, for both targets: boundaries, stages and what leads from one to the next.
 * Double borders mark stages that write, dashed arrows connections that drop. The same version always gives the same
 * text, whatever the order of its catalogs and keys. Pure; any thread.
 */

import type {
  BoundaryEntry,
  CheckedPlan,
  Connection,
  LaneGraphPlan,
  PipelinePlanV2,
  SingleRingPlan,
  StageEntry,
} from '../plan/document.js';
import { normalConfig, traitsOf } from '../plan/op-catalog.js';
import { statedPolicy } from '../plan/policy.js';
import { type CanonicalObject, canonicalText, parseCanonicalText } from '../version/canonical-text.js';
import { codecWords, configWords, cut, keyWords, laneWords, policyWords } from './words.js';

/** A quoted string of Graphviz, one line of the label each. */
function quote(...lines: readonly string[]): string {
  const escaped = lines.filter((line) => line !== '').map((line) => line.replace(/[\\"]/g, '\\$&'));
  return `"${escaped.join('\\n')}"`;
}

const byId = <T extends { readonly id: string }>(entries: readonly T[]): readonly T[] =>
  [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));

/** Through canonical text and back, so that the author's order of keys does not show. */
const sorted = (config: unknown): unknown => parseCanonicalText(canonicalText({ config } as CanonicalObject)).config;

function stageNode(stage: StageEntry): string {
  const borders = traitsOf(stage.op)?.access === 'write' ? ', peripheries=2' : '';
  return `  ${quote(stage.id)} [label=${quote(stage.id, stage.op, cut(configWords(sorted(normalConfig(stage)))))}${borders}];`;
}

/** @param policy in words; empty where the plan has none */
function boundaryNode(entry: BoundaryEntry, policy: string): string {
  return `  ${quote(entry.id)} [shape=oval, label=${quote(entry.id, cut(codecWords(entry.codec)), policy)}];`;
}

const arrow = (from: string, to: string, attributes: readonly string[] = []): string =>
  `  ${quote(from)} -> ${quote(to)}${attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`};`;

function digraph(name: string, note: string, body: readonly string[]): string {
  const title = note === '' ? [] : [`  label=${quote(note)};`];
  return [`digraph ${quote(name)} {`, '  rankdir=LR;', '  node [shape=box];', ...title, ...body, '}', ''].join('\n');
}

function ringDot(plan: SingleRingPlan): string {
  const { stages, shards = 1, shard_key } = plan.single_ring;
  const [ingress, egress] = ['ingress', 'egress'].map(
    (kind) => plan.boundaries.find((entry) => entry.kind === kind)?.id,
  );
  const depended = new Set(stages.flatMap((entry) => entry.depends_on ?? []));
  const arrows = stages.flatMap(({ stage, depends_on = [] }) =>
    depends_on.length === 0
      ? [arrow(ingress ?? '', stage)]
      : [...depends_on].sort().map((before) => arrow(before, stage)),
  );
  const last = stages.filter(({ stage }) => !depended.has(stage)).map(({ stage }) => arrow(stage, egress ?? ''));
  const note = shards === 1 || shard_key === undefined ? '' : `${shards} shards, by ${keyWords(shard_key)}`;
  const nodes = [...byId(plan.boundaries).map((entry) => boundaryNode(entry, '')), ...byId(plan.stages).map(stageNode)];
  return digraph(plan.name, note, [...nodes, ...arrows, ...last]);
}

function connectionArrow(entry: Connection, graphOnFull: 'Block' | 'Drop'): string {
  const drops = (entry.on_full ?? graphOnFull) === 'Drop';
  const lane = sorted(entry.lane) as unknown as Connection['lane'];
  const label = quote(laneWords(lane), drops ? 'drops when full' : '');
  return arrow(entry.from, entry.to, [`label=${label}`, ...(drops ? ['style=dashed'] : [])]);
}

function graphDot(plan: LaneGraphPlan): string {
  const { connections, on_full = 'Block' } = plan.lane_graph;
  const boundaries = byId(plan.boundaries).map((entry) => {
    const policy = statedPolicy(plan, entry.id);
    return boundaryNode(entry, policy === undefined ? '' : policyWords(policy));
  });
  const arrows = connections.map((entry) => connectionArrow(entry, on_full));
  return digraph(plan.name, '', [...boundaries, ...byId(plan.stages).map(stageNode), ...arrows]);
}

/** Graphviz text of the authored graph, ending in a line end. */
export function planDot(plan: CheckedPlan): string {
  const authored: PipelinePlanV2 = plan;
  return authored.target === 'SingleRing' ? ringDot(authored) : graphDot(authored);
}
