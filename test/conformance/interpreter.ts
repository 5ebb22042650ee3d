/**
 * What a SingleRing plan does to records, as plainly as it can be said: one record after the other, one stage after the
 * other, arrays and no threads. The running core is compared with this. Written from docs/plan.md and docs/ops.md.
 */
import type { Codec, Key, ScalarType, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';
import { crc32c, escapedText, structPlaces } from './bytes.js';
import { keyOf, shardOf } from './keys.js';
import { withField } from './set-field.js';

export interface Counts {
  in: number;
  out: number;
  filtered: number;
  /** That failed and went no further. */
  dropped: number;
  /** Of `out`, those that failed and went on as they had come. */
  passedFailed: number;
  skipped: number;
}

export interface ShardOutcome {
  /** Indices, in the input, of the records that this shard got. */
  readonly taken: number[];
  readonly delivered: { readonly bytes: Uint8Array; readonly input: number }[];
  /** The first record that stops the pipeline: its sequence in the shard, and the stages that any of may be named. */
  failed: { readonly sequence: number; readonly stages: readonly string[] } | undefined;
  /** By stage id; of the records before the failed one. */
  readonly stages: Map<string, Counts>;
  readonly egress: Counts;
}

export interface Outcome {
  readonly shards: readonly ShardOutcome[];
  readonly keyless: number;
  /** What the ops report, by stage id, when nothing failed. */
  readonly reports: Readonly<Record<string, unknown>>;
}

const noCounts = (): Counts => ({ in: 0, out: 0, filtered: 0, dropped: 0, passedFailed: 0, skipped: 0 });

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

type Config = Readonly<Record<string, unknown>>;
export const configOf = (stage: StageEntry): Config => (stage.config ?? {}) as Config;

/** What a filter or a reject looks for is in the record. */
export function matches(stage: StageEntry, record: Buffer): boolean {
  const config = configOf(stage);
  const needle = (name: string): Buffer | undefined =>
    config[name] === undefined ? undefined : Buffer.from(config[name] as string);
  const contains = needle('contains');
  const start = needle('starts_with');
  const end = needle('ends_with');
  const equals = needle('equals');
  const found =
    (contains !== undefined && (contains.length === 0 || record.includes(contains))) ||
    (start !== undefined && record.subarray(0, start.length).equals(start)) ||
    (end !== undefined && record.length >= end.length && record.subarray(record.length - end.length).equals(end)) ||
    (equals !== undefined && record.equals(equals));
  return found !== (config.invert === true);
}

/** Its op cannot process the record. */
export function fails(stage: StageEntry, record: Buffer, codec: Codec | undefined): boolean {
  if (stage.op === 'set_field') return withField(stage, record, codec) === undefined;
  return stage.op === 'reject' && matches(stage, record);
}

export class Interpreter {
  private readonly steps: readonly Step[];
  private readonly shardCount: number;
  private readonly codec: Codec | undefined;
  private readonly shards: ShardOutcome[];
  private keyless = 0;

  constructor(private readonly plan: SingleRingPlan) {
    this.shardCount = plan.single_ring.shards ?? 1;
    this.codec = plan.boundaries.find((boundary) => boundary.kind === 'ingress')?.codec;
    this.steps = stepsOf(plan, this.shardCount);
    this.shards = Array.from({ length: this.shardCount }, () => ({
      taken: [],
      delivered: [],
      failed: undefined,
      stages: new Map(this.steps.map(({ stage }) => [stage.id, noCounts()])),
      egress: noCounts(),
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
    return { shards: this.shards, keyless: this.keyless, reports };
  }

  private runOne(shard: ShardOutcome, index: number, input: number, record: Buffer): void {
    const gone = new Set<string>();
    const failed: string[] = [];
    const change: (() => void)[] = [];
    let bytes = record;
    for (const { stage, before, seen } of this.steps) {
      const counts = shard.stages.get(stage.id) as Counts;
      if (failed.some((one) => before.has(one))) continue;
      if ([...gone].some((one) => before.has(one))) {
        change.push(() => counts.skipped++);
        continue;
      }
      const arrived = bytes;
      change.push(() => {
        counts.in++;
        seen[index]?.push(arrived);
      });
      if (stage.op === 'prepend') bytes = Buffer.concat([Buffer.from(configOf(stage).text as string), bytes]);
      if (stage.op === 'append') bytes = Buffer.concat([bytes, Buffer.from(configOf(stage).text as string)]);
      const onError = fails(stage, bytes, this.codec) ? (stage.on_error ?? 'stop') : undefined;
      if (onError === 'stop') failed.push(stage.id);
      if (stage.op === 'set_field') bytes = withField(stage, bytes, this.codec) ?? bytes;
      const filters = stage.op === 'filter' && !matches(stage, bytes);
      if (filters || onError === 'drop') gone.add(stage.id);
      change.push(() => {
        if (filters) counts.filtered++;
        else if (onError === 'drop') counts.dropped++;
        else counts.out++;
        if (onError === 'pass') counts.passedFailed++;
      });
    }
    if (failed.length > 0) {
      shard.failed = { sequence: shard.taken.length, stages: failed };
      return;
    }
    for (const apply of change) apply();
    if (gone.size > 0) {
      shard.egress.skipped++;
      return;
    }
    shard.egress.in++;
    shard.egress.out++;
    shard.delivered.push({ bytes, input });
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
