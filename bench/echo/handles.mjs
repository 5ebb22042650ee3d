/**
 * What one call of a handle costs, without the traffic between CPUs that a running pipeline adds:
 * `node bench/echo/handles.mjs NAME`. Calls are timed in chunks of 1024 records of eight f64, and the least chunk counts: in
 * it nothing interrupted the thread and the other side did not touch the lines. What V8 inlined stays visible, because that
 * holds for a whole process. Prints one line of JSON.
 */

import { BURST, filler64, openEcho, pollerOf64, summer64 } from './byteor.mjs';
import { struct } from './plans.mjs';
import { expectedSum, FIELDS } from './words.mjs';

const CHUNK = BURST;
const CHUNKS = 600;
/** Chunks before the first that counts: V8 has optimised by then. */
const WARM_UP = 400;

const objectOf = (i) => ({ a: i, b: i + 1, c: i + 2, d: i + 3, e: i + 4, f: i + 5, g: i + 6, h: i + 7 });

/** The same call in a pipeline that tells what is delivered, which no record pays for. */
const KEPT = 'tryPush of an object, delivered: true';

const objects = (push) => () => {
  for (let i = 0; i < CHUNK; i++) if (push.tryPush(objectOf(i)) !== 'OK') return i;
  return CHUNK;
};

const ring = new Float64Array(CHUNK * 8);
/** Ways to push the records 0 to 1023; each says how many went in. */
const PUSHES = {
  'stores into a Float64Array': () => () => {
    for (let i = 0, at = 0; i < CHUNK; i++, at += 8) {
      ring[at] = i;
      ring[at + 1] = i + 1;
      ring[at + 2] = i + 2;
      ring[at + 3] = i + 3;
      ring[at + 4] = i + 4;
      ring[at + 5] = i + 5;
      ring[at + 6] = i + 6;
      ring[at + 7] = i + 7;
    }
    return CHUNK;
  },
  'claim, eight fields, publish': (push) => () => {
    for (let i = 0; i < CHUNK; i++) {
      const writer = push.claim();
      if (writer === undefined) return i;
      const { fields } = writer;
      fields.a = i;
      fields.b = i + 1;
      fields.c = i + 2;
      fields.d = i + 3;
      fields.e = i + 4;
      fields.f = i + 5;
      fields.g = i + 6;
      fields.h = i + 7;
      push.publish();
    }
    return CHUNK;
  },
  'tryPush of an object': objects,
  [KEPT]: objects,
  'tryPushColumns, 256 a call': (push) => {
    const fill = filler64(push);
    return () => fill(0, CHUNK);
  },
};

/** The pollers of the echo take as many records a call as a chunk has. */
const asPair = (take) => () => {
  const { count, sum } = take();
  return [count, sum];
};

/** Ways to poll what is there and to add it up; each says `[records, sum]`. */
const POLLS = {
  'poll of objects': (poll) => () => {
    let sum = 0;
    const count = poll.poll(({ a, b, c, d, e, f, g, h }) => {
      sum += a + b + c + d + e + f + g + h;
    }, CHUNK);
    return [count, sum];
  },
  'pollBatch, eight fields': (poll) => asPair(pollerOf64(poll)),
  pollColumns: (poll) => asPair(summer64(poll)),
};

export const NAMES = [...Object.keys(PUSHES), ...Object.keys(POLLS)];

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Runs chunks through the pipeline; only the side that is measured is timed. */
async function measure(name) {
  const { pipeline, push, poll } = openEcho(struct(FIELDS), { capacity: 4 * CHUNK, delivered: name === KEPT });
  const pushSome = (PUSHES[name] ?? PUSHES['tryPush of an object'])(push);
  const pollSome = (POLLS[name] ?? POLLS['pollBatch, eight fields'])(poll);
  const passes = name !== 'stores into a Float64Array';
  const pushing = name in PUSHES;
  let least = Number.POSITIVE_INFINITY;
  for (let chunk = 0; chunk < WARM_UP + CHUNKS; chunk++) {
    const begin = process.hrtime.bigint();
    const pushed = pushSome();
    let took = Number(process.hrtime.bigint() - begin);
    if (pushed !== CHUNK) throw new Error(`${name}: ${pushed} of ${CHUNK} records found room`);
    if (passes) {
      push.flush();
      // What is polled in one call must be there; while pushes are timed it may come in parts.
      while (!pushing && pipeline.snapshot().agents[1].sequence < (chunk + 1) * CHUNK) await turn();
      const before = process.hrtime.bigint();
      const [count, sum] = pushing ? await pollAll(pollSome) : pollSome();
      if (!pushing) took = Number(process.hrtime.bigint() - before);
      if (count !== CHUNK || sum !== expectedSum(CHUNK, FIELDS.length))
        throw new Error(`${name}: ${count} records with the sum ${sum} came back`);
    }
    if (chunk >= WARM_UP) least = Math.min(least, took / CHUNK);
  }
  const ledger = await pipeline.stop();
  if (!ledger.balanced) throw new Error('the ledger does not balance');
  return least;
}

/** A whole chunk, in as many polls as it takes. */
async function pollAll(pollSome) {
  let [count, sum] = [0, 0];
  while (count < CHUNK) {
    const [polled, part] = pollSome();
    if (polled === 0) await turn();
    count += polled;
    sum += polled === 0 ? 0 : part;
  }
  return [count, sum];
}

if (process.argv[2] !== undefined && import.meta.filename === process.argv[1]) {
  if (!NAMES.includes(process.argv[2])) throw new Error(`there is no call "${process.argv[2]}"; there are ${NAMES}`);
  const ns = await measure(process.argv[2]);
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${JSON.stringify({ ns, cpu_seconds: (user + system) / 1e6 })}\n`);
}
