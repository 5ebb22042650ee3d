/**
 * The plans whose native part is measured: every hot path that a plan can reach, each by a plan that anyone can run
 * (`byteor run` with the same input). Records are lines of an access log, or structs that a program pushes.
 *
 *   { name, reaches, plan, batch? }   `batch`: the option batchRecords, 64 otherwise
 *   { …, structs: true }              its records are structs: counted only, as no file holds them
 *   { …, larger, more }               what `open` does with a stage: `larger` is the plan with `more` stages more
 */

const ends = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
];

/** 64 bytes: a cache line a record. */
const codec = {
  kind: 'struct',
  fields: ['u64', ...Array.from({ length: 7 }, () => 'f64')].map((type, at) => ({ name: `f${at}`, type })),
};
const ofStructs = (plan) => ({ ...plan, boundaries: ends.map((end) => ({ ...end, codec })) });
const FIELDS = [
  { id: 'counted', op: 'set_field', config: { field: 'f0', add: 1 } },
  { id: 'named', op: 'set_field', config: { field: 'f1', value: 0.5 } },
  { id: 'kept', op: 'set_field', config: { field: 'f2', from: 'f1' } },
];

export const inTurn = (stages) =>
  stages.map(({ id }, index) => ({ stage: id, ...(index === 0 ? {} : { depends_on: [stages[index - 1].id] }) }));

/** `single_ring`: what it says beside its stages, which stand one behind the other unless it says otherwise. */
export const ring = (name, stages, single_ring = {}) => ({
  version: 2,
  name,
  target: 'SingleRing',
  stages,
  boundaries: ends,
  single_ring: { stages: inTurn(stages), ...single_ring },
});

/** A chain of stages over lanes of one kind. */
export const chain = (name, lane, stages, more = {}) => {
  const ids = ['in', ...stages.map(({ id }) => id), 'out'];
  const connections = ids.slice(1).map((to, index) => ({ from: ids[index], to, lane }));
  return graph(name, stages, connections, more);
};

export const graph = (name, stages, connections, more = {}) => ({
  version: 2,
  name,
  target: 'LaneGraph',
  stages,
  boundaries: ends,
  lane_graph: { connections, ...more },
});

const identity = (id) => ({ id, op: 'identity' });
const events = { kind: 'Events' };
const slots = { kind: 'SequencedSlots', capacity: 4096, gating: 4 };

/** So many stages that do nothing. */
const identities = (count) => Array.from({ length: count }, (_, at) => identity(`stage${at}`));

/** Two branches out of one stage, whose records meet at the egress. */
const twoBranches = (name, lane, more) =>
  graph(
    name,
    [
      { id: 'errors', op: 'filter', config: { contains: ' 500 ' } },
      { id: 'rest', op: 'filter', config: { contains: ' 500 ', invert: true } },
    ],
    ['errors', 'rest'].flatMap((id) => [
      { from: 'in', to: id, lane },
      { from: id, to: 'out', lane: events },
    ]),
    more,
  );

const OPS = [
  { op: 'filter', config: { contains: 'health' } },
  { op: 'reject', config: { contains: 'no line has this' } },
  { op: 'prepend', config: { text: 'web1 ' } },
  { op: 'append', config: { text: ' ok' } },
  { op: 'count' },
  { op: 'count', config: { key: { kind: 'token', separator: ' ', index: 8 } } },
  { op: 'checksum' },
];

const opName = ({ op, config }) => (config?.key === undefined ? op : `${op} by key`);

export const PROGRAMS = [
  { name: 'ring', reaches: 'ring, line adapters', plan: ring('ring', [identity('pass')]) },
  { name: 'ring, single', reaches: 'ring, record by record', plan: ring('single', [identity('pass')]), batch: 1 },
  {
    name: 'ring, three stages',
    reaches: 'stages of a ring',
    plan: ring('three', [
      { id: 'no-health', op: 'filter', config: { contains: 'health', invert: true } },
      { id: 'by-status', op: 'count', config: { key: { kind: 'token', separator: ' ', index: 8 } } },
      { id: 'sum', op: 'checksum' },
    ]),
  },
  {
    name: 'ring, diamond',
    reaches: 'dependencies of stages',
    plan: ring('diamond', [{ id: 'tally', op: 'count' }, { id: 'sum', op: 'checksum' }, identity('join')], {
      stages: [{ stage: 'tally' }, { stage: 'sum', depends_on: [] }, { stage: 'join', depends_on: ['tally', 'sum'] }],
    }),
  },
  {
    name: 'ring, two shards',
    reaches: 'shards',
    plan: ring('shards', [identity('pass')], {
      shards: 2,
      ordering: 'PerKey',
      shard_key: { kind: 'token', separator: ' ', index: 0 },
    }),
  },
  ...OPS.map((stage) => ({
    name: `op ${opName(stage)}`,
    reaches: `the op ${stage.op}`,
    plan: ring('op', [{ id: 'op', ...stage }]),
  })),
  { name: 'lanes, Events', reaches: 'framed lanes', plan: chain('events', events, [identity('pass')]) },
  { name: 'lanes, SequencedSlots', reaches: 'lanes of slots', plan: chain('slots', slots, [identity('pass')]) },
  {
    name: 'lanes, single',
    reaches: 'framed lanes, record by record',
    plan: chain('lanes-single', events, [identity('pass')]),
    batch: 1,
  },
  {
    name: 'lanes, Drop',
    reaches: 'lanes that drop',
    plan: chain('drop', events, [identity('pass')], { on_full: 'Drop' }),
  },
  {
    name: 'broadcast, Interleave',
    reaches: 'a broadcast lane, and a merge that interleaves',
    plan: twoBranches('broadcast', { kind: 'FanoutBroadcast', consumers: 2 }),
  },
  {
    name: 'router, Ordered',
    reaches: 'a router, and a merge that restores the order',
    plan: twoBranches('ordered', events, { boundary_policy: { out: 'Ordered' } }),
  },
  {
    name: 'router, RoundRobin',
    reaches: 'a router that gives each record to one lane in turn',
    plan: twoBranches('round-robin', events, { boundary_policy: { in: 'RoundRobin' } }),
  },
  {
    name: 'router, KeyHash',
    reaches: 'a router that gives each record to one lane by its key',
    plan: twoBranches('key-hash', events, {
      boundary_policy: { in: { kind: 'KeyHash', key: { kind: 'token', separator: ' ', index: 0 } } },
    }),
  },
  {
    name: 'journal, none',
    reaches: 'a journal, without its syncs',
    plan: chain('journal', { kind: 'Journal', fsync: 'none' }, [identity('pass')]),
  },
  {
    name: 'structs, ring',
    reaches: 'structs in a ring, and the op set_field',
    plan: ofStructs(ring('struct-ring', FIELDS)),
    structs: true,
  },
  {
    name: 'structs, lanes',
    reaches: 'lanes of structs',
    plan: ofStructs(chain('struct-lanes', events, [identity('pass')])),
    structs: true,
  },
  {
    name: 'structs, set_field',
    reaches: 'the op set_field between lanes of structs',
    plan: ofStructs(chain('struct-fields', events, FIELDS)),
    structs: true,
  },
  {
    name: 'open, a stage of a ring',
    reaches: 'decode and open',
    plan: ring('open-ring', identities(16)),
    larger: ring('open-ring', identities(32)),
    more: 16,
  },
  {
    name: 'open, a stage of a graph',
    reaches: 'decode and open, with a lane',
    plan: chain('open-graph', events, identities(16)),
    larger: chain('open-graph', events, identities(32)),
    more: 16,
  },
];
