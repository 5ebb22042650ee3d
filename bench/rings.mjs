/**
 * Rings, in C++: plans with one stage and with three, from one native end to the other, against Debian's queues and against
 * a bare ring that shows what the machine allows. The plans: bench/contests.mjs.
 *
 *   node bench/rings.mjs [--trials N] [--at near,far] [--minutes N] [--only TEXT] [--scale X] [--out FILE]
 *
 * How trials are run and compared: bench/support/paired.mjs.
 */

import { ringCells } from './contests.mjs';
import { disruptorsOf, prepareDisruptor } from './peers/disruptor/disruptor.mjs';
import { runPairedBench } from './support/paired.mjs';

await runPairedBench('rings', ringCells, { prepare: prepareDisruptor, outside: disruptorsOf });
