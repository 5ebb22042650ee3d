/** postMessage to a worker and back, with a bounded number of messages under way. */

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const WORDS = 8;
/** Messages under way: enough that no side waits, few enough that no queue grows. */
const WINDOW = 4096;
const BATCH = 100;

/** What a worker may do with a message before it sends it back: the last word of each record becomes its first. */
const CHANGES = {
  object: (message) => {
    message.h = message.a;
  },
  words: (message) => {
    for (let at = 0; at < message.length; at += WORDS) message[at + WORDS - 1] = message[at];
  },
};

/** The worker sends back what it gets. */
if (!isMainThread) {
  const change = CHANGES[workerData];
  parentPort.on('message', (message) => {
    change?.(message);
    parentPort.postMessage(message);
  });
}

export const sumOfObject = ({ a, b, c, d, e, f, g, h }) => a + b + c + d + e + f + g + h;
export const objectOf = (i) => ({ a: i, b: i + 1, c: i + 2, d: i + 3, e: i + 4, f: i + 5, g: i + 6, h: i + 7 });

function wordsOf(from, count) {
  const words = new Float64Array(count * WORDS);
  for (let r = 0, at = 0; r < count; r++) for (let w = 0; w < WORDS; w++, at++) words[at] = from + r + w;
  return words;
}

function sumOfWords(words) {
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum += words[i];
  return sum;
}

function sumOfObjects(objects) {
  let sum = 0;
  for (const object of objects) sum += sumOfObject(object);
  return sum;
}

/** Sends `records` records in messages of `size` and resolves with the sum of what came back. */
function exchange(worker, records, size, make, sumOf) {
  return new Promise((resolve) => {
    const window = Math.max(WINDOW / size, 16);
    let sent = 0;
    let back = 0;
    let messages = 0;
    let sum = 0;
    const send = () => {
      while (sent < records && messages < window) {
        const count = Math.min(size, records - sent);
        worker.postMessage(make(sent, count));
        sent += count;
        messages++;
      }
    };
    const onMessage = (message) => {
      sum += sumOf(message);
      messages--;
      back += Math.min(size, records - back);
      if (back === records) {
        worker.off('message', onMessage);
        resolve(sum);
      } else if (messages < window / 2) send();
    };
    worker.on('message', onMessage);
    send();
  });
}

/** `change`: one of CHANGES; `more`: what the sum is expected to be then. */
const contestant = (size, make, sumOf, change = undefined, more = {}) => ({
  bytes: 64,
  ...more,
  async run(records, clock) {
    const worker = new Worker(new URL(import.meta.url), { workerData: change });
    await once(worker, 'online');
    await exchange(worker, Math.ceil(records / 10), size, make, sumOf);
    clock.start();
    const sum = await exchange(worker, records, size, make, sumOf);
    clock.stop();
    await worker.terminate();
    return sum;
  },
});

export const contestants = {
  'postMessage, an object each': contestant(1, objectOf, sumOfObject),
  'postMessage, a 64 B array each': contestant(1, wordsOf, sumOfWords),
  'postMessage, 100 objects a message': contestant(
    BATCH,
    (from, count) => Array.from({ length: count }, (_, r) => objectOf(from + r)),
    sumOfObjects,
  ),
  'postMessage, 100 x 64 B a message': contestant(BATCH, wordsOf, sumOfWords),
};

/** The same with a worker that changes each record (bench/stages.mjs). */
export const changed = (more) => ({
  object: contestant(1, objectOf, sumOfObject, 'object', more),
  batches: contestant(BATCH, wordsOf, sumOfWords, 'words', more),
});
