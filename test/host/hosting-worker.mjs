/** Runs the stage `enrich` of the pipeline `workerData.number`; `workerData.job` names how. Runs what is built. */

import { parentPort, workerData } from 'node:worker_threads';
import { attachHosted } from '../../dist/modules/runtime/open.js';

const functions = {
  bracket: (record) => `<${record}>`,
  /** Says that it has begun, and never ends. */
  spin() {
    parentPort.postMessage('begun');
    for (;;);
  },
};

attachHosted(workerData.number, { enrich: functions[workerData.job] });
// Until it is terminated: an idle pipeline keeps no thread alive.
parentPort.on('message', () => {});
