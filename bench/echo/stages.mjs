/**
 * Three stages fed from JavaScript: keep the records of one kind (three of four), count them, add their words up. Ours runs
 * the stages natively (filter, count, checksum) and polls what is left; the others run them in the same thread. Every
 * contestant adds up what comes out at the end.
 */

import { createRequire } from 'node:module';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline as streamPipeline } from 'node:stream/promises';
import { compile, open } from '../../dist/index.js';
import { STAGES_PLAN } from './plans.mjs';

const peers = createRequire(new URL('../peers/package.json', import.meta.url));

const KEPT = 'K'.charCodeAt(0);
const OTHER = 'o'.charCodeAt(0);
const kindOf = (i) => ((i & 3) === 0 ? OTHER : KEPT);
const BURST = 1024;
/** Records of one call of tryPushColumns. */
const BATCH = 256;

const make = (i) => ({ kind: kindOf(i), a: i, b: i + 1, c: i + 2, d: i + 3, e: i + 4, f: i + 5, g: i + 6 });
const sumOf = ({ a, b, c, d, e, f, g }) => a + b + c + d + e + f + g;

function* source(records) {
  for (let i = 0; i < records; i++) yield make(i);
}

/** Sum and number of the records that are kept, the expectation of every contestant. */
export function expected(records) {
  let sum = 0;
  for (let i = 0; i < records; i++) if (kindOf(i) === KEPT) sum += 7 * i + 21;
  return sum;
}

/** The stages of all contestants, for those that run them in JavaScript. */
function stagesInJs() {
  const totals = { count: 0, sum: 0 };
  return {
    totals,
    keep: (record) => record.kind === KEPT,
    count: (record) => {
      totals.count++;
      return record;
    },
    add: (record) => {
      totals.sum += sumOf(record);
    },
  };
}

function fill(fields, i) {
  fields.kind = kindOf(i);
  fields.a = i;
  fields.b = i + 1;
  fields.c = i + 2;
  fields.d = i + 3;
  fields.e = i + 4;
  fields.f = i + 5;
  fields.g = i + 6;
}

const inPlace = (push) => (i) => {
  const writer = push.claim();
  if (writer === undefined) return false;
  fill(writer.fields, i);
  push.publish();
  return true;
};
const byObject = (push) => (i) => push.tryPush(make(i)) === 'OK';

/** Pushes records `from` to `to` one by one; says how far it came. */
const oneByOne = (pusherOf) => (push) => {
  const pushOne = pusherOf(push);
  return (from, to) => {
    let sent = from;
    while (sent < to && pushOne(sent)) sent++;
    return sent;
  };
};

/** Polls with a cursor; `poll(limit)` says how many there were, and `sum` what they add up to. */
const byCursor = (poll) => {
  const take = (cursor) => {
    let here = 0;
    while (cursor.next()) {
      const { a, b, c, d, e, f, g } = cursor.fields;
      here += a + b + c + d + e + f + g;
    }
    taken.sum += here;
  };
  const taken = { sum: 0, poll: (limit) => poll.pollBatch(take, limit) };
  return taken;
};

/** Pushes through columns, in batches. */
const throughColumns = (push) => {
  let start = 0;
  const write = ({ kind, a: words }, { first, count, steps, offsets, from }) => {
    const { a, b, c, d, e, f, g } = offsets;
    const step = steps.a;
    let at = first * step;
    let kindAt = first * steps.kind + offsets.kind;
    for (let i = start + from, end = i + count; i < end; i++, at += step, kindAt += steps.kind) {
      kind[kindAt] = kindOf(i);
      words[at + a] = i;
      words[at + b] = i + 1;
      words[at + c] = i + 2;
      words[at + d] = i + 3;
      words[at + e] = i + 4;
      words[at + f] = i + 5;
      words[at + g] = i + 6;
    }
  };
  return (from, to) => {
    start = from;
    while (start < to) {
      const wanted = Math.min(BATCH, to - start);
      const pushed = push.tryPushColumns(wanted, write);
      start += pushed;
      if (pushed < wanted) break;
    }
    return start;
  };
};

