/**
 * What runs in a thread that `open` has started for a module: imports it, attaches to the pipeline with what it exports, and ends
 * when its stages have ended. Why they did not start is told to the thread that opened.
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { describeValue } from '../error/describe-value.js';
import { OptionError, PortError } from '../error/errors.js';
import { type CheckedStage, checkedStage } from '../host/check-stages.js';
import type { CheckedModule } from '../host/stage-module.js';
import { attachWorker } from './attach.js';
import type { Pipeline } from './pipeline.js';
import { LINGER_MS, type WorkerNote, type WorkerTask } from './stage-workers.js';

/** An idle pipeline is held by nothing else in its thread. */
const held = new Set<Pipeline>();
let ending = false;

/** Once, in a thread of StageWorkers. */
export function runStageWorker(): void {
  const { pipeline, module } = workerData as WorkerTask;
  const port = parentPort as MessagePort;
  start(pipeline, module, port).catch((error: unknown) => {
    port.postMessage({ notStarted: messageOf(error) } satisfies WorkerNote);
    endSoon();
  });
}

async function start(number: number, module: CheckedModule, port: MessagePort): Promise<void> {
  const code = codeOf(module, await imported(module, port));
  // Until its stages have ended: an idle pipeline keeps no thread alive. Before, an import that waits for nothing ends it.
  port.ref();
  const finish = (): void => {
    if (ending) return;
    port.postMessage('ended' satisfies WorkerNote);
    port.unref();
    endSoon();
  };
  try {
    held.add(attachWorker(number, new Map([[module.name, code]]), finish));
  } catch (error) {
    // It has ended, and is forgotten already.
    if (!(error instanceof PortError && error.code === 'NO_SUCH_PIPELINE')) throw error;
    finish();
  }
}

async function imported({ url, path }: CheckedModule, port: MessagePort): Promise<Readonly<Record<string, unknown>>> {
  // Node ends a thread in which nothing is left that could go on.
  const unsettled = (): void =>
    port.postMessage({
      notStarted: `its module ${path} did not load: it ended its thread, or awaits what nothing settles`,
    } satisfies WorkerNote);
  process.once('exit', unsettled);
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`its module ${path} did not load: ${messageOf(error)}`);
  } finally {
    process.off('exit', unsettled);
  }
}

function codeOf(module: CheckedModule, exports: Readonly<Record<string, unknown>>): CheckedStage {
  const { path, export: name, settings } = module;
  if (!Object.hasOwn(exports, name)) {
    const names = Object.keys(exports).map((other) => `"${other}"`);
    const has = names.length === 0 ? 'it has none' : `it has ${names.slice(0, 8).join(', ')}`;
    throw new Error(`its module ${path} has no export "${name}": ${has}`);
  }
  try {
    const stage = checkedStage(name, exports[name]);
    if (settings.concurrency !== undefined && stage.is !== 'function')
      throw new OptionError('concurrency', settings.concurrency, `${name} works on batches, and has no concurrency`);
    return { ...stage, ...settings };
  } catch (error) {
    if (error instanceof OptionError) throw new Error(`of its module ${path} the export ${error.message}`);
    throw error;
  }
}

/** What a module has left open must not keep the thread. */
function endSoon(): void {
  ending = true;
  held.clear();
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describeValue(error);
}
