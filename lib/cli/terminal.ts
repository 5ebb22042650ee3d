/**
 * The two streams that a verb writes to. Facts go to `out`, everything else to `err`; each knows whether a person looks
 * at it, because colours and progress lines are only for persons. NO_COLOR, FORCE_COLOR and TERM=dumb are respected
 * (no-color.org). One per process, main thread.
 */
import type { WriteStream } from 'node:tty';
import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Without a terminal there is no width; this is what people's terminals have at least. */
const COLUMNS_DEFAULT = 100;

export class Channel {
  readonly #stream: NodeJS.WriteStream | WriteStream;
  readonly colors: Colors;

  constructor(stream: NodeJS.WriteStream | WriteStream) {
    this.#stream = stream;
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

  write(text: string | Uint8Array): void {
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

export const openTerminal = (): Terminal => ({ out: new Channel(process.stdout), err: new Channel(process.stderr) });
