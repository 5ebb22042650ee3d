/**
 * The options of `open`: what may be asked for, its bounds with their reasons, and the check. Every wrong option is an
 * OptionError that names what was received, what is allowed and what to do; nothing is repaired silently. What depends
 * on the machine (which CPUs there are) is checked by the core. Pure.
 */

import type { NativeOpenOptions, NativePort } from '../abi/addon.js';
import { BATCH_RECORDS_MAX, CPU_MAX, FIRST_SEQUENCE_MAX, PROFILES, THREADS_MAX, WAITS } from '../abi/definition.js';
import { checkPort, isProblem, portForms } from '../adapter/check.js';
import type { EgressPort, IngressPort, Port } from '../adapter/registry.js';
import { describeValue } from '../error/describe-value.js';
import { OptionError } from '../error/errors.js';
import type { HotWait } from '../handle/waiting.js';
import type { StageNames, StagesOf } from '../host/stage-functions.js';
import { PUBLICATIONS, publishesByWords, SIZE_LIMITS } from '../layout/memory.js';
import type { OpeningAsked } from '../layout/opening.js';
import type { PipelinePlanV2, Target } from '../plan/document.js';
import type { EgressIds, IngressIds } from '../plan/infer.js';
import { CAPACITY_MAX, LANE_BYTES_MAX, LANE_BYTES_MIN } from '../plan/limits.js';

/** What `open` may be told. Everything has a default. */
export interface OpenOptions<Id extends string = string> {
  /** SingleRing: records that a shard holds, 1 to 2^30. Default 8192. */
  readonly capacity?: number;
  /**
   * Largest record in bytes, 1 to 2^29. Default: 1 MiB in a SingleRing; in a LaneGraph what passes lanes of `laneBytes`, which is
   * a little less than half of that. A struct whose length no stage changes says it itself.
   */
  readonly recordMax?: number;
  /**
   * SingleRing: bytes for the records of a shard, a power of two, at least two of the largest records. Default 4 MiB,
   * shared.
   */
  readonly arenaBytes?: number;
  /**
   * LaneGraph: bytes of each Events, FanoutBroadcast and Journal lane whose connection states none, 64 to 2^30. Default
   * 1 MiB, or what two of the largest records need.
   */
  readonly laneBytes?: number;
  /** LaneGraph with Journal lanes: where their files are. */
  readonly journal?: {
    /**
     * Folder in which each Journal lane has one of its own; made where it is missing. Default: a folder for this run
     * alone, which `status()` tells.
     */
    readonly folder: string;
  };
  /**
   * Where letters of records that fail under `on_error: dead_letter` go. A plan with such a stage or boundary does not start
   * without; with another plan nothing is made.
   */
  readonly deadLetters?: {
    /** Folder of letters; made where it is missing. One pipeline writes it at a time. */
    readonly folder: string;
  };
  /** Records that an agent moves in one turn, 1 to 65536. Default 256. */
  readonly batchRecords?: number;
  /** Tuning: `default` waits adaptively, `low-latency` spins with locked memory, `isolated-core` adds real time. */
  readonly profile?: (typeof PROFILES)[number];
  /** What threads do while they wait. Default: as the profile says. */
  readonly wait?: (typeof WAITS)[number];
  /** SingleRing: how records of fixed size are published: by a cursor, or by a word in each slot. Default: as the profile says. */
  readonly publication?: (typeof PUBLICATIONS)[number];
  /** Native threads, 1 to 256. Default: as placement decides. */
  readonly threads?: number;
  /** CPUs to pin to, in the order of the threads. Default: as placement decides. */
  readonly cpus?: readonly number[];
  /** Pin threads to CPUs. Default true. */
  readonly pin?: boolean;
  /** Back the region with a file of this user, so that `byteor snapshot` can look at it. Default false. */
  readonly observe?: boolean;
  /** Tell what is delivered: `untilDelivered()` and `delivered` of push handles. Costs records nothing. Default false. */
  readonly delivered?: boolean;
  /** Who runs which boundary. Default: a JS handle. */
  readonly ports?: { readonly [B in Id]?: Port };
  /**
   * What runs the ops of yours, by the names behind their colons: of `js:NAME` a function, which this thread then runs, or
   * `'attach'` (docs/stages.md); of `native:NAME` a shared library (docs/plugins.md). Each name must be there.
   */
  readonly stages?: StagesOf<PipelinePlanV2>;
  /** Where all sequences begin, 0 to 2^52: for tests of wrapping cells. Default 0. */
  readonly firstSequence?: number;
}

