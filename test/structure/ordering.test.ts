import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * An ordering argument that stands only in somebody's head is lost. Every SYNC POINT in the code is argued in ORDERING.md, every
 * one argued there is in the code, and no acquire, release or seq_cst stands in the core without an id nearby.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How far above an ordering its id may stand: a comment, and a statement that it covers. */
const LINES_NEARBY = 9;

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name.startsWith('build') ? [] : filesBelow(path, ending);
    return ending.test(entry.name) ? [path] : [];
  });
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const cpp = filesBelow('native', /\.(cpp|hpp)$/);
const typescript = ['lib/channel', 'lib/handle', 'lib/runtime'].flatMap((folder) => filesBelow(folder, /\.ts$/));
const text = read('native/core/ORDERING.md');

/** The ids of every "SYNC POINT S1", "SYNC POINT S1/S2" or "SYNC POINT S1, S2" in a text. */
function idsIn(source: string): string[] {
  const mentions = [...source.matchAll(/SYNC POINTs? ((?:[A-Z]\d+(?:\/|, | and )?)+)/g)];
  return mentions.flatMap((mention) => [...(mention[1] as string).matchAll(/[A-Z]\d+/g)].map((id) => id[0]));
}

const inText = [...text.matchAll(/^## ([A-Z]\d+): /gm)].map((heading) => heading[1] as string);

test('every SYNC POINT in the code is argued in ORDERING.md', () => {
  const unargued = [...cpp, ...typescript].flatMap((path) =>
    idsIn(read(path))
      .filter((id) => !inText.includes(id))
      .map((id) => `${path}: ${id}`),
  );
  expect(unargued).toEqual([]);
});

test('every SYNC POINT in ORDERING.md is in the code, and once in the text', () => {
  const inCode = new Set(cpp.flatMap((path) => idsIn(read(path))));
  expect(inText.filter((id) => !inCode.has(id))).toEqual([]);
  expect(inText).toEqual([...new Set(inText)]);
  expect(inText.length).toBeGreaterThanOrEqual(12);
});

test('every section names who, whose partner, and what breaks without it', () => {
  const sections = text.split(/^## /m).filter((section) => /^[A-Z]\d+: /.test(section));
  const flat = (section: string): string => section.replace(/\s+/g, ' ');
  const incomplete = sections.filter(
    (section) => !['*Who:*', '*Partner:*', '*Without it:*'].every((word) => flat(section).includes(word)),
  );
  expect(incomplete.map((section) => section.slice(0, 20))).toEqual([]);
});

test('no ordering stronger than relaxed stands without its SYNC POINT', () => {
  const bare = cpp.flatMap((path) => {
    const lines = read(path).split('\n');
    return lines.flatMap((line, index) => {
      if (!/memory_order_(acquire|release|acq_rel|seq_cst|consume)\b/.test(line)) return [];
      const nearby = lines.slice(Math.max(0, index - LINES_NEARBY), index + 1).join('\n');
      return idsIn(nearby).length > 0 ? [] : [`${path}:${index + 1}: ${line.trim()}`];
    });
  });
  expect(bare).toEqual([]);
});
