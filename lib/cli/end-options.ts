/** The options that say what stands behind boundaries, as `run`, `replay` and `bench` have them. Main thread. */
import type { Command } from 'commander';
import type { BoundaryEntry } from '../plan/document.js';
import { type EndOptions, type Ends, type GivenEnd, resolveEnds } from './adapters.js';

export interface AskedEnds extends EndOptions {
  readonly ends?: string;
  readonly set: readonly string[];
}

/** For an option that may be given more than once. */
const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** @param ingress what an `--ingress` is for the verb: the value as the help shows it, and words; likewise `egress` */
export const addEndOptions = (
  command: Command,
  ingress: readonly [value: string, words: string],
  egress: readonly [value: string, words: string],
): Command =>
  command
    .option(`--ingress ${ingress[0]}`, ingress[1], collect, [])
    .option(`--egress ${egress[0]}`, egress[1], collect, [])
    .option('--ends <file>', 'ends by boundary id, in JSON or YAML; --ingress and --egress replace an end of it')
    .option(
      '--set <setting>',
      'set a key of an end, as ID.key=value, like out.append=true; `byteor capabilities` lists the keys',
      collect,
      [],
    );

/** @throws CliError (wrong usage) */
export async function askedEnds(
  boundaries: readonly BoundaryEntry[],
  options: AskedEnds,
  given?: GivenEnd,
): Promise<Ends> {
  const file = options.ends === undefined ? undefined : (await import('./ends-file.js')).readEndsFile(options.ends);
  return resolveEnds(boundaries, options, file, given);
}
