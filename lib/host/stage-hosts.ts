/**
 * The stages that this thread of JavaScript runs, in turns of its event loop: after an event of the core that there is
 * something to do, and whenever a handle of the same pipeline looks for records or for room. Between two turns a stage
 * sleeps as a native thread does: it arms itself, looks once more, and is woken by an event.
 */

import type { NativePipeline } from '../abi/addon.js';
import { enums } from '../abi/definition.js';
import { PortError, UsageError } from '../error/errors.js';
import type { HotWait } from '../handle/waiting.js';
import { HOT_WINDOW_MS } from '../handle/waiting.js';
import { lanePlaces, type Region, ringPlaces } from '../region/region.js';
import type { CheckedStage, CheckedStages } from './check-stages.js';
import type { HostedStage } from './hosted-stage.js';
import { type HostOwner, type HostSizes, StageHost } from './stage-host.js';

const { HostTurn } = enums;

/** Milliseconds that stages work before the event loop has its turn. */
const BUDGET_MS = 10;
/** Between two looks at promises: a part of the time that they have, and not more than that many milliseconds. */
const LOOKS_IN_TIMEOUT = 8;
const LOOK_MS_MAX = 1000;
/** Bytes of records that are shown at once, where one of them is not longer. */
const RECORDS_BYTES = 64 * 1024;

interface Taken {
  readonly number: number;
  /** One a shard. */
  readonly hosts: readonly StageHost[];
  /** Those of them that have said what there is to report. */
  readonly reported: Set<number>;
  ended: boolean;
}

/** What is refused while a function of people runs; see Pipeline. */
export type TurnGuard = Pick<HostOwner, 'enter' | 'leave'> & {
  /** Of a thread that runs nothing else: all its stages have ended, or are no longer its own. Then its end is told by others. */
  readonly ended?: (() => void) | undefined;
};

export class StageHosts {
  readonly #native: NativePipeline;
  readonly #hotWait: HotWait;
  readonly #guard: TurnGuard;
  readonly #taken: Taken[] = [];
  #hotUntil = 0;
  #next: NodeJS.Immediate | undefined;
  /** By the time after which a promise is too old. */
  readonly #watches = new Map<number, NodeJS.Timeout>();
  /** A microtask will look: promises often settle together. */
  #looks = false;
  readonly #settled = (): void => {
    if (this.#looks) return;
    this.#looks = true;
    queueMicrotask(() => {
      this.#looks = false;
      this.#run();
    });
  };

  /**
   * Takes each stage for which there is a function.
   * @throws PortError when another thread has one of them, OpenError when one does not start
   */
  constructor(
    native: NativePipeline,
    region: Region,
    hotWait: HotWait,
    batchRecords: number,
    stages: readonly HostedStage[],
    codes: CheckedStages,
    guard: TurnGuard,
  ) {
    this.#native = native;
    this.#hotWait = hotWait;
    this.#guard = guard;
    try {
      for (const stage of stages) {
        const code = codes.get(stage.name);
        if (code !== undefined) this.#taken.push(this.#take(region, batchRecords, stage, code));
      }
    } catch (error) {
      this.letGo();
      throw error;
    }
  }

  /** What stands there already. */
  begin(): void {
    this.#run();
  }

  /** There may be something to do. */
  onEvent(): void {
    this.#run();
  }

  /** One turn of each stage, upstream first. True when one of them did something. */
  turn(): boolean {
    let moved = false;
    for (const stage of this.#taken) {
      if (stage.ended) continue;
      const turn = this.#native.turnStage(stage.number);
      stage.ended = turn === HostTurn.Ended;
      moved ||= turn === HostTurn.Moved;
    }
    return moved;
  }

