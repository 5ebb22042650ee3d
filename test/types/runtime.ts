/** Compile-time tests of the handles' types: ids and records follow from the plan. Each line must or must not compile. */

import type {
  AdapterStatus,
  ErrorCode,
  GraphSizes,
  JsonValue,
  Ledger,
  PipelineStatus,
  PollHandle,
  PushHandle,
  PushOutcome,
  PushStatus,
  RecordCursor,
  RequestState,
  RingSizes,
  SinkStatus,
  SourceStatus,
} from '../../lib/index.js';
import {
  attach,
  ByteorError,
  compile,
  definePlan,
  OpenError,
  open,
  type Pipeline,
  type PipelinePlanV2,
  PortError,
  type Version,
} from '../../lib/index.js';
import { type Equal, proven } from './document.js';

const plan = definePlan({
  version: 2,
  name: 'trades',
  target: 'SingleRing',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: [
    {
      id: 'ticks',
      kind: 'ingress',
      codec: {
        kind: 'struct',
        fields: [
          { name: 'price', type: 'f64' },
          { name: 'id', type: 'u64' },
          { name: 'symbol', type: 'utf8(8)' },
          { name: 'live', type: 'bool' },
        ],
      },
    },
    { id: 'lines', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: { stages: [{ stage: 'pass', depends_on: [] }] },
});

interface Tick {
  price: number;
  id: bigint;
  symbol: string;
  live: boolean;
}

export function typed(): void {
  const pipeline = open(compile(plan), { ports: { ticks: 'js', lines: { lines: '-' } } });
  // @ts-expect-error the plan has no boundary of that name.
  open(compile(plan), { ports: { tick: 'js' } });
  open(compile(plan), { ports: { ticks: { adapter: 'lines', path: '-' }, lines: 'discard' } });
  open(compile(plan), { ports: { ticks: { adapter: 'replay', folder: 'j', last: 5, pace: 'recorded' } } });
  open(compile(plan), { ports: { ticks: { replay: 'j', from: 1 }, lines: { lines: 'a.log', append: true } } });
  open(compile(plan), { ports: { lines: { adapter: 'lines', path: 'a.log', append: true } } });
  // @ts-expect-error there is no such adapter.
  open(compile(plan), { ports: { ticks: { adapter: 'linse', path: '-' } } });
  // @ts-expect-error the adapter has no such key.
  open(compile(plan), { ports: { lines: { adapter: 'lines', path: '-', apend: true } } });
  // @ts-expect-error a path is wanted.
  open(compile(plan), { ports: { lines: { adapter: 'lines' } } });
  // @ts-expect-error that key is another adapter's.
  open(compile(plan), { ports: { ticks: { adapter: 'replay', folder: 'j', path: '-' } } });
  // @ts-expect-error only an egress is appended to.
  open(compile(plan), { ports: { ticks: { adapter: 'lines', path: '-', append: true } } });
  // @ts-expect-error only an egress is appended to, in the short form too.
  open(compile(plan), { ports: { ticks: { lines: '-', append: true } } });
  // @ts-expect-error only an egress can be discarded.
  open(compile(plan), { ports: { ticks: 'discard' } });
  // @ts-expect-error only an ingress replays.
  open(compile(plan), { ports: { lines: { adapter: 'replay', folder: 'j' } } });
  // @ts-expect-error a sequence is a number.
  open(compile(plan), { ports: { ticks: { adapter: 'replay', folder: 'j', from: '1' } } });
  // @ts-expect-error open has no such option.
  open(compile(plan), { capactiy: 5 });
  // @ts-expect-error a document is not a version.
  open(plan);

  const ticks = pipeline.ingress('ticks');
  const lines = pipeline.egress('lines');
  proven<Equal<typeof ticks, PushHandle<Tick>>>();
  proven<Equal<typeof lines, PollHandle<string>>>();
  // @ts-expect-error the plan has no ingress of that name.
  pipeline.ingress('tick');
  // @ts-expect-error it is an egress.
  pipeline.ingress('lines');
  // @ts-expect-error it is an ingress.
  pipeline.egress('ticks');

  const status: PushStatus = ticks.tryPush({ price: 1, id: 2n, symbol: 'A', live: true });
  // @ts-expect-error a field is missing.
  ticks.tryPush({ price: 1, id: 2n, symbol: 'A' });
  // @ts-expect-error a field has the wrong type.
  ticks.tryPush({ price: 1, id: 2, symbol: 'A', live: true });
  // @ts-expect-error there is no such field.
  ticks.tryPush({ price: 1, id: 2n, symbol: 'A', live: true, size: 3 });
  // @ts-expect-error a record of another codec.
  ticks.tryPush('text');
  // @ts-expect-error no such status.
  const wrong: PushStatus = 'MAYBE';
  void [status, wrong];

  const writer = ticks.claim();
  if (writer !== undefined) {
    writer.fields.price = 1.5;
    // @ts-expect-error a field has the wrong type.
    writer.fields.id = 5;
    // @ts-expect-error there is no such field.
    writer.fields.size = 5;
  }
  const pushed: number = ticks.tryPushColumns(10, (columns, { first, count, steps, offsets, from }) => {
    proven<Equal<typeof columns.symbol, Buffer>>();
    proven<Equal<typeof columns.live, Uint8Array>>();
    columns.price[first * steps.price + offsets.price] = 1.5 + from + count;
    columns.id[first * steps.id + offsets.id] = 2n;
    // @ts-expect-error a value of the wrong type.
    columns.id[first * steps.id + offsets.id] = 2;
    // @ts-expect-error a value of the wrong type.
    columns.price[first * steps.price + offsets.price] = 'x';
    // @ts-expect-error there is no such field.
    columns.size[0] = 5;
    // @ts-expect-error there is no such field.
    void steps.size;
    // @ts-expect-error an array stands where it stands.
    columns.price = new Float64Array(1);
    // @ts-expect-error the sequence of records that are not in yet is not known.
    void first.sequence;
  });
  // @ts-expect-error text has no columns.
  lines.pollColumns(({ price }) => price);
  lines.pollColumns((columns, rows) => {
    proven<Equal<typeof columns, undefined>>();
    const sequence: number = rows.sequence + rows.shard;
    void sequence;
  });
  void pushed;
  lines.poll((record) => proven<Equal<typeof record, string>>());
  lines.pollInPlace((cursor) => {
    proven<Equal<typeof cursor, RecordCursor<string>>>();
    proven<Equal<typeof cursor.value, string>>();
    // Text has no fields to be accessed in place.
    proven<Equal<typeof cursor.fields, undefined>>();
  });
}

const documents = definePlan({
  version: 2,
  name: 'documents',
  target: 'SingleRing',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: { kind: 'json' } },
    { id: 'out', kind: 'egress', codec: 'json' },
  ],
  single_ring: { stages: [{ stage: 'pass' }] },
});

