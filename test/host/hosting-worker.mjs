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

attach(workerData.number, { stages: { enrich: functions[workerData.job] } });
// Until it is terminated: an idle pipeline keeps no thread alive.
parentPort.on('message', () => {});
