import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteor, temporaryFile, temporaryFolder } from './child.js';
import { BRANCHING_PLAN, GRAPH_PLAN, IDENTITY_PLAN, ringPlan } from './plans.js';

const RECORDS = 500;
const line = (at: number): string => `key${(at * 7) % 13} record ${at}${at % 3 === 1 ? '\r\n' : '\n'}`;
const TEXT = Array.from({ length: RECORDS }, (_, at) => line(at)).join('');

interface Recorded {
  readonly folder: string;
  readonly plan: string;
  /** Of the lane. */
  readonly journal: string;
}

/** A run of GRAPH_PLAN over TEXT, which leaves a journal of RECORDS records. */
async function record(text = TEXT): Promise<Recorded> {
  const folder = temporaryFolder();
  const plan = join(folder, 'graph.json');
  writeFileSync(plan, GRAPH_PLAN);
  writeFileSync(join(folder, 'in.log'), text);
  const ends = ['--ingress', `in=lines:${join(folder, 'in.log')}`, '--egress', 'out=discard'];
  const { code, stderr } = await byteor(['run', plan, '-q', ...ends, '--journal', join(folder, 'j')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return { folder, plan, journal: join(folder, 'j', 'pass.out') };
}

const out = (folder: string): string => readFileSync(join(folder, 'out.log'), 'utf8');

/** Lines by their first word. */
function byKey(text: string): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const words of text.split('\n')) {
    const key = words.split(' ')[0] ?? '';
    groups[key] = [...(groups[key] ?? []), words];
  }
  return groups;
}