interface Order {
  readonly id: number;
}

export function json(order: Order, row: { readonly id: number; readonly at?: Date }): void {
  const pipeline = open(compile(documents));
  const ingress = pipeline.ingress('in');
  const statuses: PushStatus[] = [{ a: [1, 'two', null, { b: true, c: undefined }] }, 'text', 1, null, row].map(
    (value) => ingress.tryPush(value),
  );
  void statuses;
  ingress.tryPush({ ...order });
  // @ts-expect-error an interface may be given members that JSON does not have.
  ingress.tryPush(order);
  // @ts-expect-error JSON has no bigint.
  ingress.tryPush({ id: 1n });
  // @ts-expect-error JSON has no functions.
  ingress.tryPush({ run: () => 1 });
  // @ts-expect-error nothing is no value.
  ingress.tryPush(undefined);
  ingress.tryPushRaw('{}');
  const pushed: Promise<PushOutcome> = ingress.pushRaw(new Uint8Array(2), { deadline: 5 });
  void pushed;
  // @ts-expect-error a raw record is a text or its bytes.
  ingress.tryPushRaw({});
  proven<Equal<typeof ingress, PushHandle<JsonValue>>>();
  pipeline.egress('out').poll((record) => proven<Equal<typeof record, unknown>>());
  pipeline.egress('out').pollInPlace((cursor) => {
    proven<Equal<typeof cursor.value, unknown>>();
  });
}

