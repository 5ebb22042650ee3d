/** What a figure means nothing without: the machine, the versions, the commit, the flags and the command. */

import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, version } from 'node:os';
import { root } from '../../test/tools/process.mjs';

/** First line of what a program prints, or undefined when it cannot be had. */
export function firstLine(command, ...args) {
  try {
    const text = execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.split('\n', 1)[0];
  } catch {
    return undefined;
  }
}

/** Facts about the machine, the tree and the way a benchmark was started, for its result. */
export function machineFacts(command) {
  const all = cpus();
  // Results are written while a benchmark or a soak runs; they are not a change of what was measured.
  const results = [':!bench/results', ':!test/soak/results', ':!README.md', ':!docs/performance.*'];
  const dirty = firstLine('git', 'status', '--porcelain', '--', ...results);
  return {
    cpu: all[0]?.model ?? 'unknown',
    cpus: all.length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    os: `${osName()}, kernel ${release()}`,
    node: process.version,
    compiler: firstLine('g++', '--version') ?? 'none',
    commit: firstLine('git', 'rev-parse', '--short=12', 'HEAD') ?? 'unknown',
    changed: dirty !== undefined && dirty !== '',
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    load_before: loadavg()[0],
    command,
  };
}

function osName() {
  const line = firstLine('sh', '-c', '. /etc/os-release && echo "$PRETTY_NAME"');
  return line ?? version();
}
