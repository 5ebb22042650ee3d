/** `byteor snapshot`: what an observed pipeline of this user is doing, or was doing when its process was killed. */
import { failedAt } from '../../runtime/failure.js';
import type { LaneSnapshot } from '../../runtime/graph-snapshot.js';
import type { LatencySummary } from '../../runtime/histogram.js';
import type { AgentSnapshot, Snapshot } from '../../runtime/snapshot.js';
import { CliError, ExitCode, usageError } from '../exit-code.js';
import { isAlive, type Observed, observedPipelines, RegionError, snapshotOf } from '../observed.js';
import { sizeWords } from '../sizes.js';
import { systemWords } from '../system-words.js';
import type { Channel } from '../terminal.js';
import { grouped, harmless, indent, table } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

interface Options {
  readonly json?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Look at a running pipeline that was started with --observe (or `observe: true`): where every agent stands, what ' +
        'a stalled one waits for, how long hops take. Without an argument, list what can be looked at.',
    )
    .argument('[pipeline]', 'process id, PID/NUMBER where a process has several, or the file of a region')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['byteor snapshot', 'pipelines of this user that can be looked at'],
        ['byteor snapshot 4711', 'the one of process 4711'],
        ['byteor snapshot --json 4711/2 | jq .agents', 'its second one, for programs'],
      ]),
    )
    .action(context.ends(async (which: string | undefined, options: Options) => look(which, options, context)));
};

function look(which: string | undefined, options: Options, context: VerbContext): ExitCode {
  if (which === undefined) return list(options, context);
  const snapshot = read(find(which));
  const alive = isAlive(snapshot.pid);
  if (options.json === true) context.out.json({ alive, ...snapshot });
  else context.out.line(snapshotText(snapshot, alive, context.out));
  return ExitCode.Done;
}

/** Several regions may end while they are looked at; who is gone by then is left out. */
function list(options: Options, { out, err }: VerbContext): ExitCode {
  const found = observedPipelines().flatMap((observed) => {
    try {
      const { name, version, state } = snapshotOf(observed.path);
      return [{ ...observed, name, version, state }];
    } catch {
      return [];
    }
  });
  if (options.json === true) out.json(found);
  else if (found.length === 0) err.line('There is nothing to look at. Start a pipeline with --observe.');
  else {
    const rows = found.map(({ pid, pipeline, name, state, alive, path }) => [
      `${pid}/${pipeline}`,
      name,
      alive ? state : `${state}, process gone`,
      out.colors.dim(path),
    ]);
    out.line(table([['pipeline', 'name', 'state', 'region'], ...rows]).join('\n'));
  }
  return ExitCode.Done;
}

/** The path of the region that was meant. */
function find(which: string): string {
  const match = /^([0-9]+)(?:\/([0-9]+))?$/.exec(which);
  if (match === null) return which;
  const [, pid, pipeline] = match;
  const own = observedPipelines().filter(
    (observed) => observed.pid === Number(pid) && (pipeline === undefined || observed.pipeline === Number(pipeline)),
  );
  const [only, another] = own;
  if (only === undefined)
    throw usageError(
      `There is no pipeline ${which} to look at.`,
      '`byteor snapshot` lists them; one is there when it was started with --observe, by this user.',
    );
  if (another !== undefined)
    throw usageError(`Process ${pid} has several pipelines.`, `Name one: ${own.map(nameOf).join(', ')}.`);
  return only.path;
}

const nameOf = ({ pid, pipeline }: Observed): string => `${pid}/${pipeline}`;

function read(path: string): Snapshot {
  try {
    return snapshotOf(path);
  } catch (error) {
    const words = error instanceof RegionError ? error.message : systemWords(error);
    throw new CliError(ExitCode.Usage, `Cannot look at ${JSON.stringify(path)}: ${words}.`, undefined, {
      cause: error,
    });
  }
}

