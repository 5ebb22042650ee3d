import type {
  BoundaryEntry,
  BoundaryPolicy,
  CheckedPlan,
  Codec,
  Connection,
  Lane,
  LaneGraphPlan,
  OnFull,
} from '../../lib/plan/document.js';
import { checked } from './plans.js';

/** `a -> b`, with a kind of lane, and `Drop` where the connection drops. */
export type ConnectionText = readonly [ends: `${string} -> ${string}`, lane?: Lane | Lane['kind'], onFull?: OnFull];

export interface GraphParts {
  readonly ops?: Readonly<Record<string, { readonly op: string; readonly config?: unknown }>>;
  readonly ends?: Readonly<Record<string, Partial<BoundaryEntry>>>;
  readonly policy?: Readonly<Record<string, BoundaryPolicy>>;
  readonly onFull?: OnFull;
}

const LANES: Readonly<Record<Lane['kind'], Lane>> = {
  Events: { kind: 'Events' },
  Journal: { kind: 'Journal' },
  SequencedSlots: { kind: 'SequencedSlots', capacity: 64, gating: 4 },
  FanoutBroadcast: { kind: 'FanoutBroadcast', consumers: 1 },
};

function connection([ends, lane = 'Events', onFull]: ConnectionText, fanouts: ReadonlyMap<string, number>): Connection {
  const [from = '', to = ''] = ends.split(' -> ');
  const full = typeof lane === 'string' ? LANES[lane] : lane;
  const built: Lane = full.kind === 'FanoutBroadcast' ? { ...full, consumers: fanouts.get(from) ?? 1 } : full;
  return { from, to, lane: built, ...(onFull === undefined ? {} : { on_full: onFull }) };
}

/** An authored graph: ids that start with `in` are ingresses, with `out` egresses, all others stages. */
export function graphDocument(
  name: string,
  connections: readonly ConnectionText[],
  parts: GraphParts = {},
): LaneGraphPlan {
  const fanouts = new Map<string, number>();
  for (const [ends, lane] of connections) {
    const [from = ''] = ends.split(' -> ');
    if ((typeof lane === 'string' ? lane : lane?.kind) === 'FanoutBroadcast')
      fanouts.set(from, (fanouts.get(from) ?? 0) + 1);
  }
  const ids = [...new Set(connections.flatMap(([ends]) => ends.split(' -> ')))];
  const isBoundary = (id: string): boolean => /^(in|out)/.test(id);
  return {
    version: 2,
    name,
    target: 'LaneGraph',
    stages: ids.filter((id) => !isBoundary(id)).map((id) => ({ id, op: 'identity', ...parts.ops?.[id] })),
    boundaries: ids
      .filter(isBoundary)
      .map((id) => ({ id, kind: id.startsWith('in') ? 'ingress' : 'egress', ...parts.ends?.[id] }) as BoundaryEntry),
    lane_graph: {
      connections: connections.map((text) => connection(text, fanouts)),
      ...(parts.policy === undefined ? {} : { boundary_policy: parts.policy }),
      ...(parts.onFull === undefined ? {} : { on_full: parts.onFull }),
    },
  };
}

export function graph(
  name: string,
  connections: readonly ConnectionText[],
  parts: GraphParts = {},
): CheckedPlan<LaneGraphPlan> {
  return checked(graphDocument(name, connections, parts));
}

/** Two diamonds and a branch over a journal: what is inserted in them is exact. */
export const broadcastDiamond = graph('broadcast-diamond', [
  ['in -> head'],
  ['head -> left', 'FanoutBroadcast'],
  ['head -> right', 'FanoutBroadcast'],
  ['left -> tail'],
  ['right -> tail'],
  ['tail -> out'],
]);

export const eventsDiamond = graph('events-diamond', [
  ['in -> left'],
  ['in -> right'],
  ['left -> tail'],
  ['right -> tail'],
  ['tail -> out'],
]);

export const journalBranch = graph('journal-branch', [
  ['in -> split'],
  ['split -> out'],
  [
    'split -> keep',
    { kind: 'Journal', fsync: { interval_ms: 10 }, segment_bytes: 65_536, retain_bytes: 1, retain_ms: 2 },
  ],
  ['keep -> out'],
]);

export const line = graph('line', [
  ['in -> a', 'SequencedSlots'],
  ['a -> b', 'Journal'],
  ['b -> c', 'FanoutBroadcast'],
  ['c -> out', { kind: 'Events', capacity_bytes: 5000 }, 'Drop'],
]);

