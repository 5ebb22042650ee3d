/** `byteor doctor`: what this machine grants, and whether it is enough for a plan. */
import { freemem } from 'node:os';
import type { RingDescription } from '../../describe/describe.js';
import { folderCandidates } from '../../observe/folders.js';
import { observedPipelines } from '../../observe/observed.js';
import type { CheckedPlan } from '../../plan/document.js';
import { compile } from '../../version/version.js';
import { describeAsked, placementOf } from '../describe-asked.js';
import {
  type Check,
  checkAddon,
  checkAskedCpus,
  checkCpus,
  checkDeadRegions,
  checkFolder,
  checkIsolatedCpus,
  checkLockedMemory,
  checkMemory,
  checkNode,
  checkObserve,
  checkPlanMemory,
  checkPlatform,
  checkQuota,
  checkRealTime,
  checkThreads,
} from '../doctor-checks.js';
import { ExitCode } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import {
  bytesTaken,
  folderState,
  isPrivileged,
  libc,
  lockedMemoryLimit,
  Privilege,
  realTimeLimit,
} from '../machine.js';
import { askAddon } from '../native-facts.js';
import { addOpenOptions, type SizeOptions, type ThreadOptions } from '../open-options.js';
import { RELEASE_FEATURES } from '../release.js';
import type { Channel } from '../terminal.js';
import { counted, harmless, wrap } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

type Options = SizeOptions & ThreadOptions & { readonly json?: true; readonly observe?: true };

export const define: Define = (command, context) => {
  addOpenOptions(
    command
      .description(
        'Check the machine and report what is missing, each finding with a code and a fix. With a plan and the options of ' +
          '`run`, report whether the run would get what it asks for. Exits with 5 when a requirement is not met.',
      )
      .argument('[plan]', 'plan file (JSON or YAML), or - for standard input')
      .option(...JSON_OPTION)
      .option('--observe', 'with a plan: check that other processes could observe it'),
  )
    .addHelpText(
      'after',
      examples([
        ['byteor doctor', 'CPUs, memory, limits, the native core'],
        ['byteor doctor plan.yaml', 'its threads and memory against what the machine has'],
        ['byteor doctor plan.yaml --profile isolated-core', 'whether the profile would be granted'],
      ]),
    )
    .action(context.ends((path: string | undefined, options: Options) => examine(path, options, context)));
};

async function examine(path: string | undefined, options: Options, context: VerbContext): Promise<ExitCode> {
  const json = options.json === true;
  const plan = path === undefined ? undefined : await loadPlan(path, json, context);
  if (path !== undefined && plan === undefined) return ExitCode.PlanErrors;
  const checks = allChecks(plan, options);
  const fit = checks.every(({ verdict }) => verdict !== 'fail');
  if (json) context.out.json({ ok: fit, checks });
  else print(checks, context.out);
  return fit ? ExitCode.Done : ExitCode.MachineCannot;
}

function allChecks(plan: CheckedPlan | undefined, options: Options): Check[] {
  const addon = askAddon();
  const basics = [
    checkNode(process.version),
    checkPlatform(process.platform, process.arch, libc()),
    checkAddon(addon.loaded ? undefined : addon.reason),
  ];
  if (!addon.loaded) return basics;
  const { facts } = addon;
  const asked = plan === undefined ? undefined : planNeeds(plan, options, facts.cpus.threads);
  const ring = asked?.ring;
  const locks = options.profile === 'default' ? undefined : (asked?.totalBytes ?? 0);
  const folders = folderCandidates().map(folderState);
  return [
    ...basics,
    checkCpus(facts),
    checkQuota(facts),
    checkMemory(facts),
    checkLockedMemory(lockedMemoryLimit(), isPrivileged(Privilege.LockMemory), locks),
    checkIsolatedCpus(facts, options.profile),
    checkRealTime(realTimeLimit(), isPrivileged(Privilege.RealTime), options.profile),
    checkFolder(folders),
    checkDeadRegions(deadRegions()),
    ...checkAskedCpus(options.cpus, facts),
    ...(ring === undefined ? [] : [checkThreads(ring.memory.threads, options.threads, facts)]),
    ...(asked === undefined ? [] : [checkPlanMemory(asked, facts, freemem())]),
    ...(asked === undefined || options.observe !== true ? [] : [checkObserve(asked, folders)]),
  ];
}

/** Bytes of each region whose process is gone. */
function deadRegions(): number[] {
  const dead = observedPipelines().filter(({ process }) => process === 'gone');
  return dead.map(({ path }) => bytesTaken(path));
}

interface PlanNeeds {
  /** The region. */
  readonly totalBytes: number;
  /** The region and what ops keep beside it. */
  readonly mappedBytes: number;
  /** Undefined for a graph: of its threads, not all want a CPU. */
  readonly ring?: RingDescription;
}

function planNeeds(plan: CheckedPlan, options: Options, cpus: number): PlanNeeds {
  const version = compile(plan, { features: RELEASE_FEATURES });
  const description = describeAsked(version, options, placementOf(version, options.threads, cpus).length);
  const { totalBytes, mappedBytes } = description.memory;
  return { totalBytes, mappedBytes, ...(description.target === 'LaneGraph' ? {} : { ring: description }) };
}

const SIGNS = { ok: '✓', warn: '!', fail: '✗' } as const;

function print(checks: readonly Check[], out: Channel): void {
  const { colors } = out;
  const paints = { ok: colors.green, warn: colors.yellow, fail: colors.red } as const;
  const width = Math.max(...checks.map(({ code }) => code.length));
  const margin = width + 10;
  for (const { code, verdict, message, fix } of checks) {
    const head = `${paints[verdict](`${SIGNS[verdict]} ${verdict.padEnd(4)}`)}  ${code.padEnd(width)}  `;
    const lines = [message, ...(fix === undefined ? [] : [fix])].flatMap((text) =>
      wrap(harmless(text), Math.max(40, out.columns - margin)),
    );
    out.line(head + lines.join(`\n${' '.repeat(margin)}`));
  }
  out.line(verdictLine(checks, colors));
}

function verdictLine(checks: readonly Check[], colors: Channel['colors']): string {
  const failed = checks.filter(({ verdict }) => verdict === 'fail').length;
  const warned = checks.filter(({ verdict }) => verdict === 'warn').length;
  if (failed > 0) return colors.red(`${counted(failed, 'requirement')} not met`);
  return warned > 0 ? colors.yellow(counted(warned, 'warning')) : colors.green('no problems found');
}
