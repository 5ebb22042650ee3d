/**
 * The two sides of a comparison: `plan`, which is judged, and `against`, by which it is judged. Both get the same records, and
 * everything that they write goes to a folder of the comparison's own: the files of the user are read and never written.
 */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { flatOf, withTarget } from '../../adapter/port.js';
import type { Port } from '../../adapter/registry.js';
import { codecKind } from '../../plan/codec-layout.js';
import type { BoundaryEntry, CheckedPlan, PipelinePlanV2 } from '../../plan/document.js';
import { failedAt } from '../../region/failure.js';
import type { OpenOptions } from '../../runtime/options.js';
import { compile, type Version } from '../../version/version.js';
import { type Ends, fileOf } from '../adapters.js';
import { CliError, ExitCode, usageError } from '../exit-code.js';
import { RELEASE_FEATURES } from '../release.js';
import { startProblem } from '../run/execute.js';
import { systemWords } from '../system-words.js';
import type { LapAnswer, LapRequest, LapRuns, Refused } from './lap.js';
import type { LoadRequest } from './load.js';

export type SideName = 'plan' | 'against';

export interface Side {
  readonly name: SideName;
  /** As it was given on the command line. */
  readonly path: string;
  readonly version: Version;
  readonly options: OpenOptions;
  /** Folder of the byteor that runs it. */
  readonly package: string;
}

export const sideOf = (
  name: SideName,
  path: string,
  plan: CheckedPlan,
  more: Pick<Side, 'options' | 'package'>,
): Side => ({ name, path, version: compile(plan, { features: RELEASE_FEATURES }), ...more });

/** How a side is called in messages. */
export const sideWords = ({ name, path }: Pick<Side, 'name' | 'path'>): string =>
  name === 'plan' ? `the plan ${JSON.stringify(path)}` : `the other side ${JSON.stringify(path)}`;

const boundaryWords = ({ id, kind }: BoundaryEntry): string => `the ${kind} "${id}"`;
const codecOf = ({ codec }: BoundaryEntry): string => {
  const kind = codecKind(codec);
  return JSON.stringify(kind === 'struct' ? codec : kind);
};

/** @throws CliError (wrong usage) unless both plans have the same boundaries: one input for both, outputs to compare */
export function checkBoundaries(plan: PipelinePlanV2, against: PipelinePlanV2): void {
  const missing = (from: PipelinePlanV2, than: PipelinePlanV2) =>
    than.boundaries.filter(
      (wanted) => !from.boundaries.some(({ id, kind }) => id === wanted.id && kind === wanted.kind),
    );
  const lists: readonly (readonly [string, readonly BoundaryEntry[]])[] = [
    ['PLAN has not', missing(plan, against)],
    ['--against has not', missing(against, plan)],
  ];
  const words = lists.flatMap(([who, entries]) =>
    entries.length === 0 ? [] : [`${who} ${entries.map(boundaryWords).join(', ')}`],
  );
  if (words.length > 0)
    throw usageError(
      `The plans have other boundaries: ${words.join('; ')}.`,
      'Only plans with the same ingresses and egresses can be compared: rename them in one of the two.',
    );
  for (const one of plan.boundaries) {
    const other = against.boundaries.find(({ id }) => id === one.id) as BoundaryEntry;
    if (codecOf(one) !== codecOf(other))
      throw usageError(
        `The codec of ${boundaryWords(one)} is ${codecOf(one)} in PLAN and ${codecOf(other)} in --against.`,
        'Records of different codecs cannot be compared: give both plans the same one.',
      );
  }
}

/**
 * Every lap reads the input from its start, and no lap writes to a stream or a device that could not take it again.
 * @throws CliError (wrong usage; the run failed where a file cannot be read, as `run` says it)
 */
export function checkEnds(boundaries: readonly BoundaryEntry[], ends: Ends): void {
  if (ends.readsStandardInput)
    throw usageError(
      'An ingress reads standard input, which can be read only once; a comparison reads its input many times.',
      'Write it to a file first, and give lines:PATH.',
    );
  if (ends.writesStandardOutput)
    throw usageError(
      'An egress writes to standard output, which a comparison needs for its result.',
      'Give lines:PATH, which is never written to (a temporary file stands for it), or discard.',
    );
  for (const { id, kind } of boundaries) {
    const path = fileOf(ends.ports[id]);
    if (path !== undefined) checkFile(kind, id, path);
    else checkRepeats(kind, id, ends);
  }
}

