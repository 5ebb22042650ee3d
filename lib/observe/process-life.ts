/**
 * Whether the process that made a file is still there. A process id alone does not say it: ids are given again, every
 * container counts its own, and a zombie still has one. Linux tells processes apart by their start; elsewhere the id has
 * to do. Main thread; nothing throws.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Of a process, as native/platform/process.cpp writes it into a name. `0` and zeros: the system did not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in ticks since the machine did. */
  readonly start: string;
  /** Its pid namespace. */
  readonly namespace: string;
  /** This start of the machine: 32 hexadecimal digits. */
  readonly boot: string;
}

/** `unknown`: it runs, if it does, in a container that cannot be seen from here. */
export type Life = 'alive' | 'gone' | 'unknown';

/** The first pid namespace of a machine, from which every process can be seen. */
const FIRST_NAMESPACE = '4026531836';
const UNTOLD = '0';

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const namespaceOf = (process: string): string | undefined => {
  try {
    return /\d+/.exec(readlinkSync(`/proc/${process}/ns/pid`))?.[0];
  } catch {
    return undefined;
  }
};

const bootNow = (): string | undefined => textOf('/proc/sys/kernel/random/boot_id')?.trim().replaceAll('-', '');

interface Seen {
  readonly start: string;
  readonly ended: boolean;
}

/** Field 3 of /proc/PID/stat is the state, 22 the start; the name before them may hold anything. */
function seen(process: string): Seen | undefined {
  const text = textOf(`/proc/${process}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields?.[0], fields?.[19]];
  return state === undefined || start === undefined ? undefined : { start, ended: state === 'Z' || state === 'X' };
}

const isIt = (process: string, { start }: ProcessIdentity): boolean => {
  const found = seen(process);
  return found !== undefined && !found.ended && found.start === start;
};

export function lifeOf(process: ProcessIdentity): Life {
  const { pid, start, namespace, boot } = process;
  const now = bootNow();
  if (now !== undefined && !/^0+$/.test(boot) && boot !== now) return 'gone';
  const own = namespaceOf('self');
  if (start === UNTOLD || own === undefined) return isThere(pid) ? 'alive' : 'gone';
  if (namespace === own) return isIt(String(pid), process) ? 'alive' : 'gone';
  if (visibleElsewhere(process)) return 'alive';
  return own === FIRST_NAMESPACE ? 'gone' : 'unknown';
}

/** A process of a namespace below ours has another id here; its own is the last of NSpid. */
function visibleElsewhere(process: ProcessIdentity): boolean {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return false;
  }
  return names.some((name) => {
    if (namespaceOf(name) !== process.namespace) return false;
    const ids = /^NSpid:\s*(.*)$/m.exec(textOf(`/proc/${name}/status`) ?? '')?.[1]?.split(/\s+/);
    return Number(ids?.at(-1)) === process.pid && isIt(name, process);
  });
}

/** Any process has that id. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Ticks a second in /proc: the same on every Linux. */
const TICKS = 100;

/** The life of the process that wrote a file at `bornMs`, of which only the id is known. */
export function lifeByAge(pid: number, bornMs: number): Life {
  if (!isThere(pid)) return 'gone';
  const found = seen(String(pid));
  if (found?.ended === true) return 'gone';
  const machineStart = Number(/^btime (\d+)$/m.exec(textOf('/proc/stat') ?? '')?.[1]);
  const started = (machineStart + Number(found?.start) / TICKS) * 1000;
  // A process that came later than the file did not make it. The clock may have been set by some seconds.
  return bornMs > 0 && started > bornMs + 5000 ? 'gone' : 'alive';
}
