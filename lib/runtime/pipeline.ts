/**
 * A running pipeline as one JavaScript thread sees it: its handles, its end, and what there is to know about it. The
 * thread that opened it owns it: when that thread ends, or drops the pipeline and its handles, the pipeline is halted.
 * Other threads attach by its number. Use a pipeline on the thread that made the object.
 */

import { NativeEvent, type NativePipeline } from '../abi/addon.js';
import { enums, RegionHeader } from '../abi/definition.js';
import { type Border, borderFor } from '../channel/border.js';
import type { PipelineEnds } from '../channel/ends.js';
import { endsOf } from '../channel/open-ends.js';
import { AbortedError, DeadlineError, PipelineFailedError, PortError } from '../error/errors.js';
import { onAbort } from '../handle/abort.js';
import { resolveCodec } from '../handle/codec.js';
import type { PortHost } from '../handle/host.js';
import { PollHandle } from '../handle/poll.js';
import { PushHandle } from '../handle/push.js';
import type { RecordCodec } from '../handle/record-codec.js';
import { checkedDeadline, checkedSignal, startDeadline, type WaitOptions } from '../handle/waiting.js';
import type { CheckedStages } from '../host/check-stages.js';
import { StageHosts } from '../host/stage-hosts.js';
import type { CheckedModule } from '../host/stage-module.js';
import type { BoundaryEntry, PipelinePlanV2 } from '../plan/document.js';
import type { EgressIds, IngressIds, RecordOfBoundary } from '../plan/infer.js';
import type { Ledger } from '../region/counts.js';
import type { Failure } from '../region/failure.js';
import { readLedger } from '../region/ledger.js';
import { Region } from '../region/region.js';
import { readSnapshot, type Snapshot } from '../region/snapshot.js';
import { type StageTurns, stageTurnsOf } from './hold-turns.js';
import { boundaryNames } from './options.js';
import type { PipelineNote } from './pipeline-note.js';
import { type FieldKeys, withReadableKeys } from './report-keys.js';
import type { Reports } from './reports.js';
import { StageWorkers } from './stage-workers.js';
import type { PipelineStatus } from './status.js';

/** Milliseconds that `stop` waits for the pipeline to drain when nothing else is said. */
export const STOP_DEADLINE_MS = 10_000;

/** How long `stop` drains. */
export interface StopOptions {
  /** Milliseconds from the call until what is left is abandoned. Default 10000; Infinity waits for ever. */
  readonly deadline?: number;
  /** Ends the wait, not the stopping: rejects with an AbortedError. */
  readonly signal?: AbortSignal;
}

/** Milliseconds without any movement after which records at an egress count as not polled. */
const UNPOLLED_MS = 1000;

/** Pipelines whose end is awaited: a pending promise does not keep its own resolver alive. */
const waitedFor = new Set<object>();

/** What to do about records that nothing polls. */
type Unpolled = (unread: readonly string[], wait: EndWait) => void;

interface EndWait {
  settle(): void;
  reject(error: unknown): void;
}

const { Running, Closing, Stopped } = enums.RegionState;

/**
 * A running pipeline, made by `open` or `attach`: its ends, its state, its counters, and the ways to end it. On the thread that
 * opened or attached it.
 */
export class Pipeline<P extends PipelinePlanV2 = PipelinePlanV2> {
  /** Plan name. */
  readonly name: string;
  /** Id of the version that runs. */
  readonly version: string;
  /** Number of the pipeline in its process: what `attach` takes. */
  readonly number: number;
  readonly #native: NativePipeline;
  readonly #border: Border;
  readonly #ends: PipelineEnds;
  /** As it was found right at first. */
  readonly #seen: Region;
  readonly #boundaries: readonly BoundaryEntry[];
  readonly #fieldKeys: FieldKeys;
  readonly #opener: boolean;
  readonly #host: PortHost;
  /** Of the stages that this thread runs. */
  #stages: StageHosts | undefined;
  #workers: StageWorkers | undefined;
  /** Of all holds that this thread has on the pipeline. */
  readonly #turns: StageTurns;
  readonly #pushes = new Map<string, PushHandle<unknown>>();
  readonly #polls = new Map<string, PollHandle<unknown>>();
  readonly #endWaits = new Set<EndWait>();
  #holds = 0;
  #sawEnd = false;
  #settled: Ledger | undefined;
  #detached = false;
  #toldEnd = false;
  #stuck = false;
  #unwatch: (() => void) | undefined;