function snapshotText(snapshot: Snapshot, alive: boolean, { colors }: Channel): string {
  const { name, version, pid, pipeline, state, agents, lanes, threads, failure } = snapshot;
  const shards = new Set(agents.map(({ shard }) => shard)).size;
  const head = `${colors.bold(harmless(name))}  ${colors.dim(version.slice(0, 12))}  ${pid}/${pipeline}`;
  const rows = agents.map((agent) => agentRow(agent, shards > 1));
  const titles = ['agent', 'thread', 'state', 'sequence', 'lag', 'p50', 'p99', 'max', 'waits for'];
  const threadRows = threads.map(({ name: thread, cpu, tid, parks, rounds, idle_rounds }) => [
    thread,
    cpu === null ? 'not pinned' : `CPU ${cpu}`,
    String(tid),
    ...[parks, rounds, idle_rounds].map(grouped),
  ]);
  const dim = (cells: readonly string[]) => cells.map((cell) => colors.dim(cell));
  return [
    `${head}  ${stateWords(snapshot, alive, colors, state)}`,
    '',
    ...indent(table([dim(titles), ...rows], [3, 4, 5, 6, 7])),
    ...blameLines(agents, colors),
    ...laneLines(lanes, colors),
    '',
    ...indent(table([dim(['thread', 'CPU', 'id', 'parks', 'rounds', 'idle']), ...threadRows], [2, 3, 4, 5])),
    ...(failure === null
      ? []
      : ['', `${colors.red('✗ failed')}: ${failure.stage} at ${failedAt(failure)}: ${harmless(failure.cause)}`]),
  ].join('\n');
}

function stateWords({ started_ns }: Snapshot, alive: boolean, colors: Channel['colors'], state: string): string {
  if (!alive) return colors.yellow(`${state}, but its process is gone: this is how it was left`);
  const seconds = (Number(process.hrtime.bigint()) - started_ns) / 1e9;
  return started_ns > 0 && seconds >= 0 ? `${state} for ${seconds.toFixed(1)} s` : state;
}

function agentRow(agent: AgentSnapshot, sharded: boolean): string[] {
  const { id, shard, thread, state, sequence, lag, latency_ns: latency, blocked_on: chain } = agent;
  const hop = (pick: (summary: LatencySummary) => number) => (latency === null ? '' : nanoseconds(pick(latency)));
  return [
    harmless(sharded ? `${id}/${shard}` : id),
    thread ?? 'JavaScript',
    state,
    grouped(sequence),
    grouped(lag),
    hop(({ p50 }) => p50),
    hop(({ p99 }) => p99),
    hop(({ max }) => max),
    chain.map((link) => `${link.agent} (${link.state})`).join(' → '),
  ];
}

const BAR_CELLS = 8;

/** How full each lane is; a full one shows where a graph is held up. */
function laneLines(lanes: readonly LaneSnapshot[], colors: Channel['colors']): string[] {
  if (lanes.length === 0) return [];
  const rows = lanes.map(({ id, kind, inserted, used, capacity, unit, published, dropped, too_large, readers }) => {
    const share = Math.min(1, used / capacity);
    const size = unit === 'bytes' ? sizeWords(capacity) : `${grouped(capacity)} records`;
    return [
      inserted ? colors.dim(harmless(id)) : harmless(id),
      kind,
      `${Math.round(share * 100)} %`,
      '▇'.repeat(Math.round(share * BAR_CELLS)).padEnd(BAR_CELLS, '·'),
      `of ${size}`,
      grouped(published),
      grouped(dropped + too_large),
      grouped(Math.max(0, ...readers.map(({ lag }) => lag))),
    ];
  });
  const titles = ['lane', 'kind', 'full', '', '', 'records', 'dropped', 'lag'].map((cell) => colors.dim(cell));
  return ['', ...indent(table([titles, ...rows], [2, 5, 6, 7]))];
}

/** Who holds everybody up: said once, however many wait. */
function blameLines(agents: readonly AgentSnapshot[], colors: Channel['colors']): string[] {
  const stalled = agents.filter(({ state, blame }) => state === 'Stalled' && blame !== null);
  const edges = [...new Set(stalled.map(({ blame }) => blame))];
  return edges.length === 0
    ? []
    : ['', `  ${colors.yellow('!')} held up at ${edges.map((edge) => colors.bold(edge ?? '')).join(', ')}`];
}

/** `812 ns`, `1.3 µs`, `52 ms`. */
function nanoseconds(ns: number): string {
  const units = ['ns', 'µs', 'ms', 's'];
  let value = ns;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}
