/** Writes lines into a file in large blocks. */

import { closeSync, openSync, writeSync } from 'node:fs';

const BLOCK_BYTES = 4 << 20;
/** Longer than any line that is made here. */
const LINE_BYTES_MAX = 4096;

/**
 * Appends `make()` and a line feed until there are `bytes` bytes. `onLine(block, from, to)` sees each line where it lies,
 * the terminator behind it; `onBlock(bytes written)` is called after each block and may return a promise. Resolves with
 * `{ lines, bytes }`.
 */
export async function writeLines(path, bytes, make, onLine = () => {}, onBlock = () => {}) {
  const file = openSync(path, 'w');
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let lines = 0;
  let written = 0;
  try {
    while (written < bytes) {
      let at = 0;
      while (at < BLOCK_BYTES - LINE_BYTES_MAX && written + at < bytes) {
        const from = at;
        at += block.latin1Write(make(), at);
        block[at] = 10;
        onLine(block, from, at++);
        lines++;
      }
      for (let done = 0; done < at; ) done += writeSync(file, block, done, at - done);
      written += at;
      await onBlock(written);
    }
  } finally {
    closeSync(file);
  }
  return { lines, bytes: written };
}
