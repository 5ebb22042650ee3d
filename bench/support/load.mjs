/** How much of the machine others used while something was measured: a disturbed trial is not counted. */

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const TICKS_PER_SECOND = 100;

/** CPU seconds that the whole machine has been busy since it started; undefined where the kernel does not say. */
export function busySeconds() {
  let line;
  try {
    line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0];
  } catch {
    return undefined;
  }
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/**
 * Share of the machine's CPUs, 0…1, that went to others between two looks: what was busy less what the trial itself used.
 */
export function shareOfOthers(before, after, seconds, ownSeconds) {
  if (before === undefined || after === undefined || seconds <= 0) return 0;
  return Math.max(0, (after - before - ownSeconds) / (seconds * cpus().length));
}
