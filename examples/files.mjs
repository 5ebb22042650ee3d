/** What `byteor run` does, from a program: both ends are native, JavaScript only waits for the end. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, definePlan, open } from 'byteor';

const plan = definePlan({
  version: 2,
  name: 'levels',
  target: 'SingleRing',
  stages: [
    // A search of bytes, right for records that one program writes: with a space behind the colon it would not be found.
    { id: 'no_debug', op: 'filter', config: { contains: '"level":"DEBUG"', invert: true } },
    { id: 'levels', op: 'count', config: { key: { kind: 'json', pointer: '/level' } } },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: { stages: [{ stage: 'no_debug' }, { stage: 'levels', depends_on: ['no_debug'] }] },
});

const folder = mkdtempSync(join(tmpdir(), 'byteor-files-'));
const [input, output] = [join(folder, 'in.ndjson'), join(folder, 'out.ndjson')];
const levels = ['INFO', 'DEBUG', 'WARN', 'INFO'];
writeFileSync(input, levels.map((level, n) => `${JSON.stringify({ n, level })}\n`).join(''));

const pipeline = open(compile(plan), { ports: { in: { lines: input }, out: { lines: output } } });
const ledger = await pipeline.finished();
console.log(readFileSync(output, 'utf8').trimEnd());
console.log(JSON.stringify(pipeline.reports().levels.keys));
console.log(`${ledger.stages.no_debug.filtered} filtered`);
rmSync(folder, { recursive: true });
