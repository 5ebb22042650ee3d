/** One way to end × one stage of life of one shape of pipeline: `node child.mjs WAY STAGE SHAPE`. Prints "reached" when the stage is there. */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { nativeAddon } from '../../dist/modules/runtime/native.js';
import { calmDown, stages } from './stages.mjs';

const reached = () => process.stdout.write('reached\n');

/** A worker that has reached its stage. It ends in its way when it is told to. */
async function workerIn(end, stage) {
  const worker = new Worker(fileURLToPath(import.meta.url), {
    argv: process.argv.slice(2),
    workerData: { end, stage },
  });
  const message = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (message !== 'reached') throw new Error(`the worker says ${message}`);
  worker.removeAllListeners('error');
  reached();
  return worker;
}

function expect(holds, what) {
  if (holds) return;
  process.stderr.write(`not so: ${what}\n`);
  process.exit(99);
}

/** All pipelines are gone and their memory with them. */
async function expectNothingLeft() {
  for (let i = 0; i < 500 && nativeAddon().liveRegions() > 0; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(nativeAddon().liveRegions() === 0, 'every region is unmapped');
}

/** Everything that can be called on an ended pipeline: no crash, no hang, and no surprise. */
async function useAfterEnd(pipeline) {
  const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
  expect(ingress.tryPush('x') === 'CLOSED', 'tryPush answers CLOSED');
  expect(ingress.claim(4) === undefined, 'claim answers undefined');
  expect((await ingress.push('x').catch((error) => error)) instanceof Error, 'push is rejected');
  ingress.flush();
  expect(egress.poll(() => {}) === 0, 'poll delivers nothing');
  await egress.ready().catch(() => {});
  pipeline.snapshot();
  pipeline.status();
  pipeline.reports();
  expect(pipeline.ledger().balanced, 'the ledger balances');
  calmDown();
  ingress.release();
  egress.release();
  await pipeline.stop();
  pipeline.halt();
}

const ways = {
  async natural(stage) {
    await stages[stage]();
    reached();
  },
  async exit(stage) {
    const kept = await stages[stage]();
    reached();
    process.exit(kept === undefined ? 98 : 7);
  },
  async throw(stage) {
    await stages[stage]();
    reached();
    setImmediate(() => {
      throw new Error('uncaught on purpose');
    });
  },
  async reject(stage) {
    await stages[stage]();
    reached();
    Promise.reject(new Error('rejected on purpose'));
  },
  async sigterm(stage) {
    await stages[stage]();
    reached();
    process.kill(process.pid, 'SIGTERM');
    setInterval(() => {}, 1000);
  },
  async gc(stage) {
    await stages[stage]();
    reached();
    calmDown();
    // Whatever else the stage held is over by then: timers have fired, promises are settled.
    await new Promise((resolve) => setTimeout(resolve, 80));
    await expectNothingLeft();
  },
  async halted(stage) {
    const [pipeline] = [await stages[stage]()].flat();
    reached();
    pipeline.halt();
    await useAfterEnd(pipeline);
  },
  async disposed(stage) {
    const [pipeline] = [await stages[stage]()].flat();
    reached();
    await pipeline.stop({ deadline: 30 });
    await useAfterEnd(pipeline);
  },
  async 'worker-terminate'(stage) {
    const worker = await workerIn('stay', stage);
    await worker.terminate();
    await expectNothingLeft();
  },
  async 'worker-natural'(stage) {
    const worker = await workerIn('natural', stage);
    worker.postMessage('end');
    const [code] = await once(worker, 'exit');
    expect(code === 0, 'the worker ended well');
    await expectNothingLeft();
  },
  async 'worker-exit'(stage) {
    const worker = await workerIn('exit', stage);
    worker.postMessage('end');
    const [code] = await once(worker, 'exit');
    expect(code === 3, 'the worker exits with its code');
    await expectNothingLeft();
  },
  async 'worker-throw'(stage) {
    const worker = await workerIn('throw', stage);
    worker.postMessage('end');
    const [error] = await once(worker, 'error');
    expect(error.message === 'thrown on purpose', 'the error comes out');
    await expectNothingLeft();
  },
  async 'exit-with-workers'(stage) {
    const first = workerIn('stay', stage);
    const second = workerIn('stay', stage);
    await Promise.all([first, second, stages[stage]()]);
    process.exit(7);
  },
};

/** How a worker ends; one that stays waits for a message that never comes. */
const ends = {
  natural: () => {},
  exit: () => process.exit(3),
  throw: () =>
    setImmediate(() => {
      throw new Error('thrown on purpose');
    }),
};

if (isMainThread) {
  await ways[process.argv[2]](process.argv[3]);
} else {
  await stages[workerData.stage]();
  parentPort.once('message', () => ends[workerData.end]());
  parentPort.postMessage('reached');
}
