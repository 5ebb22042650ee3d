/**
 * Which files may hold the addon on this machine, and what to say when none of them loads. Knows nothing of what the addon
 * does. Any thread.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes at the start of a program in which its loader's name stands: program headers come first. */
const HEAD_BYTES = 4096;

export type Libc = 'glibc' | 'musl';

/**
 * The C library of this process, by the dynamic loader that its program names (`/lib/ld-musl-x86_64.so.1`): so it is told
 * on every distribution, and in Bun and Deno. Undefined off Linux; glibc where the program does not say.
 */
export function libcFamily(platform: string = process.platform, program = process.execPath): Libc | undefined {
  if (platform !== 'linux') return undefined;
  try {
    return headOf(program).includes('/ld-musl-') ? 'musl' : 'glibc';
  } catch {
    return 'glibc';
  }
}

function headOf(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/** What a binary is made for: `linux-x64-glibc`, `linux-arm64-musl`, `darwin-arm64`. */
export interface Target {
  readonly platform: string;
  readonly arch: string;
  readonly libc: Libc | undefined;
}

export const thisTarget = (): Target => ({ platform: process.platform, arch: process.arch, libc: libcFamily() });

export const targetName = ({ platform, arch, libc }: Target): string =>
  [platform, arch, ...(libc === undefined ? [] : [libc])].join('-');

/** The addon as `byteor build` and `npm run build:native` compile it. */
export const compiledBinary = (root: string): string => join(root, 'build', 'Release', 'byteor.node');

export const prebuiltBinary = (root: string, { platform, arch, libc }: Target): string =>
  join(root, 'prebuilds', `${platform}-${arch}`, libc === undefined ? 'byteor.node' : `byteor.${libc}.node`);

/** In the order in which they are tried: what was compiled here on request comes before what came with the package. */
export const binaries = (root: string, target: Target): readonly string[] => [
  compiledBinary(root),
  prebuiltBinary(root, target),
];

/** What compiles the addon, as each package manager runs it. */
export const BUILD_COMMANDS = [
  ['npm 11, npm 12', 'npx byteor build'],
  ['pnpm', 'pnpm exec byteor build'],
  ['yarn', 'yarn byteor build'],
  ['bun', 'bunx byteor build'],
] as const;

export const COMPILER_NEEDS = 'a C++20 compiler (g++ 10 or clang 13, or newer), make and python3';

/** In one sentence, for those who say the rest themselves. */
export const BUILD_REMEDY = `Run \`${BUILD_COMMANDS[0][1]}\`, which compiles it; it needs ${COMPILER_NEEDS}.`;

/** The words of the error when no binary could be loaded. `tried` has a line for each. */
export function noBinaryWords(target: Target, tried: readonly string[]): string {
  const width = Math.max(...BUILD_COMMANDS.map(([, command]) => command.length));
  return [
    `byteor has no native core that loads on ${targetName(target)} (${process.version}):`,
    ...tried.map((line) => `  ${line}`),
    'Compile it in the folder of your package.json:',
    ...BUILD_COMMANDS.map(([manager, command]) => `  ${command.padEnd(width)}   ${manager}`),
    `It needs ${COMPILER_NEEDS}. byteor has no install script, so \`npm rebuild\` and approving scripts change nothing.`,
    'In a bundled program keep byteor external (`--external:byteor`) and install it beside the program.',
  ].join('\n');
}
