import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { constants } from '../lib/abi/definition.js';

test('the addon that was built speaks the layout version that the encoder writes', () => {
  const load = createRequire(import.meta.url)('node-gyp-build') as (folder: string) => { abiVersion(): number };
  expect(load(fileURLToPath(new URL('..', import.meta.url))).abiVersion()).toBe(constants.SPEC_LAYOUT_VERSION);
});
