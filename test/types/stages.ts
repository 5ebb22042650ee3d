/** Compile-time tests of the functions of stages: names and records follow from the plan. Each line must or must not compile. */

import {
  attach,
  compile,
  definePlan,
  open,
  type PipelinePlanV2,
  type StageRecords,
  type Version,
} from '../../lib/index.js';
import { type Equal, proven } from './document.js';

const READING = {
  kind: 'struct',
  fields: [
    { name: 'sensor', type: 'u32' },
    { name: 'value', type: 'f64' },
    { name: 'region', type: 'utf8(8)' },
  ],
} as const;

const plan = definePlan({
  version: 2,
  name: 'readings',
  target: 'LaneGraph',
  stages: [
    { id: 'enrich', op: 'js:enrich', keeps_layout: true },
    { id: 'score', op: 'js:score' },
    { id: 'mark', op: 'prepend', config: { text: 'a' } },
    { id: 'text', op: 'js:text' },
    { id: 'after', op: 'js:after' },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: READING },
    { id: 'words', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress' },
  ],
  lane_graph: {
    connections: [
      { from: 'in', to: 'enrich', lane: { kind: 'Events' } },
      { from: 'enrich', to: 'score', lane: { kind: 'Events' } },
      { from: 'score', to: 'after', lane: { kind: 'Events' } },
      { from: 'words', to: 'mark', lane: { kind: 'Events' } },
      { from: 'mark', to: 'text', lane: { kind: 'Events' } },
      { from: 'text', to: 'out', lane: { kind: 'Events' } },
      { from: 'after', to: 'out', lane: { kind: 'Events' } },
    ],
  },
});

interface Reading {
  sensor: number;
  value: number;
  region: string;
}

const text = (): string => 'x';
const after = (): boolean => false;

function stages(): void {
  const version = compile(plan);
  const pipeline = open(version, {
    stages: {
      enrich(record, { stage, shard }) {
        proven<Equal<typeof record, Reading>>();
        proven<Equal<typeof shard, number>>();
        record.region = stage;
      },
      score: {
        start: () => ({ total: 0 }),
        batch(records, state) {
          proven<Equal<typeof records, StageRecords<Reading>>>();
          for (const record of records) (state as { total: number }).total += record.value;
        },
        end: (state) => state,
      },
      // Text stays text behind an op that knows nothing of it.
      text: (record) => {
        proven<Equal<typeof record, string>>();
        return [record, record];
      },
      // Behind a stage that may change it, no struct is known any more.
      after: (record) => {
        proven<Equal<typeof record, Uint8Array>>();
      },
    },
  });
  const score = (record: Reading): boolean => record.value > 0;
  const enrich = { fn: (record: Reading): Reading => record };
  open(version, { stages: { enrich, score, text: 'attach', after } });
  // @ts-expect-error a field that the record does not have.
  open(version, { stages: { enrich: (record) => record.regoin === 'a', score, text, after } });
  // @ts-expect-error a field of another type.
  open(version, { stages: { enrich: (record) => ({ ...record, region: 5 }), score, text, after } });
  // @ts-expect-error a record of text is a string.
  open(version, { stages: { enrich, score, text: () => 5, after } });
  // @ts-expect-error a name that no stage has.
  open(version, { stages: { enrich, score, text, after, others: () => true } });
  // @ts-expect-error a function is missing.
  open(version, { stages: { enrich, score, text } });
  // @ts-expect-error all functions are missing.
  open(version, {});
  // @ts-expect-error and the options that have them.
  open(version);
  // @ts-expect-error a form has no such part.
  open(version, { stages: { enrich: { fn: () => true, retries: 2 }, score, text, after } });
  // @ts-expect-error only what `open` knows of another thread.
  open(version, { stages: { enrich: 'worker', score, text, after } });

  // A module runs in a worker: its records are not known here, its settings are.
  const module = new URL('file:///stages/enrich.mjs');
  open(version, { stages: { enrich: { module }, score: { module: './score.mjs', export: 'fast' }, text, after } });
  open(version, { stages: { enrich: { module, workers: 1, concurrency: 4, timeoutMs: 50 }, score, text, after } });
  open(version, { stages: { enrich: { fn: () => true, concurrency: 4, timeoutMs: 50 }, score, text, after } });
  // @ts-expect-error a path or a URL.
  open(version, { stages: { enrich: { module: 5 }, score, text, after } });
  // @ts-expect-error the number of threads is a number.
  open(version, { stages: { enrich: { module, workers: 'two' }, score, text, after } });
  // @ts-expect-error `export` is the name of one.
  open(version, { stages: { enrich: { module, export: ['fast'] }, score, text, after } });
  // @ts-expect-error an entry of a module has no such field.
  open(version, { stages: { enrich: { module, thread: 2 }, score, text, after } });
  // @ts-expect-error a function has no `workers`: it runs on the thread that opens.
  open(version, { stages: { enrich: { fn: () => true, workers: 2 }, score, text, after } });
  // @ts-expect-error either a module or a function.
  open(version, { stages: { enrich: { module, fn: () => true }, score, text, after } });
  // @ts-expect-error a batch promises no answers.
  open(version, { stages: { enrich: { batch: () => undefined, concurrency: 4 }, score, text, after } });
  // @ts-expect-error a module of a name that no stage has.
  open(version, { stages: { enrich, score, text, after, others: { module } } });
  // @ts-expect-error a library is for an op native:NAME.
  open(version, { stages: { enrich: { library: './enrich.so' }, score, text, after } });

  attach<typeof plan>(pipeline.number, { stages: { score } });
  // @ts-expect-error open starts the workers of modules.
  attach<typeof plan>(pipeline.number, { stages: { score: { module } } });
  // @ts-expect-error the plan has no function of that name.
  attach<typeof plan>(pipeline.number, { stages: { scores: score } });
  // @ts-expect-error whoever attaches brings it.
  attach<typeof plan>(pipeline.number, { stages: { score: 'attach' } });
}
proven<typeof stages extends () => void ? true : false>();

