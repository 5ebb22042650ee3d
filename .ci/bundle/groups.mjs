/**
 * Which modules stand together in a file of the package. What loads at the start is read and compiled whole, used or not, so the
 * files follow what is used together (docs/decisions/103 and 121). A module belongs to the first group that fits; the rest is left
 * to rolldown.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Modules of ours, by folder and name. */
const ours = (folders, names) => `[\\\\/](?:${folders})[\\\\/](?:${names})\\.js$`;
const theirs = (names) => `[\\\\/]node_modules[\\\\/](?:${names})[\\\\/]`;
const anyOf = (...patterns) => new RegExp(patterns.join('|'));

/** What loads at first use, in the library and in the command line. */
export const LAZY = [
  { name: 'yaml', test: anyOf(theirs('yaml')) },
  { name: 'schema', test: anyOf(theirs('zod'), ours('plan', 'schema|op-configs')) },
  {
    name: 'expressions',
    test: anyOf(theirs('@marcbachmann[\\/]cel-js'), ours('expression', '.*'), ours('abi', 'expression')),
  },
];

/**
 * The library for Node. One file of what runs often: between files every use of a name is a call of a getter. The tables of the
 * quick check are made when a plan is validated, which a worker that attaches does not do.
 */
export const LIBRARY_LAZY = [...LAZY, { name: 'shapes', test: anyOf(ours('plan', 'shapes')) }];
export const LIBRARY_GROUPS = [
  ...LIBRARY_LAZY,
  { name: 'core', test: (id) => !/[\\/]modules[\\/]worker\.js$/.test(id) },
];

/** The files that a module needs when it runs, its own included. */
function reachedFrom(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) [^;]*? from '(\.[^']+)';/gm))
    reachedFrom(join(file, '..', name), seen);
  return seen;
}

/**
 * The files of the command line besides `main` and one a verb. `run` of a ring loads `core`, `run` and `yaml`;
 * test/cli/start.test.ts says what it may load.
 */
export function commandGroups(modules) {
  const main = reachedFrom(join(modules, 'cli', 'main.js'));
  const run = reachedFrom(join(modules, 'cli', 'verbs', 'run.js'));
  const cli = join(modules, 'cli');
  const hash = anyOf(theirs('@noble[\\\\/]hashes'));
  return [
    ...LAZY,
    {
      // Pushing, polling and records as JavaScript values: all ends of a verb are native.
      name: 'handles',
      test: anyOf(
        ours('handle|channel', 'push.*|poll|shard-.*|frame-.*|codec.*|columns|streams|claim-writer|turns|abort|place'),
      ),
    },
    {
      // Stages that JavaScript runs, whose records are JavaScript values too.
      name: 'stages',
      test: anyOf(
        ours('host', 'stage-.*|check-stages|plan-stages|batch-cursor|record-reader|held-records'),
        ours('runtime', 'stage-.*'),
      ),
    },
    {
      // What only plans for LaneGraph need.
      name: 'graph',
      test: anyOf(
        ours('validate', 'graph-(?:connections|lanes|shape)'),
        ours('lower|describe|layout|channel|region', '(?:encode-)?graph.*'),
      ),
    },
    // Only plans with an op that writes a field.
    { name: 'fields', test: anyOf(ours('validate', 'set-field')) },
    {
      // The words of diagnostics.
      name: 'words',
      test: anyOf(
        ours('validate', 'codes.*|objection|issues|fields|unknown-field|expected|keys'),
        ours('plan', 'words|field-constant'),
        theirs('fastest-levenshtein'),
      ),
    },
    // What `snapshot` shows.
    { name: 'observe', test: anyOf(ours('region|handle', 'snapshot|wait-chains|histogram|durability')) },
    // Of the rest, what `run` reaches: a file that other verbs share, and one of its own.
    { name: 'core', test: (id) => (run.has(id) && !id.startsWith(cli)) || hash.test(id) },
    { name: 'run', test: (id) => run.has(id) && id.startsWith(cli) && !main.has(id) },
  ];
}
