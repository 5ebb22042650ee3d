/**
 * Opens pipelines of the profile isolated-core: `node real-time-child.mjs PIPELINES THREADS`. Prints what the kernel says of
 * their threads, and how long a timer was late meanwhile, as JSON; then waits for its input to end.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { compile, open } from '../../dist/index.js';

const [pipelines, threads] = process.argv.slice(2).map(Number);
const stages = Array.from({ length: 4 }, (_, at) => ({ id: `s${at}`, op: 'checksum' }));
const version = compile({
  version: 2,
  name: 'real-time',
  target: 'SingleRing',
  stages,
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: stages.map(({ id }, at) => ({ stage: id, depends_on: at === 0 ? [] : [`s${at - 1}`] })) },
});

const opened = Array.from({ length: pipelines }, () => open(version, { profile: 'isolated-core', threads }));
const SCHED_FIFO = 1;
function factsOf(id) {
  const of = (file) => readFileSync(`/proc/self/task/${id}/${file}`, 'utf8');
  // The name, in parentheses, may hold anything; the policy is field 41 of all, 39 behind it.
  const stat = of('stat');
  const policy = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);
  const cpus = /Cpus_allowed_list:\s+(\S+)/.exec(of('status'))?.[1];
  return { name: of('comm').trim(), realTime: policy === SCHED_FIFO, cpus };
}
const threadsOf = () =>
  readdirSync('/proc/self/task')
    .map(factsOf)
    .filter(({ name }) => name.startsWith('byteor-'));
const requestsOf = () => opened.flatMap((pipeline) => pipeline.status().requests);
// On a busy machine a thread starts late: it has its name first, its class after that.
while (threadsOf().length < pipelines * threads || requestsOf().some(({ outcome }) => outcome.state === 'Requested'))
  await new Promise((resolve) => setTimeout(resolve, 10));
const kernel = threadsOf();
const requests = requestsOf();
let delivered = 0;
const ingress = opened[0].ingress('in');
const egress = opened[0].egress('out');
for (let i = 0; i < 200; i++) {
  await ingress.push(`record ${i}`);
  egress.poll(() => delivered++);
}
while (delivered < 200) {
  await egress.ready({ deadline: 60_000 });
  egress.poll(() => delivered++);
}
process.stdout.write(`${JSON.stringify({ kernel, requests, delivered })}\n`);
process.stdin.resume().once('end', () => {
  for (const pipeline of opened) pipeline.halt();
});
