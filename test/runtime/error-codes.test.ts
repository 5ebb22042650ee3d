import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ERROR_CODE_GROUPS, ERROR_CODES } from '../../lib/error/error-codes.js';

/** The table of run-time codes has what the sources throw, and the pages what the table has. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const folders = [
  'native/run',
  'native/addon',
  'native/adapter',
  'native/journal',
  'lib/runtime',
  'lib/handle',
  'lib/error',
];
const sources = folders.flatMap((folder) =>
  (readdirSync(join(root, folder), { recursive: true }) as string[])
    .filter((name) => /\.(cpp|hpp|ts)$/.test(name) && name !== 'error-codes.ts')
    .map((name) => read(join(folder, name))),
);

describe('the codes of run-time errors', () => {
  test('include all that the core and the runtime throw', () => {
    const thrown = sources.flatMap((text) => [
      ...[...text.matchAll(/\b(?:Open|Adapter)Error\(\s*["']([A-Z_]+)["']/g)].map((match) => match[1] as string),
      ...[...text.matchAll(/["'](JOURNAL_[A-Z]+|NO_SUCH_[A-Z]+|NOT_A_JS_PORT|PORT_TAKEN)["']/g)].map(
        (match) => match[1] as string,
      ),
    ]);
    const constructed = [...read('lib/error/errors.ts').matchAll(/super\('([A-Z_]+)'/g)].map(
      (match) => match[1] as string,
    );
    expect(thrown.length).toBeGreaterThan(20);
    expect(constructed.length).toBeGreaterThan(5);
    expect([...thrown, ...constructed].filter((code) => !Object.hasOwn(ERROR_CODES, code))).toEqual([]);
  });

  test('are thrown somewhere: none is only in the table', () => {
    const all = sources.join('\n');
    expect(Object.keys(ERROR_CODES).filter((code) => !new RegExp(`["']${code}["']`).test(all))).toEqual([]);
  });

  test('of open stand in runtime.md with the same words', () => {
    const rows = Object.entries(ERROR_CODE_GROUPS['Errors of open'] ?? {}).map(
      ([code, { title, remedy }]) => `| \`${code}\` | ${title} | ${remedy} |`,
    );
    expect(read('docs/runtime.md').split('### Codes of an OpenError')[1]?.trim().split('\n').slice(2)).toEqual(rows);
  });

  test('of journals and handles stand in the tables of their pages', () => {
    const [journals, runtime] = [read('docs/journal.md'), read('docs/runtime.md')];
    for (const code of Object.keys(ERROR_CODE_GROUPS['Errors of a journal'] ?? {}))
      expect(journals).toContain(`| \`${code}\` |`);
    for (const code of Object.keys(ERROR_CODE_GROUPS['Errors of handles and waits'] ?? {}))
      expect(runtime.split('## Errors')[1]).toContain(`\`${code}\``);
  });
});
