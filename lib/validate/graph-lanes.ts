/**
 * Rules about lanes: the features they need, and the agreement of the FanoutBroadcast connections of one outlet, which
 * are one lane with several readers. What one value breaks by itself is the shape pass's. Pure; any thread.
 */
import type { Lane } from '../plan/document.js';
import { under } from '../plan/pointer.js';
import { count, quote } from '../plan/words.js';
import type { Graph } from './graph-connections.js';
import type { ConnectionNode, Features, Model, Note } from './model.js';

type FanoutLane = Extract<Lane, { kind: 'FanoutBroadcast' }>;
interface Reader {
  readonly connection: ConnectionNode;
  readonly lane: FanoutLane;
}

export function checkLanes(model: Model, graph: Graph, note: Note): void {
  if (model.graph === undefined) return;
  for (const connection of model.graph.connections) checkFeature(model.features, connection, note);
  for (const [outlet, readers] of fanoutGroups(model.graph.connections))
    checkFanout(model, graph, outlet, readers, note);
}

const FEATURE_OF: Partial<Record<Lane['kind'], keyof Features>> = {
  Journal: 'lane_graph_journal',
  FanoutBroadcast: 'lane_graph_fanout',
};

function checkFeature(features: Features, connection: ConnectionNode, note: Note): void {
  const kind = connection.lane?.kind;
  const feature = kind === undefined ? undefined : FEATURE_OF[kind];
  if (feature === undefined || features[feature]) return;
  note({
    code: 'LANE_FEATURE',
    path: under(connection.path, 'lane', 'kind'),
    message: `The connection ${quote(connection.from)} → ${quote(connection.to)} asks for a ${kind} lane, which needs the feature \`${feature}\`; it is off.`,
    received: kind,
    hint: `Use another lane kind, or a byteor with the feature \`${feature}\` (see \`byteor capabilities\`).`,
  });
}

function fanoutGroups(connections: readonly ConnectionNode[]): Map<string, Reader[]> {
  const groups = new Map<string, Reader[]>();
  for (const connection of connections) {
    const { from, lane } = connection;
    if (from === undefined || lane?.kind !== 'FanoutBroadcast') continue;
    const group = groups.get(from) ?? [];
    group.push({ connection, lane });
    groups.set(from, group);
  }
  return groups;
}

function checkFanout(model: Model, graph: Graph, outlet: string, readers: readonly Reader[], note: Note): void {
  const known = graph.names.byId.get(outlet);
  if (known === undefined || graph.names.ambiguous.has(outlet)) return;
  checkConsumers(graph, outlet, readers, model, note);
  checkAgreement('capacity_bytes', outlet, readers, ({ lane }) => lane.capacity_bytes, note);
  checkAgreement('on_full', outlet, readers, ({ connection }) => connection.onFull, note);
  const policy = model.graph?.policies.get(outlet);
  if (policy !== undefined && policy !== 'Broadcast' && known.is === 'boundary' && known.node.kind === 'ingress') {
    const word = typeof policy === 'string' ? policy : policy.kind;
    // A policy that an ingress cannot have at all is reported by the policies' own rule.
    if (word === 'RoundRobin' || word === 'KeyHash') noteFanoutPolicy(outlet, word, readers, note);
  }
}

/** `consumers` is the number of the outlet's FanoutBroadcast connections. */
function checkConsumers(graph: Graph, outlet: string, readers: readonly Reader[], model: Model, note: Note): void {
  const broken = new Set(graph.broken);
  const sure = readers.filter(({ connection }) => !broken.has(connection)).length;
  // Connections that were reported may or may not belong to this lane once they are corrected.
  const unsure = (model.graph?.connections ?? []).filter(
    (connection) =>
      (connection.from === outlet || !graph.names.byId.has(connection.from ?? '')) &&
      (broken.has(connection) || connection.lane === undefined),
  ).length;
  const wrong = readers.filter(({ lane }) => lane.consumers < sure || lane.consumers > sure + unsure);
  const distinct = new Set(wrong.map(({ lane }) => lane.consumers));
  // One wrong number written in all of them is one cause.
  const shown = wrong.length === readers.length && distinct.size === 1 ? wrong.slice(0, 1) : wrong;
  for (const { connection, lane } of shown) {
    note({
      code: 'FANOUT_CONSUMERS',
      path: under(connection.path, 'lane', 'consumers'),
      message: `${quote(outlet)} has ${count(sure, 'FanoutBroadcast connection')}, so \`consumers\` is ${sure}, not ${lane.consumers}.`,
      received: lane.consumers,
      hint: `Write ${sure}${readers.length > 1 ? ' in each of them' : ''}, or correct the connections.`,
      related: readers
        .filter((reader) => reader.connection !== connection)
        .map((reader) => ({
          path: reader.connection.path,
          message: `The connection to ${quote(reader.connection.to)}.`,
        })),
    });
  }
}

/** All connections of the lane say the same; where they do not, those that differ from most of them are named. */
function checkAgreement(
  field: 'capacity_bytes' | 'on_full',
  outlet: string,
  readers: readonly Reader[],
  valueIn: (reader: Reader) => unknown,
  note: Note,
): void {
  // An `on_full` that is not sound was reported and agrees with everything.
  const sound = field === 'on_full' ? readers.filter((reader) => valueIn(reader) !== undefined) : readers;
  const usual = mostFrequent(sound.map(valueIn));
  const example = sound.find((reader) => valueIn(reader) === usual);
  for (const reader of sound) {
    const value = valueIn(reader);
    if (value === usual || example === undefined) continue;
    const path =
      field === 'on_full' ? under(reader.connection.path, field) : under(reader.connection.path, 'lane', field);
    note({
      code: 'FANOUT_DISAGREES',
      path,
      message: `The FanoutBroadcast connections of ${quote(outlet)} are one lane and agree in everything: \`${field}\` is ${say(value)} here and ${say(usual)} elsewhere.`,
      received: value,
      hint: 'Write the same in each of them.',
      related: [{ path: example.connection.path, message: `The connection to ${quote(example.connection.to)}.` }],
    });
  }
}

function mostFrequent(values: readonly unknown[]): unknown {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best: { value: unknown; times: number } | undefined;
  for (const [value, times] of counts) {
    if (best === undefined || times > best.times) best = { value, times };
  }
  return best?.value;
}

function say(value: unknown): string {
  return value === undefined ? 'left out' : quote(value);
}

function noteFanoutPolicy(outlet: string, word: string, readers: readonly Reader[], note: Note): void {
  note({
    code: 'FANOUT_POLICY',
    path: under('/lane_graph/boundary_policy', outlet),
    message: `The ingress ${quote(outlet)} has a FanoutBroadcast lane, which gives every record to every reader; the policy \`${word}\` would choose one.`,
    received: word,
    hint: 'Write `Broadcast`, leave the policy out, or use Events lanes.',
    related: readers.map(({ connection }) => ({
      path: connection.path,
      message: `The connection to ${quote(connection.to)}.`,
    })),
  });
}
