/** Every figure of byteor in docs/performance.md is of a plan that has a name, which bench/plan.mjs prints and the library accepts. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import { compile } from '../../lib/version/version.js';

interface Contestant {
  readonly contestant: string;
  readonly plan: string;
  readonly options: Readonly<Record<string, string | number>>;
}
interface Cell {
  readonly name: string;
  readonly plans: readonly Contestant[];
}
interface MeasuredCell extends Cell {
  readonly bands: Readonly<Record<string, { readonly contestants: Readonly<Record<string, unknown>> }>>;
}

const root = new URL('../../', import.meta.url);
const load = async (path: string) => (await import(new URL(path, root).href)) as Readonly<Record<string, unknown>>;
const named = await load('bench/named-plans.mjs');
const contests = await load('bench/contests.mjs');
const plans = named.NAMED_PLANS as ReadonlyMap<string, PipelinePlanV2>;
const planOf = (which: string) => named[which] as (row: string) => string | undefined;
const cells = ['ringCells', 'laneCells'].flatMap((which) => (contests[which] as () => Cell[])());

const result = (name: string) => {
  const path = new URL(`bench/results/${name}.json`, root);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
};
const isOurs = (name: string) => /^(ours|byteor|.*: byteor|C\+\+)/.test(name);

test.each([...plans])('the library accepts the plan "%s"', (_, plan) => {
  expect(compile(plan).spec.length).toBeGreaterThan(0);
});

describe('the cells of rings and lanes', () => {
  it('have a contestant "byteor" each, and one plan a contestant', () => {
    for (const { name, plans: all } of cells) {
      expect(all[0]?.contestant, name).toBe('byteor');
      expect(new Set(all.map(({ contestant }) => contestant)).size, name).toBe(all.length);
    }
    expect(new Set(cells.map(({ name }) => name)).size).toBe(cells.length);
  });

  it('name plans that there are', () => {
    const missing = cells.flatMap(({ plans: all }) => all.map(({ plan }) => plan)).filter((plan) => !plans.has(plan));
    expect(missing).toEqual([]);
  });
});

describe('every figure of byteor on record has its plan', () => {
  it.each(['rings', 'lanes'])('in %s.json, with the options of today', (name) => {
    for (const { name: cell, plans: all, bands } of (result(name)?.cells ?? []) as MeasuredCell[]) {
      const today = cells.find((one) => one.name === cell && one.plans[0]?.plan === all[0]?.plan);
      expect(all, cell).toEqual(today?.plans);
      const measured = Object.values(bands).flatMap(({ contestants }) => Object.keys(contestants).filter(isOurs));
      const known = all.map(({ contestant }) => contestant);
      expect(measured.filter((one) => !known.includes(one))).toEqual([]);
    }
  });

  it.each([
    ['journal', 'planOfJournal'],
    ['echo', 'planOfEcho'],
  ])('in %s.json', (name, which) => {
    const rows = Object.keys(result(name)?.contestants ?? {}).filter(isOurs);
    expect(rows.filter((row) => !plans.has(planOf(which)(row) ?? ''))).toEqual([]);
    expect(rows.length).toBeGreaterThan(1);
  });

  it('in run.json', () => {
    const jobs = ((result('run')?.jobs ?? []) as { readonly name: string }[]).map(({ name }) => name);
    expect(jobs.filter((job) => !plans.has(planOf('planOfJob')(job) ?? ''))).toEqual([]);
  });
});

describe('bench/plan.mjs', () => {
  const print = (...args: string[]) =>
    spawnSync(process.execPath, ['bench/plan.mjs', ...args], { cwd: fileURLToPath(root), encoding: 'utf8' });

  it('prints a plan by its name', () => {
    expect(JSON.parse(print('ring, 64 B').stdout)).toEqual(plans.get('ring, 64 B'));
  });

  it('refuses a name that it does not know, and says which there are', () => {
    const { status, stderr } = print('ring, 65 B');
    expect(status).toBe(2);
    expect(stderr).toContain('There is no plan "ring, 65 B"');
    expect(stderr).toContain('ring, 64 B\n');
  });
});
