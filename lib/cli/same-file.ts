/** Keeps a verb from writing over what it reads. Main thread. */
import { type BigIntStats, statSync } from 'node:fs';

/** Do both paths lead to the same file? A path that leads nowhere is the same as none. */
export function isSameFile(a: string, b: string): boolean {
  const [left, right] = [a, b].map(fileAt);
  return left !== undefined && right !== undefined && left.dev === right.dev && left.ino === right.ino;
}

function fileAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
