import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document } from 'yaml';
import { parsePlan } from '../../lib/plan/parse.js';
import { valueAt } from '../../lib/plan/pointer.js';
import { validateText } from '../../lib/validate/validate.js';
import { arbitraryPlan } from '../support/arbitrary-plan.js';
import { placesOf, replaced } from '../support/mutations.js';

const codesOf = (text: string | Uint8Array) => parsePlan(text).findings.map(({ code }) => code);

describe('parsing a plan text', () => {
  it('reads JSON and YAML to the same document', () => {
    fc.assert(
      fc.property(arbitraryPlan({ callerOps: true }), (plan) => {
        const texts = [JSON.stringify(plan), JSON.stringify(plan, null, '\t'), new Document(plan).toString()];
        for (const text of texts) expect(parsePlan(text)).toMatchObject({ document: plan, findings: [] });
      }),
    );
  });

  it('reads UTF-8 bytes, a byte order mark, CRLF and comments', () => {
    const text = '\uFEFF# head\r\nname: x # tail\r\ntarget: "LaneGräph"\r\n';
    const parsed = parsePlan(new TextEncoder().encode(text));
    expect(parsed.document).toEqual({ name: 'x', target: 'LaneGräph' });
    expect(parsed.locate('/target', 'key')).toEqual({ line: 3, column: 1 });
    expect(String(parsed.tree)).toBe('# head\nname: x # tail\ntarget: "LaneGräph"\n');
  });

  it('does not count a byte order mark as a column', () => {
    expect(parsePlan('\uFEFFname: x').locate('/name', 'value')).toEqual({ line: 1, column: 7 });
  });

  it('keeps the words of YAML 1.2: yes and dates are text, whatever a directive says', () => {
    expect(parsePlan('%YAML 1.1\n---\na: yes\nb: 2020-01-01\nc: 0o17\n').document).toEqual({
      a: 'yes',
      b: '2020-01-01',
      c: 15,
    });
  });

  it('expands aliases, and finds what stands below one at its anchor', () => {
    const parsed = parsePlan('a: &lane { kind: Events }\nb: *lane\n');
    expect(parsed.document).toEqual({ a: { kind: 'Events' }, b: { kind: 'Events' } });
    expect(parsed.locate('/b', 'value')).toEqual({ line: 2, column: 4 });
    expect(parsed.locate('/b/kind', 'value')).toEqual({ line: 1, column: 18 });
  });

  it('lets an alias mean the anchor before it when a name is used twice', () => {
    expect(parsePlan('- &x 1\n- *x\n- &x 2\n- *x\n').document).toEqual([1, 1, 2, 2]);
  });

  it('reads escaped pairs of surrogates as the character that they are', () => {
    expect(parsePlan('{"a": "\\ud83d\\ude00"}').document).toEqual({ a: '😀' });
  });

  it('gives a place that does not exist the position of the key around it', () => {
    const parsed = parsePlan('a:\n  b:\n    c: 1\n');
    expect(parsed.locate('/a/b/missing', 'value')).toEqual({ line: 2, column: 3 });
    expect(parsed.locate('/nowhere/at/all', 'value')).toEqual({ line: 1, column: 1 });
  });

  it('gives keys with slashes and tildes their place', () => {
    const parsed = parsePlan('{"a/b": {"~": 5}}');
    expect(valueAt(parsed.document, '/a~1b/~0')).toBe(5);
    expect(parsed.locate('/a~1b/~0', 'value')).toEqual({ line: 1, column: 15 });
  });

  it('reports every syntax error, in the order of the text, and no rule of plans', () => {
    const { ok, diagnostics } = validateText('a: "x\\q"\nb: { c 1 }\nd: [1,, 2\n', { file: 'x.yaml' });
    expect(ok).toBe(false);
    expect(diagnostics.map(({ code, file, line, column }) => [code, file, line, column])).toEqual([
      ['PLAN_SYNTAX', 'x.yaml', 1, 6],
      ['PLAN_SYNTAX', 'x.yaml', 3, 7],
      ['PLAN_SYNTAX', 'x.yaml', 4, 1],
    ]);
  });

  it.each([
    ['a missing comma between lines of JSON', '{\n  "a": 1\n  "b": 2\n}', [[2, 8]]],
    ['a missing comma in one line of JSON', '{"a": 1 "b": 2}', [[1, 7]]],
    ['a missing bracket', '{"a": [1, 2}, "b": 3}', [[1, 12]]],
    ['a bracket too many', 'a: ]\nb: 1\nc: 2\n', [[1, 4]]],
    ['a map after a list', '- a\nb: 1\nc: 2\n', [[2, 1]]],
    ['a wrong indentation', 'a: 1\n b: 2\nc: 3\n', [[1, 4]]],
    ['an open quote', 'a: "x\nb: 1\n', [[3, 1]]],
  ])('reports %s once', (_, text, places) => {
    const { diagnostics } = validateText(text);
    expect(diagnostics.map(({ code, line, column }) => [code, line, column])).toEqual(
      places.map((place) => ['PLAN_SYNTAX', ...place]),
    );
  });

  it('reports what is unreadable and the rules of plans in one run', () => {
    const { diagnostics } = validateText(
      'version: 2\nversion: 3\nname: .inf\ntarget: Ring\nstages: []\nboundaries: []\n',
    );
    expect(diagnostics.map(({ code, path }) => [code, path])).toEqual([
      ['PLAN_KEY_DUPLICATE', '/version'],
      ['PLAN_NUMBER', '/name'],
      ['PLAN_TARGET', '/target'],
      ['FIELD_LENGTH', '/stages'],
    ]);
  });

  it('says where a key stood first', () => {
    const [duplicate] = validateText('name: a\nname: b\n').diagnostics.filter(
      ({ code }) => code === 'PLAN_KEY_DUPLICATE',
    );
    expect(duplicate).toMatchObject({
      line: 2,
      related: [{ path: '/name', message: 'It stands here first.', line: 1, column: 1 }],
    });
  });

  it('marks any wrong value of any plan at that value, in JSON and in YAML', () => {
    fc.assert(
      fc.property(arbitraryPlan(), fc.nat(), fc.boolean(), (plan, choice, asYaml) => {
        // Texts of ops may be anything, and a map of policies is keyed by anything.
        const leaves = placesOf(plan).filter(
          ({ path, value }) => typeof value === 'string' && !/config\/[a-z_]+$|separator$/.test(path),
        );
        const { path } = leaves[choice % leaves.length] as { path: string };
        const wrong = replaced(plan, path, '@@@');
        const text = asYaml ? new Document(wrong).toString() : JSON.stringify(wrong, null, 2);
        const found = validateText(text).diagnostics.find((one) => one.path === path);
        const line = text.split('\n')[(found?.line ?? 0) - 1] ?? '';
        expect(line.slice((found?.column ?? 0) - 1)).toMatch(/^"@@@"/);
      }),
      { numRuns: 200 },
    );
  });

  it('freezes what it read', () => {
    const { document } = parsePlan('a: { b: [1, { c: 2 }] }');
    for (const { value } of placesOf(document)) expect(Object.isFrozen(value)).toBe(true);
  });
});

