import { expect, test } from 'vitest';
import { openRing } from './rings.js';

interface Thread {
  readonly name: string;
  readonly cpu_seconds: number | null;
  readonly waited_seconds: number | null;
}

const threadsOf = (pipeline: { status(): unknown }): readonly Thread[] =>
  (pipeline.status() as { readonly threads: readonly Thread[] }).threads;

test('what a thread was given is known when it has ended, and not before', async () => {
  const pipeline = openRing({ codec: 'utf8' });
  const running = threadsOf(pipeline);
  expect(running.map(({ cpu_seconds, waited_seconds }) => [cpu_seconds, waited_seconds])).toEqual(
    running.map(() => [null, null]),
  );
  await pipeline.stop();
  for (const { cpu_seconds, waited_seconds } of threadsOf(pipeline)) {
    expect(cpu_seconds).toBeGreaterThan(0);
    expect(waited_seconds).toBeGreaterThanOrEqual(0);
  }
});
