import { expect, test } from 'vitest';
import { lineProcess, ProcessEnded } from '../../lib/bench/line-process.js';

const node = (script: string, signal?: AbortSignal) =>
  lineProcess(process.execPath, ['-e', script], signal === undefined ? {} : { signal });

const COUNTS = `let n = 0; process.stdin.on('data', () => console.log(++n));`;

test('a process answers each question with a line, and ends with its input', async () => {
  const { ask, end } = node(COUNTS);
  expect([await ask(), await ask()]).toEqual(['1', '2']);
  await end();
});

test('one that ends without an answer says how, with the last words of its standard error', async () => {
  const { ask, end } = node(`process.stdin.once('data', () => { console.error('no memory'); process.exit(3); });`);
  await expect(ask()).rejects.toMatchObject({ how: 'exit code 3', words: 'no memory' });
  await end();
});

test('one that cannot be started says why', async () => {
  const { ask, end } = lineProcess('/no/such/program', []);
  await expect(ask()).rejects.toBeInstanceOf(ProcessEnded);
  await end();
});

test('a signal kills it, and what was asked rejects with its reason', async () => {
  const abort = new AbortController();
  const { ask, end } = node('process.stdin.resume()', abort.signal);
  const asked = ask();
  abort.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  await expect(end()).rejects.toThrow('enough');
});