describe('byteor replay', () => {
  test('gives back every record with its line end: through a ring, a graph, and a ring with shards', async () => {
    const { folder, journal } = await record();
    const to = ['--egress', `out=lines:${join(folder, 'out.log')}`, '--assert-conserved'];
    const shards = { shards: 3, ordering: 'PerKey', shard_key: { kind: 'token', separator: ' ', index: 0 } };
    const ring = await byteor(['replay', '-', '--from-journal', journal, ...to], { input: IDENTITY_PLAN });
    expect(ring).toMatchObject({ code: 0, stderr: '' });
    expect(ring.stdout).toContain(`journal ${journal}`);
    expect(out(folder)).toBe(TEXT);
    const again = ['--journal', join(folder, 'other')];
    const graph = await byteor(['replay', '-', '--from-journal', journal, ...to, ...again], { input: GRAPH_PLAN });
    expect(graph).toMatchObject({ code: 0, stderr: '' });
    expect(out(folder)).toBe(TEXT);
    const keyed = ringPlan([{ id: 'pass', op: 'identity' }], shards);
    expect(await byteor(['replay', '-', '--from-journal', journal, ...to], { input: keyed })).toMatchObject({
      code: 0,
    });
    expect(byKey(out(folder))).toEqual(byKey(TEXT));
  });

  test('runs the stages of a plan as run does: a module in a worker over the records of a journal', async () => {
    const { folder, journal } = await record('a\nbb\nccc\n');
    const own = ringPlan([{ id: 'longest', op: 'js:longest', config: { least: 2 } }]);
    const module = join(folder, 'longest.mjs');
    writeFileSync(
      module,
      `export const keep = {
        start: ({ config }) => ({ least: config.least, kept: 0 }),
        batch(records, state) {
          for (const record of records) {
            if (record.length < state.least) records.answer(false);
            else state.kept++;
          }
        },
        end: ({ kept }) => ({ kept }),
      };`,
    );
    const replay = (...options: string[]) =>
      byteor(
        ['replay', '-', '--from-journal', journal, '--egress', `out=lines:${join(folder, 'out.log')}`, ...options],
        {
          input: own,
        },
      );
    const named = ['--stage', `longest=${module}`, '--stage-set', 'longest.export=keep'];
    const { code, stdout, stderr } = await replay(...named, '--assert-conserved', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      records_in: 3,
      records_out: 2,
      stages: { longest: { kept: 2 } },
    });
    expect(out(folder)).toBe('bb\nccc\n');
    const missing = await replay();
    expect(missing.code).toBe(5);
    expect(missing.stderr).toMatch(/nothing runs: "longest" \(js:longest\); name its module, --stage longest=/);
  });

  test('begins with a sequence, or so many records before the end', async () => {
    const { folder, journal } = await record();
    const some = (...options: string[]) =>
      byteor(
        ['replay', '-', '--from-journal', journal, '--egress', `out=lines:${join(folder, 'out.log')}`, ...options],
        { input: IDENTITY_PLAN },
      );
    expect(await some('--from', '490')).toMatchObject({ code: 0 });
    expect(out(folder)).toBe(TEXT.split('\n').slice(490).join('\n'));
    expect(await some('--last', '3')).toMatchObject({ code: 0 });
    expect(out(folder)).toBe(TEXT.split('\n').slice(497).join('\n'));
    expect(await some('--last', '1000000')).toMatchObject({ code: 0 });
    expect(out(folder)).toBe(TEXT);
    // Exactly its end: there is nothing yet, and that is not a mistake.
    expect(await some('--from', '500')).toMatchObject({ code: 0 });
    expect(out(folder)).toBe('');
    const { code, stderr } = await some('--from', '501');
    expect(code).toBe(3);
    expect(stderr).toContain('ends before sequence 500, so there is nothing to replay from sequence 501 on');
  });

  test('keeps the pace of the recording when it is told to', async () => {
    const { folder, plan } = await record('one\n');
    const twoMore = ['--ingress', 'in=lines:-', '--egress', 'out=discard', '--journal', join(folder, 'j')];
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await byteor(['run', plan, '-q', ...twoMore], { input: 'two\n' })).toMatchObject({ code: 0 });
    const replay = [
      'replay',
      '-',
      '--from-journal',
      join(folder, 'j', 'pass.out'),
      '--egress',
      'out=discard',
      '--json',
    ];
    const recorded = await byteor([...replay, '--pace', 'recorded'], { input: IDENTITY_PLAN });
    const facts = JSON.parse(recorded.stdout);
    expect(facts).toMatchObject({ ok: true, records_out: 2 });
    expect(facts.seconds).toBeGreaterThan(0.3);
    const dry = JSON.parse((await byteor([...replay, '--dry-run'], { input: IDENTITY_PLAN })).stdout);
    expect(dry.last_time_ms - dry.first_time_ms).toBeGreaterThan(300);
  });

  test('prints the facts of run, and which journal was replayed', async () => {
    const { journal } = await record();
    const { code, stdout } = await byteor(
      ['replay', '-', '--from-journal', journal, '--egress', 'out=discard', '--json'],
      { input: IDENTITY_PLAN },
    );
    expect(code).toBe(0);
    const bytes = TEXT.replaceAll(/\r?\n/g, '').length;
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      records_in: RECORDS,
      bytes_in: bytes,
      ledger: { balanced: true },
      replayed: { in: { journal, torn_bytes: 0 } },
    });
  });

  test('feeds the ingress that is named, and others from their adapters', async () => {
    const { folder, journal } = await record();
    const two = JSON.parse(BRANCHING_PLAN);
    two.boundaries.push({ id: 'more', kind: 'ingress' });
    two.lane_graph.connections = [
      { from: 'in', to: 'left', lane: { kind: 'Events' } },
      { from: 'more', to: 'right', lane: { kind: 'SequencedSlots', capacity: 16, gating: 4 } },
      { from: 'left', to: 'out', lane: { kind: 'Events' } },
      { from: 'right', to: 'out', lane: { kind: 'Events' } },
    ];
    const plan = temporaryFile('two.json', JSON.stringify(two));
    const replay = (...options: string[]) =>
      byteor(['replay', plan, '--from-journal', journal, ...options], { input: 'from elsewhere\n' });
    const to = ['--egress', `out=lines:${join(folder, 'out.log')}`];
    expect(await replay('--ingress', 'more', '--ingress', 'in=lines:-', ...to)).toMatchObject({ code: 0 });
    expect(out(folder).split('\n').toSorted()).toEqual(`${TEXT}from elsewhere\n`.split('\n').toSorted());
    const unnamed = await replay(...to);
    expect(unnamed).toMatchObject({ code: 2, stdout: '' });
    expect(unnamed.stderr).toContain(
      'The plan has the ingresses "in", "more", and no option says which one receives the journal.',
    );
    expect((await replay('--ingress', 'more', ...to)).stderr).toContain('No adapter was given for the ingress "in".');
    expect((await replay('--ingress', 'more', '--ingress', 'in', ...to)).stderr).toContain(
      'A journal feeds one ingress.',
    );
    expect((await replay('--ingress', 'mor', ...to)).stderr).toContain('(Did you mean more?)');
  });
});