/** A lane of another kind between a router and a merge has a bridge at each side; a sink ends a branch. */
export const bothSides = graph(
  'both-sides',
  [
    ['in -> a'],
    ['a -> out', 'SequencedSlots'],
    ['a -> b'],
    ['b -> out', 'SequencedSlots', 'Drop'],
    ['a -> tally', 'Journal', 'Drop'],
  ],
  { ops: { b: { op: 'append', config: { text: '!' } }, tally: { op: 'count' } } },
);

/** An egress that restores the order of the ingress, with a merge before it on the way. */
export const ordered = graph(
  'ordered',
  [
    ['in -> a'],
    ['in -> b'],
    ['in -> c', 'SequencedSlots'],
    ['a -> join'],
    ['b -> join', 'SequencedSlots'],
    ['join -> out'],
    ['c -> out'],
    ['c -> tally'],
  ],
  { policy: { in: 'RoundRobin', out: 'Ordered' }, ops: { tally: { op: 'checksum' } } },
);

export const orders: Codec = {
  kind: 'struct',
  fields: [
    { name: 'level', type: 'u8' },
    { name: 'user', type: 'u64' },
  ],
};

/** Records of two ingresses; what chooses, and what counts, reads a field of their struct. */
export const byKey = graph(
  'by-key',
  [['in-a -> x'], ['in-a -> y', 'Journal'], ['in-b -> x'], ['x -> tally'], ['y -> out-y'], ['tally -> out-x']],
  {
    ends: { 'in-a': { codec: orders }, 'in-b': { codec: orders }, 'out-x': { codec: orders } },
    policy: { 'in-a': { kind: 'KeyHash', key: { kind: 'field', name: 'user' } } },
    ops: {
      y: { op: 'append', config: { text: 'ü' } },
      tally: { op: 'count', config: { key: { kind: 'field', name: 'level' } } },
    },
  },
);

export const broadcastDrops = graph(
  'broadcast-drops',
  [
    ['in -> a', { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 4096 }],
    ['in -> b', { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 4096 }],
    ['a -> out-a'],
    ['b -> out-b'],
  ],
  { onFull: 'Drop' },
);

/** A shared lane beside another one, two of whose readers stand before merges. */
export const sharedAmongOthers = graph('shared-among-others', [
  ['in -> a'],
  ['a -> x', 'FanoutBroadcast'],
  ['a -> out'],
  ['a -> y', 'FanoutBroadcast'],
  ['a -> z', 'FanoutBroadcast'],
  ['in -> y'],
  ['x -> out'],
  ['y -> out'],
  ['z -> x'],
]);

/** Journals that egresses read: relays stand between them when the graph runs. */
export const kept = graph(
  'kept',
  [['in -> a', 'Journal'], ['a -> out', { kind: 'Journal', fsync: 'none' }], ['in -> b'], ['b -> out-b', 'Journal']],
  { ops: { a: { op: 'append', config: { text: '!' } } } },
);

/** Slots that are the structs themselves, and one whose writer may change them. */
export const structs = graph(
  'structs',
  [
    ['in -> a', { kind: 'SequencedSlots', capacity: 100, gating: 4 }],
    ['a -> b', 'SequencedSlots'],
    ['b -> out', 'SequencedSlots'],
  ],
  { ends: { in: { codec: orders } }, ops: { b: { op: 'append', config: { text: '!' } } } },
);

/** A stage that writes structs in place between lanes of structs, and one whose lane is none any more. */
export const setFields = graph(
  'set-fields',
  [['in -> a'], ['a -> b', 'SequencedSlots'], ['b -> c', { kind: 'Journal', fsync: 'none' }], ['c -> out']],
  {
    ends: { in: { codec: orders } },
    ops: {
      a: { op: 'set_field', config: { field: 'user', add: 1 } },
      b: { op: 'set_field', config: { field: 'level', value: 2 } },
      c: { op: 'append', config: { text: '!' } },
    },
  },
);

export const graphs: Readonly<Record<string, CheckedPlan<LaneGraphPlan>>> = {
  'broadcast-diamond': broadcastDiamond,
  'events-diamond': eventsDiamond,
  'journal-branch': journalBranch,
  line,
  'both-sides': bothSides,
  ordered,
  'by-key': byKey,
  'broadcast-drops': broadcastDrops,
  'shared-among-others': sharedAmongOthers,
  kept,
  structs,
  'set-fields': setFields,
};
