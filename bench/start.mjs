/**
 * How long the command line takes where there is nothing to do but start: `byteor run` over a file of 100 lines, and lighter verbs,
 * beside a Node that does nothing. Whole processes, wall and CPU time; files are in the page cache. Node's own compile cache
 * (Node 22 and newer) is off, so that every Node shows the same.
 *
 *   node bench/start.mjs [--rounds N] [--busy] [--out FILE]
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/tools/process.mjs';
import { machineFacts } from './support/machine.mjs';
import { BUILD, buildPrograms } from './support/native-build.mjs';
import { columns, milestone, short, writeResult } from './support/report.mjs';
import { spread } from './support/stats.mjs';
import { OTHERS_MAX, pairedRatio, runProcess, runRounds, valuesOf } from './support/trials.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    busy: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const BARE = 'node -e 0';
const LINES = 100;

const folder = mkdtempSync(join(tmpdir(), 'byteor-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const inFolder = (name) => join(folder, name);

const PLAN = `version: 2
name: errors
target: SingleRing
stages:
  - { id: keep, op: filter, config: { contains: ERROR } }
  - { id: total, op: count }
boundaries:
  - { id: in, kind: ingress }
  - { id: out, kind: egress }
single_ring:
  stages:
    - { stage: keep }
    - { stage: total, depends_on: [keep] }
`;
const lines = Array.from({ length: LINES }, (_, at) => `${at % 2 === 0 ? 'ERROR' : 'INFO'} record ${at}\n`);
const kept = lines.filter((line) => line.startsWith('ERROR')).join('');

const cli = (...args) => [join(root, 'dist/bin/byteor.js'), ...args];
const ends = ['--ingress', `in=lines:${inFolder('in.log')}`, '--egress', `out=lines:${inFolder('out.log')}`];

/** Arguments of Node, and what shows that the process did its work. */
const CONTESTANTS = {
  [BARE]: { args: ['-e', '0'], did: () => true },
  'byteor run, 100 lines': {
    args: cli('run', inFolder('plan.yaml'), ...ends),
    did: () => readFileSync(inFolder('out.log'), 'utf8') === kept,
  },
  'byteor validate': { args: cli('validate', inFolder('plan.yaml')), did: (printed) => /ok|valid/i.test(printed) },
  'byteor --version': { args: cli('--version'), did: (printed) => /^\d+\.\d+\.\d+/.test(printed) },
};

async function trial(name) {
  const { args, did } = CONTESTANTS[name];
  rmSync(inFolder('out.log'), { force: true });
  const command = [inFolder('printed'), process.execPath, ...args];
  const env = { NODE_DISABLE_COMPILE_CACHE: '1', NODE_OPTIONS: '' };
  const { stdout } = await runProcess(join(root, BUILD, 'byteor_timed'), command, { env });
  const { exit, seconds, cpu_seconds } = JSON.parse(stdout);
  const printed = readFileSync(inFolder('printed'), 'utf8');
  if (exit !== 0 || !did(printed)) throw new Error(`${name}: exit ${exit}\n${printed}`);
  return { milliseconds: seconds * 1000, cpu_milliseconds: cpu_seconds * 1000, cpu_seconds };
}

async function main() {
  const machine = machineFacts('npm run bench -- start');
  milestone('start: building');
  await buildPrograms();
  writeFileSync(inFolder('plan.yaml'), PLAN);
  writeFileSync(inFolder('in.log'), lines.join(''));
  const names = Object.keys(CONTESTANTS);
  const rounds = Number(values.rounds);
  const othersMax = values.busy ? Number.POSITIVE_INFINITY : OTHERS_MAX;
  for (const name of names) await trial(name);
  const { results, disturbed } = await runRounds(names, rounds, trial, 'start', othersMax);
  const contestants = Object.fromEntries(
    names.map((name) => [
      name,
      {
        milliseconds: spread(valuesOf(results, name, 'milliseconds')),
        cpu_milliseconds: spread(valuesOf(results, name, 'cpu_milliseconds')),
        to_node: pairedRatio(results, name, BARE, 'milliseconds')?.median ?? null,
      },
    ]),
  );
  const rows = Object.entries(contestants).map(([name, { milliseconds: ms, cpu_milliseconds: cpu, to_node }]) => [
    ...[name, short(ms.median), short(ms.min), short(ms.max), short(cpu.median), short(cpu.min)],
    to_node === null ? '' : `${short(to_node)}x`,
    ms.n,
  ]);
  const head = ['ms', 'median', 'min', 'max', 'CPU median', 'CPU min', 'of Node', 'trials'];
  process.stdout.write(`${columns([head, ...rows])}\n`);
  if (disturbed > 0) milestone(`${disturbed} trials did not count: others used the machine`);
  writeResult('start', { machine, rounds, busy: values.busy, disturbed, contestants }, values.out);
}

await main();
