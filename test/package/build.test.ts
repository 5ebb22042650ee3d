import { beforeAll, describe, expect, test } from 'vitest';
import { type Packed, packed } from './tarball.js';

/** A package for a machine for which it has no binary: the error, its command, and then it works. */

let made: Packed;
beforeAll(async () => {
  made = await packed();
}, 1_000_000);

describe('a package without a binary for this machine', () => {
  test('ends a program with an error that names what was tried and each command that helps', () => {
    const { code, stderr } = made.before;
    expect(code).toBe(1);
    expect(stderr).toContain(
      `byteor has no native core that loads on linux-${process.arch}-glibc (${process.version}):`,
    );
    expect(stderr).toMatch(/node_modules\/byteor\/build\/Release\/byteor\.node: there is no such file/);
    expect(stderr).toMatch(/node_modules\/byteor\/prebuilds\/linux-\w+\/byteor\.glibc\.node: there is no such file/);
    for (const line of [
      'npx byteor build .*npm 11, npm 12',
      'pnpm exec byteor build .*pnpm',
      'yarn byteor build .*yarn',
      'bunx byteor build .*bun',
    ])
      expect(stderr).toMatch(new RegExp(line));
  });

  test('compiles by `npx byteor build`, which says what it did and where', () => {
    const { code, stdout, stderr } = made.build;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/^The native core does not load: the package has no binary for linux-/);
    expect(stderr).toMatch(/Compiling it in \d+ units for linux-\w+-glibc, some minutes: /);
    expect(stdout).toMatch(
      /^Compiled the native core of byteor \d+\.\d+\.\d+ for linux-\w+-glibc in \d+ s: .*\/build\/Release\/byteor\.node\n$/,
    );
  });

  test('runs after that', () => {
    expect(made.after).toEqual({ code: 0, stdout: 'loaded\n', stderr: '' });
  });

  test('compiles nothing when it is asked again, and needs no compiler to say so', () => {
    expect(made.again.code).toBe(0);
    expect(made.again.stdout).toMatch(
      /^The native core loads from .*\/build\/Release\/byteor\.node; nothing was compiled\./,
    );
  });
});
