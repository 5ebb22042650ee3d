import { spawn } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { validateText } from '../../lib/validate/validate.js';
import { type Block, blocksOf, LANGUAGES, printed, ROOT, readRepository } from './fences.js';
import { freePort, installedFolder } from './installed.js';

/**
 * What the pages show is what happens: a page's programs and commands are run in order, in one shell and one folder in
 * which byteor is installed, as a reader would who follows it from top to bottom. How a block says that it is something
 * else: fences.ts.
 */

/** Its plans are wrong on purpose, and the page is written from them (test/validate/codes.test.ts). */
const GENERATED = 'docs/diagnostics.md';

const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (path) => path.endsWith('.md') && path !== GENERATED,
);

const END = '@@ end of block';
const isRun = ({ language, mark }: Block): boolean => mark === '' && (language === 'js' || language === 'sh');

/** One shell script of a page: its files are put in place, and its programs and commands run, where they stand. */
function scriptOf(blocks: readonly Block[], folder: string, port: number): string {
  const steps = blocks.map((block, index) => {
    const text = block.text.replaceAll('8080', String(port));
    const stored = `.block-${index}.${block.language === 'js' ? 'mjs' : block.language}`;
    if (block.mark === 'file') {
      writeFileSync(join(folder, stored), text);
      return `mkdir -p "${dirname(block.value)}"; cp ${stored} "${block.value}"`;
    }
    if (!isRun(block)) return ':';
    writeFileSync(join(folder, stored), text);
    const program = `node ${stored} 2>.errors || { cat .errors; exit 1; }; [ ! -s .errors ] || { cat .errors; exit 1; }`;
    const run = block.language === 'js' ? program : `. ./${stored}`;
    return `${run}\necho '${END}' ${index}`;
  });
  return ['set -e', ...steps].join('\n');
}

/** A page takes some seconds; on a machine that does other things too, more. */
const PAGE_MS_MAX = 150_000;

/** Pages that are followed at the same time: most of their time is waiting. */
const PAGES_AT_ONCE = 3;

interface Played {
  readonly status: number | null;
  /** What each block that ran has printed. */
  readonly outputs: ReadonlyMap<number, string>;
  readonly all: string;
}

async function follow(page: string): Promise<Played> {
  const blocks = blocksOf(page);
  const folder = installedFolder();
  const port = await freePort();
  const PATH = `${join(folder, 'node_modules', '.bin')}:${process.env.PATH}`;
  const child = spawn('bash', ['-c', `exec 2>&1\n${scriptOf(blocks, folder, port)}`], {
    cwd: folder,
    env: { ...process.env, PATH, NO_COLOR: '1', npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let all = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  // What a page leaves running, or what hangs, is ended with its shell's process group.
  const endGroup = (): void => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // Nothing is left of it.
    }
  };
  const watchdog = setTimeout(endGroup, PAGE_MS_MAX);
  child.once('exit', endGroup);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(watchdog);
  rmSync(folder, { recursive: true, force: true });
  all = all.replaceAll(`:${port}`, ':8080');
  const outputs = new Map<number, string>();
  let from = 0;
  for (const match of all.matchAll(new RegExp(`${END} (\\d+)\\n`, 'g'))) {
    outputs.set(Number(match[1]), all.slice(from, match.index));
    from = match.index + match[0].length;
  }
  return { status, outputs, all };
}

/** What had been printed since the last block that shows output. */
function outputBefore(blocks: readonly Block[], outputs: ReadonlyMap<number, string>, index: number): string {
  const last = blocks.slice(0, index).findLastIndex(({ mark }) => mark === 'prints');
  return [...outputs]
    .filter(([at]) => at > last && at < index)
    .map(([, text]) => text)
    .join('');
}

/** An example as a page shows it: a program's imports and what stands between its marks; any other file as it is. */
function shownOf(path: string): string {
  const text = readRepository(path);
  const sample = /\/\/ \[sample\]\n([\s\S]*?)\/\/ \[\/sample\]/.exec(text)?.[1];
  return sample === undefined ? text : `${/^import .*\n/m.exec(text)?.[0] ?? ''}\n${sample}`;
}

const followed = new Map<string, Played>();
beforeAll(async () => {
  const waiting = pages.filter((page) => blocksOf(page).some(isRun));
  const next = async (): Promise<void> => {
    for (let page = waiting.shift(); page !== undefined; page = waiting.shift()) followed.set(page, await follow(page));
  };
  await Promise.all(Array.from({ length: PAGES_AT_ONCE }, next));
});

const rowsOf = (blocks: readonly Block[], wanted: (block: Block) => boolean) =>
  blocks.flatMap((block, index) => (wanted(block) ? [[block.line, block, index] as const] : []));

describe.each(pages)('%s', (page) => {
  const blocks = blocksOf(page);
  const fences = readRepository(page).match(/^```/gm)?.length ?? 0;
  const plans = rowsOf(blocks, ({ language, mark }) => language === 'yaml' && mark !== 'file');
  const examples = rowsOf(blocks, ({ mark, value }) => mark === 'file' && value.startsWith('examples/'));
  const shown = rowsOf(blocks, ({ mark }) => mark === 'prints');

  test('has only blocks of kinds that are checked', () => {
    const setups = readRepository(page).match(/^<!-- setup: /gm)?.length ?? 0;
    expect(blocks).toHaveLength(fences / 2 + setups);
    expect(blocks.filter(({ language }) => !LANGUAGES.includes(language))).toEqual([]);
    for (const { mark, value } of blocks) if (mark !== '' && mark !== 'prints') expect(value).not.toBe('');
    const json = blocks.filter(({ language }) => language === 'json');
    for (const { text } of json) expect(() => JSON.parse(text)).not.toThrow();
  });

  if (plans.length > 0)
    test.each(plans)('line %i: the plan is as the page says', (_, { text, mark, value }) => {
      const codes = validateText(text).diagnostics.map(({ code }) => code);
      expect(codes).toEqual(mark === 'wrong' ? [value] : []);
    });

  if (examples.length > 0)
    test.each(examples)('line %i: the example is the file of that name', (_, { text, value }) => {
      expect(text).toBe(shownOf(value));
    });

  if (blocks.some(isRun))
    describe('followed from top to bottom', () => {
      const played = (): Played => followed.get(page) as Played;

      test('every program and command ends with 0, and programs write nothing to standard error', () => {
        expect(played().status, played().all).toBe(0);
      });

      if (shown.length > 0)
        test.each(shown)('line %i: that is what is printed', (_, { text }, index) => {
          const output = outputBefore(blocks, played().outputs, index);
          expect(output.trimEnd()).toMatch(printed(text));
        });
    });
});

describe('a page', () => {
  test('cannot show output that differs', () => {
    expect('in 3, out 2').not.toMatch(printed('in 3, out 3'));
    expect('a\nb').toMatch(printed('…\nb\n'));
    expect('a.b').not.toMatch(printed('axb'));
  });

  test('with TypeScript shows the file that is compiled with the tests', () => {
    const compiled = readRepository('examples/define-plan.ts');
    const shown = pages.flatMap(blocksOf).filter(({ language }) => language === 'ts');
    expect(shown.map(({ text }) => text)).toEqual([compiled]);
  });
});
