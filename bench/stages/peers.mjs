/** The same change of each record in a stream of Node's, and in a worker that is sent messages. */

import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { changed, objectOf, sumOfObject } from '../echo/messages.mjs';
import { touchedSum } from './byteor.mjs';
import { each } from './code.mjs';

function* source(records) {
  for (let i = 0; i < records; i++) yield objectOf(i);
}

async function throughStreams(records) {
  let sum = 0;
  await pipeline(
    Readable.from(source(records)),
    new Transform({
      objectMode: true,
      transform(record, _, done) {
        each(record);
        done(null, record);
      },
    }),
    new Writable({
      objectMode: true,
      write(record, _, done) {
        sum += sumOfObject(record);
        done();
      },
    }),
  );
  return sum;
}

const streams = {
  bytes: 64,
  expected: touchedSum,
  async run(records, clock) {
    await throughStreams(Math.ceil(records / 10));
    clock.start();
    const sum = await throughStreams(records);
    clock.stop();
    return sum;
  },
};

const { object, batches } = changed({ expected: touchedSum });

export const contestants = {
  'Node streams, one transform': streams,
  'postMessage, an object each': object,
  'postMessage, 100 x 64 B a message': batches,
};
