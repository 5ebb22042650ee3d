/**
 * Pipelines of this user that can be looked at from outside: the files of their regions in the runtime folders. A
 * process that was killed leaves its file behind, and with it the state in which it ended: a black box, which nothing
 * takes away but `byteor snapshot --prune`.
 *
 *   pipeline-PID-NUMBER.START.NAMESPACE.BOOT.region   native/run/pipeline.cpp
 *   pipeline-PID-NUMBER.region                        of releases before 0.2
 *
 * Main thread.
 */
import { closeSync, openSync, readdirSync, readSync, statSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { RegionHeader } from '../abi/definition.js';
import type { Snapshot } from '../region/snapshot.js';
import { folderCandidates } from './folders.js';
import { type Life, lifeByAge, lifeOf } from './process-life.js';

/** A pipeline that was opened with `observe: true`, and the process that opened it. */
export interface ObservedPipeline {
  /** Of the file that holds its region. */
  readonly path: string;
  /** Id of the process that opened it. */
  readonly pid: number;
  /** Number of the pipeline in its process. */
  readonly pipeline: number;
  /** Of the process that made it. */
  readonly process: Life;
}

const NAME = /^pipeline-([0-9]+)-([0-9]+)(?:\.([0-9]+)\.([0-9]+)\.([0-9a-f]{32}))?\.region$/;

/** All of them: those that run first, then by process and number. */
export function observedPipelines(): ObservedPipeline[] {
  const found = [...new Set(folderCandidates())].flatMap((folder) =>
    namesIn(folder).flatMap((name) => observedAt(join(folder, name)) ?? []),
  );
  const order = ({ process }: ObservedPipeline): number => (process === 'gone' ? 1 : 0);
  return found.sort((a, b) => order(a) - order(b) || a.pid - b.pid || a.pipeline - b.pipeline);
}

/** Undefined when the path does not have the name of a region. */
export function observedAt(path: string): ObservedPipeline | undefined {
  const match = NAME.exec(basename(path));
  if (match === null) return undefined;
  const [, id, number, start, namespace, boot] = match;
  const pid = Number(id);
  const process =
    start === undefined || namespace === undefined || boot === undefined
      ? lifeByAge(pid, bornAt(path))
      : lifeOf({ pid, start, namespace, boot });
  return { path, pid, pipeline: Number(number), process };
}

/** When a file was made, ms; 0 where its file system does not know. */
function bornAt(path: string): number {
  try {
    return statSync(path).birthtimeMs;
  } catch {
    return 0;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Takes a region away whose process is gone. False when its process turns out to be there, or the file is gone already.
 * @throws an error of the operating system when it cannot be removed
 */
export function removeRegion({ path }: ObservedPipeline): boolean {
  if (observedAt(path)?.process !== 'gone') return false;
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Of the process that made a region: by the name of its file, or by its header where the file has been renamed. */
export const lifeOfRegion = (path: string, { pid }: Snapshot): Life =>
  observedAt(path)?.process ?? lifeByAge(pid, bornAt(path));

/**
 * The bytes of a region file at this moment, for `readSnapshot` and `readLedger`: its observable part only, whatever else
 * the file holds. Of a file that is no region, enough for those two to say so.
 * @throws an error of the operating system when it cannot be read
 */
export function readRegionFile(path: string): ArrayBuffer {
  const file = openSync(path, 'r');
  try {
    const head = readAt(file, RegionHeader.size);
    const bytes = Number(new DataView(head).getBigUint64(RegionHeader.offset.observable_bytes, true));
    if (head.byteLength < RegionHeader.size || bytes > OBSERVABLE_BYTES_MAX) return head;
    return readAt(file, Math.max(bytes, RegionHeader.size));
  } finally {
    closeSync(file);
  }
}

/** Far above what 64 shards of 64 stages need; a file that claims more is not a region. */
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
