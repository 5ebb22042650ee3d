import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** The words beside the code must not lead a reader to something that is not there. Links: test/docs/links.test.ts. */

const root = fileURLToPath(new URL('../..', import.meta.url));

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

const documents = ['README.md', 'CHANGELOG.md', ...markdownBelow('docs')];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe.each(documents)('%s', (path) => {
  test('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(path).matchAll(/\bnpm run (?:-s )?([a-z][a-z0-9:-]*)/g)].map((match) => match[1] as string);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});
