/**
 * What a SingleRing plan does to records, as plainly as it can be said: one record after the other, one stage after the
 * other, arrays and no threads. The running core is compared with this. Written from docs/plan.md and docs/ops.md.
 */
import type { Codec, Key, ScalarType, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';
import { crc32c, escapedText, structPlaces } from './bytes.js';
import { keyOf, shardOf } from './keys.js';
import { configOf, hasFailed, type Letter, madeOf, type Site, seenBehind, Tally, wordsOf } from './op-model.js';

export interface ShardOutcome {
  /** Indices, in the input, of the records that this shard got. */
  readonly taken: number[];
  readonly delivered: { readonly bytes: Uint8Array; readonly input: number }[];
  /** The first record that stops the pipeline: its sequence in the shard, and the stages of which any may be named, and why. */
  failed:
    | { readonly sequence: number; readonly stages: readonly { readonly id: string; readonly code: string }[] }
    | undefined;
  /** By stage id; of the records before the failed one. */
  readonly stages: Map<string, Tally>;
  /** Records that the egress passed over. */
  skipped: number;
}

export interface Outcome {
  readonly shards: readonly ShardOutcome[];
  readonly keyless: number;
  /** What the ops report, by stage id, when nothing stopped the pipeline. */
  readonly reports: Readonly<Record<string, unknown>>;
  /** When nothing stopped it. */
  readonly letters: readonly Letter[];
}

interface Step {
  readonly stage: StageEntry;
  readonly before: ReadonlySet<string>;
  /** Records that this stage saw, as it saw them, a shard each. */
  readonly seen: Uint8Array[][];
}

/** The ring's stages in order, each with everything before it on some path. */
function stepsOf(plan: SingleRingPlan, shards: number): Step[] {
  const before = new Map<string, Set<string>>();
  return plan.single_ring.stages.map(({ stage: id, depends_on: on = [] }) => {
    const all = new Set(on.flatMap((one) => [one, ...(before.get(one) ?? [])]));
    before.set(id, all);
    const stage = plan.stages.find((candidate) => candidate.id === id) as StageEntry;
    return { stage, before: all, seen: Array.from({ length: shards }, () => []) };
  });
}

export class Interpreter {
  private readonly steps: readonly Step[];
  private readonly shardCount: number;
  private readonly codec: Codec | undefined;
  private readonly shards: ShardOutcome[];
  private keyless = 0;
  private readonly ingress: string;
  private readonly letters: Letter[] = [];

  constructor(private readonly plan: SingleRingPlan) {
    this.shardCount = plan.single_ring.shards ?? 1;
    const ingress = plan.boundaries.find((boundary) => boundary.kind === 'ingress');
    this.ingress = ingress?.id ?? '';
    this.codec = ingress?.codec;
    this.steps = stepsOf(plan, this.shardCount);
    this.shards = Array.from({ length: this.shardCount }, () => ({
      taken: [],
      delivered: [],
      failed: undefined,
      stages: new Map(this.steps.map(({ stage }) => [stage.id, new Tally()])),
      skipped: 0,
    }));
  }

  run(records: readonly Uint8Array[]): Outcome {
    const key: Key | undefined = this.plan.single_ring.shard_key;
    for (const [input, record] of records.entries()) {
      const index = shardOf(record, this.shardCount, key, this.codec);
      if (this.shardCount > 1 && keyOf(record, key as Key, this.codec) === undefined) this.keyless++;
      const shard = this.shards[index] as ShardOutcome;
      if (shard.failed === undefined) this.runOne(shard, index, input, Buffer.from(record));
      shard.taken.push(input);
    }
    const reports = Object.fromEntries(
      this.steps.map(({ stage, seen }) => [stage.id, reportOf(stage, seen, this.codec)]),
    );
    return { shards: this.shards, keyless: this.keyless, reports, letters: this.letters };
  }

  private siteOf({ stage, before }: Step): Site {
    const entries = this.plan.stages.filter(({ id }) => before.has(id));
    const seenAs = seenBehind(this.codec, entries);
    return { codec: this.codec, seenAs, room: stage.op.includes(':') ? (stage.room ?? 0) : undefined, most: 1 };
  }

  private runOne(shard: ShardOutcome, index: number, input: number, record: Buffer): void {
    const gone = new Set<string>();
    const failed: { readonly id: string; readonly code: string }[] = [];
    const change: (() => void)[] = [];
    const sequence = shard.taken.length;
    let bytes = record;
    for (const step of this.steps) {
      const { stage, before, seen } = step;
      const tally = shard.stages.get(stage.id) as Tally;
      if (failed.some(({ id }) => before.has(id))) continue;
      if ([...gone].some((one) => before.has(one))) {
        change.push(() => tally.skipped++);
        continue;
      }
      const arrived = bytes;
      const made = madeOf(stage, arrived, this.siteOf(step));
      const stops = hasFailed(made) && (stage.on_error ?? 'stop') === 'stop';
      if (stops) failed.push({ id: stage.id, code: made });
      const left = new Tally().add(stage, arrived, made);
      if (left.length === 0) gone.add(stage.id);
      else bytes = Buffer.from(left[0] as Uint8Array);
      change.push(() => {
        tally.add(stage, arrived, made);
        seen[index]?.push(arrived);
        if (!hasFailed(made) || stage.on_error !== 'dead_letter') return;
        const where = { element: stage.id, shard: index, sequence, ingress: this.ingress };
        this.letters.push({ ...where, code: made, record: arrived.toString('latin1') });
      });
    }
    if (failed.length > 0) {
      shard.failed = { sequence, stages: failed };
      return;
    }
    for (const apply of change) apply();
    if (gone.size > 0) shard.skipped++;
    else shard.delivered.push({ bytes, input });
  }
}

/**
 * What an op reports of the records that it saw: in a ring shard by shard, in a graph all in one list.
 */
export function reportOf(
  stage: StageEntry,
  seen: readonly (readonly Uint8Array[])[],
  codec: Codec | undefined,
): unknown {
  const all = seen.flat();
  if (stage.op.includes(':')) {
    const reports = seen.map((records, shard) => ownReport(stage, records, shard));
    return reports.length === 1 ? reports[0] : reports;
  }
  if (stage.op === 'checksum')
    return {
      crc32c: seen.map(crc32c),
      bytes: all.reduce((sum, record) => sum + record.length, 0),
      records: all.length,
    };
  if (stage.op !== 'count') return null;
  const key = configOf(stage).key as Key | undefined;
  if (key === undefined) return { total: all.length };
  const keys: Record<string, number> = {};
  let keyless = 0;
  for (const record of all) {
    const found = keyOf(record, key, codec);
    if (found === undefined) {
      keyless++;
      continue;
    }
    const text = key.kind === 'field' ? fieldWords(found, key.name, codec) : escapedText(found);
    keys[text] = (keys[text] ?? 0) + 1;
  }
  return { total: all.length, keys, other: 0, keyless };
}

/** A field's value as docs/ops.md says it: decimal, true or false, a text without its padding, hexadecimal bytes. */
function fieldWords(bytes: Uint8Array, name: string, codec: Codec | undefined): string {
  const type = structPlaces(codec as Codec & object).places.find(([field]) => field === name)?.[1] as ScalarType;
  if (type.startsWith('utf8')) return escapedText(bytes).replace(/\0+$/, '');
  if (type.startsWith('bytes')) return Buffer.from(bytes).toString('hex');
  if (type === 'bool') return bytes[0] === 0 ? 'false' : 'true';
  if (type === 'f32') return `${Buffer.from(bytes).readFloatLE()}`;
  if (type === 'f64') return `${Buffer.from(bytes).readDoubleLE()}`;
  // The low byte comes first.
  const value = [...bytes].reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return `${type.startsWith('i') ? BigInt.asIntN(8 * bytes.length, value) : value}`;
}

/** What a function or a plug-in of the tests tells of one shard. */
function ownReport({ id, op }: StageEntry, records: readonly Uint8Array[], shard: number): unknown {
  if (op === 'js:batches') return { shard, stage: id, seen: records.length };
  if (op === 'native:odd') return shard;
  if (op !== 'native:words') return null;
  const words = records.flatMap(wordsOf);
  return { words: words.length, longest: Math.max(0, ...words.map((word) => word.length)) };
}
