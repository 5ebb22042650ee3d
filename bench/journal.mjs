/**
 * Appending 256-byte records to a journal, against the device alone: the same records gathered into a buffer and written
 * with the same calls, without frames, checksums and segments.
 *
 *   node bench/journal.mjs [--rounds N] [--only TEXT] [--scale X] [--busy] [--folder PATH] [--out FILE]
 *
 * Every trial is a process (bench/native/journal) with a folder of its own, and reads back what it wrote. The two of a pair
 * run one after the other in the same round: a device's speed changes from minute to minute. Beside the time there is the
 * CPU time a record, which others on the machine hardly change. --busy also counts trials that others have disturbed.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/tools/process.mjs';
import { machineFacts } from './support/machine.mjs';
import { BUILD, buildPrograms } from './support/native-build.mjs';
import { columns, milestone, short, writeResult } from './support/report.mjs';
import { spread } from './support/stats.mjs';
import { OTHERS_MAX_WRITING, pairedRatio, runProcess, runRounds, valuesOf } from './support/trials.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    busy: { type: 'boolean', default: false },
    folder: { type: 'string', default: tmpdir() },
    out: { type: 'string' },
  },
});

/** Policy, bytes of a group commit, and records so that a trial takes some tenths of a second. */
const CELLS = [
  ['each_batch', 1 << 20, 400_000],
  ['each_batch', 1 << 16, 60_000],
  ['none', 1 << 20, 600_000],
];

const nameOf = (who, policy, bytes) => `${who}, ${policy}, ${bytes >> 10} KiB a commit`;

async function trial(who, policy, bytes, records) {
  const folder = mkdtempSync(join(values.folder, 'byteor-journal-'));
  try {
    const program = join(root, BUILD, 'byteor_journal');
    const { stdout } = await runProcess(program, [who, policy, String(records), String(bytes), folder]);
    const result = JSON.parse(stdout);
    return { ...result, cpu_ns: (1e9 * result.cpu_seconds) / records };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const machine = machineFacts('npm run bench -- journal');
milestone('journal: building');
await buildPrograms();

const chosen = CELLS.flatMap(([policy, bytes, records]) =>
  ['ours', 'raw'].map((who) => ({ who, policy, bytes, records: Math.round(records * Number(values.scale)) })),
).filter(({ who, policy, bytes }) => nameOf(who, policy, bytes).includes(values.only));
const byName = new Map(chosen.map((cell) => [nameOf(cell.who, cell.policy, cell.bytes), cell]));
const { results, disturbed } = await runRounds(
  [...byName.keys()],
  Number(values.rounds),
  (name) => {
    const { who, policy, bytes, records } = byName.get(name);
    return trial(who, policy, bytes, records);
  },
  'journal',
  values.busy ? Number.POSITIVE_INFINITY : OTHERS_MAX_WRITING,
);

const contestants = Object.fromEntries(
  [...byName].map(([name, { records }]) => [
    name,
    {
      records,
      mb_per_s: spread(valuesOf(results, name, 'mb_per_s')),
      cpu_ns_per_record: spread(valuesOf(results, name, 'cpu_ns')),
    },
  ]),
);
const comparisons = CELLS.flatMap(([policy, bytes]) => {
  const [ours, raw] = [nameOf('ours', policy, bytes), nameOf('raw', policy, bytes)];
  const found = pairedRatio(results, ours, raw, 'mb_per_s');
  const cpu = pairedRatio(results, raw, ours, 'cpu_ns');
  return found === null ? [] : [{ a: ours, b: raw, ratio: found.median, cpu_ratio: cpu.median, pairs: found.pairs }];
});

const rows = [['256-byte records', 'MB/s', 'min', 'max', 'CPU ns a record', 'min', 'trials']];
for (const [name, { mb_per_s: rate, cpu_ns_per_record: cpu }] of Object.entries(contestants))
  rows.push([name, ...[rate.median, rate.min, rate.max, cpu.median, cpu.min].map(short), rate.n]);
const ratios = [['ratio to the bare device, median of pairs', 'rate', 'CPU', 'pairs']];
for (const { a, ratio, cpu_ratio, pairs } of comparisons) ratios.push([a, short(ratio), short(cpu_ratio), pairs]);
process.stdout.write(`${columns(rows)}\n\n${columns(ratios)}\n`);
if (disturbed > 0) milestone(`${disturbed} trials did not count: others used the machine`);
writeResult(
  'journal',
  { machine, rounds: Number(values.rounds), busy: values.busy, disturbed, contestants, comparisons },
  values.out,
);
