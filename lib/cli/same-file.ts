/** Keeps a verb from writing over what it reads. Main thread. */
import { stat } from 'node:fs/promises';

/** Do both paths lead to the same file? A path that leads nowhere is the same as none. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  return left !== undefined && right !== undefined && left.dev === right.dev && left.ino === right.ino;
}
