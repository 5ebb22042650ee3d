/**
 * The runtimes, package managers, compilers and bundlers of test/package/tools: a package of its own with its own lock, because
 * they are large and nothing but these tests wants them. Installed on first use, without running any script.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './checkout.js';
import { once } from './once.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = join(here, 'tools');

/** Installs the tools where that has not been done since the lock changed. */
export const installTools = (): Promise<void> =>
  once('package-tools', async () => {
    await command('node', ['install-tools.mjs'], { cwd: here });
  });

/** A file of a tool; undefined where it could not be installed (binaries of another CPU). */
export function toolPath(...parts: string[]): string | undefined {
  const path = join(folder, 'node_modules', ...parts);
  return existsSync(path) ? path : undefined;
}

/** A file of a tool that every machine has. */
export function needTool(...parts: string[]): string {
  const path = toolPath(...parts);
  if (path === undefined) throw new Error(`test/package/tools has no ${parts.join('/')}; remove its node_modules.`);
  return path;
}
