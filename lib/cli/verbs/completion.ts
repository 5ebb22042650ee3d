/** `byteor completion`: the script of a shell and, for that script, what may stand at the cursor. Needs no addon. */
import { Argument } from 'commander';
import { answerText } from '../completion/answer.js';
import { complete } from '../completion/complete.js';
import { ExitCode } from '../exit-code.js';
import { SHELLS, type Shell, shellScript } from '../shell-scripts.js';
import { type Define, examples, type VerbContext } from '../verb.js';

export const define: Define = (command, context) => {
  command
    .description(
      'Print a script that completes verbs, options, their values, plan files and the ids of a plan at every Tab. The ' +
        'script asks byteor, so it stays right when byteor is updated.',
    )
    .usage('[options] <shell>')
    .addArgument(new Argument('<shell>', 'the shell that reads the script').choices(SHELLS))
    // Behind `--`, from the script: the words of a command line up to the cursor.
    .argument('[words...]')
    .configureHelp({ visibleArguments: ({ registeredArguments }) => registeredArguments.slice(0, 1) })
    .addHelpText('after', HELP)
    .action(
      context.ends((shell: Shell, words: readonly string[]) =>
        words.length === 0 ? printScript(shell, context) : printAnswer(words, context),
      ),
    );
};

const HELP = `${examples([
  ['byteor completion fish | source', 'fish: in ~/.config/fish/config.fish'],
  ['source <(byteor completion bash)', 'bash: in ~/.bashrc'],
  ['source <(byteor completion zsh)', 'zsh: in ~/.zshrc, behind compinit'],
])}
Or write it once where the shell looks for such files:
  byteor completion bash > ~/.local/share/bash-completion/completions/byteor
  byteor completion zsh > FOLDER/_byteor                a folder of $fpath
  byteor completion fish > ~/.config/fish/completions/byteor.fish
`;

async function printScript(shell: Shell, { out }: VerbContext): Promise<ExitCode> {
  out.write(shellScript(shell));
  return ExitCode.Done;
}

async function printAnswer(words: readonly string[], { out, program }: VerbContext): Promise<ExitCode> {
  out.line(answerText(await complete(words, program)));
  return ExitCode.Done;
}
