/**
 * Ends a pipeline whose journal's device hangs (hung-device.cpp is preloaded), in the way its arguments say, and prints
 * what became of it as JSON: `hung-device-child.mjs PLAN FOLDER HANG-FILE WAY`.
 */
import { writeFileSync, writeSync } from 'node:fs';
import { compile, open } from '../../dist/index.js';

const [planText, folder, hang, way] = process.argv.slice(2);
const pipeline = open(compile(JSON.parse(planText)), { journal: { folder }, ports: { out: 'discard' } });
const ingress = pipeline.ingress('in');

await ingress.push('proven');
const durable = await ingress.untilDurable({ deadline: 5000 });
writeFileSync(hang, '');
for (let k = 0; k < 10; k++) ingress.tryPush(`record ${k}`);
ingress.flush();
// The journal's thread enters its sync within a turn.
await new Promise((resolve) => setTimeout(resolve, 100));

let last = performance.now();
let blocked = 0;
const look = () => {
  const now = performance.now();
  blocked = Math.max(blocked, now - last);
  last = now;
};
const looking = setInterval(look, 5);
const say = (what) => writeSync(1, `${JSON.stringify({ durable, blocked: Math.round(blocked), ...what })}\n`);

const started = performance.now();
const took = () => Math.round(performance.now() - started);
if (way === 'stop') {
  const ledger = await pipeline.stop({ deadline: 200 });
  look();
  say({ took: took(), journal: ledger.lanes['in->pass'].journal, durableAfter: ingress.durable });
} else if (way === 'halt') {
  const ledger = pipeline.halt();
  look();
  say({ took: took(), journal: ledger.lanes['in->pass'].journal, durableAfter: ingress.durable });
} else if (way === 'untilDurable') {
  const failed = await ingress.untilDurable({ deadline: 200 }).catch((error) => error.name);
  look();
  say({ took: took(), failed });
  pipeline.halt();
} else {
  say({ took: 0 });
  process.exit(7);
}
clearInterval(looking);
