import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ERROR_CODE_GROUPS, ERROR_CODES, type ErrorCode, type ErrorCodeEntry } from '../../lib/abi/error-codes.js';
import { anchorsOf } from '../docs/anchors.js';

/**
 * The one table of codes has what the sources throw, and the pages what the table has. That nothing throws a code which is not in
 * the table, the compilers see to: a code is an enumerator in C++ and a type in TypeScript, where no text of a code stands.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** What of a folder is written by hand, without comments. */
function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(build|third-party|abi$)/.test(entry.name) ? [] : sourcesOf(path);
    return /\.(cpp|hpp|ts)$/.test(entry.name) ? [read(path).replaceAll(/^\s*(?:\/\/|\*).*$/gm, '')] : [];
  });
}

const ERRORS = ['error', 'runtime', 'handle', 'channel', 'region', 'observe', 'version', 'view', 'host'];
const core = sourcesOf('native').join('\n');
const library = ERRORS.flatMap((folder) => sourcesOf(`lib/${folder}`)).join('\n');

const codes = Object.keys(ERROR_CODES) as ErrorCode[];
const entries = Object.entries(ERROR_CODES) as [ErrorCode, ErrorCodeEntry][];

/** CPU_NOT_ALLOWED → CpuNotAllowed */
const enumerator = (code: ErrorCode): string =>
  code
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

const rowsOf = (group: keyof typeof ERROR_CODE_GROUPS): string[] =>
  Object.entries(ERROR_CODE_GROUPS[group]).map(
    ([code, { title, remedy }]: [string, ErrorCodeEntry]) => `| \`${code}\` | ${title} | ${remedy} |`,
  );
/** The rows of the table that begins behind `head`. */
const rowsBehind = (page: string, head: string): string[] =>
  page.split(head)[1]?.trim().split('\n\n')[0]?.split('\n').slice(1) ?? [];

describe('the codes of errors', () => {
  test('are thrown by those whose sources the table names, and by no others', () => {
    const thrownBy = (code: ErrorCode): string => {
      const byCore = new RegExp(`\\bErrorCode::k${enumerator(code)}\\b`).test(core);
      const byLibrary = library.includes(`'${code}'`);
      return byCore && byLibrary ? 'both' : byCore ? 'core' : byLibrary ? 'library' : 'nothing';
    };
    expect(codes.map((code) => [code, thrownBy(code)])).toEqual(
      entries.map(([code, { thrownBy }]) => [code, thrownBy]),
    );
  });

  test('stand in no source of the core as text', () => {
    expect(codes.filter((code) => core.includes(`"${code}"`))).toEqual([]);
  });

  test('lead to pages and headings that exist', () => {
    const broken = entries.filter(([, { page }]) => {
      const [path = '', heading] = page.split('#');
      return !existsSync(join(root, path)) || (heading !== undefined && !anchorsOf(path).has(heading));
    });
    expect(broken).toEqual([]);
  });

  test('of open stand in runtime.md with the same words', () => {
    const page = read('docs/runtime.md').split('### Codes of an OpenError')[1] ?? '';
    expect(rowsBehind(page, '| code | what is wrong | what to do |')).toEqual(rowsOf('Errors of open'));
  });

  test('of a journal stand in journal.md with the same words', () => {
    expect(rowsBehind(read('docs/journal.md'), '| code | what is wrong | what to do |')).toEqual(
      rowsOf('Errors of a journal'),
    );
  });

  test('stand in runtime.md beside the class that has them', () => {
    const rows = rowsBehind(read('docs/runtime.md'), '| class | code |');
    const said = rows.flatMap((row) => {
      const [, name = '', words = ''] = /^\| `(\w+)` \| (.*) \|$/.exec(row) ?? [];
      return [...words.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, code]) => `${name} ${code}`);
    });
    const own = entries.filter(([, { error }]) => error !== 'OpenError').map(([code, { error }]) => `${error} ${code}`);
    expect(said.sort()).toEqual(own.sort());
    expect(rows.filter((row) => row.startsWith('| `OpenError` |'))).toHaveLength(1);
  });
});
