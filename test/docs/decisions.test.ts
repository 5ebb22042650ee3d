import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, readRepository } from './fences.js';

/** The index of the decisions, and who cites them. */

const files = readdirSync(join(ROOT, 'docs/decisions')).filter((name) => /^\d{3}-/.test(name));
/** `107 Pages are followed`; a colon behind the number is written by some. */
const titleOf = (text: string): string =>
  text
    .split('\n', 1)[0]
    ?.slice(2)
    .replace(/^(\d{3}):/, '$1') ?? '';
const titles = files.map((name) => titleOf(readRepository(`docs/decisions/${name}`)));

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|mjs|cjs|cpp|hpp|md)$/.test(path) && !/(^|\/)(build|node_modules|CMakeFiles)/.test(path))
    .map((path) => join(folder, path));
}

describe('docs/decisions', () => {
  test('every decision has a number of its own, which its title begins with', () => {
    const numbers = files.map((name) => name.slice(0, 3));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(titles.map((title) => title.slice(0, 3))).toEqual(numbers);
  });

  test('the index has every decision with its title, and no other', () => {
    const listed = [...readRepository('docs/decisions/README.md').matchAll(/^- \[(.+)\]\((.+)\)$/gm)].map((row) => [
      row[2],
      row[1],
    ]);
    expect(listed.sort()).toEqual(files.map((name, index) => [name, titles[index]]).sort());
  });

  test('code and documents cite only decisions that are there', () => {
    const numbers = new Set(files.map((name) => name.slice(0, 3)));
    const cited = ['lib', 'native', 'test', 'bench', 'docs', '.ci']
      .flatMap(sourcesBelow)
      .filter((path) => !path.startsWith('docs/lab'))
      .flatMap((path) => {
        const text = readFileSync(join(ROOT, path), 'utf8');
        return [...text.matchAll(/\bdecisions?[ /](\d{3})\b/g)].map((match) => [path, match[1] as string] as const);
      });
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter(([, number]) => !numbers.has(number))).toEqual([]);
  });
});
