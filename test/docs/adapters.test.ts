import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { keysAt, type Side } from '../../lib/adapter/adapter.js';
import { ADAPTERS } from '../../lib/adapter/registry.js';

/** docs/adapters.md has a row for every key of every adapter, with the sides that have it. */

const page = readFileSync(fileURLToPath(new URL('../../docs/adapters.md', import.meta.url)), 'utf8');
const SIDES: readonly Side[] = ['ingress', 'egress'];

test.each(ADAPTERS.map((adapter) => [adapter.name, adapter] as const))(
  'docs/adapters.md has the keys of %s',
  (name, adapter) => {
    for (const key of Object.keys(adapter.keys)) {
      const sides = SIDES.filter(
        (side) => adapter.sides[side] !== undefined && keysAt(adapter, side).some(([own]) => own === key),
      );
      expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\| \`${key}\` \\| ${sides.join(', ')} \\| .`, 'm'));
    }
  },
);