export async function iterated(lines: PollHandle<string>): Promise<void> {
  for await (const record of lines) proven<Equal<typeof record, string>>();
}

export function fromText(version: Version): void {
  // A plan that was read from a file has no literal types: any id compiles, and is checked when it is asked for.
  const pipeline: Pipeline = open(version);
  pipeline.ingress('anything').tryPush(new Uint8Array(1));
}

export function attached(number: number): void {
  const pipeline = attach<typeof plan>(number);
  proven<Equal<typeof pipeline, Pipeline<typeof plan>>>();
  pipeline.ingress('ticks').tryPush({ price: 1, id: 2n, symbol: 'A', live: false });
  // @ts-expect-error the plan has no egress of that name.
  pipeline.egress('line');
  const untyped: Pipeline<PipelinePlanV2> = attach(number);
  void untyped;
}

const fork = definePlan({
  version: 2,
  name: 'fork',
  target: 'LaneGraph',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: [
    { id: 'lines', kind: 'ingress', codec: 'utf8' },
    { id: 'blobs', kind: 'ingress' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
    { id: 'raw', kind: 'egress' },
  ],
  lane_graph: {
    connections: [
      { from: 'lines', to: 'pass', lane: { kind: 'Journal' } },
      { from: 'blobs', to: 'pass', lane: { kind: 'Events' } },
      { from: 'pass', to: 'out', lane: { kind: 'Events' } },
      { from: 'pass', to: 'raw', lane: { kind: 'Events' } },
    ],
  },
});

export async function overLanes(): Promise<void> {
  const pipeline = open(compile(fork), { laneBytes: 4096, journal: { folder: 'logs' }, ports: { raw: 'discard' } });
  // @ts-expect-error a journal's option has another name.
  open(compile(fork), { journal: { path: 'logs' } });
  const lines = pipeline.ingress('lines');
  proven<Equal<typeof lines, PushHandle<string>>>();
  proven<Equal<ReturnType<typeof pipeline.ingress<'blobs'>>, PushHandle<Uint8Array>>>();
  proven<Equal<ReturnType<typeof pipeline.egress<'out'>>, PollHandle<string>>>();
  // @ts-expect-error it is an egress.
  pipeline.ingress('raw');

  const outcome = await lines.push('text');
  proven<Equal<typeof outcome, PushOutcome>>();
  const pushed: number = await lines.pushBatch(['a', 'b']);
  const durable: number | undefined = lines.durable;
  const upTo: number = await lines.untilDurable({ deadline: 1000 });
  void [pushed, durable, upTo];

  const ledger: Ledger = await pipeline.stop();
  const dropped: number | undefined = ledger.lanes['lines->pass']?.dropped.full;
  const kind: 'router' | 'merge' | 'bridge' | undefined = ledger.inserted['merge:pass']?.kind;
  void [dropped, kind];
}

export async function ofTheirPlan(): Promise<void> {
  // @ts-expect-error a ring has no lanes.
  open(compile(plan), { laneBytes: 4096 });
  // @ts-expect-error nor journals.
  open(compile(plan), { journal: { folder: 'logs' } });
  // @ts-expect-error a graph has no shards.
  open(compile(fork), { capacity: 64 });
  // @ts-expect-error nor arenas.
  open(compile(fork), { arenaBytes: 65536 });
  // @ts-expect-error nor rings that publish.
  open(compile(fork), { publication: 'cursor' });

  const ring = open(compile(plan), { capacity: 64, arenaBytes: 65536 });
  const { stages, boundaries } = await ring.stop();
  const passed: number = stages.pass.out;
  const published: number = boundaries.ticks.published;
  const out: number = boundaries.lines.out;
  // @ts-expect-error the plan has no such stage.
  void stages.typo;
  // @ts-expect-error nor such a boundary.
  void boundaries.typo;
  // @ts-expect-error an egress publishes nothing.
  void boundaries.lines.published;
  void [passed, published, out];

  const counting = open(
    compile(
      definePlan({
        version: 2,
        name: 'counts',
        target: 'SingleRing',
        stages: [
          { id: 'pass', op: 'identity' },
          { id: 'all', op: 'count' },
          { id: 'sum', op: 'checksum' },
        ],
        boundaries: [
          { id: 'in', kind: 'ingress' },
          { id: 'out', kind: 'egress' },
        ],
        single_ring: {
          stages: [
            { stage: 'pass', depends_on: [] },
            { stage: 'all', depends_on: ['pass'] },
            { stage: 'sum', depends_on: ['pass'] },
          ],
        },
      }),
    ),
  );
  const reports = counting.reports();
  proven<Equal<typeof reports.pass, null>>();
  const total: number = reports.all.total;
  const crc: string | undefined = reports.sum.crc32c[0];
  // @ts-expect-error the plan has no such stage.
  void reports.typo;
  void [total, crc];
}

export function status(): void {
  const { threads, requests, region, sizes, adapters } = open(compile(plan)).status();
  proven<Equal<typeof sizes, RingSizes>>();
  proven<Equal<typeof adapters.ticks, SourceStatus | undefined>>();
  proven<Equal<typeof adapters.lines, SinkStatus | undefined>>();
  const cpu: number | null | undefined = threads[0]?.cpu;
  const state: RequestState | undefined = requests[0]?.outcome.state;
  const bytes: number = region.bytes;
  // @ts-expect-error the plan has no such boundary.
  void adapters.typo;
  // @ts-expect-error what reads has nothing unwritten.
  void adapters.ticks?.unwritten;
  // @ts-expect-error a ring has no lanes.
  void sizes.lanes;
  // @ts-expect-error a request has no such state.
  const granted: RequestState = 'Granted';
  // @ts-expect-error what a pipeline tells cannot be changed.
  region.path = '';
  void [cpu, state, bytes, granted];

  const graph = open(compile(fork)).status();
  proven<Equal<typeof graph.sizes, GraphSizes>>();
  const journal: string | undefined = graph.sizes.lanes['lines->pass']?.journal;
  void journal;
}

export function statusOfAnyPlan(version: Version): void {
  const { sizes, adapters }: PipelineStatus = open(version).status();
  const max = 'lanes' in sizes ? sizes.lanes.any?.record_max : sizes.record_max;
  const adapter: AdapterStatus | undefined = adapters.anything;
  // @ts-expect-error an ingress and an egress tell different things.
  void adapter?.input_bytes;
  const ahead = adapter !== undefined && 'input_bytes' in adapter ? adapter.input_bytes : null;
  void [max, ahead];
}

export function coded(error: unknown): ErrorCode | undefined {
  if (error instanceof OpenError) {
    if (error.code === 'JOURNAL_LOCKED') return error.code;
    // @ts-expect-error no error has such a code.
    if (error.code === 'JOURNAL_LOKED') return undefined;
    // @ts-expect-error nor has one of open this one.
    if (error.code === 'PORT_TAKEN') return undefined;
  }
  if (error instanceof PortError) {
    // @ts-expect-error an error of a port has another.
    if (error.code === 'JOURNAL_LOCKED') return undefined;
  }
  // @ts-expect-error a code of the table.
  void new OpenError('NO_SUCH_CODE', 'why');
  // @ts-expect-error likewise.
  void new ByteorError('NO_SUCH_CODE', 'why');
  return error instanceof ByteorError ? error.code : undefined;
}
