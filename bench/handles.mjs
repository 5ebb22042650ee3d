/**
 * What the calls of the handles cost by themselves, each process shown.
 *
 *   node bench/handles.mjs [--rounds N] [--only TEXT] [--out FILE]
 *
 * Every trial is a process (bench/echo/handles.mjs) whose least chunk counts, so that it holds on a machine where others work
 * too; what the traffic between CPUs adds is in echo.
 */

import { parseArgs } from 'node:util';
import { NAMES } from './echo/handles.mjs';
import { machineFacts } from './support/machine.mjs';
import { columns, short, shortEach, writeResult } from './support/report.mjs';
import { round, spread } from './support/stats.mjs';
import { runProcess, runRounds, valuesOf } from './support/trials.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
  },
});

async function main() {
  const machine = machineFacts('npm run bench -- handles');
  const names = NAMES.filter((name) => name.includes(values.only));
  const trial = async (name) =>
    JSON.parse((await runProcess(process.execPath, ['bench/echo/handles.mjs', name])).stdout);
  const { results } = await runRounds(names, Number(values.rounds), trial, 'handles', Number.POSITIVE_INFINITY);
  const calls = Object.fromEntries(
    names.map((name) => {
      const found = valuesOf(results, name, 'ns');
      return [name, { ns: spread(found), each_ns: found.map(round) }];
    }),
  );
  const rows = Object.entries(calls).map(([name, { ns, each_ns }]) => [
    name,
    short(ns.median),
    shortEach(each_ns, ' '),
  ]);
  process.stdout.write(`${columns([['ns a record', 'median', 'each process'], ...rows])}\n\n`);
  writeResult('handles', { machine, rounds: Number(values.rounds), calls }, values.out);
}

await main();
