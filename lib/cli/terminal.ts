/**
 * The two streams that a verb writes to. Facts go to `out`, everything else to `err`; each knows whether a person looks
 * at it, because colours and progress lines are only for persons. NO_COLOR, FORCE_COLOR and TERM=dumb are respected
 * (no-color.org). One per process, main thread.
 */
import type { WriteStream } from 'node:tty';
import picocolors from 'picocolors';
import { CLOSED_REMEDY, StandardStream, wasClosedAtStart } from '../runtime/standard-stream.js';
import { usageError } from './exit-code.js';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Without a terminal there is no width; this is what people's terminals have at least. */
const COLUMNS_DEFAULT = 100;

export class Channel {
  readonly #stream: NodeJS.WriteStream | WriteStream;
  readonly #missing: () => boolean;
  #isThere = false;
  readonly colors: Colors;

  /** @param missing whether it was closed before the start; asked once, when something is written */
  constructor(stream: NodeJS.WriteStream | WriteStream, missing: () => boolean = () => false) {
    this.#stream = stream;
    this.#missing = missing;
    this.colors = picocolors.createColors(wantsColor(stream));
  }

  /** A person looks at it. */
  get isTty(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Characters of a line; a wide default where there is no terminal. */
  get columns(): number {
    return this.isTty ? this.#stream.columns || COLUMNS_DEFAULT : COLUMNS_DEFAULT;
  }

  /**
   * For a verb that works long before it writes.
   * @throws CliError (wrong usage) when facts would go nowhere
   */
  demand(): void {
    if (!this.#isThere && this.#missing()) throw closedStream(StandardStream.Output);
    this.#isThere = true;
  }

  /** @throws CliError (wrong usage) as `demand` does */
  write(text: string | Uint8Array): void {
    this.demand();
    this.#stream.write(text);
  }

  /** Text with one line end behind it. */
  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** One JSON document, readable by people too. */
  json(value: unknown): void {
    this.line(JSON.stringify(value, null, 2));
  }
}

function wantsColor(stream: NodeJS.WriteStream | WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

export interface Terminal {
  readonly out: Channel;
  readonly err: Channel;
}

/** @throws CliError (wrong usage) when records or a plan are to go through a stream that was closed before the start */
export function needStream(stream: keyof typeof CLOSED_REMEDY): void {
  if (wasClosedAtStart(stream)) throw closedStream(stream);
}

function closedStream(stream: keyof typeof CLOSED_REMEDY): Error {
  const name = stream === StandardStream.Input ? 'Standard input' : 'Standard output';
  return usageError(`${name} was closed before byteor started.`, CLOSED_REMEDY[stream]);
}

/**
 * A parent that wants the exit code alone (`stdio: 'ignore'`) gives both streams something that looks closed, and
 * nothing would read the complaint.
 */
const factsGoNowhere = (): boolean =>
  wasClosedAtStart(StandardStream.Output) && !wasClosedAtStart(StandardStream.Error);

export const openTerminal = (): Terminal => ({
  out: new Channel(process.stdout, factsGoNowhere),
  err: new Channel(process.stderr),
});
