import { beforeAll, describe, expect, test } from 'vitest';
import { type Trial, tryPatch } from './trial.js';

/**
 * What has to be touched to add to the product, proven by doing it. Each trial is a patch that a contributor could send; it is applied
 * to a copy of the checkout, built, and its own tests run. A list that grows here is a door that closes.
 */

interface Door {
  /** In this folder. */
  readonly patch: string;
  readonly adds: string;
  /** Each path that changes, and why. */
  readonly changes: Readonly<Record<string, string>>;
  /** A line of the report of its C++ tests. */
  readonly cpp: RegExp;
}

const DOORS: readonly Door[] = [
  {
    patch: 'op.patch',
    adds: 'an op that changes a field of a struct',
    changes: {
      'lib/abi/ops.ts': 'its row, and the struct of its config',
      'native/abi/abi_generated.hpp': 'generated',
      'native/op/catalog_generated.hpp': 'generated',
      'native/op/clamp_field.hpp': 'its C++ file',
      'lib/plan/op-configs.ts': 'the schema of its config',
      'lib/plan/op-catalog.ts': 'the type of its config, and its help',
      'lib/lower/op-config.ts': 'what of its config crosses',
      'docs/ops.md': 'its entry',
      'native/sources.json': 'the list of sources: its C++ test',
      'test/lower/clamp-field.test.ts': 'its tests',
      'test/native/op_clamp_field_test.cpp': 'its tests',
    },
    cpp: /\[ {2}PASSED {2}\] 6 tests\./,
  },
  {
    patch: 'emit.patch',
    adds: 'an op that emits other records than it reads',
    changes: {
      'lib/abi/ops.ts': 'its row',
      'native/abi/abi_generated.hpp': 'generated',
      'native/op/catalog_generated.hpp': 'generated',
      'native/op/twice.hpp': 'its C++ file',
      'lib/plan/op-catalog.ts': 'the type of its config, and its help',
      'lib/lower/op-config.ts': 'that nothing of a config crosses',
      'docs/ops.md': 'its entry',
      'native/sources.json': 'the list of sources: its C++ test',
      'test/lower/twice.test.ts': 'its tests',
      'test/native/op_twice_test.cpp': 'its tests',
    },
    cpp: /\[ {2}PASSED {2}\] 4 tests\./,
  },
];

describe.each(DOORS)('$adds', ({ patch, changes, cpp }) => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await tryPatch(patch);
  }, 600_000);

  test('touches only what is its own, one row of the table, and lists', () => {
    expect(trial.changed).toEqual(Object.keys(changes).sort());
  });

  test('passes its TypeScript tests, with headers that are generated from its row', () => {
    expect(trial.typescript, trial.typescript.stdout).toMatchObject({ code: 0 });
  });

  test('passes its C++ tests, from a lowered plan to records', () => {
    expect(trial.cpp, trial.cpp.stdout).toMatchObject({ code: 0 });
    expect(trial.cpp.stdout).toMatch(cpp);
  });
});