/** What is no file: a source that can be read again, and an output that is nothing. */
function checkRepeats(kind: BoundaryEntry['kind'], id: string, { ports, words }: Ends): void {
  const adapter = flatOf(ports[id])?.adapter;
  if (adapter === undefined || (kind === 'ingress' && adapter.rereads)) return;
  const named = `The adapter of "${id}" is ${JSON.stringify(words[id])}`;
  if (kind === 'ingress')
    throw usageError(
      `${named}, which cannot be read many times.`,
      'Write its records to a file first, and give lines:PATH.',
    );
  throw usageError(`${named}, and only a file can be stood in for.`, 'Give lines:PATH or discard.');
}

function checkFile(kind: BoundaryEntry['kind'], id: string, path: string): void {
  let found: ReturnType<typeof statSync>;
  try {
    found = statSync(path);
  } catch (error) {
    if (kind === 'egress') return;
    throw new CliError(
      ExitCode.RunFailed,
      `Cannot start: ingress "${id}": cannot read ${JSON.stringify(path)}: ${systemWords(error)}.`,
    );
  }
  if (found.isFile() || (kind === 'egress' && path === '/dev/null')) return;
  throw usageError(
    `The adapter of "${id}" names ${JSON.stringify(path)}, which is not an ordinary file.`,
    kind === 'ingress'
      ? 'A comparison reads its input many times: write it to a file first.'
      : 'Give lines:PATH with an ordinary file, lines:/dev/null, or discard.',
  );
}

/** Where a run of a side writes. */
export interface Places {
  readonly request: string;
  /** Egress → the file that stands for its own; not of those that write nothing. */
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Writes down what a process is to run.
 * @param name of the request and of the files: of equal length for both sides, so that their processes look alike
 * @param wanted egresses that get a file although the user writes nothing there
 */
export function writeRequest(side: Side, ends: Ends, folder: string, name: string, wanted: 'as given' | 'all'): Places {
  const ports: Record<string, Port> = {};
  const outputs: Record<string, string> = {};
  for (const [index, { id, kind }] of side.version.plan.boundaries.entries()) {
    const port = ends.ports[id] as Port;
    const path = fileOf(port);
    const written = path === undefined ? wanted === 'all' : path !== '/dev/null' || wanted === 'all';
    if (kind === 'ingress' || !written) ports[id] = port;
    else {
      const file = join(folder, `${name}.${index}.out`);
      outputs[id] = file;
      ports[id] = typeof port === 'object' ? withTarget(port, file) : { lines: file };
    }
  }
  const request = requestOf(side, folder, name, { ports });
  const made = [...Object.values(outputs), ...request.made];
  return { request: write(folder, name, { ...request, made }), outputs };
}

/** As `writeRequest`, of laps under load. */
export function writeLoadRequest(side: Side, folder: string, name: string, load: LoadRequest): string {
  return write(folder, name, { ...requestOf(side, folder, name, {}), load });
}

/** With a folder for journals where the plan has any. */
function requestOf(
  { version: { plan }, package: root, options }: Side,
  folder: string,
  name: string,
  more: OpenOptions,
): LapRequest {
  const journal = join(folder, `${name}.journal`);
  const journals = hasJournal(plan) ? { journal: { folder: journal } } : {};
  return {
    library: pathToFileURL(join(root, 'dist', 'index.js')).href,
    plan,
    options: { ...options, ...journals, ...more },
    made: 'journal' in journals ? [journal] : [],
  };
}

function write(folder: string, name: string, request: LapRequest): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(request));
  return file;
}

export const hasJournal = (plan: PipelinePlanV2): boolean =>
  plan.target === 'LaneGraph' && plan.lane_graph.connections.some(({ lane }) => lane.kind === 'Journal');

/** @throws CliError that names the side, with the exit code that `run` would have */
export function runsOf(side: Side, answer: LapAnswer): LapRuns {
  if ('runs' in answer) return answer.runs;
  if ('refused' in answer) throw refusal(side, answer);
  const { stage, cause } = answer.failure;
  throw new CliError(
    ExitCode.RunFailed,
    `${capital(sideWords(side))} failed: ${JSON.stringify(stage)} failed at ${failedAt(answer.failure)}: ${cause}`,
  );
}

/** What to say of a pipeline that could not be opened, with the exit code that `run` would have. */
export function refusal(side: Side, { refused }: Refused): CliError {
  const problem = startProblem(refused, side.version);
  return new CliError(problem.exitCode, `${capital(sideWords(side))}: ${problem.message}`);
}

const capital = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}`;