/** Options of the other target, as words for what to do: no value of them compiles. */
interface NotOfRing {
  readonly laneBytes?: 'laneBytes is an option of a LaneGraph: give capacity and arenaBytes';
  readonly journal?: 'journal is an option of a LaneGraph: a SingleRing has no journals';
}
interface NotOfGraph {
  readonly capacity?: 'capacity is an option of a SingleRing: give laneBytes, or capacities in the plan';
  readonly arenaBytes?: 'arenaBytes is an option of a SingleRing: give laneBytes, or capacities in the plan';
  readonly publication?: 'publication is an option of a SingleRing: leave it out';
}

/** What `open` takes for a plan: with its boundary ids, and without the options of the other target. */
export type OpenOptionsOf<P extends PipelinePlanV2> = OptionsOfTarget<P['target']> & {
  /** Who runs which boundary. Default: a JS handle. */
  readonly ports?: PortsOf<IngressIds<P> & string, EgressIds<P> & string>;
} & StagesOption<P>;

/** What `open` takes behind the version: options, which a plan with ops of yours must have. */
export type OpenArguments<P extends PipelinePlanV2> = [StageNames<P>] extends [never]
  ? [given?: OpenOptionsOf<P>]
  : string extends StageNames<P>
    ? [given?: OpenOptionsOf<P>]
    : [given: OpenOptionsOf<P>];

/** A plan without ops of yours has nothing to be given for them. */
type StagesOption<P extends PipelinePlanV2> = [StageNames<P>] extends [never]
  ? { readonly stages?: Readonly<Record<string, never>> }
  : string extends StageNames<P>
    ? Pick<OpenOptions, 'stages'>
    : {
        /** What runs the plan's own ops: functions, which this thread then runs, `'attach'`, or libraries. */
        readonly stages: StagesOf<P>;
      };

type Bound = 'ports' | 'stages';

type OptionsOfTarget<T extends Target> = [Target] extends [T]
  ? Omit<OpenOptions, Bound>
  : T extends 'SingleRing'
    ? Omit<OpenOptions, Bound | keyof NotOfRing> & NotOfRing
    : Omit<OpenOptions, Bound | keyof NotOfGraph> & NotOfGraph;

/** What only an egress may have does not compile at an ingress, as far as the plan's ids are known. */
type PortsOf<In extends string, Out extends string> = {
  readonly [B in In | Out]?: string extends B ? Port : B extends In ? IngressPort : EgressPort;
};

const KNOWN: ReadonlySet<string> = new Set([
  'capacity',
  'recordMax',
  'arenaBytes',
  'laneBytes',
  'journal',
  'deadLetters',
  'batchRecords',
  'profile',
  'wait',
  'publication',
  'threads',
  'cpus',
  'pin',
  'observe',
  'delivered',
  'ports',
  'stages',
  'firstSequence',
] satisfies (keyof OpenOptions)[]);

/** Options that belong to one target, and what stands in their place in the other. */
const OF_TARGET: readonly (readonly [keyof OpenOptions, Target, string])[] = [
  ['capacity', 'SingleRing', 'a LaneGraph has lanes, not shards: give laneBytes, or capacities in the plan'],
  ['arenaBytes', 'SingleRing', 'a LaneGraph has lanes, not shards: give laneBytes, or capacities in the plan'],
  ['publication', 'SingleRing', 'it belongs to rings of fixed records: leave it out for a LaneGraph'],
  ['laneBytes', 'LaneGraph', 'a SingleRing has no lanes: give capacity and arenaBytes'],
  ['journal', 'LaneGraph', 'a SingleRing has no journals: leave it out'],
];

