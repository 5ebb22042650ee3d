import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './fences.js';

/** Where the programs of the pages are run. */

/** A folder as it is after `npm install byteor`. */
export function installedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-page-'));
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules', 'byteor'), 'dir');
  const command = join(folder, 'node_modules', '.bin', 'byteor');
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'dist/bin/byteor.js')}" "$@"\n`);
  chmodSync(command, 0o755);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  return folder;
}

/** Below the range from which systems take ports of outgoing connections, of which the pages make many. */
const PORTS = { from: 12_001, count: 19_997 };

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });

export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) return port;
  }
}
