/**
 * Trials in rounds: every contestant once a round, each in a process of its own, in an order that changes. A trial during
 * which others used too much of the machine is not counted, and its round gets another chance later; how many there were
 * is reported.
 */

import { spawn } from 'node:child_process';
import { root } from '../../test/tools/process.mjs';
import { busySeconds, shareOfOthers } from './load.mjs';
import { progress } from './report.mjs';
import { median, round } from './stats.mjs';

/** Others may use this share of the machine; more changes results by more than their own spread. */
export const OTHERS_MAX = 0.15;

/**
 * The same for trials that write files: the kernel's own threads write back what a trial wrote, which looks like others at
 * work.
 */
export const OTHERS_MAX_WRITING = 0.5;

/**
 * Runs a program and resolves with `{ stdout, stderr, seconds }`; rejects with what it wrote to standard error when it
 * fails or takes longer than `limit` seconds.
 */
export function runProcess(command, args, { limit = 120, env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    const watchdog = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
    child.once('error', (error) => {
      clearTimeout(watchdog);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(watchdog);
      const seconds = (performance.now() - begin) / 1000;
      if (code === 0) resolve({ stdout: out, stderr: err, seconds });
      else
        reject(
          new Error(`${command} ${args.join(' ')} ended with ${signal ?? code} after ${seconds.toFixed(1)} s\n${err}`),
        );
    });
  });
}

/** No trial begins later than this after the first one, seconds: what has been measured by then is the result. */
export const BUDGET_SECONDS = 600;

/** Chances of a trial in each round; a machine that is never quiet ends with few results, not with a wait for ever. */
const TRIES = 3;

/** Another order of the same values, the same for the same seed. */
function shuffled(values, seed) {
  const result = [...values];
  let state = seed * 2_654_435_761 + 1;
  for (let i = result.length - 1; i > 0; i--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const j = state % (i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/** The same values with those of a group together, groups in the order in which they first come. */
function grouped(values, groupOf) {
  const groups = new Map(values.map((value) => [groupOf(value), []]));
  for (const value of values) groups.get(groupOf(value)).push(value);
  return [...groups.values()].flat();
}

/**
 * Runs `rounds` rounds of the named contestants. `trial(name, round)` resolves with `{ cpu_seconds, … }`, or with
 * undefined where it sits the round out. Returns, by name, an array with a result or undefined for each round, and the number of trials that did not count. `othersMax` is
 * Infinity for a try-out on a busy machine, where every trial counts. Contestants of one group (`groupOf` a name) follow each
 * other in a round, so that what is compared was measured within seconds.
 */
export async function runRounds(names, rounds, trial, title, othersMax = OTHERS_MAX, groupOf = () => '') {
  const results = new Map(names.map((name) => [name, new Array(rounds).fill(undefined)]));
  let disturbed = 0;
  const start = performance.now();
  for (let attempt = 0; attempt < TRIES; attempt++)
    for (let round = 0; round < rounds; round++) {
      const open = names.filter((name) => results.get(name)[round] === undefined);
      for (const [index, name] of grouped(shuffled(open, attempt * rounds + round + 1), groupOf).entries()) {
        progress(`${title}: round ${round + 1} of ${rounds}, ${index + 1} of ${open.length}: ${name}`);
        const begin = performance.now();
        if (begin - start > BUDGET_SECONDS * 1000) return { results, disturbed };
        const before = busySeconds();
        const result = await trial(name, round);
        if (result === undefined) continue;
        const seconds = (performance.now() - begin) / 1000;
        const others = shareOfOthers(before, busySeconds(), seconds, result.cpu_seconds);
        if (others <= othersMax) results.get(name)[round] = { ...result, others: round4(others) };
        else disturbed++;
      }
    }
  return { results, disturbed };
}

const round4 = (value) => Math.round(value * 1e4) / 1e4;

/** Values of one field in the rounds that count. */
export function valuesOf(results, name, field) {
  return (results.get(name) ?? []).filter((one) => one !== undefined).map((one) => one[field]);
}

/** Median of the ratios a/b of one field over the rounds in which both count, with each of them; null when there is none. */
export function pairedRatio(results, a, b, field) {
  const [upper, lower] = [results.get(a) ?? [], results.get(b) ?? []];
  const ratios = upper.flatMap((one, round) =>
    one === undefined || lower[round] === undefined ? [] : [one[field] / lower[round][field]],
  );
  return ratios.length === 0 ? null : { median: round(median(ratios)), pairs: ratios.length, each: ratios.map(round) };
}