describe('a dry run', () => {
  test('counts, needs no egress, and makes no file', async () => {
    const { folder, journal, plan } = await record();
    const before = readdirSync(folder);
    const dry = ['replay', plan, '--from-journal', journal, '--dry-run'];
    const { code, stdout, stderr } = await byteor([...dry, '--json'], { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lengths = TEXT.trimEnd()
      .split(/\r?\n/)
      .map(({ length }) => length);
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      journal,
      ingress: 'in',
      records: RECORDS,
      bytes: lengths.reduce((sum, length) => sum + length, 0),
      longest: Math.max(...lengths),
      first: 0,
      last: RECORDS - 1,
      first_time_ms: expect.any(Number),
      last_time_ms: expect.any(Number),
      oldest: 0,
      torn_bytes: 0,
    });
    expect(JSON.parse((await byteor([...dry, '--json', '--last', '2'])).stdout)).toMatchObject({
      records: 2,
      first: 498,
    });
    const words = (await byteor(dry)).stdout;
    expect(words).toMatch(/^ {2}records +500 +sequences 0 to 499$/m);
    expect(words).toContain('✓ every record matches its checksum');
    expect(readdirSync(folder)).toEqual(before);
  });

  test('says what lies torn at the end, and what is damaged before it', async () => {
    const { journal, plan } = await record();
    const segment = join(journal, readdirSync(journal).find((name) => name.endsWith('.journal')) ?? '');
    appendFileSync(segment, 'half a frame');
    const dry = ['replay', plan, '--from-journal', journal, '--dry-run'];
    const torn = await byteor([...dry, '--json']);
    expect(torn.code).toBe(0);
    expect(JSON.parse(torn.stdout)).toMatchObject({ ok: true, records: RECORDS, torn_bytes: 12 });
    const replayed = await byteor(['replay', '-', '--from-journal', journal, '--egress', 'out=discard'], {
      input: IDENTITY_PLAN,
    });
    expect(replayed).toMatchObject({ code: 0 });
    expect(replayed.stdout).toContain("! in: 12 bytes at the journal's end hold no whole record");
    const bytes = readFileSync(segment);
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] as number) ^ 1;
    writeFileSync(segment, bytes);
    const damaged = await byteor([...dry, '--json']);
    expect(damaged.code).toBe(3);
    const facts = JSON.parse(damaged.stdout);
    expect(facts).toMatchObject({ ok: false, failure: { code: 'JOURNAL_DAMAGED', sequence: facts.records } });
    expect(facts.records).toBeGreaterThan(0);
    expect(facts.failure.cause).toContain(`${segment} is damaged at offset`);
    expect(damaged.stderr).toContain('is damaged at offset');
    // What comes before the damage is fed, and counted.
    const failed = await byteor(
      ['replay', '-', '--from-journal', journal, '--egress', 'out=discard', '--json', '--assert-conserved'],
      { input: IDENTITY_PLAN },
    );
    expect(failed.code).toBe(3);
    expect(JSON.parse(failed.stdout)).toMatchObject({
      ok: false,
      records_in: facts.records,
      ledger: { balanced: true },
      failure: { stage: 'in', sequence: facts.records },
    });
  });
});

describe('what cannot be replayed', () => {
  const replay = (plan: string, ...options: string[]) =>
    byteor(['replay', '-', '--egress', 'out=discard', ...options], { input: plan });

  test('records of another codec than the ingress has', async () => {
    const { journal } = await record();
    const texts = JSON.parse(IDENTITY_PLAN);
    texts.boundaries[0].codec = 'utf8';
    for (const options of [[], ['--dry-run']]) {
      const { code, stderr } = await replay(JSON.stringify(texts), '--from-journal', journal, ...options);
      expect(code).toBe(3);
      expect(stderr).toContain("holds records of codec bytes, but the plan's are of codec utf8");
    }
  });

  test('no journal: nothing there, an empty folder, the folder above', async () => {
    const { folder } = await record();
    const nowhere = await replay(IDENTITY_PLAN, '--from-journal', join(folder, 'nowhere'));
    expect(nowhere.code).toBe(3);
    expect(nowhere.stderr).toMatch(/Cannot start: cannot open the journal .*nowhere: No such file/);
    mkdirSync(join(folder, 'empty'));
    expect((await replay(IDENTITY_PLAN, '--from-journal', join(folder, 'empty'))).stderr).toContain('holds no segment');
    const above = await replay(IDENTITY_PLAN, '--from-journal', join(folder, 'j'));
    expect(above.code).toBe(2);
    expect(above.stderr).toContain(`Name one of them: ${join(folder, 'j', 'pass.out')}.`);
  });

  test('a journal that the plan itself would write, which would never end', async () => {
    const { folder, journal } = await record();
    const before = statSync(join(journal, '00000000000000000000.journal')).size;
    const { code, stderr } = await replay(GRAPH_PLAN, '--from-journal', journal, '--journal', join(folder, 'j'));
    expect(code).toBe(2);
    expect(stderr).toContain('is one that this plan writes; name another folder for its journal lanes');
    expect(statSync(join(journal, '00000000000000000000.journal')).size).toBe(before);
  });

  test('a wrong use of its options', async () => {
    const wrong = async (...options: string[]) => {
      const { code, stdout, stderr } = await replay(IDENTITY_PLAN, ...options);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      return stderr;
    };
    expect(await wrong()).toContain("required option '--from-journal <folder>' not specified");
    expect(await wrong('--from-journal', 'j', '--from', '1', '--last', '1')).toContain('cannot be used with');
    expect(await wrong('--from-journal', 'j', '--last', '0')).toContain('Give a whole number from 1');
    expect(await wrong('--from-journal', 'j', '--pace', 'slow')).toContain('Allowed choices are fast, recorded');
    expect(await wrong('--from-journal', 'j', '--ingress', 'out')).toContain('Use --egress for it.');
  });
});
