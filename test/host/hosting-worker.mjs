/** Runs the stage `enrich` of the pipeline `workerData.number`; `workerData.job` names how. Runs what is built. */

import { parentPort, workerData } from 'node:worker_threads';
import { attach } from '../../dist/index.js';

const functions = {
  bracket: (record) => `<${record}>`,
  /** Says that it has begun, and never ends. */
  spin() {
    parentPort.postMessage('begun');
    for (;;);
  },
};

const { number, job, timeoutMs = 30_000 } = workerData;
attach(number, { stages: { enrich: { fn: functions[job], timeoutMs } } });
// Until it is terminated: an idle pipeline keeps no thread alive.
parentPort.on('message', () => {});
