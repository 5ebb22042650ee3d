/** What an operating system's error says, in words. Pure; any thread. */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOTDIR: 'a part of its path is not a folder',
};

/** An operating system's error as words: `there is no such file (ENOENT)`. */
export function systemWords(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  return `${WORDS[code] ?? (error as Error).message.replace(/^[A-Z0-9_]+: /, '').replace(/, [a-z]+( '.*)?$/, '')} (${code})`;
}
