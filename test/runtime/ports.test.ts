import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpenError } from '../../lib/error/errors.js';
import { openRing } from './rings.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'byteor-ports-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content?: string): string => {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  return path;
};

describe('a native adapter beside a handle', () => {
  test('reads a file into a for await, which ends with the file', async () => {
    const input = file('input', 'one\ntwo\r\nthree');
    const pipeline = openRing({ codec: 'utf8' }, { ports: { in: { lines: input } } });
    const seen: string[] = [];
    for await (const record of pipeline.egress('out')) seen.push(record);
    expect(seen).toEqual(['one', 'two', 'three']);
    expect(await pipeline.finished()).toMatchObject({ balanced: true, settled: true, boundaries: { out: { out: 3 } } });
  });

  test('has a long form, in which an output may be appended to', async () => {
    const ports = {
      in: { adapter: 'lines', path: file('long-input', 'b\n') },
      out: { adapter: 'lines', path: file('long-output', 'a\n'), append: true },
    } as const;
    const pipeline = openRing({ codec: 'utf8' }, { ports });
    expect(await pipeline.finished()).toMatchObject({ balanced: true });
    expect(readFileSync(ports.out.path, 'utf8')).toBe('a\nb\n');
    expect(pipeline.status()).toMatchObject({
      adapters: {
        in: { kind: 'lines', path: ports.in.path, records: 1, input_bytes: 2 },
        out: { kind: 'lines', path: ports.out.path, records: 1, unwritten: 0, reader_gone: false },
      },
    });
  });

  test('shows in place how each line ended', async () => {
    const input = file('terminators', 'lf\ncrlf\r\nnone');
    const pipeline = openRing({ codec: 'utf8' }, { ports: { in: { lines: input } } });
    const egress = pipeline.egress('out');
    const flags: number[] = [];
    while (await egress.ready()) egress.pollInPlace((cursor) => flags.push(cursor.flags));
    expect(flags).toEqual([0, 1, 2]);
  });

  test('writes what JavaScript pushes, with the terminator that a claim asks for', async () => {
    const output = file('output');
    const pipeline = openRing({ codec: 'bytes' }, { ports: { out: { lines: output } } });
    const ingress = pipeline.ingress('in');
    for (const flags of [0, 1, 2]) {
      const writer = ingress.claim(8);
      if (writer === undefined) throw new Error('there is room');
      writer.flags = flags;
      ingress.publish(writer.buffer.write(`line ${flags}`, writer.offset));
    }
    const ledger = await pipeline.stop();
    expect(ledger).toMatchObject({ balanced: true, boundaries: { in: { published: 3 }, out: { out: 3 } } });
    expect(readFileSync(output, 'utf8')).toBe('line 0\nline 1\r\nline 2');
  });

  test('runs both ends by itself while JavaScript only waits', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
    const output = file('copy');
    const ports = { in: { lines: file('original', lines) }, out: { lines: output } };
    const ledger = await openRing({ codec: 'bytes' }, { ports }).finished();
    expect(ledger).toMatchObject({ balanced: true, boundaries: { in: { published: 20_000 } } });
    expect(readFileSync(output, 'utf8')).toBe(lines);
  });

  test('stops reading when the pipeline is stopped, and writes what it has read', async () => {
    const lines = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join('');
    const output = file('part');
    const ports = { in: { lines: file('long', lines) }, out: { lines: output } };
    const pipeline = openRing({ codec: 'bytes' }, { ports });
    const ledger = await pipeline.stop();
    expect(ledger.balanced).toBe(true);
    expect(lines.startsWith(readFileSync(output, 'utf8'))).toBe(true);
  });

  test('says at open which file cannot be read', () => {
    const missing = file('missing');
    const opening = (): unknown => openRing({ codec: 'utf8' }, { ports: { in: { lines: missing } } });
    expect(opening).toThrow(OpenError);
    expect(opening).toThrow(missing);
  });
});
