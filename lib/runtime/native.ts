import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The only file that loads the addon. Its shape is native/addon/addon.cpp; nothing else knows it. */

/** Bits of the event mask that native threads send: see native/run/pipeline.hpp. */
export const NativeEvent = { Records: 1, Room: 2, Ended: 4 } as const;

export interface NativePort {
  readonly id: string;
  readonly port: 'js' | 'native' | 'discard';
  readonly path?: string;
  readonly append?: boolean;
}

/** Options as the addon takes them: every field set, sizes in bytes or records, 0 for "default". */
export interface NativeOpenOptions {
  readonly capacity: number;
  readonly recordMax: number;
  readonly arenaBytes: number;
  readonly batchRecords: number;
  readonly threads: number;
  readonly cpus: readonly number[];
  readonly pin: boolean;
  readonly observe: boolean;
  readonly profile: 'default' | 'low-latency' | 'isolated-core';
  readonly wait: 'profile' | 'adaptive' | 'spin' | 'yield' | 'park';
  /** Low and high 32 bits: where all sequences begin (tests). */
  readonly firstSequence: readonly [number, number];
  readonly versionId: string;
  readonly ports: readonly NativePort[];
}

/** One environment's hold on a running pipeline. */
export interface NativePipeline {
  readonly number: number;
  /** The region, in place; do not transfer it, and never post it to a worker (it would be copied). */
  readonly region: ArrayBuffer;
  takePort(id: string): boolean;
  giveBackPort(id: string): void;
  wake(thread: number): void;
  closeIngress(): void;
  threadsEnded(): boolean;
  halt(): void;
  /** `scratch` is where routed records stand; remembered natively, so that `route` needs only a length. */
  setScratch(scratch: Uint8Array): void;
  route(length: number): number;
  opReports(): string;
  status(): string;
  /** Keeps (or no longer keeps) the event loop alive while a promise is pending. */
  ref(): void;
  unref(): void;
  /** Gives the hold back: no more events. Does not halt. */
  detach(): void;
}

export interface NativeAddon {
  readonly abiVersion: number;
  open(spec: Uint8Array, options: NativeOpenOptions, onEvent: (events: number) => void): NativePipeline;
  attach(number: number, onEvent: (events: number) => void): NativePipeline | null;
  haltAll(): void;
  /** JSON: what this machine and build can do (CPUs, quota, memory limit, features). */
  capabilities(): string;
  /** Pipelines of this process whose region is still mapped (leak tests). */
  liveRegions(): number;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

let loaded: NativeAddon | undefined;

/** Loads the addon on first use. Throws an Error that names the platform when there is no binary for it. */
export function nativeAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  try {
    loaded = (require('node-gyp-build') as (dir: string) => NativeAddon)(root);
  } catch (cause) {
    throw new Error(
      `byteor has no native core for ${process.platform}-${process.arch} (Node ${process.version}): ` +
        'neither a prebuilt binary nor a local build could be loaded. ' +
        'Install a C++20 compiler, python3 and make, then run `npm rebuild byteor`.',
      { cause },
    );
  }
  return loaded;
}
