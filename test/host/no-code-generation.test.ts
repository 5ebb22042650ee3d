import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each([
  [[], true],
  [['--disallow-code-generation-from-strings'], false],
] as const)(
  "codecs and views of records do the same under %j, on the opener's thread and in a worker",
  (flags, generates) => {
    const program = fileURLToPath(new URL('./no-code-generation.mjs', import.meta.url));
    const printed = execFileSync(process.execPath, [...flags, program], { encoding: 'utf8' });
    const out = [
      [2, '50', 'A', true],
      [3, '-50', 'B', false],
    ];
    expect(JSON.parse(printed)).toEqual({ generates, out, late: 'WRONG_USE' });
  },
);
