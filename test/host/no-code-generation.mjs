/** Runs what is built where no code may be generated from texts, and prints what came of it; for no-code-generation.test.ts. */

import { compile, definePlan, open } from '../../dist/index.js';

let generates = true;
try {
  new Function('return true');
} catch {
  generates = false;
}

const codec = {
  kind: 'struct',
  fields: [
    { name: 'hits', type: 'u32' },
    { name: 'big', type: 'i64' },
    { name: 'name', type: 'utf8(8)' },
    { name: 'ok', type: 'bool' },
  ],
};
const plan = definePlan({
  version: 2,
  name: 'scores',
  target: 'SingleRing',
  stages: [
    { id: 'here', op: 'js:here', keeps_layout: true },
    { id: 'there', op: 'js:there', keeps_layout: true },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec },
    { id: 'out', kind: 'egress', codec },
  ],
  single_ring: {
    stages: [
      { stage: 'here', depends_on: [] },
      { stage: 'there', depends_on: ['here'] },
    ],
  },
});
const kept = [];
const here = (record) => {
  kept.push(record);
  record.hits += 1;
  record.name = record.name.toUpperCase();
};
const there = { module: new URL('./no-code-generation-stage.mjs', import.meta.url) };
const pipeline = open(compile(plan), { stages: { here, there } });
const ingress = pipeline.ingress('in');
await ingress.push({ hits: 1, big: 5n, name: 'a', ok: false });
await ingress.push({ hits: 2, big: -5n, name: 'b', ok: true });
ingress.close();
const out = [];
for await (const { hits, big, name, ok } of pipeline.egress('out')) out.push([hits, String(big), name, ok]);
await pipeline.finished();
const late = (() => {
  try {
    return kept[0].hits;
  } catch (error) {
    return error.code;
  }
})();
console.log(JSON.stringify({ generates, out, late }));
