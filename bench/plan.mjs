/**
 * Prints a plan that a table of docs/performance.md names, as JSON; without a name, all names. So anyone can run it:
 *
 *   node bench/plan.mjs 'ring, lines' > plan.json && npx byteor run plan.json --ingress in=lines:FILE --egress out=discard
 */

import { NAMED_PLANS } from './named-plans.mjs';

const [name, ...rest] = process.argv.slice(2);
if (name === undefined) {
  process.stdout.write(`${[...NAMED_PLANS.keys()].join('\n')}\n`);
} else if (rest.length > 0 || !NAMED_PLANS.has(name)) {
  process.stderr.write(
    `There is no plan ${JSON.stringify([name, ...rest].join(' '))}; give one of these names, in quotes:\n` +
      `${[...NAMED_PLANS.keys()].map((one) => `  ${one}\n`).join('')}`,
  );
  process.exitCode = 2;
} else {
  process.stdout.write(`${JSON.stringify(NAMED_PLANS.get(name), null, 2)}\n`);
}
