/**
 * What `doctor` looks at, one check each: a code, a verdict, what was found, and what to do about it. `fail` means that
 * something asked for (or needed by everything) cannot be had. Main thread; nothing throws.
 */
import type { RingDescription } from '../describe/describe.js';
import { BUILD_REMEDY } from '../runtime/binary.js';
import type { Capabilities } from '../runtime/machine.js';
import { rangesOf } from '../runtime/ranges.js';
import type { FolderState, Limit } from './machine.js';
import type { ThreadOptions } from './open-options.js';
import { sizeWords } from './sizes.js';

export interface Check {
  readonly code: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do; absent where nothing needs doing. */
  readonly fix?: string;
}

const ok = (code: string, message: string): Check => ({ code, verdict: 'ok', message });

/** Versions as package.json's `engines` states them. */
const NODE_MIN = [20, 19] as const;

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const enough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  if (enough) return ok('NODE_VERSION', `Node ${version}`);
  return {
    code: 'NODE_VERSION',
    verdict: 'fail',
    message: `Node ${version} is older than ${NODE_MIN.join('.')}.`,
    fix: `Install Node ${NODE_MIN.join('.')} or newer.`,
  };
}

const PREBUILT = ['linux-x64', 'linux-arm64'];

export function checkPlatform(platform: string, arch: string, libc: string | undefined): Check {
  const name = `${platform}-${arch}`;
  const said = libc === undefined ? name : `${name}, ${libc}`;
  if (PREBUILT.includes(name) && libc?.startsWith('glibc') === true) return ok('PLATFORM', said);
  return {
    code: 'PLATFORM',
    verdict: 'warn',
    message: `${said}: there is no prebuilt core for it, and it is not tested there.`,
    fix: BUILD_REMEDY,
  };
}

export function checkAddon(reason: string | undefined): Check {
  if (reason === undefined) return ok('ADDON', 'the native core is loaded');
  return {
    code: 'ADDON',
    verdict: 'fail',
    message: `The native core cannot be loaded: ${reason}`,
    fix: BUILD_REMEDY,
  };
}

export function checkCpus({ cpus }: Capabilities): Check {
  const list = rangesOf(cpus.allowed);
  if (cpus.allowed.length > 1) return ok('CPUS', `this process may use ${cpus.allowed.length} CPUs: ${list}`);
  return {
    code: 'CPUS',
    verdict: 'warn',
    message: `This process may use only CPU ${list}: all stages take turns on it.`,
    fix: 'Allow more CPUs (cpuset, taskset), if there are any.',
  };
}

export function checkQuota({ cpus }: Capabilities): Check {
  const { quota, allowed } = cpus;
  if (quota === null) return ok('CPU_QUOTA', 'no control group limits CPU time');
  const words = `${quota.group} grants ${Number(quota.cpus.toFixed(2))} CPUs of time`;
  if (quota.cpus >= allowed.length) return ok('CPU_QUOTA', words);
  return {
    code: 'CPU_QUOTA',
    verdict: 'warn',
    message: `${words}, less than the ${allowed.length} CPUs that may be used: busy threads are throttled.`,
    fix: `Raise cpu.max, or run with --threads ${Math.max(1, Math.floor(quota.cpus))}.`,
  };
}

/** Less room than this, and the defaults of `open` with a few shards do not fit. */
const MEMORY_ROOM_MIN = 64 * 1024 ** 2;

export function checkMemory({ memory }: Capabilities): Check {
  if (memory === null) return ok('MEMORY_LIMIT', 'no control group limits memory');
  const words = `${memory.group} limits memory to ${sizeWords(memory.limit_bytes)}, ${sizeWords(memory.room_bytes)} are free`;
  if (memory.room_bytes >= MEMORY_ROOM_MIN) return ok('MEMORY_LIMIT', words);
  return {
    code: 'MEMORY_LIMIT',
    verdict: 'warn',
    message: `${words}.`,
    fix: 'Raise memory.max, or give smaller --arena-bytes and --capacity.',
  };
}

const limitWords = (limit: number): string => (limit === Number.POSITIVE_INFINITY ? 'without limit' : sizeWords(limit));

/** `bytes`: what a profile would lock; undefined when no profile was asked for. */
export function checkLockedMemory(limit: Limit, privileged: boolean, bytes: number | undefined): Check {
  if (privileged || limit === undefined) return ok('MEMLOCK', 'memory may be locked');
  const words = `memory may be locked up to ${limitWords(limit)}`;
  if (bytes === undefined || limit >= bytes) return ok('MEMLOCK', words);
  return {
    code: 'MEMLOCK',
    verdict: 'fail',
    message: `The profile locks ${sizeWords(bytes)}, but ${words}.`,
    fix: 'Raise the limit (ulimit -l, LimitMEMLOCK=) or grant CAP_IPC_LOCK.',
  };
}

export function checkIsolatedCpus({ cpus }: Capabilities, profile: ThreadOptions['profile']): Check {
  const usable = cpus.isolated.filter((cpu) => cpus.allowed.includes(cpu));
  if (usable.length > 0) return ok('ISOLATED_CPUS', `the kernel keeps CPUs ${rangesOf(usable)} free`);
  const words = 'the kernel keeps no CPU free of other threads';
  if (profile !== 'isolated-core') return ok('ISOLATED_CPUS', `${words}; only the profile isolated-core wants that`);
  return {
    code: 'ISOLATED_CPUS',
    verdict: 'fail',
    message: `The profile isolated-core wants isolated CPUs, but ${words}.`,
    fix: 'Boot with isolcpus=, and allow this process those CPUs; or use the profile low-latency.',
  };
}

