// A process whose JavaScript writes over the region of its own pipeline: node hostile-child.mjs SEED END. It must end by
// itself, with 0, whatever became of the records.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, open } from '../../dist/index.js';

const seed = Number(process.argv[2]);
const end = process.argv[3];
const WRITES = 300;

// mulberry32
let state = seed >>> 0;
function below(bound) {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * bound;
}
const pick = (values) => values[Math.floor(below(values.length))];

const boundaries = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
];
const stages = [
  { id: 'a', op: 'identity' },
  { id: 'b', op: 'filter', config: { contains: '7', invert: true } },
  { id: 'c', op: 'append', config: { text: '!' } },
];
const ring = (entries, more = {}) => ({
  version: 2,
  name: 'ring',
  target: 'SingleRing',
  stages,
  boundaries,
  single_ring: { stages: entries, ...more },
});
const lane = (from, to, kind = 'Events', more = {}) => ({ from, to, lane: { kind, ...more } });
const slots = { capacity: 16, gating: 4 };
const PLANS = [
  () => ring([{ stage: 'a' }, { stage: 'b', depends_on: ['a'] }, { stage: 'c', depends_on: ['b'] }]),
  () => ring([{ stage: 'a' }, { stage: 'b', depends_on: [] }, { stage: 'c', depends_on: ['a', 'b'] }]),
  () =>
    ring([{ stage: 'a' }, { stage: 'b', depends_on: ['a'] }, { stage: 'c', depends_on: ['b'] }], {
      shards: 2,
      ordering: 'PerKey',
      shard_key: { kind: 'bytes', offset: 0, length: 1 },
    }),
  () => ({
    version: 2,
    name: 'graph',
    target: 'LaneGraph',
    stages,
    boundaries,
    lane_graph: {
      connections: [lane('in', 'a'), lane('in', 'b'), lane('a', 'c'), lane('b', 'c'), lane('c', 'out')],
      boundary_policy: {},
    },
  }),
  () => ({
    version: 2,
    name: 'ordered',
    target: 'LaneGraph',
    stages,
    boundaries,
    lane_graph: {
      connections: [
        lane('in', 'a'),
        lane('in', 'b', 'SequencedSlots', slots),
        lane('in', 'c'),
        lane('a', 'out'),
        lane('b', 'out', 'SequencedSlots', slots),
        lane('c', 'out'),
      ],
      boundary_policy: { out: 'Ordered' },
    },
  }),
];

const folder = mkdtempSync(join(tmpdir(), 'byteor-hostile-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const input = join(folder, 'input');
writeFileSync(input, Array.from({ length: 50_000 }, (_, i) => `line ${i}`).join('\n'));

/** An error that says what it is about; the engine's own would be a riddle. */
function stated(error) {
  if (typeof error?.code === 'string' && !error.code.startsWith('ERR_')) return;
  console.error(`seed ${seed}, ${end}:`, error);
  process.exit(3);
}
function tried(call) {
  try {
    return call();
  } catch (error) {
    stated(error);
    return undefined;
  }
}

const native = below(3) < 1;
const plan = pick(PLANS)();
const sizes = plan.target === 'SingleRing' ? { capacity: pick([8, 64, 1024]) } : { laneBytes: 4096 };
const pipeline = open(compile(plan), {
  ...sizes,
  recordMax: 128,
  threads: pick([1, 2, 3]),
  wait: pick(['adaptive', 'park']),
  ports: native ? { in: { lines: input } } : {},
});
const ingress = native ? undefined : pipeline.ingress('in');
const egress = pipeline.egress('out');
const record = new TextEncoder().encode('hello world');

let memory;
const look = () => tried(() => egress.pollInPlace((cursor) => (memory ??= cursor.bytes.buffer), 64));
function push() {
  if (ingress === undefined) return;
  for (let i = 0; i < 20; i++) if (tried(() => ingress.tryPush(record)) !== 'OK') break;
  tried(() => ingress.flush());
}
for (let i = 0; memory === undefined && i < 500; i++) {
  push();
  look();
  await new Promise((resolve) => setTimeout(resolve, 1));
}

const view = new DataView(memory);
const observable = Number(view.getBigUint64(16, true));
const words = new Int32Array(memory, 0, Math.floor(memory.byteLength / 4));
for (let i = 0; i < WRITES; i++) {
  const most = pick([observable, observable, 4096, memory.byteLength]) / 4;
  const at = Math.floor(below(most));
  const before = words[at];
  words[at] = pick([
    0,
    1,
    -1,
    0x7fffffff,
    -0x80000000,
    before + 1,
    before - 1,
    before ^ (1 << below(32)),
    below(2 ** 32),
  ]);
  if (below(4) < 1) push();
  if (below(4) < 1) look();
  if (below(50) < 1) for (const call of ['status', 'snapshot', 'ledger', 'reports']) tried(() => pipeline[call]());
  if (below(30) < 1) await new Promise((resolve) => setImmediate(resolve));
}
for (const call of ['status', 'snapshot', 'ledger', 'reports']) tried(() => pipeline[call]());
tried(() => [pipeline.failure, pipeline.state]);

if (end === 'halt') tried(() => pipeline.halt());
if (end === 'stop') await pipeline.stop({ deadline: 200 }).catch(stated);
if (end === 'dispose') {
  tried(() => egress.release());
  tried(() => ingress?.release());
  await pipeline.stop({ deadline: 100 }).catch(stated);
}
if (end === 'exit') process.exit(0);
