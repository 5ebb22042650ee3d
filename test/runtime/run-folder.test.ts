import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const LIBRARY = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

/** Pipelines with a journal and no folder, opened one after the other in one process; what `script` prints. */
function run(script: string): { folder: string; printed: unknown } {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-runs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const whole = `
    const { compile, open } = await import(${JSON.stringify(LIBRARY)});
    const version = compile({ version: 2, name: 'j', target: 'LaneGraph', stages: [{ id: 's', op: 'identity' }],
      boundaries: [{ id: 'in', kind: 'ingress', codec: 'utf8' }, { id: 'out', kind: 'egress', codec: 'utf8' }],
      lane_graph: { connections: [{ from: 'in', to: 's', lane: { kind: 'Journal', fsync: 'none' } },
        { from: 's', to: 'out', lane: { kind: 'Events' } }] } });
    const folderOf = (pipeline) => pipeline.status().sizes.lanes['in->s'].journal;
    ${script}`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', whole], { cwd: folder, encoding: 'utf8' });
  return { folder, printed: JSON.parse(text) };
}

test('pipelines of one second have a default folder each, whether the one before has ended or not', () => {
  const { folder, printed } = run(`
    const folders = [];
    for (let i = 0; i < 6; i++) {
      const pipeline = open(version);
      folders.push(folderOf(pipeline));
      if (i % 2 === 0) pipeline.halt();
    }
    console.log(JSON.stringify(folders));
    process.exit(0);`);
  const folders = printed as string[];
  expect(new Set(folders).size).toBe(6);
  const made = readdirSync(folder);
  expect(made).toHaveLength(6);
  for (const name of made) {
    expect(name).toMatch(/^byteor-run-j-\d{8}T\d{6}Z-\d+(-\d+)?$/);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o700);
  }
});

test('a pipeline gets no record of one that was opened before it', () => {
  const { printed } = run(`
    const first = open(version);
    for (let i = 0; i < 5; i++) first.ingress('in').tryPush('run A ' + i);
    first.ingress('in').flush();
    await new Promise((resolve) => setTimeout(resolve, 60));
    first.halt();
    const second = open(version);
    const got = [];
    await new Promise((resolve) => setTimeout(resolve, 60));
    second.egress('out').poll((record) => got.push(record));
    second.halt();
    console.log(JSON.stringify(got));`);
  expect(printed).toEqual([]);
});
