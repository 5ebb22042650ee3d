/** `byteor snapshot`: what an observed pipeline of this user is doing, or was doing when its process was killed. */

import {
  lifeOfRegion,
  type ObservedPipeline,
  observedAt,
  observedPipelines,
  readRegionFile,
  removeRegion,
} from '../../observe/observed.js';
import type { Life } from '../../observe/process-life.js';
import { failedAt } from '../../region/failure.js';
import type { LaneSnapshot } from '../../region/graph-snapshot.js';
import type { LatencySummary } from '../../region/histogram.js';
import { RegionError } from '../../region/region.js';
import { type AgentSnapshot, type HostedSnapshot, readSnapshot, type Snapshot } from '../../region/snapshot.js';
import { CliError, ExitCode, usageError } from '../exit-code.js';
import { sizeWords } from '../sizes.js';
import { systemWords } from '../system-words.js';
import type { Channel } from '../terminal.js';
import { causeWords, counted, grouped, harmless, indent, table } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

interface Options {
  readonly json?: true;
  readonly prune?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Look at a running pipeline that was started with --observe (or `observe: true`): the position and state of every ' +
        'agent, what a stalled one waits for, and hop latencies. Without an argument, list the pipelines. The region of ' +
        'a killed process can be read too, until it is pruned.',
    )
    .argument('[pipeline]', 'process id, PID/NUMBER where a process has several, or the file of a region')
    .option(...JSON_OPTION)
    .option('--prune', 'remove regions of processes that are gone: all of them, or the named one')
    .addHelpText(
      'after',
      examples([
        ['byteor snapshot', 'observed pipelines of this user'],
        ['byteor snapshot 4711', 'the one of process 4711'],
        ['byteor snapshot --json 4711/2 | jq .agents', 'its second one, for programs'],
        ['byteor snapshot --prune', 'remove the regions of processes that are gone'],
      ]),
    )
    .action(context.ends(async (which: string | undefined, options: Options) => look(which, options, context)));
};

function look(which: string | undefined, options: Options, context: VerbContext): ExitCode {
  if (options.prune === true) return prune(which, options, context);
  if (which === undefined) return list(options, context);
  const path = find(which);
  const snapshot = read(path);
  const life = lifeOfRegion(path, snapshot);
  if (options.json === true) context.out.json({ ...lifeFacts(life), ...snapshot });
  else context.out.line(snapshotText(snapshot, life, context.out));
  return ExitCode.Done;
}

/** `alive` is null where it cannot be told. */
const lifeFacts = (process: Life) => ({ alive: process === 'unknown' ? null : process === 'alive', process });

/** What is known of a region that may not be readable: a process may have been killed before it had filled it. */
function headOf({
  path,
}: ObservedPipeline): { name: string | null; version: string | null; state: string | null } | undefined {
  try {
    const { name, version, state } = readSnapshot(readRegionFile(path));
    return { name, version, state };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { name: null, version: null, state: null };
  }
}

/** Several regions may end while they are looked at; who is gone by then is left out. */
function list(options: Options, { out, err }: VerbContext): ExitCode {
  const found = observedPipelines().flatMap((observed) => {
    const head = headOf(observed);
    return head === undefined ? [] : [{ ...observed, ...lifeFacts(observed.process), ...head }];
  });
  if (options.json === true) out.json(found);
  else if (found.length === 0) err.line('No pipeline can be observed. Start one with --observe.');
  else {
    const rows = found.map(({ pid, pipeline, name, state, process, path }) => [
      `${pid}/${pipeline}`,
      name === null ? '(cannot be read)' : harmless(name),
      [state ?? '', LIFE_WORDS[process]].filter((words) => words !== '').join(', '),
      out.colors.dim(harmless(path)),
    ]);
    out.line(table([['pipeline', 'name', 'state', 'region'], ...rows]).join('\n'));
    const dead = found.filter(({ process }) => process === 'gone').length;
    if (dead > 0)
      err.line(`${counted(dead, 'region')} of processes that are gone: \`byteor snapshot --prune\` removes them.`);
  }
  return ExitCode.Done;
}

