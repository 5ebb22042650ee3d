import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { NativeAddon } from '../abi/addon.js';
import { constants } from '../abi/definition.js';
import { binaries, noBinaryWords, targetName, thisTarget } from './binary.js';
import { packageRoot } from './package-root.js';

/** The only file that loads the addon (its shape: lib/abi/addon.ts). */

let loaded: NativeAddon | undefined;
let loadedFrom: string | undefined;

/** The file that the addon was loaded from; undefined until it is. */
export const loadedBinary = (): string | undefined => loadedFrom;

/** The first line: the rest of what a dynamic loader says is where `require` was called. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/**
 * Loads the addon on first use: what `byteor build` compiled, else the prebuilt binary for this platform, CPU and C library.
 * Throws an Error that names what was tried and the commands that help.
 */
export function nativeAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const target = thisTarget();
  const tried: string[] = [];
  let cause: unknown;
  for (const path of binaries(packageRoot(), target)) {
    if (!existsSync(path)) {
      tried.push(`${path}: there is no such file`);
      continue;
    }
    try {
      const addon = require(path) as NativeAddon;
      if (addon.abiVersion === constants.SPEC_LAYOUT_VERSION) {
        loaded = addon;
        loadedFrom = path;
        return addon;
      }
      tried.push(`${path}: compiled from another version of byteor`);
    } catch (error) {
      cause ??= error;
      tried.push(`${path}: ${firstLine(error)}`);
    }
  }
  cause ??= new Error(`the package has no binary for ${targetName(target)}, and none was compiled here`);
  throw new Error(noBinaryWords(target, tried), { cause });
}
