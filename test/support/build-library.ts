import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Compiles lib/ into dist/ once, and bundles the command line, before any test: child processes run what ships. The
 * compiler of the checkout is named by its path, because `npx vitest` alone has no npm script's PATH.
 */
export default function buildLibrary(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  for (const step of [[join(typescript, 'bin', 'tsc'), '-p', 'tsconfig.build.json'], ['.ci/bundle.mjs']])
    execFileSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
}