const ring = definePlan({
  version: 2,
  name: 'ring',
  target: 'SingleRing',
  stages: [
    { id: 'a', op: 'js:both', access: 'read' },
    { id: 'b', op: 'js:both', emits: false },
    { id: 'c', op: 'js:last' },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: READING },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: {
    stages: [
      { stage: 'a', depends_on: [] },
      { stage: 'b', depends_on: ['a'] },
      { stage: 'c', depends_on: ['b'] },
    ],
  },
});

function ringStages(): void {
  open(compile(ring), {
    stages: {
      both: (record) => {
        proven<Equal<typeof record, Reading>>();
      },
      last: (record) => {
        proven<Equal<typeof record, Uint8Array>>();
      },
    },
  });
}
proven<typeof ringStages extends () => void ? true : false>();

const mixed = definePlan({
  version: 2,
  name: 'mixed',
  target: 'SingleRing',
  stages: [
    { id: 'a', op: 'native:fast' },
    { id: 'b', op: 'js:slow' },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: {
    stages: [
      { stage: 'a', depends_on: [] },
      { stage: 'b', depends_on: ['a'] },
    ],
  },
});

function libraries(): void {
  const version = compile(mixed);
  const slow = (record: string): string => record;
  const fast = { library: './fast.so' };
  open(version, { stages: { fast, slow } });
  open(version, { stages: { fast, slow: { fn: slow, concurrency: 2 } } });
  // @ts-expect-error a library has a path.
  open(version, { stages: { fast: { library: 5 }, slow } });
  // @ts-expect-error an entry of a library has nothing else.
  open(version, { stages: { fast: { library: './fast.so', workers: 2 }, slow } });
  // @ts-expect-error an op native:NAME has no function.
  open(version, { stages: { fast: slow, slow } });
  // @ts-expect-error and no module.
  open(version, { stages: { fast: { module: './fast.mjs' }, slow } });
  // @ts-expect-error the library is missing.
  open(version, { stages: { slow } });
  // @ts-expect-error open loads libraries.
  attach<typeof mixed>(1, { stages: { fast } });
}
proven<typeof libraries extends () => void ? true : false>();

/** Of a plan without a literal type nothing is known, and of one without stages of one's own nothing is wanted. */
function untyped(version: Version<PipelinePlanV2>): void {
  open(version);
  open(version, { stages: { anything: (record: string) => record } });
  const plain = definePlan({
    version: 2,
    name: 'plain',
    target: 'SingleRing',
    stages: [{ id: 'pass', op: 'identity' }],
    boundaries: [
      { id: 'in', kind: 'ingress' },
      { id: 'out', kind: 'egress' },
    ],
    single_ring: { stages: [{ stage: 'pass', depends_on: [] }] },
  });
  open(compile(plain));
  // @ts-expect-error it has no such stage.
  open(compile(plain), { stages: { anything: () => true } });
}
proven<typeof untyped extends (version: never) => void ? true : false>();
