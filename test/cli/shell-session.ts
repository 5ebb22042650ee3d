/** Command lines typed into a real interactive shell on a pseudo-terminal, and what completion made of them. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shell } from '../../lib/cli/shell-scripts.js';
import { MAIN } from './child.js';

export function hasShell(shell: Shell): boolean {
  try {
    execFileSync(shell, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A folder with the command `byteor`, for PATH. */
function commandFolder(work: string): string {
  const folder = join(work, 'bin');
  mkdirSync(folder);
  const command = join(folder, 'byteor');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(command, 0o755);
  return folder;
}

interface Interactive {
  readonly start: string;
  readonly setup: readonly string[];
  /** Inserts every candidate. */
  readonly allKey: string;
}

const INTERACTIVE: Readonly<Record<'bash' | 'zsh', Interactive>> = {
  bash: {
    start: 'bash --norc --noprofile -i',
    setup: ['source <(byteor completion bash)'],
    allKey: '\u001b*',
  },
  zsh: {
    start: 'zsh -f -i',
    setup: [
      // Not vi's keys, whatever the environment's editor is.
      'bindkey -e',
      'autoload -U compinit; compinit -u -D',
      'source <(byteor completion zsh)',
      "zle -C all-matches complete-word _generic; bindkey '^X' all-matches",
      "zstyle ':completion:all-matches::::' completer _all_matches _complete",
      "zstyle ':completion:all-matches:*' insert true",
    ],
    allKey: '\u0018',
  },
};

/** A session that takes longer hangs; what it printed until then fails its tests. */
const WATCHDOG_MS = 60_000;

/**
 * The words of each line after the Tab at its end. `all`: with every candidate in them.
 * @param folder where the shell stands
 */
export async function typed(
  shell: 'bash' | 'zsh',
  folder: string,
  lines: readonly (readonly [line: string, key: 'tab' | 'all'])[],
): Promise<string[][]> {
  const { start, setup, allKey } = INTERACTIVE[shell];
  const env = { ...process.env, PATH: `${commandFolder(folder)}:${process.env.PATH}`, TERM: 'dumb', HOME: folder };
  // A line wider than the terminal would be scrolled or folded.
  const child = spawn('script', ['-qfec', `stty cols 1000; exec ${start}`, '/dev/null'], { env, cwd: folder });
  const watchdog = setTimeout(() => child.kill('SIGKILL'), WATCHDOG_MS);
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  let printed = '';
  let look = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    look();
  });
  child.stdin.on('error', () => {});
  /** Types keys, and waits for the words that they print: an editor of lines takes keys only while it waits for them. */
  const answer = async (keys: string): Promise<string[]> => {
    printed = '';
    child.stdin.write(keys);
    const text = await Promise.race([
      ended.then(() => printed),
      new Promise<string>((resolve) => {
        look = () => {
          const found = /\n(\{.*\})\./.exec(printed);
          if (found !== null) resolve(found[1] as string);
        };
      }),
    ]);
    return [...text.matchAll(/\{([^}]*)\}/g)].map(([, word]) => word as string);
  };
  try {
    await answer([...setup, DEFINE_WORDS, 'words ready', ''].join('\n'));
    const made: string[][] = [];
    // To the start of the line, and a command before it that prints its words.
    for (const [line, key] of lines) made.push(await answer(`${line}${key === 'tab' ? '\t' : allKey}\u0001words \n`));
    child.stdin.write('exit\n');
    await ended;
    return made;
  } finally {
    clearTimeout(watchdog);
    child.kill();
  }
}

const DEFINE_WORDS = `words() { printf '\\n'; printf '{%s}' "$@"; printf '.\\n'; }`;

/** Candidates of each line, in the words of fish's own `complete -C`: each with its description behind a tab. */
export function fishCandidates(folder: string, lines: readonly string[]): string[][] {
  const script = ['byteor completion fish | source', ...lines.map((line) => `complete -C '${line}'; echo ---`)].join(
    '\n',
  );
  const env = { ...process.env, PATH: `${commandFolder(folder)}:${process.env.PATH}`, HOME: folder };
  const text = execFileSync('fish', ['--no-config', '-c', script], { cwd: folder, env, encoding: 'utf8' });
  return text
    .split('---\n')
    .slice(0, -1)
    .map((block) => block.split('\n').filter((line) => line !== ''));
}
