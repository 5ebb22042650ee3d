import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../lib/abi/error-codes.js';
import { INSERT_RULES } from '../../lib/lower/graph-rules.js';
import { CODES } from '../../lib/validate/codes.js';
import { byteor, temporaryFile, temporaryFolder } from './child.js';
import { BRANCHING_PLAN, GRAPH_PLAN, IDENTITY_PLAN, YAML_PLAN } from './plans.js';

const BAD_PLAN = YAML_PLAN.replace('[keep]', '[kep]');

describe('byteor compile', () => {
  test('prints exactly the facts of docs/cli.md with --json', async () => {
    const { code, stdout, stderr } = await byteor(['compile', '--json', '-'], { input: YAML_PLAN });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: 'errors',
      target: 'SingleRing',
      roles: [
        expect.objectContaining({ id: 'in', kind: 'ingress' }),
        expect.objectContaining({ id: 'keep', kind: 'stage' }),
        expect.objectContaining({ id: 'total', kind: 'stage' }),
        expect.objectContaining({ id: 'out', kind: 'egress' }),
      ],
      lanes: [expect.objectContaining({ id: 'ring:0' })],
      inserted: [],
    });
  });

  test('the id is the SHA-256 of the text that --text prints', async () => {
    const plan = temporaryFile('plan.yaml', YAML_PLAN);
    const { stdout: text } = await byteor(['compile', '--text', plan]);
    const { stdout: facts } = await byteor(['compile', '--json', plan]);
    expect(createHash('sha256').update(text).digest('hex')).toBe(JSON.parse(facts).id);
    expect(text).toContain('name="errors"');
  });

  test('prints a summary for people', async () => {
    const { code, stdout } = await byteor(['compile', '-'], { input: YAML_PLAN });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^errors {2}SingleRing\nid +[0-9a-f]{64}\nroles +in \(ingress\), keep, total, out \(egress\)\n/,
    );
  });

  test('writes the buffer to a file, or to standard output with the summary on standard error', async () => {
    const plan = temporaryFile('plan.yaml', IDENTITY_PLAN);
    const file = join(temporaryFolder(), 'plan.spec');
    expect(await byteor(['compile', '--out', file, plan])).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file).subarray(0, 4).toString()).toBe('BTRS');
    const { code, stdout, stderr } = await byteor(['compile', '--out', '-', plan]);
    expect(code).toBe(0);
    expect(stdout.slice(0, 4)).toBe('BTRS');
    expect(stderr).toMatch(/^demo {2}SingleRing\n/);
  });

  test('never writes over the plan', async () => {
    const plan = temporaryFile('plan.yaml', IDENTITY_PLAN);
    const { code, stderr } = await byteor(['compile', '--out', plan, plan]);
    expect(code).toBe(2);
    expect(stderr).toContain('--out names the plan itself');
    expect(readFileSync(plan, 'utf8')).toBe(IDENTITY_PLAN);
  });

  test('says which file cannot be written, and exits with 3', async () => {
    const { code, stderr } = await byteor(['compile', '--out', '/no/such/folder/x', '-'], { input: YAML_PLAN });
    expect(code).toBe(3);
    expect(stderr).toContain('Cannot write "/no/such/folder/x": there is no such file (ENOENT).');
  });

  test('a plan with errors exits with 1: findings on standard error, as JSON on standard output', async () => {
    const { code, stdout, stderr } = await byteor(['compile', '--json', '-'], { input: BAD_PLAN });
    expect(code).toBe(1);
    expect(stderr).toContain('error RING_DEPENDS_UNKNOWN');
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, diagnostics: [{ code: 'RING_DEPENDS_UNKNOWN' }] });
    expect(await byteor(['compile', '-'], { input: BAD_PLAN })).toMatchObject({ code: 1, stdout: '' });
  });

  test('prints roles, lanes and what was inserted of a LaneGraph plan', async () => {
    const { code, stdout, stderr } = await byteor(['compile', '--json', '-'], { input: BRANCHING_PLAN });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { target, roles, lanes, inserted } = JSON.parse(stdout);
    expect(target).toBe('LaneGraph');
    expect(roles).toContainEqual({ id: 'router:in', kind: 'router', shards: 1, policy: 'Broadcast' });
    expect(lanes).toContainEqual({
      id: 'in->left',
      kind: 'Events',
      from: 'router:in',
      to: 'left',
      readers: ['left'],
      on_full: 'Block',
      inserted: false,
    });
    expect(inserted).toEqual([
      {
        id: 'router:in',
        kind: 'router',
        rule: 'ROUTER_FAN_OUT',
        path: '/lane_graph/connections/1',
        reason: 'every record of in goes into each of in->left and in->right',
        cost: { bytes: expect.any(Number), copies: 2, agents: 1 },
      },
      expect.objectContaining({ id: 'merge:out', kind: 'merge', rule: 'MERGE_FAN_IN' }),
    ]);
  });

  test('names each inserted element for people, with its rule and its reason', async () => {
    const { stdout } = await byteor(['compile', '-'], { input: BRANCHING_PLAN });
    expect(stdout).toMatch(/^branching {2}LaneGraph\n/);
    expect(stdout).toMatch(/\ninserted +2 elements\n/);
    expect(stdout).toMatch(
      /\n {2}router:in {2}ROUTER_FAN_OUT {2}\/lane_graph\/connections\/1: every record of in goes into each of in->left and in->right\n/,
    );
  });

  test('--text and --json exclude each other', async () => {
    const { code, stderr } = await byteor(['compile', '--text', '--json', '-'], { input: YAML_PLAN });
    expect(code).toBe(2);
    expect(stderr).toContain("option '--json' cannot be used with option '--text'");
  });
});

