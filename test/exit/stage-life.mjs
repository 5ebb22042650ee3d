/**
 * Brings a pipeline with a stage in JavaScript to a state of the stage's life: `reach(STATE, atEnd)`. As a program, `node
 * stage-life.mjs WAY STATE` reaches it and ends its process in its way; as a worker, it says so and stays.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { compile, open } from '../../dist/index.js';

const boundaries = [
  { id: 'in', kind: 'ingress', codec: 'utf8' },
  { id: 'out', kind: 'egress', codec: 'utf8' },
];
const stages = [{ id: 'own', op: 'js:own' }];
const lane = { kind: 'Events' };
const versions = {
  ring: compile({
    version: 2,
    name: 'life',
    target: 'SingleRing',
    stages,
    boundaries,
    single_ring: { stages: [{ stage: 'own' }] },
  }),
  graph: compile({
    version: 2,
    name: 'life',
    target: 'LaneGraph',
    stages,
    boundaries,
    lane_graph: {
      connections: [
        { from: 'in', to: 'own', lane },
        { from: 'own', to: 'out', lane },
      ],
    },
  }),
};

export const RECORDS = 20;
const tick = () => new Promise((resolve) => setTimeout(resolve, 2));

async function until(condition) {
  while (!condition()) await tick();
}

function opened(shape, own) {
  const pipeline = open(versions[shape], { stages: { own }, ports: { out: 'discard' } });
  const ingress = pipeline.ingress('in');
  for (let i = 0; i < RECORDS; i++) ingress.tryPush(`${i}`);
  ingress.flush();
  return pipeline;
}

const module = (name) => new URL(`./${name}-module.mjs`, import.meta.url);

async function spinning(shape, more) {
  const channel = new BroadcastChannel(`byteor: a stage of process ${process.pid}`);
  const begun = new Promise((resolve) => {
    channel.onmessage = resolve;
  });
  const pipeline = opened(shape, { module: module('life'), export: 'spins', ...more });
  await begun;
  channel.close();
  return pipeline;
}

/** Each resolves with the pipeline when the stage is there. `act`: what is to be done inside of its function. */
export const states = {
  async idle(shape) {
    return open(versions[shape], { stages: { own: () => undefined }, ports: { out: 'discard' } });
  },
  /** The function of the sixth record ends it, or the thread is in it for a while. */
  async function(shape, act) {
    let calls = 0;
    const pipeline = opened(shape, () => {
      if (++calls === 6) act();
    });
    await until(() => calls >= 6);
    return pipeline;
  },
  async promise(shape) {
    let calls = 0;
    const pipeline = opened(shape, () => {
      calls++;
      return new Promise(() => {});
    });
    await until(() => calls === 16);
    return pipeline;
  },
  loading: async (shape) => opened(shape, { module: module('slow') }),
  batch: (shape) => spinning(shape, {}),
  async dead(shape) {
    const pipeline = opened(shape, { module: module('life'), export: 'exits' });
    await until(() => pipeline.failure !== undefined);
    return pipeline;
  },
  async late(shape) {
    const pipeline = await spinning(shape, { timeoutMs: 30 });
    await until(() => pipeline.failure !== undefined);
    return pipeline;
  },
};

/** Ends of a process; `inside` where the function itself does it. */
const ways = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('uncaught on purpose');
  },
  sigterm: () => process.kill(process.pid, 'SIGTERM'),
};

async function endBy(way, state, shape) {
  // What a function throws is its record's failure: the error comes from beside it.
  const inside = way === 'throw' ? () => setImmediate(ways.throw) : ways[way];
  const kept = await states[state](shape, () => {
    process.stdout.write('reached\n');
    inside();
  });
  process.stdout.write('reached\n');
  setImmediate(ways[way]);
  setInterval(() => kept.state, 1000);
}

if (isMainThread && process.argv[1]?.endsWith('stage-life.mjs')) await endBy(...process.argv.slice(2));
else if (workerData?.life !== undefined) {
  const { state, shape } = workerData.life;
  const inside = () => {
    parentPort.postMessage('reached');
    const end = performance.now() + 200;
    while (performance.now() < end);
  };
  const kept = await states[state](shape, inside);
  parentPort.postMessage('reached');
  setInterval(() => kept.state, 1000);
}
