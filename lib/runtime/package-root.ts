/**
 * The folder of the installed package, where prebuilds/ and build/Release stand: the nearest one above this file that holds
 * byteor's package.json. A program that was bundled carries this file elsewhere; then the package is looked for from there,
 * as an import would. Any thread.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAME = 'byteor';

interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

function find(): string {
  const own = dirname(fileURLToPath(import.meta.url));
  for (let folder = own; ; folder = dirname(folder)) {
    if (manifestIn(folder)?.name === NAME) return folder;
    if (folder === dirname(folder)) break;
  }
  try {
    return dirname(createRequire(import.meta.url).resolve(`${NAME}/package.json`));
  } catch {
    return own;
  }
}

let found: string | undefined;

/** The package's folder; the folder of the running file where there is no package around it. */
export function packageRoot(): string {
  found ??= find();
  return found;
}

/** The package's version, from its package.json. */
export const packageVersion = (): string => manifestIn(packageRoot())?.version ?? 'unknown';
