import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blocksOf } from './fences.js';
import { freePort, installedFolder } from './installed.js';

/** The services of the pages end on a signal although a client has sent half of a request and says no more. */

/** The pages give open requests five seconds; that they are given some and then ended shows with less. */
const PATIENCE = { shown: '5_000', here: '300' };
const ENDS_MS_MAX = 20_000;

const textOf = (page: string, part: string): string => {
  const found = blocksOf(page).filter(({ language, text }) => language === 'js' && text.includes(part));
  expect(found).toHaveLength(1);
  return found[0]?.text ?? '';
};

/** Starts the program and, once it has printed that it listens, leaves two halves of requests with it. */
async function endOf(program: string, files: Readonly<Record<string, string>>) {
  const [folder, port] = [installedFolder(), await freePort()];
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  expect(program).toContain(PATIENCE.shown);
  const text = program.replaceAll('8080', String(port)).replace(PATIENCE.shown, PATIENCE.here);
  writeFileSync(join(folder, 'program.mjs'), text);
  const child = spawn(process.execPath, ['program.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const watchdog = setTimeout(() => child.kill('SIGKILL'), ENDS_MS_MAX);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part;
  });
  await once(child.stdout, 'data');
  const heads = [
    'POST /events HTTP/1.1\r\nhost: a\r\n',
    'POST /events HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab',
  ];
  const sockets = await Promise.all(
    heads.map(async (head) => {
      const socket = connect(port).on('error', () => {});
      await once(socket, 'connect');
      socket.write(head);
      return socket;
    }),
  );
  // What was sent is read before the signal is: the service answers a whole request that came behind it.
  await fetch(`http://localhost:${port}/counts`);
  child.kill('SIGTERM');
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(watchdog);
  for (const socket of sockets) socket.destroy();
  rmSync(folder, { recursive: true, force: true });
  return { code, signal, out };
}

describe('a service of the pages, with half a request open', () => {
  test('the one of getting-started.md ends when it is told to, and its ledger balances', async () => {
    const page = 'docs/getting-started.md';
    const plan = blocksOf(page).find(({ value }) => value === 'plan.yaml')?.text ?? '';
    const { code, signal, out } = await endOf(textOf(page, "process.on('SIGTERM'"), { 'plan.yaml': plan });
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(out).toContain('in 0, out 0, balanced: true');
  });

  test('the one of the recipe "Stop on SIGTERM" ends when it is told to, and its ledger balances', async () => {
    // The recipe signals itself; here the signal comes from outside.
    const program = textOf('docs/cookbook.md', "process.on('SIGTERM'");
    const own = "process.kill(process.pid, 'SIGTERM');";
    expect(program).toContain(own);
    const { code, signal, out } = await endOf(program.replace(own, "console.log('listens');"), {});
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(out).toMatch(/^SIGTERM: wrote \d+, abandoned 0, balanced: true$/m);
  });
});
