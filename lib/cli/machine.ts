/**
 * What the machine grants this process, read without the addon: limits of the kernel, the C library, the folder in which
 * processes of one user meet. Where a system has no such thing, the answer is undefined. Main thread; nothing throws.
 */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A soft limit of the process: a number, or Infinity. */
export type Limit = number | undefined;

const LIMITS = '/proc/self/limits';

/** A row of /proc/self/limits: `Max locked memory         8388608              8388608              bytes`. */
function softLimit(name: string): Limit {
  let text: string;
  try {
    text = readFileSync(LIMITS, 'utf8');
  } catch {
    return undefined;
  }
  const row = text.split('\n').find((line) => line.startsWith(name));
  const value = row?.slice(name.length).trim().split(/\s+/)[0];
  if (value === undefined) return undefined;
  return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
}

/** Bytes that this process may lock in memory. */
export const lockedMemoryLimit = (): Limit => softLimit('Max locked memory');
/** Highest real-time priority that this process may ask for; 0: none. */
export const realTimeLimit = (): Limit => softLimit('Max realtime priority');

/** Bits of a Linux process's effective capabilities (capabilities(7)). */
export const Privilege = { LockMemory: 14, RealTime: 23 } as const;

/** Limits do not bind who has the privilege. In a container root may lack it. Off Linux, root has all. */
export function isPrivileged(bit: number): boolean {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return effective !== undefined && (BigInt(`0x${effective}`) & (1n << BigInt(bit))) !== 0n;
  } catch {
    return process.geteuid?.() === 0;
  }
}

/** `glibc 2.36`, `musl`, or undefined off Linux. */
export function libc(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // Without this the report asks name servers about open sockets. Node's types do not know it yet.
  const report = Object.assign(process.report, { excludeNetwork: true });
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}

export interface FolderState {
  readonly path: string;
  readonly state: 'own' | 'missing' | 'foreign' | 'unusable';
  /** Bytes that could still be written there; undefined where that cannot be told. */
  readonly freeBytes: number | undefined;
}

/** What one candidate is: the user's own folder, one that could be made, or one that must not be used. */
export function folderState(path: string): FolderState {
  const freeBytes = freeBytesAt(path) ?? freeBytesAt(dirname(path));
  try {
    const found = statSync(path);
    const own = found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
    return { path, state: own ? 'own' : 'foreign', freeBytes };
  } catch {
    return { path, state: canHold(dirname(path)) ? 'missing' : 'unusable', freeBytes };
  }
}

/** Bytes that a file takes where it lies, which for a region are mostly memory; 0 when it is gone. */
export function bytesTaken(path: string): number {
  try {
    return statSync(path).blocks * STAT_BLOCK_BYTES;
  } catch {
    return 0;
  }
}

/** The unit of `blocks`, whatever the blocks of the file system (stat(2)). */
const STAT_BLOCK_BYTES = 512;

function canHold(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

function freeBytesAt(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