describe('byteor describe', () => {
  test('says who waits for whom and every byte that will be mapped', async () => {
    const { code, stdout, stderr } = await byteor(['describe', '-'], { input: YAML_PLAN });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('in ─▶ keep ─▶ total ─▶ out');
    expect(stdout).toContain('contains "ERROR"');
    expect(stdout).toMatch(/ total +\d{7}\n/);
  });

  test('prints the same facts as JSON, whose memory adds up', async () => {
    const { stdout } = await byteor(['describe', '--json', '-'], { input: YAML_PLAN });
    const { target, memory } = JSON.parse(stdout);
    expect(target).toBe('SingleRing');
    expect(memory.rows.reduce((sum: number, row: { bytes: number }) => sum + row.bytes, 0)).toBe(memory.totalBytes);
  });

  test('takes the options of open', async () => {
    const sizes = ['--capacity', '1Mi', '--record-max', '32MiB'];
    const { stdout } = await byteor(['describe', '--json', '-', ...sizes], { input: YAML_PLAN });
    expect(JSON.parse(stdout).memory.sizes).toMatchObject({
      capacity: 2 ** 20,
      recordMax: 2 ** 25,
      arenaBytes: 2 ** 26,
    });
  });

  test('refuses a size out of its range by the name of the option', async () => {
    const { code, stderr } = await byteor(['describe', '-', '--arena-bytes', '5MiB'], { input: YAML_PLAN });
    expect(code).toBe(2);
    expect(stderr).toContain('--arena-bytes is 5242880');
  });

  test('describes LaneGraph plans too', async () => {
    const { code, stdout } = await byteor(['describe', '-'], { input: GRAPH_PLAN });
    expect(code).toBe(0);
    expect(stdout).toContain('in ─▶ pass');
    expect(stdout).toContain('runs as it is written: nothing is inserted');
    expect(stdout).toMatch(/\nthreads \(as for files, with \d+ CPUs?\)\n {2}0 +in/);
  });

  test('takes the size of lanes, and refuses one by its name here', async () => {
    const small = await byteor(['describe', '-', '--lane-bytes', '4KiB'], { input: GRAPH_PLAN });
    expect(small.stdout).toMatch(/frames +\d+ × +4096/);
    const { code, stderr } = await byteor(['describe', '-', '--lane-bytes', '63'], { input: GRAPH_PLAN });
    expect([code, stderr]).toEqual([2, expect.stringContaining('--lane-bytes is 63')]);
  });

  test('shows a graph as it is written and as it runs, with what was inserted', async () => {
    const { stdout } = await byteor(['describe', '-'], { input: BRANCHING_PLAN });
    expect(stdout).toContain('\nas written\n');
    expect(stdout).toContain('  in ─▶ [router:in] ─┤');
    expect(stdout).toMatch(/\ninserted\n {2}\[router:in\] +ROUTER_FAN_OUT/);
  });
});

