/**
 * The job as it is usually written for Node: a file stream, split2, a transform that filters or counts, a file stream.
 *
 *   node bench/run/node-streams.mjs FILE all|filter|status|level [NEEDLE]
 */

import { createReadStream, createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const split2 = createRequire(new URL('../peers/package.json', import.meta.url))('split2');

const [file, job, needle] = process.argv.slice(2);
const counts = new Map();
const keyOf = {
  status: (line) => line.split(' ')[8],
  level: (line) => JSON.parse(line).level,
}[job];

const work = new Transform({
  writableObjectMode: true,
  transform(line, _, done) {
    if (keyOf !== undefined) {
      const key = keyOf(line);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      done();
    } else if (job === 'all' || line.includes(needle)) done(null, `${line}\n`);
    else done();
  },
});

const output = createWriteStream('', { fd: 1 });
await pipeline(createReadStream(file), split2(), work, output, { end: false });
output.end([...counts].map(([key, count]) => `${key} ${count}\n`).join(''));
