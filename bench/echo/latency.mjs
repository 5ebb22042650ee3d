/** One record there and back at a time, from the main thread; and what an open pipeline costs while nothing happens. */

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { quantile } from '../support/stats.mjs';
import { openEcho } from './byteor.mjs';
import { struct } from './plans.mjs';
import { FIELDS } from './words.mjs';

const IDLE_MS = 3000;

if (!isMainThread) {
  if (workerData === 'messages') parentPort.on('message', (message) => parentPort.postMessage(message));
  else spinBack(new Int32Array(workerData));
}

/** Cell 0 is counted up by the asking side, cell 32 by the answering one; -1 ends it. */
function spinBack(cells) {
  for (let seen = 0; seen !== -1; ) {
    const now = Atomics.load(cells, 0);
    if (now === seen) continue;
    seen = now;
    Atomics.store(cells, 32, now);
  }
}

/** Times `records` round trips, after a tenth to warm up; microseconds. */
async function timed(records, roundTrip) {
  const times = new Float64Array(records);
  const warm = Math.ceil(records / 10);
  for (let i = -warm; i < records; i++) {
    const begin = performance.now();
    const answer = roundTrip(i + warm + 1);
    if (answer !== undefined) await answer;
    if (i >= 0) times[i] = (performance.now() - begin) * 1000;
  }
  times.sort();
  return { p50_us: quantile(times, 0.5), p99_us: quantile(times, 0.99), p999_us: quantile(times, 0.999) };
}

/** The record that came back must be the one that was sent. */
function checked(want, got) {
  if (want !== got) throw new Error(`sent ${want}, got ${got} back`);
}

function sendOne(push, i) {
  const writer = push.claim();
  for (const name of FIELDS) writer.fields[name] = i;
  push.publish();
  push.flush();
}

/** Polls until the record is back, without a turn of the event loop. */
const polling = {
  async run(records) {
    const { pipeline, push, poll } = openEcho(struct(FIELDS));
    let value = 0;
    const take = (cursor) => {
      value = cursor.fields.h;
    };
    const result = await timed(records, (i) => {
      sendOne(push, i);
      while (poll.pollInPlace(take) === 0);
      checked(i, value);
    });
    await pipeline.stop();
    return result;
  },
};

/** Waits with `await poll.ready()`, as a program does that has other things to do. */
const awaiting = {
  async run(records) {
    const { pipeline, push, poll } = openEcho(struct(FIELDS));
    let value = 0;
    const take = (cursor) => {
      value = cursor.fields.h;
    };
    const result = await timed(records, async (i) => {
      sendOne(push, i);
      while (poll.pollInPlace(take) === 0) await poll.ready();
      checked(i, value);
    });
    await pipeline.stop();
    return result;
  },
};

const messages = {
  async run(records) {
    const worker = new Worker(new URL(import.meta.url), { workerData: 'messages' });
    await once(worker, 'online');
    let answered;
    worker.on('message', (message) => answered(message));
    const result = await timed(records, async (i) => {
      const back = new Promise((resolve) => {
        answered = resolve;
      });
      worker.postMessage(new Float64Array(8).fill(i));
      checked(i, (await back)[7]);
    });
    await worker.terminate();
    return result;
  },
};

const atomics = {
  async run(records) {
    const shared = new SharedArrayBuffer(256);
    const cells = new Int32Array(shared);
    const worker = new Worker(new URL(import.meta.url), { workerData: shared });
    await once(worker, 'online');
    const result = await timed(records, (i) => {
      Atomics.store(cells, 0, i);
      while (Atomics.load(cells, 32) !== i);
    });
    Atomics.store(cells, 0, -1);
    await worker.terminate();
    return result;
  },
};

/** CPU of the whole process over three seconds in which an open pipeline has nothing to do; per cent of one CPU. */
const idle = {
  async run() {
    const { pipeline, push, poll } = openEcho(struct(FIELDS));
    for (let i = 1; i <= 1000; i++) {
      sendOne(push, i);
      while (poll.pollInPlace(() => {}) === 0) await poll.ready();
    }
    // What the first second still has to do (JIT threads, the pipeline's own patience) is not idleness.
    await sleep(1000);
    const before = process.cpuUsage();
    const begin = performance.now();
    await sleep(IDLE_MS);
    const used = process.cpuUsage(before);
    const cpu = ((used.user + used.system) / 1000 / (performance.now() - begin)) * 100;
    await pipeline.stop();
    return { idle_cpu_percent: cpu };
  },
};

/** The same for a process without any pipeline: what Node itself uses. */
const nothing = {
  async run() {
    await sleep(1000);
    const before = process.cpuUsage();
    const begin = performance.now();
    await sleep(IDLE_MS);
    const used = process.cpuUsage(before);
    return { idle_cpu_percent: ((used.user + used.system) / 1000 / (performance.now() - begin)) * 100 };
  },
};

export const contestants = {
  'round trip: byteor, polling': polling,
  'round trip: byteor, await ready()': awaiting,
  'round trip: postMessage': messages,
  'round trip: Atomics, both spinning': atomics,
  'idle: byteor': idle,
  'idle: Node alone': nothing,
};
