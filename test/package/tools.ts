/**
 * The runtimes, package managers, compilers and bundlers of test/package/tools: a package of its own with its own lock, because
 * they are large and nothing but these tests wants them. Installed on first use, without running any script.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './checkout.js';
import { once } from './once.js';

const folder = fileURLToPath(new URL('tools', import.meta.url));
const lock = join(folder, 'package-lock.json');
/** Says which lock node_modules was installed from. */
const mark = join(folder, 'node_modules', '.byteor-lock');

/** Installs the tools where that has not been done since the lock changed. */
export const installTools = (): Promise<void> =>
  once('package-tools', async () => {
    const wanted = readFileSync(lock, 'utf8');
    if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
    await command('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
    writeFileSync(mark, wanted);
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
