/**
 * `node test/package/install-tools.mjs`: installs test/package/tools, without running any script, where that has not been done
 * since its lock changed. The tests do so on first use, one at a time (once.ts); .ci/run does it while other things are
 * installed, before any test runs: two at once would remove each other's files.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('tools', import.meta.url));
const wanted = readFileSync(join(folder, 'package-lock.json'), 'utf8');
/** Says which lock node_modules was installed from. */
const mark = join(folder, 'node_modules', '.byteor-lock');

if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
  // npm 12 does not run on Node 20, which npm says of each of its parts; the tests run it on another Node.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', ['ci', ...options], { cwd: folder, stdio: 'inherit' });
  if (error) process.stderr.write(`npm could not be started: ${error.message}\n`);
  if (status === 0) writeFileSync(mark, wanted);
  process.exitCode = status ?? 1;
}
