/**
 * What may stand at the cursor, and how it is told to a shell. Lines, so that a shell needs no parser:
 *
 *   open plans              flags: `open` (no blank behind a candidate), `plans`, `files`, `folders` (paths, from the shell)
 *   in=lines:               what stays of the word as it was typed; candidates and paths follow it
 *   errors.log\twhat it is  a candidate and, behind a tab, words about it
 *
 * Pure; any thread.
 */

export interface Candidate {
  readonly value: string;
  /** A few words about it; bash does not show them. */
  readonly help?: string | undefined;
}

/** Paths are the shell's to complete: it knows `~`, quoting and its user's settings. */
export type Paths = 'plans' | 'files' | 'folders';

export interface Answer {
  readonly prefix: string;
  readonly candidates: readonly Candidate[];
  readonly paths?: Paths | undefined;
  /** More may follow a candidate in the same word. */
  readonly open?: boolean;
}

export const NOTHING: Answer = { prefix: '', candidates: [] };

export const words = (values: readonly string[]): Answer => ({
  prefix: '',
  candidates: values.map((value) => ({ value })),
});

export const paths = (kind: Paths, prefix = ''): Answer => ({ prefix, candidates: [], paths: kind });

/** The same, behind what was typed before it in the word, like `--wait=`. */
export const behind = (prefix: string, answer: Answer): Answer => ({ ...answer, prefix: `${prefix}${answer.prefix}` });

/** Only what the word may become. */
export function fitting(answer: Answer, word: string): Answer {
  const candidates = answer.candidates.filter(({ value }) => `${answer.prefix}${value}`.startsWith(word));
  return { ...answer, candidates };
}

/** A tab or a line end in a candidate's words would be taken for the end of it. */
const plain = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** Lines without a final line end. */
export function answerText({ prefix, candidates, paths: kind, open }: Answer): string {
  const flags = [...(open === true ? ['open'] : []), ...(kind === undefined ? [] : [kind])].join(' ');
  const lines = candidates.map(({ value, help }) => (help === undefined ? value : `${value}\t${plain(help)}`));
  return [flags, prefix, ...lines].join('\n');
}
