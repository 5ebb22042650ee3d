/**
 * LMAX Disruptor, the Java library, as a contestant of the paired benchmarks (bench/support/paired.mjs). A trial is a virtual
 * machine of its own, whose first laps do not count. Its topologies are its own: a thread for each handler, so that with
 * two CPUs only one producer and one consumer compare like with like.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../../test/tools/process.mjs';

/** Where Debian's libdisruptor-java is. */
const JAR = '/usr/share/java/disruptor.jar';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), 'Trial.java');
const CLASSES = join(root, '.cache/disruptor');

/** With more busy threads than CPUs a spinning wait is twenty times slower than one that yields. */
const WAITS = { 'one-to-one': ['spin', 'yield'], chain: ['yield'] };

const LIMIT_MS = 60_000;

/** Compiles it. The reason why it is left out, or undefined. */
export function prepareDisruptor() {
  if (!existsSync(JAR)) return 'LMAX Disruptor (libdisruptor-java)';
  mkdirSync(CLASSES, { recursive: true });
  const made = spawnSync('javac', ['-cp', JAR, '-d', CLASSES, SOURCE], { encoding: 'utf8' });
  if (made.status === 0) return undefined;
  return `LMAX Disruptor (openjdk-17-jdk-headless${made.error === undefined ? `: ${made.stderr}` : ''})`;
}

/**
 * The contestants of a cell: its name, and a trial of it.
 *
 * @returns {{ name: string, run: () => { seconds: number, off_cpu: number } }[]}
 */
export function disruptorsOf({ topology, form, bytes, capacity, records }) {
  if (WAITS[topology] === undefined || ![8, 64].includes(bytes)) return [];
  return WAITS[topology].map((wait) => ({
    name: `LMAX Disruptor (Java), ${wait === 'spin' ? 'busy spin' : 'yielding'}`,
    run: () => {
      const args = ['-cp', `${JAR}:${CLASSES}`, 'Trial', topology, form, bytes, capacity, records, wait].map(String);
      const ended = spawnSync('java', args, { encoding: 'utf8', timeout: LIMIT_MS });
      if (ended.status !== 0)
        throw new Error(`java ${args.join(' ')}: ${ended.signal ?? ended.status}\n${ended.stderr}`);
      return JSON.parse(ended.stdout);
    },
  }));
}
