/**
 * Brings a pipeline to a stage of its life, in whatever thread this runs. Each returns what must not be collected, once
 * the stage has been reached for certain.
 */

import { compile, open } from '../../dist/index.js';

const boundaries = [
  { id: 'in', kind: 'ingress', codec: 'utf8' },
  { id: 'out', kind: 'egress', codec: 'utf8' },
];
const GUARD = { op: 'reject', config: { equals: 'bad' } };

const ring = compile({
  version: 2,
  name: 'exit',
  target: 'SingleRing',
  stages: [
    { id: 'guard', ...GUARD },
    { id: 'pass', op: 'identity' },
  ],
  boundaries,
  single_ring: { stages: [{ stage: 'guard' }, { stage: 'pass', depends_on: ['guard'] }] },
});

/** Two routers, a merge that restores the order, and a lane that drops. */
const graph = compile({
  version: 2,
  name: 'exit',
  target: 'LaneGraph',
  stages: [
    { id: 'guard', ...GUARD },
    { id: 'pass', op: 'identity' },
    { id: 'tally', op: 'checksum' },
  ],
  boundaries,
  lane_graph: {
    connections: [
      { from: 'in', to: 'guard', lane: { kind: 'Events' } },
      { from: 'in', to: 'pass', lane: { kind: 'SequencedSlots', capacity: 8, gating: 4 } },
      { from: 'guard', to: 'out', lane: { kind: 'Events' } },
      { from: 'pass', to: 'out', lane: { kind: 'Events' } },
      { from: 'guard', to: 'tally', lane: { kind: 'Events' }, on_full: 'Drop' },
    ],
    boundary_policy: { in: 'RoundRobin', out: 'Ordered' },
  },
});

/** What is opened, by the shape that the command line names. `roomy` and `tight` are how much it holds. */
const shapes = {
  ring: { version: ring, roomy: { capacity: 64 }, tight: { capacity: 8 } },
  graph: { version: graph, roomy: { laneBytes: 4096 }, tight: { laneBytes: 256 } },
};
const { version, roomy, tight } = shapes[process.argv[4]];

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

let calm = () => {};

/** Ends what a stage keeps doing, and with it its hold on the handles. */
export function calmDown() {
  calm();
  calm = () => {};
}

export const stages = {
  /** Nothing has happened yet. */
  opened: async () => open(version),

  /** Records are under way all the time, in both directions. */
  async pushing() {
    const pipeline = open(version, roomy);
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    let seen = 0;
    const turn = () => {
      while (ingress.tryPush('x') === 'OK');
      seen += egress.poll(() => {});
    };
    // Unref'd: the timer shall not be what keeps a process from ending.
    const timer = setInterval(turn, 1).unref();
    calm = () => clearInterval(timer);
    await until(() => seen > 100);
    return pipeline;
  },

  /** Nobody polls, a push waits for room; everything sleeps. */
  async full() {
    const pipeline = open(version, { ...tight, wait: 'park' });
    const ingress = pipeline.ingress('in');
    while (ingress.tryPush('x') === 'OK');
    const abort = new AbortController();
    const waiting = ingress.push('one too many', { signal: abort.signal }).catch(() => {});
    await until(() => pipeline.snapshot().agents[0].state === 'Stalled');
    // A pending promise keeps the process alive, as promised; the natural end needs it to be over.
    setTimeout(() => abort.abort(), 20);
    return [pipeline, waiting];
  },

  /** All threads sleep. */
  async parked() {
    const pipeline = open(version, { wait: 'park' });
    pipeline.ingress('in').tryPush('x');
    await until(() => pipeline.egress('out').poll(() => {}) === 1);
    await until(() => pipeline.snapshot().threads.every((thread) => thread.parks > 0));
    return pipeline;
  },

  /** A record has failed; good ones before it have not been taken. */
  async failing() {
    const pipeline = open(version);
    pipeline.ingress('in').tryPushBatch(['good', 'good', 'bad', 'after']);
    await until(() => pipeline.failure !== undefined);
    return pipeline;
  },

  /** A stop waits for somebody to poll. */
  async stopping() {
    const pipeline = open(version);
    pipeline.ingress('in').tryPush('never taken');
    const stopping = pipeline.stop({ deadline: 50 });
    await until(() => pipeline.state === 'closing');
    return [pipeline, stopping];
  },
};
