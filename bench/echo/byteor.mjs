/**
 * JS → native → JS: records are pushed on the main thread, go through one native stage and are polled on the main thread.
 * Every contestant takes a number of records and answers with the sum of all words it got back.
 */

import { compile, open } from '../../dist/index.js';
import { echoPlan, struct } from './plans.mjs';
import { FIELDS } from './words.mjs';

/** Records of one call of tryPushColumns: as many as a program that has a batch would give. */
const BATCH = 256;
/** Records pushed between two polls: enough that the loop around costs nothing, less than a ring holds. */
export const BURST = 1024;

export function openPlan(plan, options = {}) {
  const pipeline = open(compile(plan), options);
  return { pipeline, push: pipeline.ingress('in'), poll: pipeline.egress('out') };
}

export const openEcho = (codec, options) => openPlan(echoPlan(codec), options);

/** Pushes with `pushSome(from, to) → how far it came` and polls with `pollSome() → { count, sum }` until all are back. */
async function exchange(handles, records, pushSome, pollSome) {
  let sent = 0;
  let sum = 0;
  for (let got = 0; got < records; ) {
    const before = sent;
    sent = pushSome(sent, Math.min(records, sent + BURST));
    const polled = pollSome();
    got += polled.count;
    sum += polled.sum;
    if (sent === before && polled.count === 0) await handles.poll.ready();
  }
  return sum;
}

/** Sums the words of all records that are there, in place, in one call a batch. */
function pollerOf8(poll) {
  const result = { count: 0, sum: 0 };
  return () => {
    result.count = poll.pollBatch((cursor) => {
      let sum = 0;
      while (cursor.next()) sum += cursor.fields.a;
      result.sum = sum;
    }, BURST);
    return result;
  };
}

export function pollerOf64(poll) {
  const result = { count: 0, sum: 0 };
  return () => {
    result.count = poll.pollBatch((cursor) => {
      let sum = 0;
      while (cursor.next()) {
        const { a, b, c, d, e, f, g, h } = cursor.fields;
        sum += a + b + c + d + e + f + g + h;
      }
      result.sum = sum;
    }, BURST);
    return result;
  };
}

function claimer8(push) {
  return (from, to) => {
    for (let i = from; i < to; i++) {
      const writer = push.claim();
      if (writer === undefined) return i;
      writer.fields.a = i;
      push.publish();
    }
    return to;
  };
}

function fill64(fields, i) {
  fields.a = i;
  fields.b = i + 1;
  fields.c = i + 2;
  fields.d = i + 3;
  fields.e = i + 4;
  fields.f = i + 5;
  fields.g = i + 6;
  fields.h = i + 7;
}

export function claimer64(push, flushEach = false) {
  return (from, to) => {
    for (let i = from; i < to; i++) {
      const writer = push.claim();
      if (writer === undefined) return i;
      fill64(writer.fields, i);
      push.publish();
      if (flushEach) push.flush();
    }
    return to;
  };
}

function pusher8(push) {
  return (from, to) => {
    for (let i = from; i < to; i++) if (push.tryPush({ a: i }) !== 'OK') return i;
    return to;
  };
}

/** The object is the caller's: made for each record, as a program that has records would. */
function pusher64(push) {
  return (from, to) => {
    for (let i = from; i < to; i++) {
      const record = { a: i, b: i + 1, c: i + 2, d: i + 3, e: i + 4, f: i + 5, g: i + 6, h: i + 7 };
      if (push.tryPush(record) !== 'OK') return i;
    }
    return to;
  };
}

