import { expect, test } from 'vitest';
import { openRing } from './rings.js';

test('what a thread was given is known when it has ended, and not before', async () => {
  const pipeline = openRing({ codec: 'utf8' });
  const running = pipeline.status().threads;
  expect(running.map(({ cpu_seconds, waited_seconds }) => [cpu_seconds, waited_seconds])).toEqual(
    running.map(() => [null, null]),
  );
  await pipeline.stop();
  for (const { cpu_seconds, waited_seconds } of pipeline.status().threads) {
    expect(cpu_seconds).toBeGreaterThan(0);
    expect(waited_seconds).toBeGreaterThanOrEqual(0);
  }
});