/**
 * What the check needs to know of a plan.
 * @internal
 */
export interface PlanFacts {
  readonly target: Target;
  readonly boundaries: readonly BoundaryEnd[];
  /** A connection asks for a Journal lane. */
  readonly journals: boolean;
}

/** @internal */
export const planFacts = (plan: PipelinePlanV2): PlanFacts => ({
  target: plan.target,
  boundaries: plan.boundaries,
  journals: plan.target === 'LaneGraph' && plan.lane_graph.connections.some(({ lane }) => lane.kind === 'Journal'),
});

/**
 * What the check needs to know of a plan's boundaries.
 * @internal
 */
export interface BoundaryEnd {
  readonly id: string;
  readonly kind: 'ingress' | 'egress';
}

function wrong(option: string, received: unknown, remedy: string): never {
  throw new OptionError(option, received, `${option} is ${describeValue(received)}: ${remedy}`);
}

function integer(option: string, value: unknown, least: number, most: number, absent: number): number {
  if (value === undefined) return absent;
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  return wrong(option, value, `give an integer from ${least} to ${most}, or leave it out`);
}

function word<const Words extends readonly string[]>(
  option: string,
  value: unknown,
  words: Words,
  absent: Words[number],
): Words[number] {
  if (value === undefined) return absent;
  if (words.includes(value as string)) return value as Words[number];
  return wrong(option, value, `give one of ${words.map((name) => `"${name}"`).join(', ')}`);
}

function flag(option: string, value: unknown, absent: boolean): boolean {
  if (value === undefined) return absent;
  return typeof value === 'boolean' ? value : wrong(option, value, 'give true or false');
}

function checkedArena(value: unknown): number {
  const bytes = integer('arenaBytes', value, 64, SIZE_LIMITS.arenaBytesMax, 0);
  if (bytes !== 0 && 2 ** Math.round(Math.log2(bytes)) !== bytes)
    wrong('arenaBytes', value, `give a power of two, like ${2 ** Math.ceil(Math.log2(bytes))}`);
  return bytes;
}

function checkedCpus(value: unknown): readonly number[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return wrong('cpus', value, 'give an array of CPU numbers, in the order of the threads');
  const cpus = value.map((cpu: unknown, index) => integer(`cpus[${index}]`, cpu, 0, CPU_MAX, 0));
  const twice = cpus.find((cpu, index) => cpus.indexOf(cpu) !== index);
  if (twice !== undefined) wrong('cpus', twice, 'two threads cannot be pinned to one CPU; name each CPU once');
  return cpus;
}

/**
 * Checks one boundary's port and completes it for the addon.
 * @internal
 */
export function checkedPort({ id, kind }: BoundaryEnd, value: unknown): NativePort {
  const checked = checkPort(kind, value);
  if (isProblem(checked)) {
    const { key, received, remedy } = checked;
    return wrong(key === undefined ? `ports.${id}` : `ports.${id}.${key}`, received, remedy);
  }
  if (checked.port !== 'native') return { id, port: checked.port };
  return { id, port: 'native', adapter: checked.adapter.name, config: checked.config };
}

function checkedPorts(value: unknown, boundaries: readonly BoundaryEnd[]): NativePort[] {
  if (value !== undefined && (typeof value !== 'object' || value === null))
    wrong('ports', value, `give an object from boundary id to its port: ${portForms('egress')}, …`);
  const ports = (value ?? {}) as Record<string, unknown>;
  for (const id of Object.keys(ports))
    if (!boundaries.some((boundary) => boundary.id === id))
      wrong(`ports.${id}`, ports[id], `the plan has no such boundary; it has ${boundaryNames(boundaries)}`);
  return boundaries.map((boundary) => checkedPort(boundary, ports[boundary.id]));
}

/**
 * `"in" (ingress), "out" (egress)`, for messages.
 * @internal
 */
export function boundaryNames(boundaries: readonly BoundaryEnd[]): string {
  return boundaries.map(({ id, kind }) => `"${id}" (${kind})`).join(', ');
}

