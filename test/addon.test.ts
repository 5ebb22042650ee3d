import { expect, test } from 'vitest';
import { constants } from '../lib/abi/definition.js';
import { nativeAddon } from '../lib/runtime/native.js';

test('the addon that was built speaks the layout version that the encoder writes', () => {
  expect(nativeAddon().abiVersion).toBe(constants.SPEC_LAYOUT_VERSION);
});
