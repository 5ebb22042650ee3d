/** Two threads, one pipeline: a worker pushes, the main thread polls. The number of the pipeline is all that is sent. */

import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { attach, compile, definePlan, open } from 'byteor';

const plan = definePlan({
  version: 2,
  name: 'from-a-worker',
  target: 'SingleRing',
  stages: [{ id: 'mark', op: 'append', config: { text: '!' } }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: [{ stage: 'mark' }] },
});

if (isMainThread) {
  const pipeline = open(compile(plan));
  const worker = new Worker(new URL(import.meta.url), { workerData: pipeline.number });
  worker.on('error', (error) => {
    throw error;
  });
  let count = 0;
  let last = '';
  for await (const text of pipeline.egress('out')) {
    count++;
    last = text;
  }
  const { balanced } = await pipeline.stop();
  console.log(`${count} records, the last: ${last}, balanced: ${balanced}`);
} else {
  const pipeline = attach(workerData);
  const push = pipeline.ingress('in');
  for (let i = 1; i <= 10_000; i++) await push.push(`record ${i}`);
  push.close();
  pipeline.detach();
}