  /** They are another thread's from now on, or the pipeline has ended. Idempotent. */
  letGo(): void {
    for (const stage of this.#taken) {
      stage.ended = true;
      for (const shard of stage.hosts.keys()) this.#report(stage, shard);
    }
    if (this.#next !== undefined) clearImmediate(this.#next);
    this.#next = undefined;
    for (const timer of this.#watches.values()) clearInterval(timer);
    this.#watches.clear();
    this.#guard.ended?.();
  }

  #take(region: Region, records: number, stage: HostedStage, code: CheckedStage): Taken {
    const native = this.#native;
    const number = native.takeStage(stage.id, this.#guard.ended === undefined ? 0 : 1);
    if (number < 0)
      throw new PortError(
        'PORT_TAKEN',
        stage.id,
        `stage "${stage.id}" is run by another thread: give its function "${stage.name}" to one thread only`,
      );
    const sizes: HostSizes = {
      records,
      bytes: Math.max(RECORDS_BYTES, longestRecord(region) + (stage.says.room ?? 0)),
    };
    const hosts = native.stageShards(number).map((shard, place) => {
      const grown = (elements: Uint8Array): void => {
        native.setElements(number, place, elements);
      };
      return new StageHost(stage, shard, code, sizes, {
        ...this.#guard,
        grown,
        settled: this.#settled,
        waits: () => this.#watch(code.timeoutMs),
      });
    });
    const taken: Taken = { number, hosts, reported: new Set(), ended: false };
    const work = (shard: number, first: number, count: number): number =>
      first < 0 ? this.#report(taken, shard) : (hosts[shard] as StageHost).work(first, count);
    const limitMs = Number.isFinite(code.timeoutMs) ? code.timeoutMs : 0;
    for (const { records: memory, rows, elements, atOnce } of hosts)
      if (!native.hostStage(number, memory, rows, elements, work, atOnce, limitMs))
        throw new UsageError(`stage "${stage.id}" cannot be run: Node refused its memory`);
    return taken;
  }

  /** Promises are looked at so often that one that is too old is seen soon; while there are any. */
  #watch(timeoutMs: number): void {
    if (!Number.isFinite(timeoutMs) || this.#watches.has(timeoutMs)) return;
    const timer = setInterval(
      () => {
        const waits = this.#taken.flatMap(({ hosts }) => hosts.filter((host) => host.timeoutMs === timeoutMs));
        if (waits.map((host) => host.refuseLate()).includes(true)) return;
        clearInterval(timer);
        this.#watches.delete(timeoutMs);
      },
      Math.min(timeoutMs / LOOKS_IN_TIMEOUT, LOOK_MS_MAX),
    );
    timer.unref();
    this.#watches.set(timeoutMs, timer);
  }

  /** Once, whatever ends the stage here. */
  #report({ number, hosts, reported }: Taken, shard: number): number {
    if (reported.has(shard)) return 0;
    reported.add(shard);
    this.#native.reportStage(number, shard, (hosts[shard] as StageHost).end());
    return 0;
  }

  #run(): void {
    if (this.#next !== undefined) clearImmediate(this.#next);
    this.#next = undefined;
    const until = performance.now() + BUDGET_MS;
    let worked = false;
    while (this.turn()) {
      worked = true;
      if (performance.now() >= until) {
        this.#soon();
        return;
      }
    }
    if (this.#staysHot(worked)) this.#soon();
    else this.#sleep();
    if (this.#hotWait === 'spin') this.#lookAgain();
    if (this.#allEnded()) this.#guard.ended?.();
  }

  /** As waits do (waiting.ts): another look is cheaper than a wake-up for as long as that takes. */
  #staysHot(worked: boolean): boolean {
    if (this.#allEnded() || this.#hotWait === 'park') return false;
    // A thread that runs nothing else may spin. Another one is woken: a look alone must not keep a process alive, and does not
    // turn its event loop.
    if (this.#hotWait === 'spin') return this.#guard.ended !== undefined;
    if (worked) this.#hotUntil = performance.now() + HOT_WINDOW_MS;
    return performance.now() < this.#hotUntil;
  }

  #allEnded(): boolean {
    return this.#taken.every(({ ended }) => ended);
  }

  #soon(): NodeJS.Immediate {
    const next = setImmediate(() => this.#run());
    this.#next = next;
    return next;
  }

  /** Before the event that it is armed for, where something else turns the event loop. */
  #lookAgain(): void {
    if (this.#next !== undefined || this.#allEnded()) return;
    this.#soon().unref();
  }

  #sleep(): void {
    let again = false;
    for (const stage of this.#taken) {
      if (stage.ended) continue;
      const turn = this.#native.armStage(stage.number);
      stage.ended = turn === HostTurn.Ended;
      again ||= turn === HostTurn.Moved;
    }
    if (again) this.#soon();
  }
}

/** Bytes of the longest record that any part of the pipeline holds. */
function longestRecord(region: Region): number {
  const parts = region.isGraph
    ? region.lanes.map((lane) => lanePlaces(region, lane).recordMax)
    : region.rings.map((ring) => ringPlaces(region, ring).recordMax);
  return Math.max(...parts);
}
