/** Test files run in processes of their own, two at a time, and share what is costly: one makes it while the others wait. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../.cache/', import.meta.url));
const LOOK_MS = 200;

function isAlive(owner: string): boolean {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0);
    return true;
  } catch (error) {
    // A lock whose owner has not yet written its id is new.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Runs `make` while no other process runs one of that name. A lock whose owner is gone is taken over. */
export async function once<T>(name: string, make: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, `${name}.lock`);
  const owner = join(lock, 'owner');
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (!isAlive(owner)) rmSync(lock, { recursive: true, force: true });
      else await sleep(LOOK_MS);
    }
  }
  writeFileSync(owner, String(process.pid));
  try {
    return await make();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
