/**
 * A plan in Graphviz's language, for both targets: boundaries, stages and what leads from one to the next. Beside a graph
 * in which the compiler puts something stands the graph that runs, inserted elements grey. Double borders mark stages that
 * write, dashed arrows connections that drop. The same version always gives the same text, whatever the order of its
 * catalogs and keys. Pure; any thread.
 */

import type { GraphSpec, LaneSpec, RoleSpec } from '../lower/spec.js';
import type {
  BoundaryEntry,
  CheckedPlan,
  Connection,
  LaneGraphPlan,
  PipelinePlanV2,
  SingleRingPlan,
  StageEntry,
} from '../plan/document.js';
import { codecWords, configWords, cut, keyWords, laneWords, onErrorWords, policyWords } from '../plan/element-words.js';
import { normalConfig, OP_CATALOG, traitsOf } from '../plan/op-catalog.js';
import { policyInForce } from '../plan/policy.js';
import { type CanonicalObject, canonicalText, parseCanonicalText } from '../version/canonical-text.js';
import type { Version } from '../version/version.js';
import { versionOf } from './version-of.js';

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
  const borders = traitsOf(stage.op, OP_CATALOG, stage)?.access === 'write' ? ', peripheries=2' : '';
  const { id, op, on_error = 'stop' } = stage;
  const failed = on_error === 'stop' ? '' : onErrorWords(on_error);
  return `  ${quote(id)} [label=${quote(id, op, cut(configWords(sorted(normalConfig(stage)))), failed)}${borders}];`;
}

/** @param policy in words; empty where the plan has none */
function boundaryNode(entry: BoundaryEntry, policy: string): string {
  const { id, codec, on_error = 'stop' } = entry;
  const failed = on_error === 'stop' ? '' : onErrorWords(on_error);
  return `  ${quote(id)} [shape=oval, label=${quote(id, cut(codecWords(codec)), policy, failed)}];`;
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

function writtenGraph(plan: LaneGraphPlan): string[] {
  const { connections, on_full = 'Block' } = plan.lane_graph;
  const boundaries = byId(plan.boundaries).map((entry) => {
    const policy = policyInForce(plan, entry);
    return boundaryNode(entry, policy === undefined ? '' : policyWords(policy));
  });
  const arrows = connections.map((entry) => connectionArrow(entry, on_full));
  return [...boundaries, ...byId(plan.stages).map(stageNode), ...arrows];
}

/** Nodes of the graph that runs have names of their own: a plan's node stands in both drawings. */
const runNode = (id: string): string => `runs ${id}`;

function roleNode({ id, kind, policy }: RoleSpec): string {
  const attributes = [`label=${quote(id, policy === 'None' ? '' : policy)}`];
  if (kind === 'Ingress' || kind === 'Egress') attributes.push('shape=oval');
  else if (kind !== 'Stage') attributes.push('style=filled', 'fillcolor=lightgrey');
  return `  ${quote(runNode(id))} [${attributes.join(', ')}];`;
}

function laneArrows({ roles }: GraphSpec, lane: LaneSpec): string[] {
  const drops = lane.onFull === 'Drop';
  const attributes = [
    `label=${quote(lane.kind, drops ? 'drops when full' : '')}`,
    ...(drops ? ['style=dashed'] : []),
    ...(lane.inserted ? ['color=grey'] : []),
  ];
  const idOf = (role: number): string => runNode(roles[role]?.id ?? '');
  return lane.readers.map((reader) => arrow(idOf(lane.writer), idOf(reader), attributes));
}

function cluster(name: string, label: string, body: readonly string[]): string[] {
  return [
    `  subgraph ${quote(`cluster_${name}`)} {`,
    `    label=${quote(label)};`,
    ...body.map((line) => `  ${line}`),
    '  }',
  ];
}

function graphDot({ plan, lowered: spec, report }: Version<LaneGraphPlan>): string {
  const written = writtenGraph(plan);
  if (report.inserted.length === 0) return digraph(plan.name, '', written);
  const runs = [...spec.roles.map(roleNode), ...spec.lanes.flatMap((lane) => laneArrows(spec, lane))];
  return digraph(plan.name, '', [...cluster('written', 'as written', written), ...cluster('runs', 'as it runs', runs)]);
}

/**
 * A plan as a drawing in the language of Graphviz, ending in a line end. Pure; any thread.
 * @param plan a checked plan, or its version: that is not lowered again
 */
export function planDot(plan: CheckedPlan | Version): string {
  const version = versionOf(plan);
  const authored: PipelinePlanV2 = version.plan;
  if (authored.target === 'SingleRing') return ringDot(authored);
  return graphDot(version as unknown as Version<LaneGraphPlan>);
}
