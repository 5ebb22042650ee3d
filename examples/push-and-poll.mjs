/** Records from JavaScript through native stages and back: objects with typed fields, an orderly end, and the ledger. */

import { compile, definePlan, open } from 'byteor';

// [sample]
const orders = {
  kind: 'struct',
  fields: [
    { name: 'state', type: 'utf8(8)' },
    { name: 'id', type: 'u32' },
    { name: 'amount', type: 'f64' },
  ],
};

const plan = definePlan({
  version: 2,
  name: 'paid-orders',
  target: 'SingleRing',
  stages: [
    { id: 'paid', op: 'filter', config: { starts_with: 'paid' } },
    { id: 'total', op: 'count' },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: orders },
    { id: 'out', kind: 'egress', codec: orders },
  ],
  single_ring: { stages: [{ stage: 'paid' }, { stage: 'total', depends_on: ['paid'] }] },
});

const pipeline = open(compile(plan));
const push = pipeline.ingress('in');
const poll = pipeline.egress('out');

push.tryPush({ state: 'paid', id: 1, amount: 9.5 }); // 'OK', or 'FULL': never waits
push.tryPush({ state: 'open', id: 2, amount: 70 });
await push.push({ state: 'paid', id: 3, amount: 12.25 }); // waits for room
push.close();

for await (const { id, amount } of poll) console.log(`order ${id}: ${amount}`);

const { balanced, stages } = await pipeline.stop();
console.log(`balanced: ${balanced}, filtered: ${stages.paid.filtered}`);
// [/sample]
