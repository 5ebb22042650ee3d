import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { structs, words } from '../../lib/abi/definition.js';
import { HEADERS } from '../../lib/abi/generate.js';
import { callerOps, ops } from '../../lib/abi/ops.js';
import { CACHE_BLOCK } from '../../lib/abi/struct.js';

describe('the generated C++ headers', () => {
  it.each([...HEADERS])('%s agrees with the definition', (path, render) => {
    const header = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    expect(header, 'run `npm run abi`').toBe(render());
  });
});

describe('the op table', () => {
  const rows = [...Object.values(ops), ...Object.values(callerOps)];

  it('gives every op a code and a name of its own', () => {
    expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it('keeps the codes that lowered plans have been written with', () => {
    expect(Object.fromEntries(rows.map(({ name, code }) => [name, code]))).toMatchObject({
      ...{ identity: 1, filter: 2, prepend: 3, append: 4, count: 5, checksum: 6, reject: 7, set_field: 8 },
      ...{ js: 100, native: 101 },
    });
  });

  it('calls the row of an op as its class is called: its key in plans, without the underscores', () => {
    for (const [row, { name }] of Object.entries(ops)) expect(row.toLowerCase()).toBe(name.replaceAll('_', ''));
  });

  it('lets no op that only reads lose the layout of a struct', () => {
    for (const { name, access, keepsLayout, emits } of Object.values(ops))
      expect(access === 'write' || emits || keepsLayout, name).toBe(true);
  });
});

describe('the definition', () => {
  it.each(Object.entries(words))('has another word for each value of %s', (_, texts) => {
    expect(new Set(Object.values(texts)).size).toBe(Object.keys(texts).length);
  });

  it.each(structs.map((layout) => [layout.name, layout] as const))('lays %s out without overlap', (_, layout) => {
    let end = 0;
    for (const field of layout.fields) {
      expect(field.offset).toBeGreaterThanOrEqual(end);
      end = field.offset + field.bytes;
    }
    expect(layout.size).toBeGreaterThanOrEqual(end);
    expect(layout.size % layout.align).toBe(0);
    expect(layout.align).toBeLessThanOrEqual(CACHE_BLOCK);
  });
});