/** Writes records through their columns, in batches. */
export function filler64(push) {
  let start = 0;
  const fill = ({ a: words }, { first, count, steps, offsets, from }) => {
    const { a, b, c, d, e, f, g, h } = offsets;
    const step = steps.a;
    let at = first * step;
    for (let i = start + from, end = i + count; i < end; i++, at += step) {
      words[at + a] = i;
      words[at + b] = i + 1;
      words[at + c] = i + 2;
      words[at + d] = i + 3;
      words[at + e] = i + 4;
      words[at + f] = i + 5;
      words[at + g] = i + 6;
      words[at + h] = i + 7;
    }
  };
  return (from, to) => {
    start = from;
    while (start < to) {
      const wanted = Math.min(BATCH, to - start);
      const pushed = push.tryPushColumns(wanted, fill);
      start += pushed;
      if (pushed < wanted) break;
    }
    return start;
  };
}

/** Sums the words of all records that are there through their columns. */
export function summer64(poll) {
  const result = { count: 0, sum: 0 };
  let sum = 0;
  const add = ({ a: words }, { first, count, steps, offsets }) => {
    const { a, b, c, d, e, f, g, h } = offsets;
    const step = steps.a;
    let here = 0;
    for (let at = first * step, end = at + count * step; at < end; at += step)
      here +=
        words[at + a] +
        words[at + b] +
        words[at + c] +
        words[at + d] +
        words[at + e] +
        words[at + f] +
        words[at + g] +
        words[at + h];
    sum += here;
  };
  return () => {
    sum = 0;
    result.count = poll.pollColumns(add, BURST);
    result.sum = sum;
    return result;
  };
}

/**
 * A contestant: opens, exchanges a tenth to warm up, then what is asked for; `clock` takes the times of the latter. `more`: what
 * its sum is expected to be, where the words do not come back as they went in.
 */
export const exchanged = (bytes, openHandles, pusherOf, pollerOf, more = {}) => ({
  bytes,
  ...more,
  async run(records, clock) {
    const handles = openHandles();
    const [pushSome, pollSome] = [pusherOf(handles.push), pollerOf(handles.poll)];
    await exchange(handles, Math.ceil(records / 10), pushSome, pollSome);
    clock.start();
    const sum = await exchange(handles, records, pushSome, pollSome);
    clock.stop();
    const ledger = await handles.pipeline.stop();
    if (!ledger.balanced) throw new Error(`the ledger does not balance: ${JSON.stringify(ledger.imbalances)}`);
    return sum;
  },
});

const echo = (fields, pusherOf, pollerOf) =>
  exchanged(fields.length * 8, () => openEcho(struct(fields)), pusherOf, pollerOf);

/** Pushed from JS, worked on by the native stage of the plan, discarded natively: what the way in costs. */
export const oneWay = (pusherOf, plan = echoPlan(struct(FIELDS)), options = () => ({})) => ({
  bytes: 64,
  async run(records, clock) {
    const pipeline = open(compile(plan), { ...options(), ports: { out: 'discard' } });
    const push = pipeline.ingress('in');
    const pushSome = pusherOf(push);
    const all = async (count) => {
      for (let sent = 0; sent < count; ) {
        const before = sent;
        sent = pushSome(sent, count);
        if (sent === before) await push.ready();
      }
    };
    const warm = Math.ceil(records / 10);
    await all(warm);
    clock.start();
    await all(records);
    const ledger = await pipeline.stop();
    clock.stop();
    if (ledger.stages[plan.stages[0].id].out !== warm + records) throw new Error('records are missing');
    return undefined;
  },
});

export const contestants = {
  'byteor, in place, 8 B': echo(['a'], claimer8, pollerOf8),
  'byteor, tryPush, 8 B': echo(['a'], pusher8, pollerOf8),
  'byteor, in place, 64 B': echo(FIELDS, (push) => claimer64(push), pollerOf64),
  'byteor, in place, shown each, 64 B': echo(FIELDS, (push) => claimer64(push, true), pollerOf64),
  'byteor, tryPush, 64 B': echo(FIELDS, pusher64, pollerOf64),
  'byteor, columns, 64 B': echo(FIELDS, filler64, summer64),
  'byteor, in place, one way, 64 B': oneWay((push) => claimer64(push)),
  'byteor, tryPush, one way, 64 B': oneWay(pusher64),
  'byteor, columns, one way, 64 B': oneWay(filler64),
};
