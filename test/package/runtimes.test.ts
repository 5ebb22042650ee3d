import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command } from './checkout.js';
import { installed } from './installed.js';
import { installTools, toolPath } from './tools.js';

/** The packed tarball, with its prebuilt binary, on every runtime that docs/install.md names. */

const plan = (target: 'SingleRing' | 'LaneGraph') => ({
  version: 2,
  name: 'packed',
  target,
  stages: [{ id: 'louder', op: 'append', config: { text: '!' } }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  ...(target === 'SingleRing'
    ? { single_ring: { stages: [{ stage: 'louder' }] } }
    : {
        lane_graph: {
          connections: [
            { from: 'in', to: 'louder', lane: { kind: 'Events' } },
            { from: 'louder', to: 'out', lane: { kind: 'Events' } },
          ],
        },
      }),
});

/** Pushes, polls in batches and awaits the end; prints what came out and whether it balanced. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { compile, open, validateText } from 'byteor';
for (const file of ['ring.json', 'graph.json']) {
  const checked = validateText(readFileSync(file));
  const pipeline = open(compile(checked.plan));
  const ingress = pipeline.ingress('in');
  await ingress.pushBatch(['a', 'b', 'c']);
  ingress.close();
  const out = [];
  for await (const record of pipeline.egress('out')) out.push(record);
  const { balanced } = await pipeline.stop();
  console.log(file, out.join(), balanced);
}
`;

const PRINTED = 'ring.json a!,b!,c! true\ngraph.json a!,b!,c! true\n';

const user = installed(async ({ cwd }) => {
  await installTools();
  writeFileSync(join(cwd, 'program.mjs'), PROGRAM);
  writeFileSync(join(cwd, 'ring.json'), JSON.stringify(plan('SingleRing')));
  writeFileSync(join(cwd, 'graph.json'), JSON.stringify(plan('LaneGraph')));
  writeFileSync(join(cwd, 'in.txt'), 'one\ntwo\n');
});

const DENO = ['--allow-ffi', '--allow-read', '--allow-env', '--allow-sys'];

/** Name, its binary in the tools, and the arguments before a script. */
const RUNTIMES: readonly (readonly [name: string, tool: readonly string[] | undefined, args: readonly string[]])[] = [
  [`Node ${process.versions.node}, on which the tests run`, undefined, []],
  ['Node 22', ['node22', 'bin', 'node'], []],
  ['Node 24', ['node24', 'bin', 'node'], []],
  ['Node 26', ['node26', 'bin', 'node'], []],
  ['Bun', ['@oven', 'bun-linux-x64', 'bin', 'bun'], ['run']],
  ['Deno', ['@deno', 'linux-x64-glibc', 'deno'], ['run', '--node-modules-dir=manual', ...DENO]],
];

describe.each(RUNTIMES)('%s', (name, tool, args) => {
  const program = (): string | undefined => (tool === undefined ? process.execPath : toolPath(...tool));
  const more = (allowed: readonly string[]): readonly string[] => (name === 'Deno' ? allowed : []);

  test('pushes and polls through a ring and a graph of the prebuilt core', async (context) => {
    const runtime = program();
    if (runtime === undefined) return context.skip(`there is no binary of ${name} for ${process.arch} in the tools`);
    expect(await command(runtime, [...args, 'program.mjs'], user())).toBe(PRINTED);
  });

  test('runs the command line', async (context) => {
    const runtime = program();
    if (runtime === undefined) return context.skip(`there is no binary of ${name} for ${process.arch} in the tools`);
    const line = [
      'ring.json',
      '--ingress',
      'in=lines:in.txt',
      '--egress',
      'out=lines:-',
      '--assert-conserved',
      '--quiet',
    ];
    const script = [...args, ...more(['--allow-write']), 'node_modules/byteor/dist/bin/byteor.js', 'run', ...line];
    expect(await command(runtime, script, user())).toBe('one!\ntwo!\n');
  });
});
