/**
 * A process that is killed: pushes records, numbered behind a prefix, through the plan and the folder that it is given,
 * says on standard output how many are acknowledged as durable, and appends what its egress delivers to a file, whole
 * lines at a time. Runs what ships.
 *
 *   journal-child.mjs PLAN FOLDER DELIVERED [PREFIX] [OPTIONS]     PLAN and OPTIONS (of `open`) are JSON
 */
import { appendFileSync, writeSync } from 'node:fs';
import { compile, open } from '../../dist/index.js';

const [plan, folder, delivered, prefix = '', options = '{}'] = process.argv.slice(2);
const pipeline = open(compile(JSON.parse(plan)), { journal: { folder }, ...JSON.parse(options) });
const ingress = pipeline.ingress('in');
const egress = pipeline.egress('out');

(async () => {
  for await (const record of egress) appendFileSync(delivered, `${record}\n`);
})();

writeSync(1, '0\n');
for (let pushed = 0; ; ) {
  for (let i = 0; i < 50; i++) await ingress.push(`${prefix}${pushed++}`);
  await ingress.untilDurable();
  writeSync(1, `${pushed}\n`);
}
