/**
 * Writes the fuzzer's first inputs into a folder: `node test/tools/fuzz-corpus.mjs FOLDER`. They are the real lowered buffers
 * that the tests of the lowering keep as hexadecimal text, each one file, so that mutations begin behind the magic.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.mjs';

const golden = join(root, 'test/lower/golden');
const folder = process.argv[2];
const files = readdirSync(golden).filter((name) => name.endsWith('.hex'));

if (folder === undefined || files.length === 0) {
  const problem = folder === undefined ? 'No folder was named' : `${golden} holds no buffer (*.hex)`;
  process.stderr.write(`${problem}; usage: node test/tools/fuzz-corpus.mjs FOLDER\n`);
  process.exitCode = 2;
} else {
  for (const name of files) {
    const lines = readFileSync(join(golden, name), 'utf8').trim().split('\n');
    // A line is its offset, then groups of bytes.
    const text = lines.map((line) => line.trim().split(/\s+/).slice(1).join('')).join('');
    writeFileSync(join(folder, name.replace(/\.hex$/, '.bin')), Buffer.from(text, 'hex'));
  }
}
