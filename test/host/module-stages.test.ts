import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { attach, open, PipelineFailedError, type StageOfModule, type Version } from '../../lib/index.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { graph, identity, js, READING, type Reading, ring, texts, through } from './hosted-plans.js';

const modules = new URL('./stage-modules.mjs', import.meta.url);
const path = fileURLToPath(modules);
const of = (name: string, more: object = {}): StageOfModule => ({ module: modules, export: name, ...more });

const folder = mkdtempSync(join(tmpdir(), 'byteor-modules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const one = ring([js('enrich', { room: 40 })]);
const inGraph = (more = {}): Version => graph([js('enrich', more)], ['in>enrich', 'enrich>out']);
const SHARDS = { shards: 3, ordering: 'PerKey', shard_key: { kind: 'bytes', offset: 0, length: 1 } };

const opened = (version: Version, enrich: unknown): Pipeline =>
  open(version, { stages: { enrich }, ports: { out: 'discard' } } as never) as Pipeline;

/** How a pipeline ends into which these records are pushed. */
async function endOf(
  version: Version,
  enrich: unknown,
  records = texts(5),
): Promise<{ cause: string; sequence: number; stage: string }> {
  const pipeline = opened(version, enrich);
  await pipeline.ingress('in').pushBatch(records as never);
  const ledger = await pipeline.finished({ deadline: 8000 });
  expect(ledger.balanced).toBe(true);
  return ledger.failure as never;
}

describe('an entry with a module', () => {
  const refused: [string, unknown, RegExp][] = [
    ['a number', { module: 5 }, /^stages\.enrich\.module is 5: give the path or the URL of a file$/],
    ['no path', { module: '' }, /^stages\.enrich\.module is the string "": give the path or the URL/],
    ['another protocol', { module: 'https://a.b/c.mjs' }, /^stages\.enrich\.module is .*, which names no file: give a/],
    ['an export without a name', { module: path, export: '' }, /^stages\.enrich\.export is the string "": give the n/],
    ['another part', { module: path, fn: () => 1 }, /^stages\.enrich\.fn is no part of this form, which has module, e/],
    [
      'a wrong concurrency',
      { module: path, concurrency: 0 },
      /^stages\.enrich\.concurrency is 0: give an integer from 1/,
    ],
    [
      'a wrong limit',
      { module: path, timeoutMs: -1 },
      /^stages\.enrich\.timeoutMs is -1: give milliseconds, an integer/,
    ],
    ['no worker', { module: path, workers: 0 }, /^stages\.enrich\.workers is 0: give 1, or leave it out; only shards/],
    [
      'more workers than shards',
      { module: path, workers: 2 },
      /^stages\.enrich\.workers is 2: give 1, or leave it out/,
    ],
  ];
  test.each(refused)('that has %s is a wrong option, by a sentence', (_, enrich, words) => {
    expect(() => opened(one, enrich)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(words) }),
    );
  });

  test('whose file is missing, a folder, or TypeScript that is not stripped does not open', () => {
    const typescript = written('typed.ts', 'export default (record: string) => record;');
    const start = (module: string) => () => opened(one, { module });
    const fails = (words: string) => expect.objectContaining({ code: 'STAGE_MODULE', message: words });
    expect(start(join(folder, 'none.mjs'))).toThrow(
      fails(`the module of js:enrich, ${join(folder, 'none.mjs')}, does not exist: write it, or correct the path`),
    );
    expect(start(folder)).toThrow(fails(`the module of js:enrich, ${folder}, is no file: give the path of a module`));
    if ((process.features as { typescript?: unknown }).typescript) return;
    expect(start(typescript)).toThrow(
      fails(
        `the module of js:enrich, ${typescript}, is TypeScript, whose types this Node (${process.version}) does not strip: compile it, or use Node 22.18 or newer`,
      ),
    );
  });

  test('is for open: attach takes its function', () => {
    const pipeline = open(one, { stages: { enrich: 'attach' } });
    expect(() => attach(pipeline.number, { stages: { enrich: { module: path } } } as never)).toThrow(
      'stages.enrich is a module, which open runs in a worker: give attach its function, or give open the module',
    );
    pipeline.halt();
  });
});

