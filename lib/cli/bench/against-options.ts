/** The options of `open` for the other side of a comparison. Pure; any thread. */
import { type Command, Option } from 'commander';
import { SIZES, type SizeOptions, THREADS, type ThreadOptions } from '../open-options.js';

const AGAINST = 'against';

/**
 * The same options once more with `--against-` before their names, for the other side of a comparison; `--against-pin yes` where
 * `--no-pin` has only one direction. Without defaults: what is not said is as on the first side.
 */
export function addAgainstOptions(command: Command): Command {
  for (const option of [...SIZES, ...THREADS]) {
    const [, name = '', value = ''] = /^--(?:no-)?([a-z-]+)(.*)$/.exec(option.flags) ?? [];
    const form = option.negate ? ' <yes|no>' : value;
    const twin = new Option(`--${AGAINST}-${name}${form}`, `the other side's ${option.negate ? 'pins' : `--${name}`}`);
    if (option.negate) twin.choices(['yes', 'no']);
    else if (option.argChoices !== undefined) twin.choices(option.argChoices);
    else if (option.parseArg !== undefined) twin.argParser(option.parseArg);
    command.addOption(twin);
  }
  return command;
}

/** What `--against-` options say, under the names of the options that they stand for. */
export function againstAsked(options: object): Partial<SizeOptions & ThreadOptions> {
  const said = Object.entries(options).flatMap(([key, value]) => {
    const name = new RegExp(`^${AGAINST}([A-Z].*)$`).exec(key)?.[1];
    if (name === undefined || value === undefined) return [];
    const plain = `${name[0]?.toLowerCase()}${name.slice(1)}`;
    return [[plain, plain === 'pin' ? value === 'yes' : value]];
  });
  return Object.fromEntries(said);
}
