/** `byteor compile`: plan → version, its facts, its canonical text, its buffer. Needs no addon. */
import { writeFileSync } from 'node:fs';
import { Option } from 'commander';
import { compile, type Version } from '../../version/version.js';
import { CliError, ExitCode, usageError } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { RELEASE_FEATURES } from '../release.js';
import { isSameFile } from '../same-file.js';
import { systemWords } from '../system-words.js';
import { type Channel, needStream } from '../terminal.js';
import { counted, indent, table } from '../text.js';
import { type Define, examples, JSON_OPTION, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

interface Options {
  readonly json?: true;
  readonly text?: true;
  readonly out?: string;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Compile a plan to a version. Its id is the SHA-256 of its canonical text: comments, key order, catalog order, ' +
        'JSON or YAML and defaults written out do not change it, anything else does.',
    )
    .argument(...PLAN_ARGUMENT)
    .addOption(new Option(...JSON_OPTION).conflicts('text'))
    .option('--text', 'print the canonical text instead')
    .option('--out <file>', 'write the lowered buffer, as the core reads it; - for standard output')
    .addHelpText(
      'after',
      examples([
        ['byteor compile plan.yaml', 'id, roles, what was inserted'],
        ['byteor compile --json plan.yaml', '{ "id", "name", "target", "roles", "lanes", "inserted" }'],
        ['byteor compile --text plan.yaml | sha256sum', 'the same id'],
        ['byteor compile --out plan.spec plan.yaml', 'the buffer'],
      ]),
    )
    .action(context.ends((path: string, options: Options) => compilePlan(path, options, context)));
};

async function compilePlan(path: string, options: Options, context: VerbContext): Promise<ExitCode> {
  const plan = await loadPlan(path, options.json === true, context);
  if (plan === undefined) return ExitCode.PlanErrors;
  const version = compile(plan, { features: RELEASE_FEATURES });
  const { out: file } = options;
  if (file !== undefined) writeBuffer(version.spec, file, path, context);
  // The buffer has standard output to itself.
  print(version, options, file === '-' ? context.err : context.out);
  return ExitCode.Done;
}

function writeBuffer(bytes: Uint8Array, file: string, plan: string, { out }: VerbContext): void {
  if (file === '-') {
    needStream(1);
    out.write(bytes);
    return;
  }
  if (isSameFile(file, plan))
    throw usageError(`--out names the plan itself, ${JSON.stringify(plan)}.`, 'Name another file.');
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    const message = `Cannot write ${JSON.stringify(file)}: ${systemWords(error)}.`;
    throw new CliError(ExitCode.RunFailed, message, undefined, { cause: error });
  }
}

function print(version: Version, options: Options, channel: Channel): void {
  if (options.text === true) channel.write(version.text);
  else if (options.json === true) channel.json(version);
  else channel.line(summary(version, channel));
}

function summary(version: Version, { colors }: Channel): string {
  const { roles, lanes, inserted } = version.report;
  const kinds = roles.map(({ id, kind }) => (kind === 'stage' ? id : `${id} (${kind})`));
  const elements = inserted.map(({ id, rule, path, reason }) => [id, rule, `${path}: ${reason}`]);
  return [
    `${colors.bold(version.name)}  ${version.target}`,
    ...table([
      ['id', version.id],
      ['roles', kinds.join(', ')],
      ['lanes', counted(lanes.length, version.target === 'SingleRing' ? 'ring' : 'lane')],
      ['inserted', elements.length === 0 ? 'nothing' : counted(elements.length, 'element')],
      ['buffer', counted(version.spec.byteLength, 'byte')],
    ]),
    ...indent(table(elements)),
  ].join('\n');
}
