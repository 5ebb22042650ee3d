/**
 * The fast way: records are written and read where they lie, with no object and no call into the addon for each. What is
 * pushed becomes visible in groups of 64; `poll` and every wait show the rest.
 */

import { compile, definePlan, open } from 'byteor';

const sample = {
  kind: 'struct',
  fields: [
    { name: 'sensor', type: 'u32' },
    { name: 'value', type: 'f64' },
  ],
};

const plan = definePlan({
  version: 2,
  name: 'in-place',
  target: 'SingleRing',
  stages: [{ id: 'sum', op: 'checksum' }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: sample },
    { id: 'out', kind: 'egress', codec: sample },
  ],
  single_ring: { stages: [{ stage: 'sum' }] },
});

const RECORDS = 100_000;
const pipeline = open(compile(plan));
const push = pipeline.ingress('in');
const poll = pipeline.egress('out');

let sent = 0;
let got = 0;
let total = 0;
while (got < RECORDS) {
  // As much as there is room for; the rest comes after the next poll.
  while (sent < RECORDS) {
    const writer = push.claim();
    if (writer === undefined) break;
    writer.fields.sensor = sent % 16;
    writer.fields.value = sent++ / 2;
    push.publish();
  }
  const taken = poll.pollBatch((cursor) => {
    let sum = 0;
    while (cursor.next()) sum += cursor.fields.value;
    total += sum;
  });
  got += taken;
  // Sleeps until there is something; an idle pipeline costs no CPU.
  if (taken === 0) await poll.ready();
}
await pipeline.stop();
console.log(`${got} samples, total ${total}`);
