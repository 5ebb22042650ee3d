import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { structs, words } from '../../lib/abi/definition.js';
import { renderHeader } from '../../lib/abi/generate.js';
import { CACHE_BLOCK } from '../../lib/abi/struct.js';

describe('the generated C++ header', () => {
  it('agrees with the definition', () => {
    const header = readFileSync(new URL('../../native/abi/abi_generated.hpp', import.meta.url), 'utf8');
    expect(header, 'run `npm run abi`').toBe(renderHeader());
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
