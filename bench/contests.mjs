/**
 * The plans of the paired benchmarks (bench/rings.mjs, bench/lanes.mjs), and the cells in which they stand beside queues of
 * others. Both ends of a plan are native: a source and a sink in C++ in the place of line adapters
 * (bench/native/plan/plan_graph.hpp), everything between them as `open` builds it with the options named here.
 *
 *   node bench/plan.mjs NAME      prints a plan; its options stand in the tables of docs/performance.md
 */

import { ECHO_PLANS } from './echo/plans.mjs';
import { chain, graph, inTurn, ring } from './plans.mjs';

const fieldsOf = (bytes) => Array.from({ length: bytes / 8 }, (_, at) => ({ name: `f${at}`, type: 'u64' }));

/** A plan whose records are all the same struct. */
function ofStructs(bytes, plan) {
  const codec = { kind: 'struct', fields: fieldsOf(bytes) };
  return { ...plan, boundaries: plan.boundaries.map((end) => ({ ...end, codec })) };
}

const PASS = [{ id: 'pass', op: 'identity' }];
/** What the queues of others do in a chain: add one to the first word. */
const FIELDS = ['one', 'two', 'three'].map((id) => ({ id, op: 'set_field', config: { field: 'f0', add: 1 } }));

const events = { kind: 'Events' };
const ends = {
  in: { id: 'in', kind: 'ingress' },
  in2: { id: 'in2', kind: 'ingress' },
  out: { id: 'out', kind: 'egress' },
  out2: { id: 'out2', kind: 'egress' },
};

/** Two outputs get every record, from one lane that both read, or from a router and a lane each. */
const twoOutputs = (name, lane) => ({
  ...graph(name, PASS, [
    { from: 'in', to: 'pass', lane: events },
    { from: 'pass', to: 'out', lane },
    { from: 'pass', to: 'out2', lane },
  ]),
  boundaries: [ends.in, ends.out, ends.out2],
});

const twoInputs = (name) => ({
  ...graph(name, PASS, [
    { from: 'in', to: 'pass', lane: events },
    { from: 'in2', to: 'pass', lane: events },
    { from: 'pass', to: 'out', lane: events },
  ]),
  boundaries: [ends.in, ends.in2, ends.out],
});

const shared = { kind: 'FanoutBroadcast', consumers: 2 };

/** The plans of graphs: of structs, or of records of any length. */
const graphsOf = (what, of) => [
  [`lanes, ${what}`, of(chain('lanes', events, PASS))],
  [`broadcast, ${what}`, of(twoOutputs('broadcast', shared))],
  [`router, ${what}`, of(twoOutputs('router', events))],
  [`merge, ${what}`, of(twoInputs('merge'))],
];

/** Name → plan. */
export const CONTEST_PLANS = new Map([
  ...[8, 56, 64].map((bytes) => [`ring, ${bytes} B`, ofStructs(bytes, ring('ring', PASS))]),
  ...[8, 64].map((bytes) => [
    `ring of three stages, ${bytes} B`,
    ofStructs(bytes, ring('three-stages', FIELDS, { stages: inTurn(FIELDS) })),
  ]),
  ['ring, lines', ring('ring', PASS)],
  ...[8, 64].flatMap((bytes) => [
    ...graphsOf(`${bytes} B`, (plan) => ofStructs(bytes, plan)),
    [`lanes of three stages, ${bytes} B`, ofStructs(bytes, chain('three-stages', events, FIELDS))],
  ]),
  ...graphsOf('lines', (plan) => plan),
  ...[1024, 65_536].map((capacity) => [
    `slots of ${capacity}, lines`,
    chain('slots', { kind: 'SequencedSlots', capacity, gating: 4 }, PASS),
  ]),
  // What bench/echo.mjs measures from JavaScript, with native ends.
  ...ECHO_PLANS,
]);

/** Records so that the fastest contestant takes some milliseconds: shorter is noise, longer meets a move of the CPUs. */
const RECORDS = {
  rings: {
    single: { 8: 2_000_000, 56: 1_000_000, 64: 1_000_000 },
    batch: { 8: 8_000_000, 64: 1_500_000 },
    chain: { 8: 4_000_000, 64: 1_500_000 },
  },
  lanes: { batch: { 8: 4_000_000, 64: 1_500_000 } },
  layouts: { 8: 2_000_000, 64: 1_000_000, 256: 400_000, 1500: 100_000, logs: 600_000 },
};

/** Of the log-like mixture; `Lengths` of bench/alternatives/layouts.hpp. */
const LONGEST_LOG = 2499;
const LENGTHS = [8, 64, 256, 1500, 'logs'];
const CAPACITIES = [1024, 65_536];

const BATCH = 64;
const GRAPH_BATCH = 256;
const low = { profile: 'low-latency', threads: 2 };
const usual = { profile: 'default', threads: 2 };
/** What a frame of a record takes in a lane, bytes. */
const frame = (bytes) => 16 + Math.ceil(bytes / 8) * 8;
const longest = (bytes) => (bytes === 'logs' ? LONGEST_LOG : bytes);

const entry = (contestant, plan, options) => ({ contestant, plan, options });
const named = (unit, cell) => {
  const bytes = cell.bytes === 'logs' ? 'logs' : `${cell.bytes} B`;
  return { ...cell, name: `${cell.topology} ${cell.form} ${bytes}, ${cell.capacity} ${unit}` };
};
const scaled = (scale, capacity, records) => Math.max(capacity, Math.round(scale * records));

