/** The code of stages of one's own in random plans: functions, where they run, and plug-ins, compiled when first asked for. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Choices } from '../support/choices.js';
import { batches, each, later } from './stage-programs.mjs';

/** How the functions of a case run. */
export interface Hosting {
  /** Those of them that run as modules, in workers; the others run on the thread of the opener. */
  readonly modules: readonly string[];
  /** Of each module; no more than shards count. */
  readonly workers: number;
  readonly concurrency: number;
}

const FUNCTIONS = ['each', 'later', 'batches'];
export const ON_OPENER: Hosting = { modules: [], workers: 1, concurrency: 16 };

/** A worker costs as much as many cases. */
export function drawHosting(choices: Choices): Hosting {
  const modules = choices.chance(4) ? FUNCTIONS.filter(() => choices.chance()) : [];
  return { modules, workers: choices.between(1, 3), concurrency: choices.pick([16, 1, 2, 3, 40]) };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  starts_with: ['cc', '-std=c99', 'examples/plugins/starts_with.c'],
  words: ['c++', '-std=c++17', 'examples/plugins/words.cpp'],
  odd: ['cc', '-std=c99', 'test/plugin/odd.c'],
};

let libraries: string | undefined;

function libraryOf(name: string): string {
  if (libraries === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'byteor-plugins-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    for (const [library, [compiler = '', ...args]] of Object.entries(SOURCES)) {
      const out = ['-shared', '-fPIC', '-I', 'native/plugin', '-o', join(folder, `${library}.so`)];
      execFileSync(compiler, [...args, ...out], { cwd: root });
    }
    libraries = folder;
  }
  return join(libraries, `${name}.so`);
}

const module = new URL('./stage-programs.mjs', import.meta.url);

function functionOf(name: string, { modules, workers, concurrency }: Hosting, shards: number): unknown {
  const settings = name === 'batches' ? {} : { concurrency };
  if (modules.includes(name)) return { module, export: name, workers: Math.min(workers, shards), ...settings };
  return name === 'batches' ? batches : { fn: name === 'each' ? each : later, ...settings };
}

/** What `open` takes as `stages` for a plan. */
export function stagesOf(plan: PipelinePlanV2, hosting = ON_OPENER): NonNullable<OpenOptions['stages']> {
  const shards = plan.target === 'SingleRing' ? (plan.single_ring.shards ?? 1) : 1;
  const names = new Set(plan.stages.map(({ op }) => op.split(':')));
  const entries = [...names].flatMap(([kind, name = '']) => {
    if (kind === 'native') return [[name, { library: libraryOf(name) }]];
    return kind === 'js' ? [[name, functionOf(name, hosting, shards)]] : [];
  });
  return Object.fromEntries(entries) as NonNullable<OpenOptions['stages']>;
}