describe('byteor view', () => {
  test('shows a graph as a line, and a ring as a topology', async () => {
    const ring = await byteor(['view', '-', '--as', 'ring'], { input: BRANCHING_PLAN });
    expect(ring).toMatchObject({ code: 0, stderr: '' });
    expect(ring.stdout).toMatch(/^branching {2}LaneGraph {2}version [0-9a-f]{12} {2}seen as a ring\n/);
    expect(ring.stdout).toContain('  2  right  identity  depends on in\n');
    const graph = await byteor(['view', '-', '--as', 'graph'], { input: YAML_PLAN });
    expect(graph.stdout).toContain('in ─▶ keep ─▶ total ─▶ out');
  });

  test('prints the same as JSON, under the id that compile gives', async () => {
    const { stdout } = await byteor(['view', '--json', '-', '--as', 'graph'], { input: YAML_PLAN });
    const compiled = await byteor(['compile', '--json', '-'], { input: YAML_PLAN });
    expect(JSON.parse(stdout)).toMatchObject({
      as: 'graph',
      plan: { id: JSON.parse(compiled.stdout).id, name: 'errors', target: 'SingleRing' },
      edges: [{ from: 'in', to: 'keep', lane: 'Ring' }, {}, {}],
    });
  });

  test('rewrites a chain as a graph that compiles, in YAML and in JSON', async () => {
    for (const json of [[], ['--json']]) {
      const { code, stdout } = await byteor(['view', '-', '--as', 'graph', '--rewrite', ...json], { input: YAML_PLAN });
      expect(code).toBe(0);
      const compiled = await byteor(['compile', '--json', '-'], { input: stdout });
      expect(JSON.parse(compiled.stdout)).toMatchObject({ name: 'errors', target: 'LaneGraph', inserted: [] });
    }
  });

  test('says why a plan cannot be rewritten, and wants to know the model', async () => {
    const graph = await byteor(['view', '-', '--as', 'graph', '--rewrite'], { input: BRANCHING_PLAN });
    expect(graph).toMatchObject({ code: 2, stdout: '' });
    expect(graph.stderr).toBe(
      'byteor view: Plan "branching" has no LaneGraph document that does the same: it is one already.\n',
    );
    const ring = await byteor(['view', '-', '--as', 'ring', '--rewrite'], { input: YAML_PLAN });
    expect(ring.stderr).toContain('--rewrite prints a LaneGraph plan and needs --as graph.');
    expect(await byteor(['view', '-'], { input: YAML_PLAN })).toMatchObject({ code: 2 });
  });
});

describe('byteor dot', () => {
  test('prints a digraph', async () => {
    const { code, stdout } = await byteor(['dot', '-'], { input: YAML_PLAN });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^digraph "errors" \{\n[\s\S]*"keep" -> "total";[\s\S]*\}\n$/);
  });
});

