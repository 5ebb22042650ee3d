// Owns a port of the pipeline `number` and is ended by its parent in the middle of a publication: `when` is `before` or
// `after` the store that other threads wait for. The window is some nanoseconds wide; here it is held open.
import { parentPort, workerData } from 'node:worker_threads';
import { attach } from '../../dist/index.js';

const { number, side, when } = workerData;
const pipeline = attach(number);
const handle = side === 'ingress' ? pipeline.ingress('in') : pipeline.egress('out');
const record = new Uint8Array(20);

const { store } = Atomics;
let open = false;
Atomics.store = (cells, index, value) => {
  if (open && when === 'after') store(cells, index, value);
  if (open) {
    parentPort.postMessage('in the window');
    for (;;);
  }
  return store(cells, index, value);
};

if (side === 'ingress') {
  for (let i = 0; i < 5; i++) handle.tryPush(record);
  handle.flush();
  // Native threads have looked, and sleep.
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let i = 0; i < 3; i++) handle.tryPush(record);
  open = true;
  handle.flush();
} else {
  await handle.ready();
  await new Promise((resolve) => setTimeout(resolve, 50));
  open = true;
  handle.poll(() => {});
}
