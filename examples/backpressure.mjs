/** What a producer sees when its records are not taken: a status, a wait that can be ended, and nothing lost uncounted. */

import { compile, DeadlineError, definePlan, open } from 'byteor';

const plan = definePlan({
  version: 2,
  name: 'backpressure',
  target: 'SingleRing',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: [{ stage: 'pass' }] },
});

const pipeline = open(compile(plan), { capacity: 4 });
const push = pipeline.ingress('in');
const poll = pipeline.egress('out');

let pushed = 0;
while (push.tryPush(`record ${pushed}`) === 'OK') pushed++;
console.log(`full after ${pushed} records, free: ${push.free}`);

try {
  await push.push('one more', { deadline: 20 });
} catch (error) {
  console.log(`gave up: ${error instanceof DeadlineError}`);
}

const waiting = push.push('a patient one');
const texts = [];
poll.poll((text) => texts.push(text));
await waiting;
push.close();
for await (const text of poll) texts.push(text);

const ledger = await pipeline.stop();
console.log(`received ${texts.length}, the last: ${texts.at(-1)}, balanced: ${ledger.balanced}`);
