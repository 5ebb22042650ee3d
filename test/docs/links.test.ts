import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, proseOf } from './anchors.js';
import { ROOT } from './fences.js';

/** Every relative link of the documents leads to a file, and to a heading of it; in the checkout and in the package. */

const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

interface Link {
  readonly shown: string;
  /** Path from the root of the repository. */
  readonly path: string;
  readonly anchor: string | undefined;
}

function linksOf(document: string): Link[] {
  const targets = [...proseOf(document).matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map((match) => match[1] as string);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((shown) => {
      const [path = '', anchor] = shown.split('#');
      return { shown, path: path === '' ? document : normalize(join(dirname(document), path)), anchor };
    });
}

const reaches = ({ path, anchor }: Link): boolean => {
  if (!existsSync(join(ROOT, path))) return false;
  if (anchor === undefined) return true;
  return statSync(join(ROOT, path)).isFile() && path.endsWith('.md') && anchorsOf(path).has(anchor);
};

const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: ROOT,
  encoding: 'utf8',
});
const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
const shipped = new Set(files.map(({ path }) => path));
/** A link to a folder is one where a file of it is there. */
const isShipped = (path: string): boolean =>
  shipped.has(path) || [...shipped].some((file) => file.startsWith(path.endsWith('/') ? path : `${path}/`));

describe.each(documents)('%s', (document) => {
  test('has only links that lead to a file and a heading', () => {
    const dead = linksOf(document).filter((link) => !reaches(link));
    expect(dead.map(({ shown }) => shown)).toEqual([]);
  });

  if (shipped.has(document))
    test('has no link to a file that the package does not hold', () => {
      const dead = linksOf(document).filter(({ path }) => !isShipped(path));
      expect(dead.map(({ shown }) => shown)).toEqual([]);
    });
});

describe('what a user reads first', () => {
  test.each(['README.md', 'CHANGELOG.md', 'docs/getting-started.md', 'examples/access.log'])(
    '%s is in the package',
    (path) => {
      expect(isShipped(path)).toBe(true);
    },
  );
});

describe('a link', () => {
  test('to a heading that is none is found', () => {
    expect(reaches({ shown: '', path: 'docs/faq.md', anchor: 'is-order-kept' })).toBe(true);
    expect(reaches({ shown: '', path: 'docs/faq.md', anchor: 'is-order-lost' })).toBe(false);
    expect(reaches({ shown: '', path: 'docs/none.md', anchor: undefined })).toBe(false);
  });
});