/**
 * The cells of bench/rings.mjs: `{ name, topology, form, bytes, capacity, records, plans }`, where `plans` has the contestants
 * that are plans. A source has `batchRecords` a turn. Single: a word in its slot publishes each record, as the profile
 * low-latency has it; batch: the cursor publishes those of a turn, for one store.
 */
export function ringCells(scale = 1) {
  const records = RECORDS.rings;
  const cell = (form, bytes, capacity, plans) => ({
    topology: 'one-to-one',
    form,
    bytes,
    capacity,
    records: scaled(scale, capacity, records[form][bytes]),
    plans: plans.map(([contestant, options]) => entry(contestant, `ring, ${bytes} B`, { capacity, ...options })),
  });
  const single = (bytes, capacity) =>
    cell('single', bytes, capacity, [
      ['byteor', { ...low, batchRecords: BATCH, publication: 'slot' }],
      ['byteor, one record a turn', { ...low, batchRecords: 1, publication: 'slot' }],
    ]);
  const batch = (bytes, capacity) =>
    cell('batch', bytes, capacity, [
      ['byteor', { ...low, batchRecords: BATCH, publication: 'cursor' }],
      ['byteor, default profile', { ...usual, batchRecords: BATCH, publication: 'cursor' }],
    ]);
  const chains = (bytes, capacity) => ({
    topology: 'chain',
    form: 'batch',
    bytes,
    capacity,
    records: scaled(scale, capacity, records.chain[bytes]),
    plans: [
      entry('byteor', `ring of three stages, ${bytes} B`, {
        ...low,
        capacity,
        batchRecords: GRAPH_BATCH,
        publication: 'cursor',
      }),
    ],
  });
  const layouts = (bytes) => ({
    topology: 'layouts',
    form: 'batch',
    bytes,
    capacity: 8192,
    records: scaled(scale, 8192, RECORDS.layouts[bytes]),
    plans: [
      entry('byteor', 'ring, lines', {
        ...low,
        capacity: 8192,
        batchRecords: BATCH,
        recordMax: longest(bytes),
        arenaBytes: 4 << 20,
      }),
    ],
  });
  return [
    ...[8, 56, 64].flatMap((bytes) => CAPACITIES.map((capacity) => single(bytes, capacity))),
    ...[8, 64].flatMap((bytes) => CAPACITIES.map((capacity) => batch(bytes, capacity))),
    ...[8, 64].flatMap((bytes) => CAPACITIES.map((capacity) => chains(bytes, capacity))),
    ...LENGTHS.map(layouts),
  ].map((cell) => named('slots', cell));
}

/** Contestants of a topology of lanes: `[contestant, plan's name without its records, records, profile]`. */
const OF_TOPOLOGY = {
  'one-to-one': [
    ['byteor', 'lanes', 'structs', low],
    ['byteor, default profile', 'lanes', 'structs', usual],
    ['byteor, frames', 'lanes', 'lines', low],
    ['byteor, frames, default profile', 'lanes', 'lines', usual],
  ],
  broadcast: [
    ['byteor', 'broadcast', 'structs', low],
    ['byteor, frames', 'broadcast', 'lines', low],
    ['byteor, router and two lanes', 'router', 'structs', low],
    ['byteor, router and two lanes of frames', 'router', 'lines', low],
  ],
  merge: [
    ['byteor', 'merge', 'structs', low],
    ['byteor, frames', 'merge', 'lines', low],
  ],
  chain: [['byteor', 'lanes of three stages', 'structs', low]],
};

/**
 * The cells of bench/lanes.mjs. Where the plan does not state the capacity of a lane, the option `laneBytes` does, for as many
 * records as the cell says. "byteor" is a lane of structs: the records are the slots. Frames and slots with an arena, for
 * records of any length, have names of their own (of the layouts, "byteor" is frames).
 */
export function laneCells(scale = 1) {
  const slots = (bytes, capacity, batchRecords) =>
    entry('byteor, slots and an arena', `slots of ${capacity}, lines`, {
      ...low,
      batchRecords,
      recordMax: longest(bytes),
    });
  const layouts = (bytes) => ({
    topology: 'layouts',
    form: 'batch',
    bytes,
    capacity: 1024,
    records: scaled(scale, 1024, RECORDS.layouts[bytes]),
    plans: [
      entry('byteor', 'lanes, lines', { ...low, batchRecords: BATCH, laneBytes: 1024 * frame(longest(bytes)) }),
      slots(bytes, 1024, BATCH),
    ],
  });
  const cell = (topology, bytes, capacity) => {
    const batchRecords = topology === 'one-to-one' ? BATCH : GRAPH_BATCH;
    const plans = OF_TOPOLOGY[topology].map(([contestant, plan, records, profile]) =>
      entry(contestant, `${plan}, ${records === 'lines' ? 'lines' : `${bytes} B`}`, {
        ...profile,
        batchRecords,
        laneBytes: capacity * (records === 'lines' ? frame(bytes) : bytes),
      }),
    );
    if (topology === 'one-to-one') plans.push(slots(bytes, capacity, batchRecords));
    const records = scaled(scale, capacity, RECORDS.lanes.batch[bytes]);
    return { topology, form: 'batch', bytes, capacity, records, plans };
  };
  return [
    ...LENGTHS.map(layouts),
    ...Object.keys(OF_TOPOLOGY).flatMap((topology) =>
      [8, 64].flatMap((bytes) => CAPACITIES.map((capacity) => cell(topology, bytes, capacity))),
    ),
  ].map((one) => named('records', one));
}