/** An option `{ folder }`; empty where it was left out. */
function checkedFolder(name: 'journal' | 'deadLetters', value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'object' || value === null) return wrong(name, value, 'give { folder: PATH }');
  const { folder, ...others } = value as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) wrong(`${name}.${unknown}`, others[unknown], `${name} takes "folder"`);
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0'))
    return wrong(`${name}.folder`, folder, 'give the path of a folder');
  return folder;
}

function checkedJournal(value: unknown, { journals }: PlanFacts): string {
  const folder = checkedFolder('journal', value);
  if (folder !== '' && !journals)
    wrong('journal.folder', folder, 'no connection of the plan has a Journal lane: leave it out');
  return folder;
}

function checkNames(options: OpenOptions, { target }: PlanFacts): void {
  if (typeof options !== 'object' || options === null) wrong('options', options, 'give an object, or leave it out');
  for (const [name, value] of Object.entries(options))
    if (!KNOWN.has(name)) wrong(name, value, `open has no such option; it has ${[...KNOWN].join(', ')}`);
  for (const [name, only, remedy] of OF_TARGET)
    if (target !== only && options[name] !== undefined) wrong(name, options[name], remedy);
}

/** What was asked for, checked: sizes and threads for the planner, the rest for the core. */
export interface CheckedOptions {
  readonly sizes: OpeningAsked['sizes'];
  readonly threads: number | undefined;
  readonly native: Omit<
    NativeOpenOptions,
    'versionId' | 'note' | 'external' | 'lettersFed' | 'plugins' | 'stageWorkers'
  >;
}

/** 0 where nothing was asked for: the planner's default. */
const sizeAsked = (size: number): number | undefined => (size === 0 ? undefined : size);

/**
 * Checks what was asked for and completes it.
 * @throws OptionError
 * @internal
 */
export function checkOptions(options: OpenOptions, plan: PlanFacts): CheckedOptions {
  checkNames(options, plan);
  const first = integer('firstSequence', options.firstSequence, 0, FIRST_SEQUENCE_MAX, 0);
  const sizes = {
    capacity: sizeAsked(integer('capacity', options.capacity, 1, CAPACITY_MAX, 0)),
    recordMax: sizeAsked(integer('recordMax', options.recordMax, 1, SIZE_LIMITS.recordMax, 0)),
    arenaBytes: sizeAsked(checkedArena(options.arenaBytes)),
    laneBytes: sizeAsked(integer('laneBytes', options.laneBytes, LANE_BYTES_MIN, LANE_BYTES_MAX, 0)),
  };
  const journalFolder = checkedJournal(options.journal, plan);
  const lettersFolder = checkedFolder('deadLetters', options.deadLetters);
  const batchRecords = integer('batchRecords', options.batchRecords, 1, BATCH_RECORDS_MAX, 0);
  const threads = sizeAsked(integer('threads', options.threads, 1, THREADS_MAX, 0));
  const cpus = checkedCpus(options.cpus);
  const [pin, observe] = [flag('pin', options.pin, true), flag('observe', options.observe, false)];
  const delivered = flag('delivered', options.delivered, false);
  const profile = word('profile', options.profile, PROFILES, 'default');
  const wait = word('wait', options.wait, WAITS, 'profile');
  const publication = word('publication', options.publication, PUBLICATIONS, 'profile');
  const ports = checkedPorts(options.ports, plan.boundaries);
  const firstSequence = [first % 2 ** 32, Math.floor(first / 2 ** 32)] as const;
  return {
    sizes: { ...sizes, sequenceWords: publishesByWords(publication, profile) },
    threads,
    native: {
      journalFolder,
      lettersFolder,
      batchRecords,
      cpus,
      pin,
      observe,
      delivered,
      profile,
      wait,
      firstSequence,
      ports,
    },
  };
}

/**
 * What a JS thread does while it waits, under the strategy that the pipeline's threads have.
 * @internal
 */
export function hotWaitOf(options: Pick<NativeOpenOptions, 'wait' | 'profile'>): HotWait {
  const wait = options.wait === 'profile' ? (options.profile === 'default' ? 'adaptive' : 'spin') : options.wait;
  return wait === 'yield' ? 'spin' : wait;
}
