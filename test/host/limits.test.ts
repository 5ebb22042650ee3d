/** What a stage in JavaScript may make of one record, and who runs it while all others only look. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { open } from '../../lib/index.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { graph, js, ring, texts, through } from './hosted-plans.js';

const split = (record: string): string[] => record.split(',');

function files(input: string): { readonly input: string; readonly output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-limits-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'in'), input);
  return { input: join(folder, 'in'), output: join(folder, 'out') };
}

test('a stage that reads and declares emits makes records of its own', async () => {
  const version = graph([js('split', { access: 'read', emits: true })], ['in>split', 'split>out']);
  expect((await through(version, { split }, ['a,b', 'c'])).out).toEqual(['a', 'b', 'c']);
});

test.each([
  ['a ring', ring([js('loud', { room: 1 })])],
  ['a graph', graph([js('loud')], ['in>loud', 'loud>out'])],
])('what takes the place of a line ends as that line did, in %s', async (_, version) => {
  const { input, output } = files('a\r\nb\nc');
  const ports = { in: { lines: input }, out: { lines: output } };
  await (open(version, { ports, stages: { loud: (line: string) => `${line}!` } } as never) as Pipeline).finished();
  expect(readFileSync(output, 'utf8')).toBe('a!\r\nb!\nc!');
});

describe.each(['spin', 'yield'] as const)('where threads wait by %s', (wait) => {
  test('a stage of the opener is run although nothing else turns its event loop', async () => {
    const { input } = files(`${texts(5000).join('\n')}\n`);
    const version = graph([js('same')], ['in>same', 'same>out']);
    const ports = { in: { lines: input }, out: 'discard' };
    const pipeline = open(version, { wait, ports, stages: { same: () => true } } as never) as Pipeline;
    expect((await pipeline.finished()).stages.same).toMatchObject({ in: 5000, out: 5000 });
  });

  test('a module behind a stage of the opener is run', async () => {
    const module = new URL('./stage-modules.mjs', import.meta.url);
    const stages = { first: () => undefined, second: { module, export: 'counting' } };
    const version = ring([js('first'), js('second')]);
    const { reports } = await through(version, stages as never, texts(30), { wait, capacity: 1 });
    expect(reports).toMatchObject({ second: { records: 30 } });
  });
});
