/**
 * An entry `{ module }` of what `open` is given as `stages`: what can be known of it before a thread imports it. What the module
 * exports is looked at by that thread (lib/runtime/stage-worker.ts). Any thread; looks at the file.
 */

import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeValue } from '../error/describe-value.js';
import { OpenError, OptionError } from '../error/errors.js';
import type { StageOfModule } from './stage-functions.js';

type StageSettings = Pick<StageOfModule, 'concurrency' | 'timeoutMs'>;

/** What a worker is told of its module; travels to it as it is. */
export interface CheckedModule {
  /** Of the function: what its stages have behind the colon of their op. */
  readonly name: string;
  /** Of a file. */
  readonly url: string;
  /** Its path, for messages. */
  readonly path: string;
  readonly export: string;
  /** How many threads its stages have. */
  readonly workers: number;
  /** What is said beside, in place of what the export says. Not checked here. */
  readonly settings: StageSettings;
}

const TYPESCRIPT = /^\.[cm]?ts$/;

export const isModule = (code: unknown): code is object =>
  typeof code === 'object' && code !== null && 'module' in code;

/**
 * @param shards of the plan's ring, 1 of a graph
 * @throws OptionError for a wrong entry, OpenError where the file cannot be a module
 */
export function checkedModule(name: string, code: object, shards: number): CheckedModule {
  const entry = `stages.${name}`;
  const { module, export: exported = 'default', workers = 1, ...others } = code as Record<string, unknown>;
  const unknown = Object.keys(others).find((key) => key !== 'concurrency' && key !== 'timeoutMs');
  if (unknown !== undefined)
    wrong(
      `${entry}.${unknown}`,
      others[unknown],
      'no part of this form, which has module, export, workers, concurrency and timeoutMs',
    );
  if (typeof exported !== 'string' || exported === '')
    return wrong(`${entry}.export`, exported, `${describeValue(exported)}: give the name of an export`);
  if (!Number.isInteger(workers) || (workers as number) < 1 || (workers as number) > shards)
    wrong(
      `${entry}.workers`,
      workers,
      `${describeValue(workers)}: give 1, or leave it out${shards > 1 ? `, or at most ${shards}, one a shard` : '; only shards are worked on side by side'}`,
    );
  const url = urlOf(`${entry}.module`, module);
  const path = fileURLToPath(url);
  checkFile(name, path);
  return { name, url: url.href, path, export: exported, workers: workers as number, settings: others };
}

function wrong(option: string, received: unknown, words: string): never {
  throw new OptionError(option, received, `${option} is ${words}`);
}

function urlOf(option: string, module: unknown): URL {
  const isText = typeof module === 'string' && module !== '' && !module.includes('\0');
  if (!isText && !(module instanceof URL))
    return wrong(option, module, `${describeValue(module)}: give the path or the URL of a file`);
  if (isText && !/^[a-z][a-z0-9+.-]+:/i.test(module)) return pathToFileURL(resolve(module));
  try {
    const url = new URL(module);
    fileURLToPath(url);
    return url;
  } catch {
    return wrong(option, module, `${describeValue(String(module))}, which names no file: give a path, or a file: URL`);
  }
}

function checkFile(name: string, path: string): void {
  const refuse = (words: string): never => {
    throw new OpenError('STAGE_MODULE', `the module of js:${name}, ${path}, ${words}`);
  };
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) refuse('does not exist: write it, or correct the path');
  else if (!facts.isFile()) refuse('is no file: give the path of a module');
  const { typescript } = process.features as { typescript?: unknown };
  if (TYPESCRIPT.test(extname(path)) && (typescript === undefined || typescript === false))
    refuse(
      `is TypeScript, whose types this Node (${process.version}) does not strip: compile it, or use Node 22.18 or newer`,
    );
}
