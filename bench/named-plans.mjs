/**
 * Every plan that a table of docs/performance.md names, by its name there. bench/plan.mjs prints one, so that it can be run:
 * lines by `byteor run`, structs by a program that opens it.
 */

import { CONTEST_PLANS } from './contests.mjs';
import { chain, PROGRAMS } from './plans.mjs';
import { JOBS } from './run/jobs.mjs';
import { STAGE_PLANS } from './stages/plans.mjs';

export const NAMED_PLANS = new Map([
  ...PROGRAMS.map(({ name, plan }) => [name, plan]),
  ...CONTEST_PLANS,
  ...STAGE_PLANS,
  ...JOBS.map(({ name, contestants }) => [planOfJob(name), contestants['byteor run'].plan]),
  ['journal, each_batch', chain('journal', { kind: 'Journal', fsync: 'each_batch' }, [{ id: 'pass', op: 'identity' }])],
]);

/**
 * The plan of a row of bench/journal.mjs, `ours, each_batch, 1024 KiB a commit`; nothing for the bare device. A commit is at
 * most what the lane holds: the option laneBytes.
 */
export function planOfJournal(row) {
  const found = /^ours, (\w+), \d+ KiB a commit$/.exec(row);
  return found === null ? undefined : `journal, ${found[1]}`;
}

/** The plan of a row of bench/echo.mjs; nothing for what is not byteor. */
export function planOfEcho(row) {
  if (!/byteor|C\+\+/.test(row)) return undefined;
  if (row.startsWith('3 stages')) return 'echo, three stages';
  return / 8 B$/.test(row) ? 'echo, 8 B' : 'echo, 64 B';
}

/** The plan of a job of bench/run.mjs. */
export function planOfJob(name) {
  return `run, ${name}`;
}
