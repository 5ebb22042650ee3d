/**
 * The jobs of bench/run.mjs and who does them: plans for `byteor run`, and command lines of the others. `expect` names
 * what the output must be: the digest of the lines that the maker of the file says, or counts by key.
 */

import { join } from 'node:path';
import { root } from '../../test/tools/process.mjs';
import { BUILD } from '../support/native-build.mjs';

const BARE = join(root, BUILD, 'byteor_bare_lines');
const CLI = 'dist/bin/byteor.js';

const plan = (name, stage) => ({
  version: 2,
  name,
  target: 'SingleRing',
  stages: [{ id: 'work', ...stage }],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: { stages: [{ stage: 'work' }] },
});

/** Byte searches of every kind run without locales: that is their fastest. */
const grep = (needle) => ({ needs: 'grep', command: (file) => ['grep', '-F', needle, file] });
const awk = (name, program) => ({ needs: name, command: (file) => [name, program, file] });
const node = (script, job, needle) => ({
  command: (file) => [
    process.execPath,
    `bench/run/${script}.mjs`,
    file,
    job,
    ...(needle === undefined ? [] : [needle]),
  ],
  ...(script === 'node-streams' ? { needs: 'split2' } : {}),
});
const bare = (needle) => ({ command: (file) => [BARE, file, ...(needle === undefined ? [] : [needle])] });
const jq = (filter) => ({ needs: 'jq', slow: true, command: (file) => ['jq', '-r', filter, file] });

/** Lines through a plan; the output is a file of `byteor run`'s own. */
const linesOf = (thePlan) => ({
  plan: thePlan,
  command: (file, planFile, output) => [
    process.execPath,
    CLI,
    'run',
    planFile,
    '--ingress',
    `in=lines:${file}`,
    '--egress',
    `out=lines:${output}`,
    '--assert-conserved',
    '--no-progress',
    '--json',
  ],
  ownOutput: true,
});
/** Counts only; the summary is the output. */
const countsOf = (thePlan) => ({
  plan: thePlan,
  command: (file, planFile) => [
    process.execPath,
    CLI,
    'run',
    planFile,
    '--ingress',
    `in=lines:${file}`,
    '--egress',
    'out=discard',
    '--assert-conserved',
    '--no-progress',
    '--json',
  ],
  parse: (text) => Object.entries(JSON.parse(text).stages.work.keys),
});

const filterJob = (name, input, needle) => ({
  name,
  input,
  needle,
  contestants: {
    'byteor run': linesOf(plan('filter', { op: 'filter', config: { contains: needle } })),
    'grep -F': grep(needle),
    'bare loop in C++': bare(needle),
    'Node loop by hand': node('node-loop', 'filter', needle),
    'Node streams, split2': node('node-streams', 'filter', needle),
    mawk: awk('mawk', `index($0, ${JSON.stringify(needle)})`),
    gawk: awk('gawk', `index($0, ${JSON.stringify(needle)})`),
  },
});

export const JOBS = [
  {
    name: 'every line, access log',
    input: 'access',
    contestants: {
      'byteor run': linesOf(plan('identity', { op: 'identity' })),
      cat: { needs: 'cat', command: (file) => ['cat', file] },
      'bare loop in C++': bare(),
      'Node loop by hand': node('node-loop', 'all'),
      'Node streams, split2': node('node-streams', 'all'),
      mawk: awk('mawk', '1'),
      gawk: awk('gawk', '1'),
    },
  },
  filterJob('6 % of the lines, access log', 'access', '" 304 '),
  filterJob('no line, access log', 'access', '" 418 '),
  {
    name: 'count by status, access log',
    input: 'access',
    counts: 'status',
    contestants: {
      'byteor run': countsOf(
        plan('count', { op: 'count', config: { key: { kind: 'token', separator: ' ', index: 8 } } }),
      ),
      'Node loop by hand': node('node-loop', 'status'),
      'Node streams, split2': node('node-streams', 'status'),
      mawk: awk('mawk', '{ c[$9]++ } END { for (k in c) print k, c[k] }'),
      gawk: awk('gawk', '{ c[$9]++ } END { for (k in c) print k, c[k] }'),
    },
  },
  filterJob('6 % of the lines, NDJSON', 'events', '"level":"ERROR"'),
  {
    name: 'count by JSON member, NDJSON',
    input: 'events',
    counts: 'level',
    contestants: {
      'byteor run': countsOf(plan('count', { op: 'count', config: { key: { kind: 'json', pointer: '/level' } } })),
      'Node loop by hand, JSON.parse': node('node-loop', 'level'),
      'Node streams, split2, JSON.parse': node('node-streams', 'level'),
      'jq, keys only': { ...jq('.level'), parse: (text) => tally(text.trimEnd().split('\n')) },
      'mawk, by position, no JSON': awk('mawk', 'BEGIN { FS = "\\"" } { c[$6]++ } END { for (k in c) print k, c[k] }'),
      'gawk, by position, no JSON': awk('gawk', 'BEGIN { FS = "\\"" } { c[$6]++ } END { for (k in c) print k, c[k] }'),
    },
  },
];

function tally(keys) {
  const counts = new Map();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts];
}