  /** @internal Made by `open` and `attach`. */
  constructor(native: NativePipeline, note: PipelineNote, opener: boolean) {
    this.#native = native;
    this.#opener = opener;
    this.#border = borderFor(native);
    this.#boundaries = note.boundaries;
    this.#fieldKeys = note.fieldKeys;
    this.name = note.name;
    this.version = note.version;
    this.number = native.number;
    this.#seen = new Region(this.#border.observable());
    this.#ends = endsOf(native, this.#border, this.#seen);
    this.#host = this.#makeHost(note);
    this.#turns = stageTurnsOf(this.number);
    this.#turns.add(this);
  }

  /** @internal Once: this thread runs the stages of these functions; `ended` as TurnGuard has it. Throws what StageHosts does. */
  takeStages({ hotWait, batchRecords, hosted }: PipelineNote, stages: CheckedStages, ended?: () => void): void {
    if (stages.size === 0) return;
    const turns = this.#turns;
    const guard = { enter: () => turns.turn(true), leave: () => turns.turn(false), ended };
    this.#stages = new StageHosts(this.#native, this.#seen, hotWait, batchRecords, hosted, stages, guard);
    this.#stages.begin();
  }

  /** @internal Once: workers run the stages of these modules. */
  startWorkers({ hosted }: PipelineNote, modules: readonly CheckedModule[]): void {
    if (modules.length > 0) this.#workers = new StageWorkers(this.#native, modules, hosted);
  }