export function checkRealTime(limit: Limit, privileged: boolean, profile: ThreadOptions['profile']): Check {
  if (privileged || limit === undefined || limit > 0) return ok('REAL_TIME', 'threads may ask for the real-time class');
  const words = 'this process may not ask for the real-time class';
  if (profile !== 'isolated-core') return ok('REAL_TIME', `${words}; only the profile isolated-core wants that`);
  return {
    code: 'REAL_TIME',
    verdict: 'fail',
    message: `The profile isolated-core wants the real-time class, but ${words}.`,
    fix: 'Raise the limit (ulimit -r, LimitRTPRIO=) or grant CAP_SYS_NICE.',
  };
}

/** The folder that native/platform/user_folder.cpp would take: the first that is, or can become, the user's own. */
export function checkFolder(candidates: readonly FolderState[]): Check {
  const taken = candidates.find(({ state }) => state === 'own' || state === 'missing');
  const foreign = candidates.filter(({ state }) => state === 'foreign').map(({ path }) => path);
  if (taken !== undefined && foreign.length === 0)
    return ok('RUNTIME_FOLDER', `${taken.path}${taken.state === 'missing' ? ' (made when it is needed)' : ''}`);
  const message =
    taken === undefined
      ? `There is no folder for observation: tried ${candidates.map(({ path }) => path).join(', ')}.`
      : `${foreign.join(', ')} cannot be used, because it is not this user's own folder of mode 0700; ${taken.path} is.`;
  return {
    code: 'RUNTIME_FOLDER',
    verdict: 'warn',
    message,
    fix: 'Remove it or `chmod 700` it, or set XDG_RUNTIME_DIR. Without one, nothing can be observed.',
  };
}

/**
 * Black boxes: regions of processes that were killed. They lie in memory until they are pruned.
 * @param sizes of each, bytes
 */
export function checkDeadRegions(sizes: readonly number[]): Check {
  if (sizes.length === 0) return ok('DEAD_REGIONS', 'no killed pipeline left its region behind');
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const [left, them] = sizes.length === 1 ? ['1 killed pipeline', 'it'] : [`${sizes.length} killed pipelines`, 'them'];
  return {
    code: 'DEAD_REGIONS',
    verdict: 'warn',
    message: `${left} left ${sizeWords(bytes)} behind.`,
    fix: `\`byteor snapshot\` lists ${them}; \`byteor snapshot --prune\` removes ${them}.`,
  };
}

// ---- with a plan ---------------------------------------------------------------------------------------------------

export function checkThreads(wanted: number, asked: number | undefined, { cpus }: Capabilities): Check {
  const words = `${wanted} ${wanted === 1 ? 'thread' : 'threads'}, ${cpus.threads} may be busy all the time`;
  if (wanted <= cpus.threads) return ok('PLAN_THREADS', words);
  return {
    code: 'PLAN_THREADS',
    verdict: asked === undefined ? 'warn' : 'fail',
    message: `${words}: they take turns, and some run unpinned.`,
    fix: `Allow more CPUs, or run with --threads ${cpus.threads}.`,
  };
}

export function checkAskedCpus(asked: readonly number[] | undefined, { cpus }: Capabilities): Check[] {
  const foreign = (asked ?? []).filter((cpu) => !cpus.allowed.includes(cpu));
  if (asked === undefined) return [];
  if (foreign.length === 0) return [ok('ASKED_CPUS', `CPUs ${asked.join(',')} may be used`)];
  return [
    {
      code: 'ASKED_CPUS',
      verdict: 'fail',
      message: `--cpus names ${foreign.join(',')}, which this process may not use.`,
      fix: `Choose from ${rangesOf(cpus.allowed)}.`,
    },
  ];
}

/** `free`: bytes that the machine could give, where no control group says less. */
export function checkPlanMemory(
  plan: Pick<RingDescription['memory'], 'mappedBytes'>,
  { memory }: Capabilities,
  free: number,
): Check {
  const words = `it maps ${sizeWords(plan.mappedBytes)}`;
  const room = memory === null ? free : memory.room_bytes;
  if (plan.mappedBytes <= room) return ok('PLAN_MEMORY', `${words} of the ${sizeWords(room)} free`);
  return {
    code: 'PLAN_MEMORY',
    // Without a limit pages are only taken when they are touched, so it may work; `open` refuses to exceed a limit.
    verdict: memory === null ? 'warn' : 'fail',
    message: `It maps ${sizeWords(plan.mappedBytes)}, but ${memory?.group ?? 'this machine'} leaves ${sizeWords(room)}.`,
    fix: `${memory === null ? 'Free memory' : 'Raise memory.max'}, or give smaller --arena-bytes, --record-max and --capacity.`,
  };
}

/** The observed region lies in the runtime folder: a file in memory, which must have room. */
export function checkObserve(
  { totalBytes }: Pick<RingDescription['memory'], 'totalBytes'>,
  candidates: readonly FolderState[],
): Check {
  const folder = candidates.find(({ state }) => state === 'own' || state === 'missing');
  const free = folder?.freeBytes;
  if (folder !== undefined && (free === undefined || free >= totalBytes))
    return ok('OBSERVE', `the region can lie in ${folder.path}`);
  return {
    code: 'OBSERVE',
    verdict: 'fail',
    message:
      folder === undefined
        ? 'There is no folder in which the region could be observed.'
        : `The region has ${sizeWords(totalBytes)}, but ${folder.path} has room for ${sizeWords(free ?? 0)}.`,
    fix: 'Give it more room (for /dev/shm: --shm-size in a container), or run without --observe.',
  };
}
