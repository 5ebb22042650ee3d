/** In a file, and so in a process, of its own: what other tests have opened is unmapped whenever the collector comes by. */

import { expect, test } from 'vitest';
import { attach } from '../../lib/runtime/attach.js';
import { nativeAddon } from '../../lib/runtime/native.js';
import { ringVersion } from './rings.js';
import { next, start } from './worker-threads.js';

test('a worker that is terminated takes its pipeline with it, and leaves no memory mapped', async () => {
  expect(nativeAddon().liveRegions()).toBe(0);
  const worker = start('openAndStay', { plan: ringVersion({ codec: 'utf8' }).plan });
  const { number } = await next<{ number: number }>(worker);
  expect(nativeAddon().liveRegions()).toBe(1);
  await worker.terminate();
  expect(() => attach(number)).toThrow(`there is no pipeline ${number} in this process`);
  expect(nativeAddon().liveRegions()).toBe(0);
});