const LIFE_WORDS: Readonly<Record<Life, string>> = {
  alive: '',
  gone: 'process gone',
  unknown: 'in another container',
};

function prune(which: string | undefined, options: Options, { out, err }: VerbContext): ExitCode {
  const chosen =
    which === undefined ? observedPipelines().filter(({ process }) => process === 'gone') : [pruned(which)];
  const removed: ObservedPipeline[] = [];
  const problems: string[] = [];
  for (const observed of chosen) {
    try {
      if (removeRegion(observed)) removed.push(observed);
    } catch (error) {
      problems.push(`Cannot remove ${JSON.stringify(observed.path)}: ${systemWords(error)}.`);
    }
  }
  if (options.json === true) out.json({ removed: removed.map(({ path, pid, pipeline }) => ({ path, pid, pipeline })) });
  else if (removed.length > 0) out.line(removed.map(({ path }) => `removed ${harmless(path)}`).join('\n'));
  else err.line('There is no region to remove.');
  for (const problem of problems) err.line(`byteor snapshot: ${harmless(problem)}`);
  return problems.length > 0 ? ExitCode.RunFailed : ExitCode.Done;
}

/** The dead region that was named. */
function pruned(which: string): ObservedPipeline {
  const path = find(which, 'gone');
  const observed = observedAt(path);
  if (observed?.process === 'gone') return observed;
  throw usageError(
    `${JSON.stringify(which)} ${observed === undefined ? 'is not a region of a pipeline' : 'belongs to a process that may still run'}.`,
    'Only regions of processes that are gone are removed; `byteor snapshot` lists them.',
  );
}

/** The path of the region that was meant: of several with one number, the one that `life` says. */
function find(which: string, life: Life = 'alive'): string {
  const match = /^([0-9]+)(?:\/([0-9]+))?$/.exec(which);
  if (match === null) return which;
  const [, pid, pipeline] = match;
  const own = observedPipelines().filter(
    (observed) => observed.pid === Number(pid) && (pipeline === undefined || observed.pipeline === Number(pipeline)),
  );
  const preferred = own.filter(({ process }) => process === life);
  const [only, another] = preferred.length > 0 ? preferred : own;
  if (only === undefined)
    throw usageError(
      `There is no observed pipeline ${which}.`,
      '`byteor snapshot` lists those of this user that were started with --observe.',
    );
  if (another !== undefined)
    throw usageError(`Process ${pid} has several pipelines.`, `Name one: ${names(own).join(', ')}.`);
  return only.path;
}

/** By process and number, and by the file where an id has been given again. */
function names(own: readonly ObservedPipeline[]): string[] {
  const short = own.map(nameOf);
  return own.map(({ path }, at) =>
    short.indexOf(short[at] as string) === short.lastIndexOf(short[at] as string) ? (short[at] as string) : path,
  );
}

const nameOf = ({ pid, pipeline }: ObservedPipeline): string => `${pid}/${pipeline}`;

function read(path: string): Snapshot {
  try {
    return readSnapshot(readRegionFile(path));
  } catch (error) {
    const words = error instanceof RegionError ? error.message : systemWords(error);
    throw new CliError(ExitCode.Usage, `Cannot look at ${JSON.stringify(path)}: ${words}.`, undefined, {
      cause: error,
    });
  }
}

