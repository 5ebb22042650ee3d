/**
 * Rings over a SharedArrayBuffer, in JavaScript alone: one written by hand with Atomics, cached indices and one
 * publication per 64 records, which is about the best that JavaScript can do; and the package ringbuf.js. Both ends spin.
 */

import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const WORDS = 8;
const SLOTS = 16_384;
const MASK = SLOTS - 1;
const PUBLISH = 64;
/** Indices of head and tail, on lines of their own. */
const HEAD = 0;
const TAIL = 32;
const BATCH_BYTES = PUBLISH * WORDS * 8;

const peers = createRequire(new URL('../peers/package.json', import.meta.url));

const newRing = () => new SharedArrayBuffer(256 + SLOTS * WORDS * 8);

/** One producer: a record in place, shown after `every` records and when the ring is full. */
class Producer {
  constructor(buffer, every) {
    this.cells = new Int32Array(buffer, 0, 64);
    this.words = new Float64Array(buffer, 256);
    this.every = every;
    this.tail = 0;
    this.head = 0;
    this.shown = 0;
  }
  /** Where the next record goes, or -1 while the ring is full. */
  claim() {
    if (((this.tail - this.head) | 0) === SLOTS) {
      this.head = Atomics.load(this.cells, HEAD);
      if (((this.tail - this.head) | 0) === SLOTS) {
        this.flush();
        return -1;
      }
    }
    return (this.tail & MASK) * WORDS;
  }
  commit() {
    this.tail = (this.tail + 1) | 0;
    if (((this.tail - this.shown) | 0) >= this.every) this.flush();
  }
  tryPush(i) {
    const at = this.claim();
    if (at < 0) return false;
    const { words } = this;
    for (let w = 0; w < WORDS; w++) words[at + w] = i + w;
    this.commit();
    return true;
  }
  tryCopy(source, from) {
    const at = this.claim();
    if (at < 0) return false;
    const { words } = this;
    for (let w = 0; w < WORDS; w++) words[at + w] = source[from + w];
    this.commit();
    return true;
  }
  flush() {
    this.shown = this.tail;
    Atomics.store(this.cells, TAIL, this.tail);
  }
}

class Consumer {
  constructor(buffer) {
    this.cells = new Int32Array(buffer, 0, 64);
    this.words = new Float64Array(buffer, 256);
    this.head = 0;
  }
  /** Sums up at most `limit` records and returns how many there were; the sum is in `sum`. */
  poll(limit) {
    const { words } = this;
    const count = Math.min(limit, (Atomics.load(this.cells, TAIL) - this.head) | 0);
    let sum = 0;
    for (let r = 0; r < count; r++) {
      const at = ((this.head + r) & MASK) * WORDS;
      for (let w = 0; w < WORDS; w++) sum += words[at + w];
    }
    this.sum = sum;
    if (count > 0) this.give(count);
    return count;
  }
  /** Copies them to a producer instead, as many as there is room for. */
  forward(producer, limit) {
    const count = Math.min(limit, (Atomics.load(this.cells, TAIL) - this.head) | 0);
    let moved = 0;
    while (moved < count && producer.tryCopy(this.words, ((this.head + moved) & MASK) * WORDS)) moved++;
    if (moved > 0) this.give(moved);
    return moved;
  }
  give(count) {
    this.head = (this.head + count) | 0;
    Atomics.store(this.cells, HEAD, this.head);
  }
}

function produceAll(producer, records) {
  for (let i = 0; i < records; ) if (producer.tryPush(i)) i++;
  producer.flush();
}

function sumAll(consumer, records) {
  let sum = 0;
  for (let got = 0; got < records; ) {
    const count = consumer.poll(Math.min(PUBLISH, records - got));
    if (count > 0) sum += consumer.sum;
    got += count;
  }
  return sum;
}

/** Work of the workers, by name; each tells when it starts and when it is done. */
const jobs = {
  produce: ({ buffer, every, laps }) => {
    const producer = new Producer(buffer, every);
    for (const records of laps) produceAll(producer, records);
  },
  consume: ({ buffer, laps }) => {
    const consumer = new Consumer(buffer);
    for (const [lap, records] of laps.entries()) {
      const begin = performance.now();
      const sum = sumAll(consumer, records);
      parentPort.postMessage({ lap, sum, seconds: (performance.now() - begin) / 1000 });
    }
  },
  echo: ({ buffer, back, every, laps }) => {
    const consumer = new Consumer(buffer);
    const producer = new Producer(back, every);
    for (const records of laps) {
      for (let moved = 0; moved < records; ) {
        const count = consumer.forward(producer, PUBLISH);
        moved += count;
        if (count === 0) producer.flush();
      }
      producer.flush();
    }
  },
  ringbuf: ({ buffer, back, size, laps }) => {
    const { RingBuffer } = peers('ringbuf.js');
    const input = new RingBuffer(buffer, Uint8Array);
    const output = new RingBuffer(back, Uint8Array);
    const chunk = new Uint8Array(size);
    let left = laps.reduce((sum, records) => sum + records, 0) * WORDS * 8;
    while (left > 0) {
      const count = input.pop(chunk, Math.min(size, left));
      for (let done = 0; done < count; ) done += output.push(chunk, count - done, done);
      left -= count;
    }
  },
};
if (!isMainThread) jobs[workerData.job](workerData);

