/**
 * The threads in which the modules of a pipeline's stages run, as the thread sees them that opened it: starts them, and tells the
 * core of those that end before their stage does. What such a thread does is lib/runtime/stage-worker.ts.
 */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { NativePipeline } from '../abi/addon.js';
import { describeValue } from '../error/describe-value.js';
import type { HostedStage } from '../host/hosted-stage.js';
import type { CheckedModule } from '../host/stage-module.js';
import { packageRoot } from './package-root.js';

/** Milliseconds that a thread has to end by itself when its stages, or the pipeline, have ended. */
export const LINGER_MS = 1000;

/** What a thread is told. */
export interface WorkerTask {
  /** Of the pipeline in its process. */
  readonly pipeline: number;
  readonly module: CheckedModule;
}

/** What it tells, before it ends: that its stages have ended, or why they did not start. */
export type WorkerNote = 'ended' | { readonly notStarted: string };

type Ended = { readonly code: number; readonly notStarted: string | undefined; readonly error: unknown };

export class StageWorkers {
  readonly #running = new Set<Worker>();

  /** None of them keeps the process alive, nor the pipeline from being dropped. */
  constructor(native: NativePipeline, modules: readonly CheckedModule[], hosted: readonly HostedStage[]) {
    const weak = new WeakRef(native);
    for (const module of modules) {
      const stages = hosted.filter(({ name }) => name === module.name);
      const ended = (how: Ended): void => {
        for (const { id } of stages) weak.deref()?.failStage(id, wordsOf(module, how));
      };
      for (let i = 0; i < module.workers; i++) this.#start({ pipeline: native.number, module }, ended);
    }
  }

  /** The pipeline has ended. */
  end(): void {
    if (this.#running.size === 0) return;
    // One that is in a loop, or that its module keeps alive.
    const timer = setTimeout(() => {
      for (const worker of this.#running) worker.terminate();
    }, LINGER_MS);
    timer.unref();
  }

  #start(task: WorkerTask, ended: (how: Ended) => void): void {
    const file = join(packageRoot(), 'dist', 'node', 'worker.cjs');
    const worker = new Worker(file, { workerData: task, name: `js:${task.module.name}` });
    let notStarted: string | undefined;
    let error: unknown;
    this.#running.add(worker);
    let done = false;
    worker.on('message', (note: WorkerNote) => {
      if (note === 'ended') done = true;
      else notStarted = note.notStarted;
    });
    worker.on('error', (thrown: unknown) => {
      error = thrown;
    });
    worker.on('exit', (code) => {
      this.#running.delete(worker);
      if (!done || notStarted !== undefined) ended({ code, notStarted, error });
    });
    worker.unref();
  }
}

/** Why the stages have no thread any more. Where they had ended before, nothing is told. */
function wordsOf({ path }: CheckedModule, { code, notStarted, error }: Ended): string {
  if (notStarted !== undefined) return notStarted;
  if (error === undefined)
    return `its worker ended with exit code ${code} before the stage did: the module ${path} must not end its thread`;
  const message = error instanceof Error ? error.message : describeValue(error);
  if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return `its worker ran out of memory (${message}): let the module ${path} keep less, or give Node more with --max-old-space-size`;
  return `an error outside of its function ended its worker: ${message}: catch it in the module ${path}`;
}
