/** The scripts by which shells complete: files of the package, in completions/. Main thread. */
import { readFileSync } from 'node:fs';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

// Two folders below the package's root, as a module and in the bundle.
export const shellScript = (shell: Shell): string =>
  readFileSync(new URL(`../../completions/byteor.${shell}`, import.meta.url), 'utf8');
