/**
 * The ring classes alone, in C++: one producer and one consumer, and a chain of three stages, against Debian's queues and
 * against a bare ring that shows what the machine allows.
 *
 *   node bench/rings.mjs [--trials N] [--at near,far] [--minutes N] [--only TEXT] [--scale X] [--out FILE]
 *
 * How trials are run and compared: bench/support/paired.mjs.
 */

import { disruptorsOf, prepareDisruptor } from './peers/disruptor/disruptor.mjs';
import { runPairedBench } from './support/paired.mjs';

/** Records so that the fastest contestant takes some milliseconds: shorter is noise, longer meets a move of the CPUs. */
const RECORDS = {
  single: { 8: 2_000_000, 56: 1_000_000, 64: 1_000_000 },
  batch: { 8: 8_000_000, 64: 1_500_000 },
  chain: { 8: 4_000_000, 64: 1_500_000 },
  layouts: { 8: 2_000_000, 64: 1_000_000, 256: 400_000, 1500: 100_000, logs: 600_000 },
};

function cellsOf(scale) {
  const rows = [
    ...[8, 56, 64].map((bytes) => ({ topology: 'one-to-one', form: 'single', bytes })),
    ...[8, 64].map((bytes) => ({ topology: 'one-to-one', form: 'batch', bytes })),
    ...[8, 64].map((bytes) => ({ topology: 'chain', form: 'batch', bytes })),
  ];
  const layouts = [8, 64, 256, 1500, 'logs'].map((bytes) => ({
    topology: 'layouts',
    form: 'batch',
    bytes,
    capacity: 8192,
  }));
  return [...rows.flatMap((row) => [1024, 65_536].map((capacity) => ({ ...row, capacity }))), ...layouts].map(
    (cell) => ({
      ...cell,
      name: `${cell.topology} ${cell.form} ${cell.bytes}${cell.bytes === 'logs' ? '' : ' B'}, ${cell.capacity} slots`,
      records: Math.max(
        cell.capacity,
        Math.round(scale * RECORDS[cell.topology === 'one-to-one' ? cell.form : cell.topology][cell.bytes]),
      ),
    }),
  );
}

await runPairedBench('rings', cellsOf, { prepare: prepareDisruptor, outside: disruptorsOf });
