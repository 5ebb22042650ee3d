/**
 * One trial of one contestant, in a process of its own: `node bench/NAME/trial.mjs CONTESTANT RECORDS`. Checks the result and
 * prints one line of JSON with what it took and the CPU time that this process used.
 */

import { expectedSum } from '../echo/words.mjs';

/** Loads the file that has the contestant; a file's peers need not be installed for another one's. */
async function find(name, files) {
  for (const file of files) {
    const { contestants } = await import(file);
    if (Object.hasOwn(contestants, name)) return contestants[name];
  }
  throw new Error(`there is no contestant "${name}"`);
}

class Clock {
  seconds = 0;
  #begin = 0;
  start() {
    this.#begin = performance.now();
  }
  stop() {
    this.seconds = (performance.now() - this.#begin) / 1000;
  }
  /** The time was taken elsewhere. */
  took(seconds) {
    this.seconds = seconds;
  }
}

/** `files`: URLs of the modules that export `contestants`. */
export async function runTrial(name, records, files) {
  const contestant = await find(name, files);
  const clock = new Clock();
  const answer = await contestant.run(records, clock);
  const result = { name, records };
  if (typeof answer === 'object') Object.assign(result, answer);
  else {
    const wanted = contestant.expected?.(records) ?? expectedSum(records, contestant.bytes / 8);
    if (answer !== undefined && answer !== wanted) throw new Error(`${name}: the sum is ${answer}, not ${wanted}`);
    Object.assign(result, { seconds: clock.seconds, bytes: contestant.bytes });
  }
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${JSON.stringify({ ...result, cpu_seconds: (user + system) / 1e6 })}\n`);
}
