/** What keeps the event loop alive: `node --expose-gc loop.mjs WAIT`. */

import { compile, open } from '../../dist/index.js';

const version = compile({
  version: 2,
  name: 'loop',
  target: 'SingleRing',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: [{ stage: 'pass', depends_on: [] }] },
});

const say = (what) => process.stdout.write(`${what}\n`);

/** Each returns a pending promise and what ends it. */
const waits = {
  egress() {
    const pipeline = open(version);
    return [pipeline.egress('out').ready(), () => pipeline.ingress('in').tryPush('x')];
  },
  ingress() {
    const pipeline = open(version, { capacity: 1 });
    pipeline.ingress('in').tryPush('x');
    return [pipeline.ingress('in').push('y'), () => pipeline.egress('out').poll(() => {})];
  },
  finished() {
    const pipeline = open(version, { ports: { out: 'discard' } });
    return [pipeline.finished(), () => pipeline.ingress('in').close()];
  },
  stop() {
    const pipeline = open(version);
    pipeline.ingress('in').tryPush('x');
    return [pipeline.stop({ deadline: Number.POSITIVE_INFINITY }), () => pipeline.egress('out').poll(() => {})];
  },
};

if (process.argv[2] === 'idle') {
  open(version);
  say('nothing to wait for');
} else if (process.argv[2] === 'dropped') {
  // Nobody holds the pipeline, only its promise is awaited; a line on standard input settles it.
  open(version, { ports: { in: { lines: '-' } } })
    .egress('out')
    .ready()
    .then(() => say('settled'));
  let rounds = 0;
  const collect = setInterval(() => {
    globalThis.gc();
    if (++rounds === 20) say('collected');
  }, 5).unref();
  void collect;
} else {
  const [pending, end] = waits[process.argv[2]]();
  pending.then(() => say('settled'));
  globalThis.gc();
  // Unref'd: it comes only if something else keeps the loop alive.
  setTimeout(() => {
    say('still alive');
    end();
  }, 100).unref();
}