describe('a module', () => {
  const places: [string, Version][] = [
    ['a ring, between native stages', ring([identity('a'), js('enrich', { room: 40 }), identity('b')])],
    ['a ring of shards', ring([js('enrich', { room: 40 })], 'utf8', SHARDS)],
    ['a graph', inGraph()],
  ];
  test.each(places)('runs in %s', async (_, version) => {
    const { out, ledger } = await through(version, { enrich: of('default') } as never, texts(2000));
    expect(out.sort()).toEqual(
      texts(2000)
        .map((text) => `<${text}>`)
        .sort(),
    );
    expect(ledger).toMatchObject({ balanced: true });
  });

  test('runs behind a journal', async () => {
    const version = graph([js('enrich')], ['in>enrich', 'enrich>out'], {
      connections: [
        { from: 'in', to: 'enrich', lane: { kind: 'Journal' } },
        { from: 'enrich', to: 'out', lane: { kind: 'Events' } },
      ],
    });
    const { out } = await through(version, { enrich: of('default') } as never, texts(300));
    expect(out).toEqual(texts(300).map((text) => `<${text}>`));
  });

  test('is found by its URL, its path, and its path from the current folder', async () => {
    for (const module of [modules, modules.href, path, relative(process.cwd(), path)])
      expect((await through(inGraph(), { enrich: { module } } as never, ['a'])).out).toEqual(['<a>']);
  });

  test('of CommonJS is its default export', async () => {
    const module = written('common.cjs', "module.exports = (record) => record + '!';");
    expect((await through(inGraph(), { enrich: { module } } as never, ['a'])).out).toEqual(['a!']);
  });

  test('writes the fields of structs in place', async () => {
    const readings = Array.from({ length: 1000 }, (_, i): Reading => ({ sensor: i, value: i }));
    const version = ring([js('enrich', { keeps_layout: true })], READING);
    const { out } = await through(version, { enrich: of('twice') } as never, readings);
    expect(out).toHaveLength(1000);
    const pipeline = open(version, { stages: { enrich: of('twice') } }) as Pipeline;
    await pipeline.ingress('in').push({ sensor: 1, value: 21 } as never);
    for await (const record of pipeline.egress('out')) {
      expect((record as unknown as Reading).value).toBe(42);
      break;
    }
    pipeline.halt();
  });

  test('has an instance a shard, config, and a report, in one thread that has the same byteor', async () => {
    const version = ring([js('enrich', { config: 'x' })], 'utf8', SHARDS);
    const { reports } = await through(version, { enrich: of('counting') } as never, texts(900));
    const shards = (reports as unknown as { enrich: { records: number; thread: number }[] }).enrich;
    expect(shards).toMatchObject([0, 1, 2].map((shard) => ({ config: 'x', shard, compiles: 'function' })));
    expect(shards.reduce((sum, { records }) => sum + records, 0)).toBe(900);
    expect(new Set(shards.map(({ thread }) => thread)).size).toBe(1);
    expect(shards[0]?.thread).not.toBe(0);
  });

  test('has as many threads as it is given workers, among which its shards are dealt out', async () => {
    const version = ring([js('enrich')], 'utf8', SHARDS);
    const { out, reports } = await through(version, { enrich: of('counting', { workers: 2 }) } as never, texts(900));
    expect(out).toHaveLength(900);
    const shards = (reports as unknown as { enrich: { records: number; shard: number; thread: number }[] }).enrich;
    expect(shards.map(({ shard }) => shard)).toEqual([0, 1, 2]);
    expect(shards.reduce((sum, { records }) => sum + records, 0)).toBe(900);
    const [first, second, third] = shards.map(({ thread }) => thread);
    expect(third).toBe(first);
    expect(second).not.toBe(first);
  });

  test('of which one of several threads ends fails the pipeline, and the others come to their ends', async () => {
    const version = ring([js('enrich')], 'utf8', SHARDS);
    expect((await endOf(version, of('exits', { workers: 3 }), texts(9))).cause).toMatch(/^its worker ended with exit/);
  });

  test('runs for two pipelines at once, in a thread of each', async () => {
    const counts = await Promise.all(
      [100, 200].map((count) => through(inGraph(), { enrich: of('counting') } as never, texts(count))),
    );
    const [a, b] = counts.map(
      ({ reports }) => (reports as unknown as { enrich: { records: number; thread: number } }).enrich,
    );
    expect([a?.records, b?.records]).toEqual([100, 200]);
    expect(a?.thread).not.toBe(b?.thread);
  });

  test('fails the record that its function throws for, by its sequence', async () => {
    for (const ended of await Promise.all([one, inGraph()].map((version) => endOf(version, of('failing')))))
      expect(ended).toMatchObject({ stage: 'enrich', sequence: 3, cause: 'stage "enrich": three is too many' });
  });
});

