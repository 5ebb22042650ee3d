import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteor, byteorChild, type Ended, type RunOptions, temporaryFile, temporaryFolder } from './child.js';
import { IDENTITY_PLAN } from './plans.js';

/** Bytes through an identity plan, in a pipe. */
const pipe = (input: string | Uint8Array, ...options: string[]): Promise<Ended> =>
  identity(['--ingress', 'in=lines:-', '--egress', 'out=lines:-', ...options], { input });

const identity = (options: readonly string[], run: RunOptions = {}): Promise<Ended> =>
  byteor(['run', temporaryFile('plan.json', IDENTITY_PLAN), ...options], run);

describe('every shape of text comes out as it went in', () => {
  test.each([
    ['nothing', ''],
    ['one line end', '\n'],
    ['only line ends', '\n\n\r\n\n'],
    ['no last line end', 'a\nb'],
    ['CRLF', 'a\r\nb\r\n'],
    ['a lone CR, also at the end', 'a\rb\n\r'],
    ['CR before CRLF', 'a\r\r\nb\n'],
    ['NUL and other control characters', '\0\n\x01\x02\n\x7f'],
  ])('%s', async (_, text) => {
    const { code, stdout, stderr } = await pipe(text, '--assert-conserved', '-q');
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: text, stderr: '' });
  });

  test('bytes that are no text', async () => {
    const folder = temporaryFolder();
    const [from, to] = [process.execPath, join(folder, 'node')];
    const ends = ['--ingress', `in=lines:${from}`, '--egress', `out=lines:${to}`, '--record-max', '64MiB'];
    expect(await identity([...ends, '-q', '--assert-conserved'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });

  test('a line of 32 MiB', async () => {
    const folder = temporaryFolder();
    const [from, to] = [join(folder, 'in'), join(folder, 'out')];
    writeFileSync(
      from,
      Buffer.concat([Buffer.from('short\n'), Buffer.alloc(32 * 2 ** 20, 'x'), Buffer.from('\nlast\n')]),
    );
    const ends = ['--ingress', `in=lines:${from}`, '--egress', `out=lines:${to}`];
    const refused = await identity(ends);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toMatch(/✗ failed: in at sequence 1: /);
    expect(readFileSync(to, 'utf8')).toBe('short\n');
    expect(await identity([...ends, '-q', '--assert-conserved', '--record-max', '32MiB'])).toMatchObject({ code: 0 });
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });

  test('what comes out of a FIFO, in pieces', async () => {
    const fifo = join(temporaryFolder(), 'in.fifo');
    execFileSync('mkfifo', [fifo]);
    const { code, stdout } = await identity(['-q', '--ingress', `in=lines:${fifo}`, '--egress', 'out=lines:-'], {
      meanwhile: () => {
        execFileSync('sh', ['-c', '(printf "a\\nhal"; sleep 0.2; printf "f\\nb") > "$0"', fifo], { timeout: 30_000 });
      },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'a\nhalf\nb' });
  });
});

describe('files that cannot be had', () => {
  test('a missing input exits with 3 and names end, path and remedy', async () => {
    const { code, stderr } = await identity(['--ingress', 'in=lines:/no/such.log', '--egress', 'out=discard']);
    expect(code).toBe(3);
    expect(stderr).toBe(
      'byteor run: Cannot start: ingress "in" cannot read /no/such.log: No such file or directory; check the path\n',
    );
  });

  test('a folder as input exits with 3', async () => {
    const { code, stderr } = await identity(['--ingress', `in=lines:${temporaryFolder()}`, '--egress', 'out=discard']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/ingress "in" cannot read .*directory/i);
  });

  test('an output that cannot be made exits with 3', async () => {
    const ends = ['--ingress', 'in=lines:-', '--egress', 'out=lines:/no/such/folder/out.log'];
    const { code, stderr } = await identity(ends, { input: 'x\n' });
    expect(code).toBe(3);
    expect(stderr).toContain('egress "out" cannot write /no/such/folder/out.log: No such file or directory');
  });

  test('a full disk exits with 3; what was not written is counted', async () => {
    const ends = ['--ingress', 'in=lines:-', '--egress', 'out=lines:/dev/full', '--json'];
    const { code, stdout, stderr } = await identity(ends, { input: 'x\ny\n' });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^byteor run: "out" failed at sequence \d+ of shard 0: .*No space left on device/);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      records_in: 2,
      records_out: 0,
      bytes_out: 0,
      ledger: { balanced: true, boundaries: { out: { in: 2, out: 0, abandoned: 2 } } },
    });
  });

  test('the same file as input and output is refused and left alone, also through a link', async () => {
    const file = temporaryFile('same.log', 'precious\n');
    const link = join(temporaryFolder(), 'link.log');
    symlinkSync(file, link);
    for (const adapter of [`lines:${file}`, `lines+append:${file}`, `lines:${link}`]) {
      const { code, stderr } = await identity(['--ingress', `in=lines:${file}`, '--egress', `out=${adapter}`]);
      expect(code).toBe(2);
      expect(stderr).toContain('are the same file');
    }
    expect(readFileSync(file, 'utf8')).toBe('precious\n');
  });

  test('the same file behind the standard streams is refused', async () => {
    const file = temporaryFile('same.log', 'precious\n');
    const [from, to] = [openSync(file, 'r'), openSync(file, 'a')];
    try {
      const ends = ['--ingress', 'in=lines:-', '--egress', 'out=lines:-'];
      const { code, stderr } = await identity(ends, { stdio: [from, to, 'pipe'] });
      expect(code).toBe(2);
      expect(stderr).toContain('are the same file');
    } finally {
      closeSync(from);
      closeSync(to);
    }
    expect(readFileSync(file, 'utf8')).toBe('precious\n');
  });

  test('a path with odd characters is just a path', async () => {
    const file = join(temporaryFolder(), 'a b:c=d\nä.log');
    writeFileSync(file, 'x\n');
    expect(await identity(['-q', '--ingress', `in=lines:${file}`, '--egress', 'out=lines:-'])).toMatchObject({
      code: 0,
      stdout: 'x\n',
    });
  });
});

describe('the reader of the output goes away', () => {
  test('the run ends quietly with exit code 0', async () => {
    const endless = temporaryFile('big.log', 'a line of some length, again and again\n'.repeat(500_000));
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const child = byteorChild(['run', plan, '--ingress', `in=lines:${endless}`, '--egress', 'out=lines:-']);
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('also while the input has nothing to give', async () => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const child = byteorChild(['run', plan, '--ingress', 'in=lines:-', '--egress', 'out=lines:-']);
    child.stdin?.on('error', () => {});
    child.stdin?.write('first\n');
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.stdout?.destroy();
    // The pipe breaks at the next write; the run ends although its input stays open.
    child.stdin?.write('second\n');
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(code).toBe(0);
  });

  test.each([
    ['/dev/null', 0],
    [process.execPath, 3],
  ])('a summary that nobody reads changes no exit code: %s into a full disk', async (input, expected) => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const child = byteorChild(['run', plan, '--ingress', `in=lines:${input}`, '--egress', 'out=lines:/dev/full']);
    child.stdout?.destroy();
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(expected);
  });
});
