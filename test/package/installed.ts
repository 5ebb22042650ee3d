/** The package with its binary, installed once for a test file as a user would, where there is no compiler. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { command, emptyFolder, userEnvironment, withoutCompiler } from './checkout.js';
import { type Packed, packed } from './tarball.js';

export interface Installed {
  /** The user's own folder. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly packed: Packed;
}

/** Compiling the core, if nothing else has asked for it yet. */
export const SETUP_MS_MAX = 1_000_000;

/** To be called at the top of a test file; what it returns is there once its tests run. */
export function installed(prepare: (at: Installed) => Promise<void> | void = () => {}): () => Installed {
  let at: Installed | undefined;
  beforeAll(async () => {
    const made = await packed();
    const here = { cwd: emptyFolder('install'), env: userEnvironment(withoutCompiler()), packed: made };
    await command('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', made.tarball], here);
    at = here;
    await prepare(here);
  }, SETUP_MS_MAX);
  afterAll(() => {
    if (at !== undefined) rmSync(at.cwd, { recursive: true, force: true });
  });
  return () => {
    if (at === undefined) throw new Error('The package is installed before the tests of a file, not before it.');
    return at;
  };
}

/** What the programs of these tests run: text in, the same with an exclamation mark out. */
export const louderPlan = (name: string) => ({
  version: 2,
  name,
  target: 'SingleRing',
  stages: [{ id: 'louder', op: 'append', config: { text: '!' } }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: [{ stage: 'louder' }] },
});
