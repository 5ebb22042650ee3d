/**
 * The declarations that ship: those of dist/modules that an entry point reaches, without what is marked internal. They stand as
 * CommonJS, like the files they speak of; for `import` there is one file for each entry point that passes them on.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const SPECIFIER = /(?:from\s+|import\s*\(\s*|import\s+)['"](\.[^'"]+)\.js['"]/g;

function copyReachable(from, to, entries) {
  const seen = new Set();
  const waiting = entries.map((name) => `${name}.d.ts`);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = readFileSync(join(from, path), 'utf8');
    for (const [, target] of text.matchAll(SPECIFIER)) waiting.push(`${normalize(join(dirname(path), target))}.d.ts`);
    mkdirSync(dirname(join(to, path)), { recursive: true });
    writeFileSync(join(to, path), text);
  }
}

export function writeDeclarations(dist, entries) {
  const types = join(dist, 'types');
  copyReachable(join(dist, 'modules'), types, entries);
  writeFileSync(join(types, 'package.json'), '{ "type": "commonjs" }\n');
  for (const name of entries) writeFileSync(join(dist, `${name}.d.ts`), `export * from './types/${name}.js';\n`);
}