describe('byteor diff', () => {
  const changed = YAML_PLAN.replace('ERROR', 'WARN');

  test('says what changed, by name', async () => {
    const [a, b] = [temporaryFile('a.yaml', YAML_PLAN), temporaryFile('b.yaml', changed)];
    const { code, stdout } = await byteor(['diff', a, b]);
    expect(code).toBe(0);
    expect(stdout).toContain('~ stage  keep  config.contains "ERROR" → "WARN"');
  });

  test('says so when both are the same version', async () => {
    const [a, b] = [temporaryFile('a.yaml', YAML_PLAN), temporaryFile('b.yaml', `# again\n${YAML_PLAN}`)];
    expect((await byteor(['diff', a, b])).stdout).toMatch(/^same version [0-9a-f]{12}/);
    expect(JSON.parse((await byteor(['diff', '--json', a, b])).stdout)).toMatchObject({ same: true, changes: [] });
  });

  test('reads one side from standard input', async () => {
    const { stdout } = await byteor(['diff', '--json', '-', temporaryFile('b.yaml', changed)], { input: YAML_PLAN });
    expect(JSON.parse(stdout)).toMatchObject({ same: false, changes: [{ change: 'changed', id: 'keep' }] });
  });

  test('prints the errors of both plans', async () => {
    const [a, b] = [temporaryFile('a.yaml', BAD_PLAN), temporaryFile('b.yaml', BAD_PLAN)];
    const { code, stderr } = await byteor(['diff', a, b]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${a}:14:36 error`);
    expect(stderr).toContain(`${b}:14:36 error`);
  });
});

describe('byteor explain', () => {
  test('explains a code, whatever its case', async () => {
    const { code, stdout } = await byteor(['explain', 'ring_depends_self']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RING_DEPENDS_SELF \(error\): /);
    expect(stdout).toContain('What to do: ');
  });

  test('lists every code where none is named', async () => {
    const { stdout } = await byteor(['explain']);
    for (const code of Object.keys(CODES)) expect(stdout).toMatch(new RegExp(`^ {2}${code} +(error|warning) `, 'm'));
    const { stdout: json } = await byteor(['explain', '--json']);
    const entries: { code?: string; rule?: string }[] = JSON.parse(json);
    expect(entries.map(({ code, rule }) => code ?? rule)).toEqual([
      ...Object.keys(CODES),
      ...Object.keys(INSERT_RULES),
      ...Object.keys(ERROR_CODES),
    ]);
  });

  test('explains the code of an error, and lists those codes', async () => {
    const { code, stdout } = await byteor(['explain', 'journal_locked']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^JOURNAL_LOCKED \(OpenError\): another pipeline writes this journal/);
    expect(stdout).toContain('More: docs/journal.md#opening\n');
    const { stdout: json } = await byteor(['explain', '--json', 'PORT_TAKEN']);
    expect(JSON.parse(json)).toMatchObject({ code: 'PORT_TAKEN', error: 'PortError' });
    const { stdout: all } = await byteor(['explain']);
    for (const name of Object.keys(ERROR_CODES)) expect(all).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  });

  test('explains a rule by which something is inserted', async () => {
    const { code, stdout } = await byteor(['explain', 'merge_fan_in']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^MERGE_FAN_IN \(inserts a merge\): An inlet has several lanes\n/);
    expect(stdout).toContain('├─▶ [merge:c] ─▶ c');
    const { stdout: json } = await byteor(['explain', '--json', 'MERGE_FAN_IN']);
    expect(JSON.parse(json)).toMatchObject({ rule: 'MERGE_FAN_IN', kind: 'merge' });
    const { stdout: all } = await byteor(['explain']);
    for (const rule of Object.keys(INSERT_RULES)) expect(all).toMatch(new RegExp(`^ {2}${rule} `, 'm'));
  });

  test('an unknown code is wrong usage, with a suggestion', async () => {
    const { code, stdout, stderr } = await byteor(['explain', 'RING_DEPENDS_SLEF']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      'byteor explain: "RING_DEPENDS_SLEF" is not a diagnostic code, an insertion rule or the code of an error.\n(Did you mean RING_DEPENDS_SELF?)\n',
    );
  });
});

describe('byteor schema', () => {
  test('prints a JSON Schema with both targets', async () => {
    const { code, stdout } = await byteor(['schema']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout);
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(JSON.stringify(schema)).toContain('"const":"SingleRing"');
    expect(JSON.stringify(schema)).toContain('"const":"LaneGraph"');
  });
});

test('no verb that only thinks loads the addon', async () => {
  const plan = temporaryFile('plan.yaml', YAML_PLAN);
  // A process that may load no addon at all (Node's own switch) still does all of this.
  const env = { NODE_OPTIONS: '--no-addons' };
  const lines = [
    ['validate', plan],
    ['compile', plan],
    ['describe', plan],
    ['view', plan, '--as', 'graph'],
    ['dot', plan],
    ['diff', plan, plan],
    ['schema'],
    ['schema', '--ends'],
  ];
  for (const line of lines) expect(await byteor(line, { env })).toMatchObject({ code: 0, stderr: '' });
});
