/**
 * Pipelines of this user that can be looked at from outside: the files of their regions, `pipeline-PID-NUMBER.region` in
 * the runtime folder (native/run/pipeline.cpp). A process that was killed leaves its file behind, and with it the state
 * in which it ended. Main thread.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { RegionHeader } from '../abi/definition.js';
import { RegionError } from '../runtime/region.js';
import { readSnapshot, type Snapshot } from '../runtime/snapshot.js';
import { folderCandidates } from './machine.js';

export interface Observed {
  readonly path: string;
  readonly pid: number;
  /** Number of the pipeline in its process. */
  readonly pipeline: number;
  /** The process is there. */
  readonly alive: boolean;
}

const NAME = /^pipeline-([0-9]+)-([0-9]+)\.region$/;

/** All of them, by process and number. */
export function observedPipelines(): Observed[] {
  const found = folderCandidates().flatMap((folder) =>
    namesIn(folder).flatMap((name): Observed[] => {
      const match = NAME.exec(name);
      if (match === null) return [];
      const pid = Number(match[1]);
      return [{ path: join(folder, name), pid, pipeline: Number(match[2]), alive: isAlive(pid) }];
    }),
  );
  return found.sort((a, b) => a.pid - b.pid || a.pipeline - b.pipeline);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The state of a region file at this moment: its observable part only, whatever else the file holds.
 * @throws RegionError when it is not a region, or an error of the operating system when it cannot be read
 */
export function snapshotOf(path: string): Snapshot {
  const file = openSync(path, 'r');
  try {
    const head = readAt(file, RegionHeader.size);
    const bytes = Number(new DataView(head).getBigUint64(RegionHeader.offset.observable_bytes, true));
    if (head.byteLength < RegionHeader.size || bytes > OBSERVABLE_BYTES_MAX) return readSnapshot(head);
    return readSnapshot(readAt(file, Math.max(bytes, RegionHeader.size)));
  } finally {
    closeSync(file);
  }
}

/** Far above what 64 shards of 64 stages need; a file that claims more is no region. */
const OBSERVABLE_BYTES_MAX = 2 ** 30;

/** The first bytes of a file, fewer where it has fewer. */
function readAt(file: number, bytes: number): ArrayBuffer {
  const buffer = new Uint8Array(bytes);
  let at = 0;
  while (at < bytes) {
    const read = readSync(file, buffer, at, bytes - at, at);
    if (read === 0) break;
    at += read;
  }
  return buffer.buffer.slice(0, Math.max(at, RegionHeader.offset.observable_bytes + 8));
}

export { RegionError };
