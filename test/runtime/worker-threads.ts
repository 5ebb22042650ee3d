/** Workers for tests. */

import { Worker } from 'node:worker_threads';
import { afterEach } from 'vitest';

const script = new URL('./worker.mjs', import.meta.url);
const workers: Worker[] = [];

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

/** A worker that does `job` of worker.mjs, ended with the test. */
export function start(job: string, data: object): Worker {
  const worker = new Worker(script, { workerData: { job, ...data } });
  workers.push(worker);
  return worker;
}

/** The next message of a worker; its error is an error here. */
export function next<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
