/** Handles as Node streams, so that a pipeline stands between any other streams, with their backpressure. */

import { Readable } from 'node:stream';
import { pipeline as connect } from 'node:stream/promises';
import { compile, definePlan, open } from 'byteor';

const plan = definePlan({
  version: 2,
  name: 'streams',
  target: 'SingleRing',
  stages: [{ id: 'errors', op: 'filter', config: { contains: 'error' } }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: [{ stage: 'errors' }] },
});

function* lines() {
  for (let i = 0; i < 5000; i++) yield i % 1000 === 0 ? `line ${i}: error` : `line ${i}: fine`;
}

const ring = open(compile(plan));
const writing = connect(Readable.from(lines()), ring.ingress('in').writable());
for await (const line of ring.egress('out').readable()) console.log(line);
await writing;
await ring.stop();
