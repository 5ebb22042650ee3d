/**
 * Opens a pipeline of 60 threads in a process whose memory ends after some of them have got their stacks, as a control
 * group's or a user's limit of processes ends others. Prints what became of it as JSON.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { compile, open } from '../../dist/index.js';
import { nativeAddon } from '../../dist/modules/runtime/native.js';

const STACKS_KB = 200 * 1024;
const stages = Array.from({ length: 60 }, (_, at) => ({ id: `s${at}`, op: 'identity' }));
const version = compile({
  version: 2,
  name: 'many',
  target: 'SingleRing',
  stages,
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: { stages: stages.map(({ id }, at) => ({ stage: id, depends_on: at === 0 ? [] : [`s${at - 1}`] })) },
});
const options = { capacity: 64, arenaBytes: 1 << 16, recordMax: 1000, threads: 60 };

const pipelineThreads = () =>
  readdirSync('/proc/self/task').filter((id) =>
    readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('byteor'),
  );
const held = () => ({
  threads: pipelineThreads().length,
  descriptors: readdirSync('/proc/self/fd').length,
  regions: nativeAddon().liveRegions(),
});

// What the first pipeline of a process opens and keeps is not what is asked about. Its memory is JavaScript's for a while.
const first = open(version, { ...options, threads: 1 });
first.halt();
const mappedKb = Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
execFileSync('prlimit', ['--pid', String(process.pid), `--as=${(mappedKb + STACKS_KB) * 1024}`]);
const before = held();
let refusal = null;
try {
  open(version, options);
} catch (error) {
  refusal = { name: error.name, code: error.code, message: error.message };
}
process.stdout.write(JSON.stringify({ refusal, before, after: held() }));
