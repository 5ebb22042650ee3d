/**
 * Starting the tools that the checks are made of. Output is streamed as it comes; every program has a watchdog, because a
 * hang has to end as a failure with a name and not as a job that never reports.
 */

import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository's root, with a slash at the end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Programs in groups of their own, which do not see the terminal's Ctrl-C: it is passed on, and we end after them. */
const running = new Set();
let told;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    if (running.size === 0) process.exit(code);
    told = code;
    for (const child of running) killGroup(child, signal);
  });
}

/**
 * Runs a program to its end, in its own process group so that the watchdog also reaches its children.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, seconds?: number, onLine?: (line: string) => string | undefined }} options
 *   `seconds` until the watchdog ends it (default 900). `onLine` sees each line of standard output and returns what to
 *   print of it; without it the program writes to our own standard output.
 * @returns {Promise<{ ok: boolean, reason: string }>} `reason` says how it ended when it was not with code 0.
 */
export function run(command, args, { env = {}, seconds = 900, onLine } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', onLine === undefined ? 'inherit' : 'pipe', 'inherit'],
      detached: true,
    });
    running.add(child);
    let late = false;
    const watchdog = setTimeout(() => {
      late = true;
      killGroup(child, 'SIGKILL');
    }, seconds * 1000);
    if (onLine !== undefined) eachLine(child.stdout, onLine);
    const end = (ok, reason) => {
      clearTimeout(watchdog);
      running.delete(child);
      if (told !== undefined && running.size === 0) process.exit(told);
      resolve({ ok, reason });
    };
    child.once('error', (error) => end(false, `${command} could not be started: ${error.message}`));
    child.once('close', (code, signal) => {
      if (late) end(false, `ended by the watchdog after ${seconds} s`);
      else end(code === 0, signal === null ? `exit code ${code}` : `ended by ${signal}`);
    });
  });
}

/** Whether a command ends with code 0, its output thrown away; `input` goes to its standard input. */
export function succeeds(command, args, input = '') {
  const result = spawnSync(command, args, { cwd: root, input, stdio: ['pipe', 'ignore', 'ignore'], timeout: 60_000 });
  return result.status === 0;
}

function killGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already, which is what was wanted.
  }
}

function eachLine(stream, onLine) {
  let rest = '';
  const show = (line) => {
    const text = onLine(line);
    if (text !== undefined) process.stdout.write(`${text}\n`);
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(show);
  });
  stream.on('end', () => {
    if (rest !== '') show(rest);
  });
}
