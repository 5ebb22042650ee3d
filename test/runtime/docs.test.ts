import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

/** The samples in the pages are run as they stand; only the package's name becomes the path of what was built. */

const built = new URL('../../dist/index.js', import.meta.url).href;
const run = promisify(execFile);

function samplesOf(page: string): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1] as string);
}

describe.each(['handles.md', 'runtime.md'])('%s', (page) => {
  test.each(samplesOf(page).map((sample, index) => [index + 1, sample] as const))(
    'sample %i runs without an error',
    async (_, sample) => {
      const folder = mkdtempSync(join(tmpdir(), 'byteor-sample-'));
      try {
        const file = join(folder, 'sample.mjs');
        writeFileSync(file, sample.replaceAll("'byteor'", `'${built}'`));
        const { stderr } = await run(process.execPath, [file], { timeout: 60_000 });
        expect(stderr).toBe('');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
