import { InvalidArgumentError } from 'commander';
import picocolors from 'picocolors';
import { describe, expect, test } from 'vitest';
import { diagnosticsText } from '../../lib/cli/diagnostic-text.js';
import { ExitCode } from '../../lib/cli/exit-code.js';
import { printProblem } from '../../lib/cli/program.js';
import { progressLine } from '../../lib/cli/run/progress.js';
import { reportLines } from '../../lib/cli/run/report-text.js';
import { dataWords, parseCount, parseCpuList, parseDuration, parseSize, sizeWords } from '../../lib/cli/sizes.js';
import type { Terminal } from '../../lib/cli/terminal.js';
import { harmless, table, textWidth, wrap } from '../../lib/cli/text.js';
import { rangesOf } from '../../lib/runtime/ranges.js';

const plain = picocolors.createColors(false);

describe('sizes', () => {
  test.each([
    ['4096', 4096],
    ['64k', 64_000],
    ['64kB', 64_000],
    ['64KiB', 65_536],
    ['64ki', 65_536],
    ['1.5MiB', 1_572_864],
    ['2 M', 2_000_000],
    ['1GiB', 2 ** 30],
    ['1b', 1],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'k', '-1', '1e3', '0', '0.3', '1.0001KiB', '1TB', '1 000', '99999999999999999999', 'NaN'])(
    '%j is not a size',
    (text) => {
      expect(() => parseSize(text)).toThrow(InvalidArgumentError);
    },
  );

  test('a count takes the same units, but no bytes', () => {
    expect(parseCount('64k')).toBe(64_000);
    expect(parseCount('1Mi')).toBe(2 ** 20);
    expect(() => parseCount('1MiB')).toThrow('This counts records, not bytes: leave out the B.');
  });

  test('a duration has a unit, except 0', () => {
    expect(['250ms', '1.5s', '2m', '0', '0ms'].map(parseDuration)).toEqual([250, 1500, 120_000, 0, 0]);
    for (const text of ['', '-1', '1h', 's', '0.5ms', '1M', '1e3ms', 'Infinity'])
      expect(() => parseDuration(text), text).toThrow(InvalidArgumentError);
  });

  test('a duration without a unit is refused, with what could be meant', () => {
    expect(() => parseDuration('10')).toThrow('It has no unit. Write 10ms, 10s or 10m (minutes).');
    expect(() => parseDuration('0.5')).toThrow('It has no unit. Write 0.5ms, 0.5s or 0.5m (minutes).');
  });

  test('CPU lists keep their order and name no CPU twice', () => {
    expect(parseCpuList('3,0-1')).toEqual([3, 0, 1]);
    expect(() => parseCpuList('0-2,1')).toThrow('It names a CPU twice.');
    for (const text of ['', 'a', '2-1', '0,', '-1', '70000'])
      expect(() => parseCpuList(text)).toThrow(InvalidArgumentError);
    expect(rangesOf([0, 1, 2, 5, 7, 8])).toBe('0-2,5,7-8');
  });

  test('are said in 1024s for memory and in thousands for data', () => {
    expect([0, 1023, 65_536, 1_572_864, 4_386_816, 2 ** 40].map(sizeWords)).toEqual([
      '0 B',
      '1023 B',
      '64 KiB',
      '1.50 MiB',
      '4.18 MiB',
      '1 TiB',
    ]);
    expect([0, 999, 1000, 15_900, 104_900_000, 999_999_999, 1.05e9].map(dataWords)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '15.9 kB',
      '105 MB',
      '1.00 GB',
      '1.05 GB',
    ]);
  });
});

describe('text for terminals', () => {
  test('control characters and overrides of direction are shown, not obeyed', () => {
    expect(harmless('a\u001b[31mb\r\tc\u202ed')).toBe('a\\u001b[31mb\\u000d c\\u202ed');
  });

  test('colours take no cells, East Asian characters and emoji two, combining marks none', () => {
    expect(['abc', '\u001b[1mabc\u001b[22m', '日本', '📱', 'e\u0301'].map(textWidth)).toEqual([3, 3, 4, 2, 1]);
  });

  test('columns line up, whatever stands in them', () => {
    expect(
      table(
        [
          ['日本', '1'],
          ['a', '100'],
        ],
        [1],
      ),
    ).toEqual(['日本    1', 'a     100']);
  });

  test('lines are folded between words', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable x', 4)).toEqual(['unbreakable', 'x']);
  });
});

