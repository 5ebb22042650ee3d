/**
 * Whether a standard stream was closed before this process started (`<&-`, `>&-`). Node opens /dev/null for reading and
 * writing in the place of such a stream, so that no other file gets its number; from then on reads find nothing, writes
 * succeed, and records would vanish without a word. Shells open /dev/null for one direction only, which is how a stream
 * that was sent there on purpose is told apart. Some parents open it for both (`stdio: 'ignore'` of Node for what a child
 * writes, `DEVNULL` of Python): no system call tells those from a closed stream. Linux; elsewhere the answer is false.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import type { NativePort } from '../abi/addon.js';
import { fileTarget, STANDARD_STREAM } from '../adapter/port.js';
import { OpenError } from '../error/errors.js';

export const StandardStream = { Input: 0, Output: 1, Error: 2 } as const;
export type StandardStream = (typeof StandardStream)[keyof typeof StandardStream];

const ACCESS_MODE = 0o3;
const READ_AND_WRITE = 0o2;

export function wasClosedAtStart(stream: StandardStream): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${stream}`) !== '/dev/null') return false;
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${stream}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === READ_AND_WRITE;
  } catch {
    return false;
  }
}

/** What to do about it, after "standard input is closed" or "standard output is closed". */
export const CLOSED_REMEDY: Readonly<Record<0 | 1, string>> = {
  0: 'Redirect it: `< FILE`, or `< /dev/null` for nothing.',
  1: 'Redirect it: `> FILE`, or `> /dev/null` to throw it away.',
};

/** @throws OpenError when a native port is a standard stream that was closed before the start */
export function refuseClosedStreams(ports: readonly NativePort[], isIngress: (at: number) => boolean): void {
  for (const [at, port] of ports.entries()) {
    const ingress = isIngress(at);
    const target = port.port === 'native' ? fileTarget({ adapter: port.adapter, ...port.config }) : undefined;
    if (target !== STANDARD_STREAM || !wasClosedAtStart(ingress ? StandardStream.Input : StandardStream.Output))
      continue;
    const words = ingress ? 'read standard input' : 'write standard output';
    throw new OpenError(
      ingress ? 'INPUT_OPEN' : 'OUTPUT_OPEN',
      `cannot ${words}: it was closed before this process started; redirect it or name a file`,
    );
  }
}