describe('a pipeline fails, and names stage and module,', () => {
  const loading: [string, () => StageOfModule, RegExp][] = [
    [
      'where the module imports what there is not',
      () => ({ module: written('imports.mjs', "import 'no-such-package';") }),
      /^its module .*imports\.mjs did not load: Cannot find package 'no-such-package'/,
    ],
    [
      'where it is no JavaScript',
      () => ({ module: written('broken.mjs', 'export default (;') }),
      /^its module .*broken\.mjs did not load: Unexpected token ';'$/,
    ],
    [
      'where it throws',
      () => ({ module: written('throws.mjs', "throw new Error('no key');") }),
      /^its module .*throws\.mjs did not load: no key$/,
    ],
    [
      'where it never comes to its end',
      () => ({ module: written('waits.mjs', 'await new Promise(() => {});') }),
      /^its module .*waits\.mjs did not load: it ended its thread, or awaits what nothing settles$/,
    ],
    [
      'where it has no such export',
      () => of('thrice'),
      /^its module .*stage-modules\.mjs has no export "thrice": it has "counting", "default", /,
    ],
    [
      'where the export is no stage',
      () => of('fives'),
      /^of its module .*stage-modules\.mjs the export fives is 5: give a function of a record, \{ fn, concurrency, timeoutMs \}, or \{ start, batch, end, timeoutMs \}, of which only batch must be there$/,
    ],
    ['where its start throws', () => of('noStart'), /^stage "enrich" did not start: its start threw: no model$/],
  ];
  test.each(loading)('%s, before any record', async (_, entry, words) => {
    expect(await endOf(inGraph(), entry())).toMatchObject({
      stage: 'enrich',
      sequence: 0,
      cause: expect.stringMatching(words),
    });
  });

  const ends: [string, unknown, RegExp][] = [
    [
      'when an error is thrown outside',
      'throw',
      /^an error outside of its function ended its worker: .*JSON.*: catch it/,
    ],
    ['when a promise is rejected outside', 'reject', /^an error outside of its function ended its worker: it was ref/],
    [
      'when it exits',
      3,
      /^its worker ended with exit code 3 before the stage did: the module .*stage-modules\.mjs must/,
    ],
    ['when it exits well', 0, /^its worker ended with exit code 0 before the stage did: the module /],
  ];
  test.each(ends)('%s, behind what it has done', async (_, config, words) => {
    const versions = [ring([js('enrich', { config })]), inGraph({ config })];
    for (const ended of await Promise.all(versions.map((version) => endOf(version, of('endsOutside')))))
      expect(ended).toMatchObject({ stage: 'enrich', sequence: 5, cause: expect.stringMatching(words) });
  });

  test('when it exits inside of its function, at the first record of which nothing was said', async () => {
    for (const ended of await Promise.all([one, inGraph()].map((version) => endOf(version, of('exits'), texts(9))))) {
      expect(ended.cause).toMatch(/^its worker ended with exit code 7 before the stage did: the module /);
      expect(ended.sequence).toBeLessThan(6);
    }
  });

  test('when it runs out of memory', () => {
    const module = written(
      'grows.mjs',
      'export default () => { const all = []; for (;;) all.push(new Array(1e4).fill(all.length)); };',
    );
    const program = `
      import { compile, open } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      const boundaries = [{ id: 'in', kind: 'ingress', codec: 'utf8' }, { id: 'out', kind: 'egress', codec: 'utf8' }];
      const version = compile({ version: 2, name: 'grows', target: 'SingleRing', boundaries,
        stages: [{ id: 'enrich', op: 'js:enrich' }], single_ring: { stages: [{ stage: 'enrich' }] } });
      const pipeline = open(version, { stages: { enrich: { module: ${JSON.stringify(module)} } } });
      pipeline.ingress('in').tryPush('a');
      console.log((await pipeline.finished()).failure.cause);
    `;
    const said = execFileSync(process.execPath, ['--max-old-space-size=30', '--input-type=module', '-e', program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(said).toMatch(/^its worker ran out of memory \(.*\): let the module .*grows\.mjs keep less, or give Node/);
  });
});

describe('the thread of a module', () => {
  const threads = (): number => readdirSync('/proc/self/task').length;

  /** How many threads are left, once as many have ended as can. */
  async function threadsLeft(most: number): Promise<number> {
    for (let waited = 0; threads() > most && waited < 4000; waited += 10) await sleep(10);
    return threads();
  }

  test('ends when the pipeline has ended in order, has failed, or is halted, whatever the module has left open', async () => {
    await through(inGraph(), { enrich: of('counting') } as never, ['a']);
    await sleep(50);
    const before = threads();
    await Promise.all([
      through(inGraph(), { enrich: of('counting') } as never, ['a']),
      through(inGraph(), { enrich: of('failing') } as never, texts(9)),
      through(inGraph(), { enrich: of('staysOn') } as never, ['a']),
    ]);
    opened(inGraph(), of('counting')).halt();
    expect(await threadsLeft(before)).toBeLessThanOrEqual(before);
  });

  test('is ended in the middle of a function that does not return, by halt and by the deadline of stop', async () => {
    const before = threads();
    for (const stops of [
      (pipeline: Pipeline) => pipeline.halt(),
      (pipeline: Pipeline) => pipeline.stop({ deadline: 20 }),
    ]) {
      const pipeline = opened(inGraph(), of('spins'));
      const channel = new BroadcastChannel('byteor: a stage of stage-modules.mjs');
      const begun = new Promise((resolve) => {
        channel.onmessage = resolve;
      });
      await pipeline.ingress('in').push('a' as never);
      await begun;
      channel.close();
      expect(await stops(pipeline)).toMatchObject({ balanced: true });
      expect(pipeline.state).toBe('stopped');
    }
    expect(await threadsLeft(before)).toBeLessThanOrEqual(before);
  });

  test('does not keep a process alive whose pipeline is idle', () => {
    const program = `
      import { compile, open } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      const boundaries = [{ id: 'in', kind: 'ingress', codec: 'utf8' }, { id: 'out', kind: 'egress', codec: 'utf8' }];
      const version = compile({ version: 2, name: 'idle', target: 'SingleRing', boundaries,
        stages: [{ id: 'enrich', op: 'js:enrich' }], single_ring: { stages: [{ stage: 'enrich' }] } });
      const pipeline = open(version, { stages: { enrich: { module: ${JSON.stringify(pathToFileURL(path).href)} } } });
      await pipeline.ingress('in').push('a');
      console.log('idle');
    `;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(said).toBe('idle\n');
  });
});

test('a function that does not come back within its limit fails the pipeline, and its thread ends', async () => {
  const ended = await endOf(inGraph(), of('spins', { timeoutMs: 50 }), ['a']);
  expect(ended).toMatchObject({ stage: 'enrich', sequence: 0 });
  expect(ended.cause).toMatch(/^the stage's function has not returned within 50 ms, and the pipeline was halted/);
});

test('a function in a worker may promise its answers, whose order is kept', async () => {
  const { out } = await through(inGraph(), { enrich: of('later', { concurrency: 4 }) } as never, texts(40));
  expect(out).toEqual(texts(40).map((text) => `${text} later`));
});

test('the failure of a worker reaches those who wait', async () => {
  const pipeline = open(inGraph(), { stages: { enrich: of('noStart') } }) as Pipeline;
  const waits = pipeline.egress('out')[Symbol.asyncIterator]().next();
  await expect(waits).rejects.toThrow(PipelineFailedError);
  await expect(waits).rejects.toThrow('"enrich" failed at sequence 0: stage "enrich" did not start: its start threw');
  await pipeline.finished();
});
