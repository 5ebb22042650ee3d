/**
 * All benchmarks, or the named ones, one after the other: `npm run bench [-- rings|lanes|echo|stages|run|journal|import|start …]`. Builds first.
 * Takes some minutes on a machine that does nothing else; every program has a bound and says what it left out.
 * `npm run bench:report` writes the tables of README.md and docs/performance.md from the results.
 */

import { run } from '../test/tools/process.mjs';
import { milestone } from './support/report.mjs';

/** Seconds after which a program is taken for hung. */
const LIMITS = {
  rings: 1200,
  lanes: 1200,
  echo: 1200,
  handles: 600,
  stages: 1800,
  run: 1200,
  journal: 900,
  import: 900,
  start: 300,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(LIMITS, name));
if (unknown.length > 0) {
  milestone(`There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(LIMITS).join(', ')}.`);
  process.exit(2);
}

async function must(what, command, args, seconds) {
  const { ok, reason } = await run(command, args, { seconds });
  if (ok) return;
  milestone(`${what}: ${reason}`);
  process.exit(1);
}

await must('the build', 'npm', ['run', '-s', 'build:all'], 1800);
for (const name of names.length > 0 ? names : Object.keys(LIMITS))
  await must(name, process.execPath, [`bench/${name}.mjs`], LIMITS[name]);