  /**
   * The handle that pushes into an ingress. The same object each time; only one thread at a time can have it.
   * @throws PortError when there is no such ingress, an adapter runs it, or another thread holds it.
   */
  ingress<const Id extends IngressIds<P> & string>(id: Id): PushHandle<RecordOfBoundary<P, Id>> {
    this.#turns.refuse('ingress');
    const known = this.#pushes.get(id);
    if (known !== undefined) return known as unknown as PushHandle<RecordOfBoundary<P, Id>>;
    const handle = new PushHandle<unknown>(this.#host, id, this.#take(id, 'ingress'));
    this.#pushes.set(id, handle);
    this.#yieldToClosing(handle);
    return handle as unknown as PushHandle<RecordOfBoundary<P, Id>>;
  }

  /**
   * The handle that polls an egress. The same object each time; only one thread at a time can have it.
   * @throws PortError when there is no such egress, an adapter runs it, or another thread holds it.
   */
  egress<const Id extends EgressIds<P> & string>(id: Id): PollHandle<RecordOfBoundary<P, Id>> {
    this.#turns.refuse('egress');
    const known = this.#polls.get(id);
    if (known !== undefined) return known as unknown as PollHandle<RecordOfBoundary<P, Id>>;
    const handle = new PollHandle<unknown>(this.#host, id, this.#take(id, 'egress'));
    this.#polls.set(id, handle);
    return handle as unknown as PollHandle<RecordOfBoundary<P, Id>>;
  }

  /** The first failure, or undefined. Final once the pipeline has ended; until then an earlier record may replace it. */
  get failure(): Failure | undefined {
    if (this.#border.load(RegionHeader.offset.failed) === 0) return undefined;
    return this.#look().failure;
  }

  /** What the pipeline is in: running, closing (no more records come in), or stopped (settled, all threads joined). */
  get state(): 'running' | 'closing' | 'stopped' {
    const state = this.#border.load(RegionHeader.offset.state);
    if (state === Stopped) return 'stopped';
    return state === Closing ? 'closing' : 'running';
  }

  /**
   * Ends the pipeline in order: closes every ingress, lets everything published reach its egress (polling threads go on
   * polling), joins all threads. What is left at the deadline is abandoned, by count. Resolves with the ledger, also
   * when a record has failed: see its `failure`. May be called more than once and from any thread that holds it.
   */
  stop(options: StopOptions = {}): Promise<Ledger<P>> {
    return this.#stop(options, () => {});
  }

  /**
   * Waits until the pipeline has ended by itself: each ingress was closed, or its input is used up, or a record failed;
   * and everything has been taken from each egress. Resolves with the ledger. Where the pipeline has failed and its
   * last records are not polled for a second, it rejects with PipelineFailedError; they can still be polled.
   */
  finished(options: WaitOptions = {}): Promise<Ledger<P>> {
    let deadline: number;
    try {
      this.#turns.refuse('finished');
      deadline = checkedDeadline(options.deadline);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#host.flush();
    return this.#untilEnded(
      deadline,
      options.signal,
      (wait) =>
        wait.reject(new DeadlineError(`pipeline "${this.name}" did not finish within ${deadline} ms: stop or halt it`)),
      (_, wait) => {
        const { failure } = this;
        if (failure !== undefined) wait.reject(new PipelineFailedError(failure));
      },
    );
  }

  /** Ends now: joins all threads and counts what is left as abandoned. Idempotent. Returns the settled ledger. */
  halt(): Ledger<P> {
    this.#turns.refuse('halt');
    // The core knows; what the region says of the state can be written over.
    if (this.#settled === undefined || !this.#native.threadsEnded()) {
      this.#host.flush();
      // Inside a callback or a `for await`: what has been delivered was taken, and no more follows.
      for (const handle of this.#polls.values()) handle.settle();
      this.#haltCore();
    }
    this.#onStopped();
    return this.ledger();
  }

  /** Where every agent stands, what a stalled one waits for, hop latencies, threads. Any time. */
  snapshot(): Snapshot {
    return readSnapshot(this.#border.observable());
  }

  /** The counters and whether they balance; exact once the pipeline has stopped. */
  ledger(): Ledger<P> {
    return (this.#settled ?? readLedger(this.#look())) as Ledger<P>;
  }

  /** What the stages have to tell, by id (totals of `count`, the sum of `checksum`, what an `end` returned). Any time. */
  reports(): Reports<P> {
    const told = JSON.parse(this.#native.opReports()) as Reports;
    return withReadableKeys(told, this.#fieldKeys) as Reports<P>;
  }

  /** Threads, pins, tuning requests with their outcome, sizes and adapters, as the core tells them. Any time. */
  status(): PipelineStatus<P> {
    return JSON.parse(this.#native.status()) as PipelineStatus<P>;
  }

  /**
   * The opener's: `stop()`, which waits up to 10 s for records to be polled. Where a thread holds an egress and polls
   * nothing for a second, a process warning says so (BYTEOR_UNPOLLED); where no thread holds it, nothing can poll any
   * more, and the rest is abandoned then. Of a thread that attached: gives its handles back and lets go.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#opener) {
      this.detach();
      return;
    }
    let warned = false;
    await this.#stop({}, (unread) => {
      if (unread.every((id) => !this.#isHeld(id))) this.halt();
      else if (!warned) process.emitWarning(unpolledWords(this.name, unread), { code: 'BYTEOR_UNPOLLED' });
      warned = true;
    });
  }

  /** Gives all handles of this thread back. The pipeline goes on; the opener's end still ends it. Idempotent. */
  detach(): void {
    if (this.#detached) return;
    this.#turns.refuse('detach');
    for (const handle of this.#pushes.values()) handle.release();
    for (const handle of this.#polls.values()) handle.release();
    this.#detached = true;
    this.#unwatch?.();
    if (this.#opener) return;
    this.#stages?.letGo();
    this.#native.detach();
  }

  /** @internal A native thread, or another environment, has something to tell. */
  onEvent(events: number): void {
    if ((events & NativeEvent.Ended) !== 0) this.#sawEnd = true;
    if ((events & NativeEvent.Stages) !== 0) this.#stages?.onEvent();
    const state = this.#border.load(RegionHeader.offset.state);
    if (state === Stopped) {
      this.#onStopped();
      return;
    }
    if (state !== Running) for (const handle of this.#pushes.values()) this.#yieldToClosing(handle);
    if ((events & NativeEvent.Room) !== 0) for (const handle of this.#pushes.values()) handle.kick();
    if ((events & (NativeEvent.Records | NativeEvent.Ended)) !== 0)
      for (const handle of this.#polls.values()) handle.kick();
    if ((events & (NativeEvent.Durable | NativeEvent.Ended)) !== 0)
      for (const handle of this.#pushes.values()) handle.kickDurable();
    if ((events & NativeEvent.Ended) === 0) return;
    for (const handle of this.#pushes.values()) handle.kickDelivered();
    this.#lookForEnd();
    if (this.failure !== undefined) this.#unwatch ??= this.#watchUnpolled((pipeline) => pipeline.#endWaitsForRecords());
  }

  /** The pipeline has failed, and what other egresses hold keeps its threads from ending: no wait is kept for that. */
  #endWaitsForRecords(): void {
    this.#stuck = true;
    for (const handle of this.#polls.values()) handle.kick();
    for (const handle of this.#pushes.values()) handle.kickDelivered();
    this.#stuck = false;
  }

  #stop(options: StopOptions, unpolled: Unpolled): Promise<Ledger<P>> {
    let deadline: number;
    try {
      this.#turns.refuse('stop');
      deadline = checkedDeadline(options.deadline ?? STOP_DEADLINE_MS);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#close();
    const late = (wait: EndWait): void => {
      try {
        this.halt();
      } catch (error) {
        wait.reject(error);
      }
      wait.settle();
    };
    return this.#untilEnded(deadline, options.signal, late, unpolled);
  }

  /** Some thread has that egress. */
  #isHeld(id: string): boolean {
    if (!this.#native.takePort(id)) return true;
    this.#native.giveBackPort(id);
    return false;
  }

  /**
   * Calls `act` each time that nothing has moved for UNPOLLED_MS while records wait at egresses of JavaScript. Does not
   * keep the pipeline from being dropped.
   */
  #watchUnpolled(act: (pipeline: this, unread: readonly string[]) => void): () => void {
    const weak = new WeakRef(this);
    let seen = '';
    let since = 0;
    const timer = setInterval(() => {
      const pipeline = weak.deref();
      if (pipeline === undefined) {
        clearInterval(timer);
        return;
      }
      const { unread, moved } = pipeline.#movement();
      const now = performance.now();
      if (moved !== seen || unread.length === 0) {
        seen = moved;
        since = now;
      } else if (now - since >= UNPOLLED_MS) {
        since = now;
        act(pipeline, unread);
      }
    }, UNPOLLED_MS / 5);
    // The wait itself keeps the event loop alive.
    timer.unref();
    return () => clearInterval(timer);
  }

  /** The egresses of JavaScript that records wait at, and words that change when a thread or a poll moves something. */
  #movement(): { readonly unread: readonly string[]; readonly moved: string } {
    const egresses = this.#boundaries.filter(({ id, kind }) => kind === 'egress' && this.#ends.isJs(id, kind));
    const left = egresses.map(({ id }) => this.#ends.unread(id));
    const rounds = this.#look().threads.map((thread) => thread.f64('rounds'));
    const unread = egresses.filter((_, index) => (left[index] as number) > 0).map(({ id }) => id);
    return { unread, moved: [...rounds, ...left].join() };
  }

  #take(id: string, kind: 'ingress' | 'egress'): RecordCodec<unknown> {
    const boundary = this.#boundaries.find((candidate) => candidate.id === id && candidate.kind === kind);
    if (boundary === undefined)
      throw new PortError(
        'NO_SUCH_PORT',
        id,
        `pipeline "${this.name}" has no ${kind} "${id}"; it has ${boundaryNames(this.#boundaries)}`,
      );
    if (!this.#ends.isJs(id, kind))
      throw new PortError(
        'NOT_A_JS_PORT',
        id,
        `${kind} "${id}" is run by an adapter or discarded: open the pipeline with ports: { ${id}: "js" } to get a handle`,
      );
    if (this.#detached || !this.#native.takePort(id))
      throw new PortError(
        'PORT_TAKEN',
        id,
        `${kind} "${id}" is held by another thread, or this object has let go: release() the handle there first`,
      );
    return resolveCodec(boundary.codec);
  }

  #makeHost({ hotWait, delivered: keepsDelivered }: PipelineNote): PortHost {
    const pipeline = this;
    const native = this.#native;
    const border = this.#border;
    const stateCell = RegionHeader.offset.state;
    return {
      native,
      border,
      ends: this.#ends,
      hotWait,
      keepsDelivered,
      get stopped() {
        return border.load(stateCell) === Stopped;
      },
      get ending() {
        return pipeline.#sawEnd || border.load(stateCell) !== Running;
      },
      get failure() {
        return pipeline.failure;
      },
      get stuck() {
        return pipeline.#stuck;
      },
      get threadsEnded() {
        return native.threadsEnded();
      },
      get drained() {
        return pipeline.#drained();
      },
      hold: () => this.#hold(),
      unhold: () => this.#unhold(),
      flush: () => {
        this.#flush();
        this.#stages?.turn();
      },
      turn: () => this.#stages?.turn() === true,
      refuseInStage: (what) => this.#turns.refuse(what),
      giveBack: (id) => this.#giveBack(id),
      ingressClosed: (id) => native.closeIngress(id),
      wakeProducer: () => this.#wakeProducer(),
      egressMoved: () => this.#lookForEnd(),
    };
  }

  /** @internal A function of a stage begins, or has returned: until then no handle of this thread may be used. */
  turnHandles(begins: boolean): void {
    for (const handle of this.#pushes.values()) handle.turnStage(begins);
    for (const handle of this.#polls.values()) handle.turnStage(begins);
  }

  /** The region as it is now. */
  #look(): Region {
    return this.#border.copies ? new Region(this.#border.observable()) : this.#seen;
  }

  #hold(): void {
    if (this.#holds++ > 0) return;
    waitedFor.add(this);
    this.#native.ref();
  }

  #unhold(): void {
    if (--this.#holds > 0) return;
    waitedFor.delete(this);
    this.#native.unref();
  }

  #flush(): void {
    for (const handle of this.#pushes.values()) handle.flush();
  }

  #giveBack(id: string): void {
    this.#pushes.delete(id);
    this.#polls.delete(id);
    this.#native.giveBackPort(id);
  }

  #wakeProducer(): void {
    for (const handle of this.#pushes.values()) {
      handle.kick();
      return;
    }
    this.#native.notify(NativeEvent.Room);
  }

  /**
   * Closes what this thread pushes into; where that is not all, asks the other threads to publish what they have and to
   * close, and native sources to stop.
   */
  #close(): void {
    if (this.state !== 'running') return;
    for (const handle of this.#pushes.values()) handle.close();
    if (this.state === 'running') this.#native.requestClose();
  }

  /** Another thread asked for the end of an ingress that this thread owns. */
  #yieldToClosing(handle: PushHandle<unknown>): void {
    if (this.state === 'closing') handle.close();
    else if (this.state === 'stopped') handle.discardUnpublished();
  }

  #haltCore(): void {
    for (const handle of this.#pushes.values()) handle.tellDelivered();
    this.#native.halt();
  }

  /** Nothing moves any more, and everything that reached an egress of JavaScript has been taken. */
  #drained(): boolean {
    return this.#native.threadsEnded() && this.#ends.taken();
  }

  #lookForEnd(): void {
    if (this.#settled !== undefined || !this.#drained()) return;
    // A failed pipeline has nothing more to give; one that ended well is joined when its end is awaited.
    const wanted = this.#endWaits.size > 0 || this.failure !== undefined;
    if (wanted && this.state !== 'stopped') {
      // What was pushed but not shown yet counts as abandoned, not as never pushed.
      this.#flush();
      this.#haltCore();
    }
    if (wanted || this.state === 'stopped') this.#onStopped();
    else if (!this.#toldEnd) {
      // Another thread may be the one that waits for the end. Once: the event comes back here too.
      this.#toldEnd = true;
      this.#native.notify(NativeEvent.Ended);
    }
  }

  #onStopped(): void {
    if (this.#settled !== undefined) return;
    this.#sawEnd = true;
    this.#unwatch?.();
    let unreadable: unknown;
    try {
      this.#settled = readLedger(this.#look());
    } catch (error) {
      // The tables were written over. Everything has ended all the same, and every wait hears of it.
      unreadable = error;
    }
    this.#stages?.letGo();
    this.#workers?.end();
    for (const handle of this.#pushes.values()) handle.discardUnpublished();
    for (const handle of this.#polls.values()) handle.kick();
    for (const wait of [...this.#endWaits]) {
      if (unreadable === undefined) wait.settle();
      else wait.reject(unreadable);
    }
  }

  #untilEnded(
    deadline: number,
    signal: AbortSignal | undefined,
    late: (wait: EndWait) => void,
    unpolled: Unpolled,
  ): Promise<Ledger<P>> {
    return new Promise<Ledger<P>>((resolve, reject) => {
      const aborted = (): AbortedError =>
        new AbortedError(`waiting for the end of pipeline "${this.name}"`, checkedSignal(signal)?.reason);
      if (checkedSignal(signal)?.aborted === true) {
        reject(aborted());
        return;
      }
      let open = true;
      const leave = (): boolean => {
        if (!open) return false;
        open = false;
        for (const clear of clears) clear();
        this.#endWaits.delete(wait);
        this.#unhold();
        return true;
      };
      const wait: EndWait = {
        settle: () => {
          if (leave()) resolve(this.ledger());
        },
        reject: (error) => {
          if (leave()) reject(error);
        },
      };
      this.#hold();
      this.#endWaits.add(wait);
      const clears = [
        startDeadline(deadline, () => late(wait)),
        this.#watchUnpolled((_, unread) => unpolled(unread, wait)),
        signal === undefined ? () => {} : onAbort(signal, () => wait.reject(aborted())),
      ];
      if (this.#settled !== undefined) wait.settle();
      else this.#lookForEnd();
    });
  }
}

function unpolledWords(name: string, unread: readonly string[]): string {
  const ids = unread.map((id) => `"${id}"`).join(', ');
  return (
    `pipeline "${name}" is ending, but records of egress ${ids} are not polled: they are abandoned at its deadline. ` +
    'Poll them, release() the handle, open with ports: { <egress>: "discard" }, or halt() the pipeline'
  );
}
