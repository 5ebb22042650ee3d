import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The fenced blocks of a page, and what the comment above a block says of it:
 *
 *   (nothing)            js: a program, run as it stands. sh: commands, run in the page's one shell. yaml: a valid plan.
 *                        ts: the one file of examples/ that is compiled. json: is JSON. text: a drawing or an excerpt, not looked at
 *   file: NAME           not run: the file of this name in the page's folder. Of examples/, it equals that file
 *   prints               text: what all commands and programs since the last such block have printed; … stands for
 *                        any text
 *   not run: REASON      js or sh that a test cannot run
 *   wrong: CODE          yaml with this one error
 *
 * A comment `setup: COMMAND` on a line of its own runs a command that a reader of the page need not see.
 */
export interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly mark: string;
  readonly value: string;
}

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const LANGUAGES = ['js', 'ts', 'sh', 'yaml', 'json', 'text', 'dockerfile', ''];

const FENCE =
  /^<!-- setup: (?<setup>[^\n]+) -->$|^(?:<!-- (?<mark>file|prints|not run|wrong)(?:: (?<value>[^\n]+?))? -->\n)?```(?<language>\w*)\n(?<text>.*?)^```$/gms;

export const readRepository = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export function blocksOf(page: string): Block[] {
  const text = readRepository(page);
  return [...text.matchAll(FENCE)].map((match) => {
    const { setup, mark = '', value = '', language = '', text: body = '' } = match.groups ?? {};
    const line = text.slice(0, match.index).split('\n').length;
    if (setup !== undefined) return { line, language: 'sh', text: `${setup}\n`, mark: '', value: '' };
    return { line, language, text: body, mark, value };
  });
}

/** A regular expression for what a `prints` block shows. */
export function printed(shown: string): RegExp {
  const escaped = shown.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('…', '[\\s\\S]*?')}$`);
}
