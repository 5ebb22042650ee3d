/**
 * The lanes and roles of LaneGraph alone, in C++: one writer and one reader over each kind of lane, one writer with two
 * readers, two writers with one, and a chain of three stages, against Debian's queues and against bare rings that show what
 * the machine allows; and frames in one stream against slots, over records of several lengths.
 *
 *   node bench/lanes.mjs [--trials N] [--at near,far] [--minutes N] [--only TEXT] [--scale X] [--out FILE]
 *
 * Records are structs, and "byteor" is a lane of structs: the records are the slots. Frames and slots with an arena, for
 * records of any length, have names of their own (of the layouts, "byteor" is frames). Capacities are given in records, also
 * where a lane's own unit is bytes. How trials are run and compared: bench/support/paired.mjs.
 */

import { runPairedBench } from './support/paired.mjs';

/** Records so that the fastest contestant takes some milliseconds: shorter is noise, longer meets a move of the CPUs. */
const RECORDS = {
  batch: { 8: 4_000_000, 64: 1_500_000 },
  layouts: { 8: 2_000_000, 64: 1_000_000, 256: 400_000, 1500: 100_000, logs: 600_000 },
};

function cellsOf(scale) {
  const rows = ['one-to-one', 'broadcast', 'merge', 'chain'].flatMap((topology) =>
    [8, 64].map((bytes) => ({ topology, form: 'batch', bytes })),
  );
  const layouts = [8, 64, 256, 1500, 'logs'].map((bytes) => ({
    topology: 'layouts',
    form: 'batch',
    bytes,
    capacity: 1024,
  }));
  return [...layouts, ...rows.flatMap((row) => [1024, 65_536].map((capacity) => ({ ...row, capacity })))].map(
    (cell) => {
      const records = RECORDS[cell.topology === 'layouts' ? 'layouts' : cell.form][cell.bytes];
      return {
        ...cell,
        name: `${cell.topology} ${cell.form} ${cell.bytes}${cell.bytes === 'logs' ? '' : ' B'}, ${cell.capacity} records`,
        records: Math.max(cell.capacity, Math.round(scale * records)),
      };
    },
  );
}

await runPairedBench('lanes', cellsOf);
