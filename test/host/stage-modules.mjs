/** What modules of stages export, each for one test of module-stages.test.ts. */

import { threadId } from 'node:worker_threads';
import { compile } from 'byteor';

/** Says to the test that a function has begun. */
const begun = new BroadcastChannel('byteor: a stage of stage-modules.mjs');
begun.unref();

export default (record) => `<${record}>`;

export const fives = 5;

export function twice(record) {
  record.value *= 2;
}

/** Records, threads and shards that it was shown. */
export const counting = {
  start: ({ config, shard }) => ({ config, shard, records: 0 }),
  batch(records, state) {
    for (const _ of records) state.records++;
  },
  end: (state) => ({ ...state, thread: threadId, compiles: typeof compile }),
};

export const failing = (record) => {
  if (record === '3') throw new Error('three is too many');
};

export const noStart = {
  start() {
    throw new Error('no model');
  },
  batch() {},
};

/** Ends its thread from a timer or a promise, while the stage waits for records. */
export const endsOutside = {
  start({ config }) {
    if (config === 'throw') setTimeout(() => JSON.parse('{'), 20);
    else if (config === 'reject') setTimeout(() => Promise.reject(new Error('it was refused')), 20);
    else setTimeout(() => process.exit(config), 20);
  },
  batch() {},
};

export const exits = (record) => {
  if (record === '5') process.exit(7);
};

export function spins() {
  begun.postMessage('begun');
  for (;;);
}

export const later = (record) =>
  new Promise((resolve) => setTimeout(() => resolve(`${record} later`), Number(record) % 3));

/** A timer that would keep any thread alive. */
export const staysOn = {
  start() {
    setInterval(() => {}, 1000);
  },
  batch() {},
};
