/**
 * Runs the project's checks and adds them up: `node test/tools/run.mjs [--strict] [--seconds N] STEP…` (through npm, whose
 * PATH has the tools of node_modules). What a missing tool prevents is left out with its name; with --strict, which CI uses,
 * something left out is a failure. The last line is always `N passed, N failed`.
 */

import { parseArgs } from 'node:util';
import { groups, steps } from './steps.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { strict: { type: 'boolean', default: false }, seconds: { type: 'string', default: '30' } },
});

function chosenSteps() {
  const names = positionals.flatMap((name) => groups[name] ?? [name]);
  const unknown = names.filter((name) => !Object.hasOwn(steps, name));
  if (names.length > 0 && unknown.length === 0) return names;
  const known = [...Object.keys(groups), ...Object.keys(steps)].join(', ');
  const problem = unknown.length > 0 ? `There is no step ${unknown.join(', ')}` : 'No step was named';
  process.stderr.write(`${problem}; the steps are ${known}.\n`);
  process.exit(2);
}

async function runStep(step) {
  const missing = step.needs.filter((tool) => !tool.has()).map((tool) => tool.name);
  if (missing.length > 0)
    return { passed: 0, failed: 0, leftOut: [`${step.title}: needs ${missing.join(', ')}`], note: '' };
  const unwanted = (step.wants ?? [])
    .filter((tool) => !tool.has())
    .map((tool) => `${step.title}: without ${tool.name}`);
  const result = await step.run({ seconds: Number(values.seconds) });
  return { ...result, leftOut: [...unwanted, ...result.leftOut] };
}

async function main() {
  const rows = [];
  for (const name of chosenSteps()) {
    const step = steps[name];
    process.stdout.write(`\n== ${step.title}\n`);
    const start = performance.now();
    rows.push({ title: step.title, ...(await runStep(step)), seconds: (performance.now() - start) / 1000 });
  }
  report(rows);
}

function report(rows) {
  const width = Math.max(...rows.map((row) => row.title.length));
  process.stdout.write('\n');
  for (const { title, passed, failed, seconds, note } of rows) {
    const counts = `${String(passed).padStart(6)} passed ${String(failed).padStart(4)} failed`;
    process.stdout.write(
      `${title.padEnd(width)} ${counts} ${seconds.toFixed(1).padStart(7)} s${note && `  ${note}`}\n`,
    );
  }
  const leftOut = rows.flatMap((row) => row.leftOut);
  for (const what of leftOut) process.stdout.write(`LEFT OUT: ${what}\n`);
  const passed = rows.reduce((sum, row) => sum + row.passed, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0) + (values.strict ? leftOut.length : 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

await main();
