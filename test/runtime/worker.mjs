/** What the workers of workers.test.ts do; `workerData.job` names it. Runs what ships. */

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { attach, compile, open } from '../../dist/index.js';

const say = (message) => parentPort.postMessage(message);

const jobs = {
  /** Pushes `count` records, waiting for room, and gives the ingress back. */
  async push({ number, count }) {
    const ingress = attach(number).ingress('in');
    for (let i = 0; i < count; i++) await ingress.push(`${i}`);
    ingress.release();
    say({ pushed: count });
  },

  /** Pushes `count` records, waits until they are delivered; says so, and how many lines the egress's file has then. */
  async pushDelivered({ number, count, file }) {
    const ingress = attach(number).ingress('in');
    for (let i = 0; i < count; i++) await ingress.push(`${i}`);
    await ingress.untilDelivered();
    const { delivered } = ingress;
    const lines = readFileSync(file, 'utf8').split('\n').length - 1;
    ingress.release();
    say({ delivered, lines });
  },

  /** Pushes `count` structs through their column, and gives the ingress back. */
  async pushColumns({ number, count }) {
    const ingress = attach(number).ingress('in');
    const pushed = await ingress.pushColumns(count, ({ v }, { first, count: here, from, steps, offsets }) => {
      for (let k = 0; k < here; k++) v[(first + k) * steps.v + offsets.v] = from + k;
    });
    ingress.release();
    say({ pushed });
  },

  /** Pushes until the ingress is closed; says how many were accepted. */
  async pushUntilClosed({ number }) {
    const ingress = attach(number).ingress('in');
    let accepted = 0;
    say('started');
    for (;;) {
      const status = ingress.tryPush(`${accepted}`);
      if (status === 'CLOSED') break;
      if (status === 'OK') accepted++;
      if (status === 'FULL' || accepted % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    say({ accepted });
  },

  /** Takes everything until the end; says how many came. */
  async poll({ number }) {
    const egress = attach(number).egress('out');
    let seen = 0;
    say('started');
    for await (const record of egress) if (record === `${seen}`) seen++;
    say({ seen });
  },

  /** Holds the ingress, with records pushed and some not shown, until it is terminated. */
  hold({ number }) {
    const ingress = attach(number).ingress('in');
    for (let i = 0; i < 10; i++) ingress.tryPush(`${i}`);
    ingress.flush();
    say('holding');
    setInterval(() => {}, 1000);
  },

  /** Opens a pipeline of its own and sends records around. */
  async own({ plan, count }) {
    const pipeline = open(compile(plan));
    const pushing = (async () => {
      const ingress = pipeline.ingress('in');
      for (let i = 0; i < count; i++) await ingress.push(`${i}`);
      ingress.close();
    })();
    let seen = 0;
    for await (const record of pipeline.egress('out')) if (record === `${seen}`) seen++;
    await pushing;
    say({ seen, ledger: await pipeline.stop() });
  },

  /** Opens a pipeline and keeps it busy until it is terminated. */
  async openAndStay({ plan }) {
    const pipeline = open(compile(plan));
    const ingress = pipeline.ingress('in');
    say({ number: pipeline.number });
    for (;;) {
      ingress.tryPush('x');
      pipeline.egress('out').poll(() => {});
      await new Promise((resolve) => setImmediate(resolve));
    }
  },

  /** Takes everything until the end; says the first byte of each record. */
  async pollBytes({ number }) {
    const egress = attach(number).egress('out');
    const rest = [];
    say('started');
    for await (const [first] of egress) rest.push(first);
    say({ rest });
  },

  /** Halts a pipeline that another thread opened. */
  halt({ number }) {
    attach(number).halt();
    say('halted');
  },

  /** Stops a pipeline that another thread opened. */
  async stop({ number }) {
    say({ ledger: await attach(number).stop() });
  },
};

await jobs[workerData.job](workerData);