describe('a hostile text', () => {
  const most = 1 << 20;
  const filled = (part: string) => part.repeat(Math.floor(most / part.length));
  const parts = [
    ...[
      '[',
      '{',
      ']',
      '}',
      '- ',
      '? ',
      ': ',
      '"',
      "'",
      '|\n',
      '>\n',
      '# x\n',
      '\n',
      '---\n',
      '...\n',
      '!t ',
      '%a\n',
      '&a ',
      '*a\n',
    ],
    ...[
      'a: 1\n',
      '- 1\n',
      '- - ',
      '? - ',
      '\t',
      ' ',
      '  \n',
      'a:',
      '\r',
      'x',
      ',',
      '[,',
      '{a: ',
      '- &a x\n',
      '<<: *a\n',
      '"\\',
      '!!str ',
    ],
  ];

  it.each(parts.map((part) => [JSON.stringify(part), part] as const))(
    'of a mebibyte of %s gets an answer',
    (_, part) => {
      const { ok, diagnostics } = validateText(filled(part));
      expect(ok).toBe(false);
      expect(diagnostics.length).toBeGreaterThan(0);
    },
  );

  it('that indents by one for a thousand lines is refused for its depth', () => {
    expect(codesOf(Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'))).toEqual([
      'PLAN_TOO_DEEP',
    ]);
    expect(codesOf(Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}-`).join('\n'))).toEqual([
      'PLAN_TOO_DEEP',
    ]);
  });

  it('whose aliases nest deeper than the text is refused for its depth', () => {
    const chain = Array.from(
      { length: 70 },
      (_, index) => `a${index}: &a${index} [${index === 0 ? '1' : `*a${index - 1}`}]\n`,
    );
    expect(new Set(codesOf(chain.join('')))).toEqual(new Set(['PLAN_TOO_DEEP']));
  });

  it('of 64 levels is read', () => {
    expect(codesOf('['.repeat(64) + ']'.repeat(64))).toEqual([]);
  });

  it('with deep columns but little depth is read', () => {
    const far = ' '.repeat(300);
    expect(parsePlan(`a:\n${far}b: 1\n${far}c:\n${far}- ${far}x\n`).document).toEqual({ a: { b: 1, c: ['x'] } });
  });

  it('is answered with a thousand findings at most', () => {
    expect(validateText('- "\\q"\n'.repeat(5000)).diagnostics).toHaveLength(1001);
  });
});

describe('the largest plan', () => {
  it('is read and accepted when it is at its limits of stages and connections and indented', () => {
    const stages = Array.from({ length: 1024 }, (_, index) => ({
      id: `stage_number_${index}`,
      op: 'filter',
      config: { contains: 'ERROR' },
    }));
    const connections = stages.flatMap(({ id }, index) =>
      [1, 2, 3, 4].map((step) => ({ from: id, to: stages[index + step]?.id ?? 'out', lane: { kind: 'Events' } })),
    );
    const unique = new Map(connections.map((one) => [`${one.from} ${one.to}`, one]));
    const plan = {
      version: 2,
      name: 'largest',
      target: 'LaneGraph',
      stages,
      boundaries: [
        { id: 'in', kind: 'ingress' },
        { id: 'out', kind: 'egress' },
      ],
      lane_graph: { connections: [{ from: 'in', to: stages[0]?.id, lane: { kind: 'Events' } }, ...unique.values()] },
    };
    expect(plan.lane_graph.connections.length).toBeGreaterThan(4080);
    expect(validateText(JSON.stringify(plan, null, 2))).toMatchObject({ ok: true, diagnostics: [] });
    expect(validateText(new Document(plan).toString())).toMatchObject({ ok: true, diagnostics: [] });
  });
});
