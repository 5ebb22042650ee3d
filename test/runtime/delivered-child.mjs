/**
 * A process that is killed: pushes numbered records from FROM on through the plan into a file that grows, and says on standard
 * output how many of all records are delivered. Runs what ships.
 *
 *   delivered-child.mjs PLAN FILE FROM [OPTIONS]     PLAN and OPTIONS (of `open`) are JSON
 */
import { writeSync } from 'node:fs';
import { compile, open } from '../../dist/index.js';

const [plan, file, from, options = '{}'] = process.argv.slice(2);
const pipeline = open(compile(JSON.parse(plan)), {
  delivered: true,
  ports: { out: { lines: file, append: true } },
  ...JSON.parse(options),
});
const ingress = pipeline.ingress('in');

writeSync(1, `${from}\n`);
for (let pushed = Number(from); ; ) {
  for (let i = 0; i < 50; i++) await ingress.push(`${pushed++},x`);
  await ingress.untilDelivered();
  writeSync(1, `${pushed}\n`);
}
