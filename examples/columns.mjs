/**
 * The fastest way for structs: many records a call, through typed arrays over the memory in which they lie. What
 * a program would check a record at a time is checked once a call.
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
  name: 'columns',
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

// As a driver would give them: one array a field.
const sensors = Uint32Array.from({ length: RECORDS }, (_, i) => i % 16);
const values = Float64Array.from({ length: RECORDS }, (_, i) => i / 2);

let sent = 0;
let got = 0;
let total = 0;

function write({ sensor, value }, { first, count, steps, offsets, from }) {
  for (let k = 0; k < count; k++) {
    const slot = first + k;
    sensor[slot * steps.sensor + offsets.sensor] = sensors[sent + from + k];
    value[slot * steps.value + offsets.value] = values[sent + from + k];
  }
}

function read({ value }, { first, count, steps, offsets }) {
  for (let slot = first; slot < first + count; slot++) total += value[slot * steps.value + offsets.value];
}

while (got < RECORDS) {
  sent += push.tryPushColumns(Math.min(256, RECORDS - sent), write);
  const taken = poll.pollColumns(read);
  got += taken;
  // Sleeps until there is something; an idle pipeline costs no CPU.
  if (taken === 0 && (sent === RECORDS || push.lastStatus === 'FULL')) await poll.ready();
}
await pipeline.stop();
console.log(`${got} samples, total ${total}`);