const byColumns = (poll) => {
  const add = ({ a: words }, { first, count, steps, offsets }) => {
    const { a, b, c, d, e, f, g } = offsets;
    const step = steps.a;
    let here = 0;
    for (let at = first * step, end = at + count * step; at < end; at += step)
      here +=
        words[at + a] + words[at + b] + words[at + c] + words[at + d] + words[at + e] + words[at + f] + words[at + g];
    taken.sum += here;
  };
  const taken = { sum: 0, poll: (limit) => poll.pollColumns(add, limit) };
  return taken;
};

const native = (pusherOf, takerOf = byCursor) => ({
  bytes: 64,
  expected,
  async run(records, clock) {
    const pipeline = open(compile(STAGES_PLAN));
    const [push, poll] = [pipeline.ingress('in'), pipeline.egress('out')];
    const [pushSome, taken] = [pusherOf(push), takerOf(poll)];
    const lap = async (count) => {
      taken.sum = 0;
      const wanted = count - Math.ceil(count / 4);
      let sent = 0;
      for (let got = 0; got < wanted || sent < count; ) {
        const before = sent;
        sent = pushSome(sent, Math.min(count, sent + BURST));
        const polled = taken.poll(BURST);
        got += polled;
        if (sent === before && polled === 0) await poll.ready();
      }
      return taken.sum;
    };
    await lap(Math.ceil(records / 10));
    clock.start();
    const sum = await lap(records);
    clock.stop();
    const ledger = await pipeline.stop();
    if (!ledger.balanced) throw new Error('the ledger does not balance');
    return sum;
  },
});

/** `run(records)` is a whole pipeline in JavaScript and resolves with its sum. */
const inJs = (runOnce) => ({
  bytes: 64,
  expected,
  async run(records, clock) {
    await runOnce(Math.ceil(records / 10));
    clock.start();
    const sum = await runOnce(records);
    clock.stop();
    return sum;
  },
});

async function nodeStreams(records) {
  const { totals, keep, count, add } = stagesInJs();
  await streamPipeline(
    Readable.from(source(records)),
    new Transform({
      objectMode: true,
      transform: (record, _, done) => (keep(record) ? done(null, record) : done()),
    }),
    new Transform({ objectMode: true, transform: (record, _, done) => done(null, count(record)) }),
    new Writable({
      objectMode: true,
      write: (record, _, done) => {
        add(record);
        done();
      },
    }),
  );
  return totals.sum;
}

async function rxjs(records) {
  const { from, filter, map } = peers('rxjs');
  const { totals, keep, count, add } = stagesInJs();
  from(source(records)).pipe(filter(keep), map(count)).subscribe(add);
  return totals.sum;
}

function fastq(records) {
  const { totals, keep, count, add } = stagesInJs();
  const make1 = peers('fastq');
  return new Promise((resolve) => {
    let left = records;
    const finish = (done) => {
      done();
      if (--left === 0) resolve(totals.sum);
    };
    const third = make1((record, done) => {
      add(record);
      finish(done);
    }, 1);
    const second = make1((record, done) => {
      third.push(count(record));
      done();
    }, 1);
    const first = make1((record, done) => {
      if (!keep(record)) return finish(done);
      second.push(record);
      done();
    }, 1);
    for (const record of source(records)) first.push(record);
  });
}

export const contestants = {
  '3 stages: byteor, in place': native(oneByOne(inPlace)),
  '3 stages: byteor, tryPush': native(oneByOne(byObject)),
  '3 stages: byteor, columns': native(throughColumns, byColumns),
  '3 stages: Node streams': inJs(nodeStreams),
  '3 stages: rxjs': inJs(rxjs),
  '3 stages: fastq': inJs(fastq),
};
