/**
 * Lanes and roles, in C++: plans of a LaneGraph with one stage, with three, with two outputs and with two inputs, from their
 * native ends to the others, against Debian's queues and against bare rings that show what the machine allows; and frames in
 * one stream against slots, over records of several lengths. The plans: bench/contests.mjs.
 *
 *   node bench/lanes.mjs [--trials N] [--at near,far] [--minutes N] [--only TEXT] [--scale X] [--out FILE]
 *
 * How trials are run and compared: bench/support/paired.mjs.
 */

import { laneCells } from './contests.mjs';
import { runPairedBench } from './support/paired.mjs';

await runPairedBench('lanes', laneCells);
