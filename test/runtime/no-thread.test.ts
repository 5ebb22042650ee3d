import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const CHILD = fileURLToPath(new URL('no-thread-child.mjs', import.meta.url));

interface Told {
  readonly refusal: { readonly name: string; readonly code: string; readonly message: string } | null;
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

test('when the system gives only some of the threads, those are joined at once and nothing is kept', () => {
  const told = JSON.parse(execFileSync(process.execPath, [CHILD], { encoding: 'utf8', timeout: 60_000 })) as Told;
  expect(told.refusal).toMatchObject({ name: 'OpenError', code: 'NO_THREAD' });
  const [, at] = /^thread (\d+) of 60 cannot be started/.exec(told.refusal?.message ?? '') ?? [];
  // Some have started before.
  expect(Number(at)).toBeGreaterThan(1);
  expect(told.refusal?.message).toContain('ask for fewer threads');
  expect(told.after).toEqual(told.before);
});