function snapshotText(snapshot: Snapshot, life: Life, { colors }: Channel): string {
  const { name, version, pid, pipeline, state, agents, lanes, threads, failure } = snapshot;
  const shards = new Set(agents.map(({ shard }) => shard)).size;
  const head = `${colors.bold(harmless(name))}  ${colors.dim(version.slice(0, 12))}  ${pid}/${pipeline}`;
  const now = life === 'alive' ? Number(process.hrtime.bigint()) : null;
  const rows = agents.map((agent) => agentRow(agent, shards > 1, now));
  const titles = ['agent', 'thread', 'state', 'sequence', 'lag', 'p50', 'p99', 'max', 'waits for'];
  const threadRows = threads.map(({ name: thread, cpu, tid, parks, rounds, idle_rounds }) => [
    thread,
    cpu === null ? 'not pinned' : `CPU ${cpu}`,
    String(tid),
    ...[parks, rounds, idle_rounds].map(grouped),
  ]);
  const dim = (cells: readonly string[]) => cells.map((cell) => colors.dim(cell));
  return [
    `${head}  ${stateWords(snapshot, life, colors, state)}`,
    '',
    ...indent(table([dim(titles), ...rows], [3, 4, 5, 6, 7])),
    ...blameLines(agents, colors),
    ...failedLines(agents, shards > 1, colors),
    ...laneLines(lanes, colors),
    '',
    ...indent(table([dim(['thread', 'CPU', 'id', 'parks', 'rounds', 'idle']), ...threadRows], [2, 3, 4, 5])),
    ...(failure === null
      ? []
      : ['', `${colors.red('✗ failed')}: ${failure.stage} at ${failedAt(failure)}: ${harmless(failure.cause)}`]),
  ].join('\n');
}

function stateWords({ started_ns }: Snapshot, life: Life, colors: Channel['colors'], state: string): string {
  if (life === 'unknown') return `${state} in a container that cannot be seen from here`;
  if (life === 'gone') return colors.yellow(`${state}, but its process is gone; this is its last state`);
  const seconds = (Number(process.hrtime.bigint()) - started_ns) / 1e9;
  return started_ns > 0 && seconds >= 0 ? `${state} for ${seconds.toFixed(1)} s` : state;
}

/** @param now monotonic ns; null where the times of the region are of another moment, or of another machine */
function agentRow(agent: AgentSnapshot, sharded: boolean, now: number | null): string[] {
  const {
    id,
    shard,
    thread,
    state,
    sequence,
    lag,
    latency_ns: latency,
    blocked_on: chain,
    blocked_on_links: links,
    hosted,
  } = agent;
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
    chain.length > 0 || hosted === null ? chainWords(chain, links) : hostedWords(hosted, now),
  ];
}

/** What holds up a stage that JavaScript runs: `its function, for 1.3 s`. */
function hostedWords({ phase, since_ns, promised }: HostedSnapshot, now: number | null): string {
  const time = now === null || since_ns === null || since_ns > now ? '' : `, for ${nanoseconds(now - since_ns)}`;
  switch (phase) {
    case 'Untaken':
      return 'a thread that attaches with its function';
    case 'Loading':
      return 'its worker, which loads its module';
    case 'Called':
      return `its function${time}`;
    case 'Promised':
      return `a promise${time}; ${counted(promised, 'record')} ${promised === 1 ? 'waits' : 'wait'}`;
    default:
      return '';
  }
}

/** `! keep: 3 failed: REJECTED 2, TOO_LARGE 1`; those that went on as they had come are among them. */
function failedLines(agents: readonly AgentSnapshot[], sharded: boolean, colors: Channel['colors']): string[] {
  const lines = agents.flatMap(({ id, shard, failed, passed_failed, causes }) => {
    const all = failed + passed_failed;
    const name = harmless(sharded ? `${id}/${shard}` : id);
    return all === 0 ? [] : [`${colors.yellow('!')} ${name}: ${grouped(all)} failed: ${causeWords(causes)}`];
  });
  return lines.length === 0 ? [] : ['', ...indent(lines)];
}

/** `keep (Stalled) → … 12 more → out (Stalled)`. */
function chainWords(chain: AgentSnapshot['blocked_on'], links: number): string {
  const words = chain.map((link) => `${link.agent} (${link.state})`);
  if (links > chain.length) words.splice(-1, 0, `… ${grouped(links - chain.length)} more`);
  return words.join(' → ');
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

/** The agent that holds the others up: said once, however many wait. */
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