describe('diagnostics', () => {
  const print = (source: string, line: number, column: number) =>
    diagnosticsText(
      [{ code: 'X', severity: 'error', path: '/a', file: 'p', line, column, message: 'Wrong.' }],
      new Map([['p', Buffer.from(source)]]),
      { colors: plain, columns: undefined },
    ).split('\n');

  test('the caret stands under its column, also behind wide characters and tabs', () => {
    expect(print('日本: x', 1, 5)).toEqual(['p:1:5 error X Wrong.', '   1 │ 日本: x', '     │       ^', '1 error']);
    expect(print('\ta: x', 1, 5)[2]).toBe('     │     ^');
  });

  test('a long line is cut around its column', () => {
    const [, line = '', caret = ''] = print(`${'a'.repeat(5000)}!${'b'.repeat(5000)}`, 1, 5001);
    expect(line.length).toBeLessThan(120);
    expect(line[caret.indexOf('^')]).toBe('!');
  });

  test('a place without a line is its pointer, and no excerpt', () => {
    const text = diagnosticsText(
      [
        {
          code: 'X',
          severity: 'warning',
          path: '/a',
          message: 'Odd.',
          related: [{ path: '/b', message: 'Here too.' }],
        },
      ],
      new Map(),
      { colors: plain, columns: undefined },
    );
    expect(text).toBe('plan /a warning X Odd.\n   see       /b Here too.\n1 warning');
  });
});

describe('progress', () => {
  test('of a file has a share, a rate and a rest', () => {
    const line = progressLine({ bytes: 420e6, records: 4_200_000, input_bytes: 1e9 }, 1);
    expect(line).toBe(' 42 %  ▇▇▇▇▇▇▇▇············  4,200,000 records  420 MB of 1.00 GB  420 MB/s  2 s left');
  });

  test('of a stream has none of them that nobody knows', () => {
    expect(progressLine({ bytes: 5e6, records: 7, input_bytes: null }, 2)).toBe('7 records  5.00 MB  2.50 MB/s');
  });

  test('of a file that grows never passes 100 %', () => {
    expect(progressLine({ bytes: 20, records: 1, input_bytes: 10 }, 1)).toMatch(/^100 % /);
  });
});

describe('reports of ops', () => {
  test('a keyed count shows its largest keys and what is left of the rest', () => {
    const keys = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`k${at}`, 100 - at]));
    const lines = reportLines(
      { quiet: null, by: { total: 1334, keys, other: 200, keyless: 0 } },
      [{ id: 'by', op: 'count' }],
      plain,
    );
    expect(lines[0]).toBe('  by  1,334 records');
    expect(lines[1]).toMatch(/^ {4}k0 +100 {2}▇+$/);
    expect(lines.at(-2)).toMatch(/^ {4}\(2 more keys\) +179 {2}▇+$/);
    expect(lines.at(-1)).toMatch(/^ {4}\(keys beyond the table\) +200 {2}▇{24}$/);
  });

  test('a key is any bytes, and is shown safely', () => {
    const [, line] = reportLines({ by: { total: 1, keys: { '\u001b[2J\n': 1 } } }, [{ id: 'by', op: 'count' }], plain);
    expect(line).toContain('\\u001b[2J\\n');
  });

  test('a checksum is shown, one for each shard', () => {
    const report = { crc32c: ['00c0ffee', '00000001'], bytes: 5, records: 2 };
    expect(reportLines({ sum: report }, [{ id: 'sum', op: 'checksum' }], plain)).toEqual([
      '  sum  CRC32C 00c0ffee 00000001',
    ]);
  });

  test("what a plan's own stage reports is shown as it is, whatever its members are called", () => {
    const reports = { own: { total: 7, crc32c: ['x'] }, lib: { total: 'many\u001b' }, text: 'done', count: [null, 1] };
    const stages = [
      { id: 'own', op: 'js:own' },
      { id: 'lib', op: 'native:lib' },
      { id: 'text', op: 'js:own' },
      { id: 'count', op: 'js:count' },
    ];
    expect(reportLines(reports, stages, plain)).toEqual([
      '  own  {"total":7,"crc32c":["x"]}',
      '  lib  {"total":"many\\u001b"}',
      '  text  "done"',
      '  count  [null,1]',
    ]);
  });
});

describe('what nobody expected', () => {
  /** A terminal that only remembers. */
  function memory(): { terminal: Terminal; lines: string[] } {
    const lines: string[] = [];
    const channel = { colors: plain, isTty: false, columns: 80, line: (text: string) => lines.push(text) };
    return { terminal: { out: channel, err: channel } as unknown as Terminal, lines };
  }

  test('is one line without a stack, and exit code 3', () => {
    const { terminal, lines } = memory();
    expect(printProblem(new TypeError('x is not a function'), 'byteor run', terminal)).toBe(ExitCode.RunFailed);
    expect(lines).toEqual([
      'byteor run: x is not a function',
      'This is a bug in byteor. BYTEOR_DEBUG=1 prints where it happened.',
    ]);
  });

  test('shows its stack when BYTEOR_DEBUG asks for it', () => {
    const { terminal, lines } = memory();
    process.env.BYTEOR_DEBUG = '1';
    try {
      printProblem(new TypeError('x is not a function'), 'byteor run', terminal);
    } finally {
      delete process.env.BYTEOR_DEBUG;
    }
    expect(lines[1]).toMatch(/^TypeError: x is not a function\n {4}at /);
  });
});