const start = (data) => new Worker(new URL(import.meta.url), { workerData: data });
const lapsOf = (records) => [Math.ceil(records / 10), records];

/** Between two workers, one way, the main thread idle. */
const oneWay = (every) => ({
  bytes: 64,
  run: (records, clock) =>
    new Promise((resolve, reject) => {
      const buffer = newRing();
      const laps = lapsOf(records);
      const consumer = start({ job: 'consume', buffer, laps });
      const producer = start({ job: 'produce', buffer, every, laps });
      consumer.on('message', ({ lap, sum, seconds }) => {
        if (lap === 0) return;
        clock.took(seconds);
        resolve(sum);
      });
      for (const worker of [consumer, producer]) worker.on('error', reject);
    }),
});

/** From the main thread to a worker and back. */
const echo = (every) => ({
  bytes: 64,
  async run(records, clock) {
    const [buffer, back] = [newRing(), newRing()];
    const laps = lapsOf(records);
    const worker = start({ job: 'echo', buffer, back, every, laps });
    const producer = new Producer(buffer, every);
    const consumer = new Consumer(back);
    let sum = 0;
    for (const [lap, count] of laps.entries()) {
      if (lap === 1) clock.start();
      sum = 0;
      let sent = 0;
      for (let got = 0; got < count; ) {
        while (sent < count && producer.tryPush(sent)) sent++;
        if (sent === count) producer.flush();
        const polled = consumer.poll(1024);
        if (polled > 0) sum += consumer.sum;
        got += polled;
      }
    }
    clock.stop();
    await worker.terminate();
    return sum;
  },
});

/** ringbuf.js both ways, `batch` records a call. */
const ringbuf = (batch) => ({
  bytes: 64,
  async run(records, clock) {
    const { RingBuffer } = peers('ringbuf.js');
    const laps = lapsOf(records);
    const size = batch * WORDS * 8;
    const [buffer, back] = [0, 1].map(() => RingBuffer.getStorageForCapacity(SLOTS * WORDS * 8, Uint8Array));
    const worker = start({ job: 'ringbuf', buffer, back, size, laps });
    const [output, input] = [new RingBuffer(buffer, Uint8Array), new RingBuffer(back, Uint8Array)];
    let sum = 0;
    for (const [lap, count] of laps.entries()) {
      if (lap === 1) clock.start();
      sum = ringbufLap(output, input, count, size);
    }
    clock.stop();
    await worker.terminate();
    return sum;
  },
});

function ringbufLap(output, input, records, size) {
  const words = new Float64Array(BATCH_BYTES / 8);
  const bytes = new Uint8Array(words.buffer);
  const got = new Float64Array(BATCH_BYTES / 8);
  const gotBytes = new Uint8Array(got.buffer);
  let [sent, unsent, unsentAt, partial, sum] = [0, 0, 0, 0, 0];
  for (let back = 0; back < records; ) {
    if (unsent === 0 && sent < records) {
      const count = Math.min(size / 64, records - sent);
      for (let r = 0; r < count; r++) for (let w = 0; w < WORDS; w++) words[r * WORDS + w] = sent + r + w;
      [unsent, unsentAt, sent] = [count * 64, 0, sent + count];
    }
    const pushed = unsent === 0 ? 0 : output.push(bytes, unsent, unsentAt);
    unsent -= pushed;
    unsentAt += pushed;
    // The other end may have passed on a part of a record; whole ones are summed up.
    partial += input.pop(gotBytes, size - partial, partial);
    const whole = partial >> 6;
    for (let i = 0; i < whole * WORDS; i++) sum += got[i];
    gotBytes.copyWithin(0, whole * 64, partial);
    partial -= whole * 64;
    back += whole;
  }
  return sum;
}

export const contestants = {
  'Atomics ring by hand, 64 a publish': echo(PUBLISH),
  'Atomics ring by hand, shown each': echo(1),
  'Atomics ring by hand, 64 a publish, one way': oneWay(PUBLISH),
  'Atomics ring by hand, shown each, one way': oneWay(1),
  'ringbuf.js, 64 records a call': ringbuf(PUBLISH),
  'ringbuf.js, a record a call': ringbuf(1),
};
