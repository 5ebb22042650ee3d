/** `byteor explain --expr`: types, program, bounds and, with a record, the value of an expression. Main thread. */
import type { NativeEvaluation, NativeValue } from '../abi/addon.js';
import { memoryOver } from '../channel/shard-memory.js';
import { type CompiledExpression, compileExpressions } from '../expression/compile.js';
import { shapeOfCodec } from '../expression/environment.js';
import { programLines } from '../expression/show.js';
import { structCodec } from '../handle/codec-struct.js';
import { layoutOf } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';
import { codecSchema } from '../plan/schema.js';
import { nativeAddon } from '../runtime/native.js';
import { ExitCode, usageError } from './exit-code.js';
import type { Terminal } from './terminal.js';

export interface ExpressionOptions {
  readonly expr: string;
  readonly record?: string;
  readonly codec?: string;
  readonly json?: true;
}

/** A word, or a codec as a plan has it, in JSON. */
function codecOf(text: string): Codec {
  const read = (): unknown => {
    if (!text.startsWith('{')) return text;
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  };
  const parsed = codecSchema.safeParse(read());
  if (parsed.success) return parsed.data as Codec;
  throw usageError(
    `--codec ${JSON.stringify(text)} is no codec.`,
    'Write json, utf8 or bytes, or a struct as a plan has it: {"kind":"struct","fields":[{"name":"id","type":"u64"}]}.',
  );
}

/** The bytes of a record that is given as text: of a struct, as JSON. */
function recordBytes(codec: Codec, text: string): Uint8Array {
  const layout = layoutOf(codec);
  if (layout === undefined) return new TextEncoder().encode(text);
  const memory = memoryOver(new ArrayBuffer(layout.size), 0, layout.size, 8);
  const bound = structCodec(layout).bind(memory);
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw usageError(`--record is no JSON: ${(error as Error).message}.`, 'Write an object with a member a field.');
  }
  bound.write(record as never, 0, layout.size);
  return memory.bytes;
}

/** A value as CEL writes it, near enough to read. */
function valueText({ type, value }: NativeValue): string {
  switch (type) {
    case 'string':
      return JSON.stringify(value);
    case 'uint':
      return `${value}u`;
    case 'double':
      return typeof value === 'number' && Number.isInteger(value) ? value.toFixed(1) : String(value);
    case 'bytes':
      return `b"${Buffer.from(value).toString('hex').replaceAll(/../g, '\\x$&')}"`;
    case 'timestamp':
    case 'duration':
      return `${type} of ${value.seconds} s and ${value.nanos} ns`;
    case 'list':
      return `[${value.map(valueText).join(', ')}]`;
    case 'map':
      return `{${value.map(([key, of]) => `${valueText(key)}: ${valueText(of)}`).join(', ')}}`;
    case 'optional':
      return value === null ? 'none' : `optional of ${valueText(value)}`;
    default:
      return String(value);
  }
}

/** The text with a line of marks under a part of it, where it is one line. */
function marked(text: string, start: number, end: number): string[] {
  if (text.includes('\n')) return [`  at columns ${start + 1} to ${end}`];
  return [`  ${text}`, `  ${' '.repeat(start)}${'^'.repeat(Math.max(1, end - start))}`];
}

function evaluationLines(text: string, outcome: NativeEvaluation): string[] {
  if (outcome.ok) return [`value: ${valueText(outcome.value)} (${outcome.value.type})`];
  const { message, start, end } = outcome;
  return [`error: ${message}`, ...(start === null || end === null ? [] : marked(text, start, end))];
}

function lines(text: string, compiled: CompiledExpression): string[] {
  const { scratchBytes, scratchValues, steps } = compiled.bounds;
  const warnings = (compiled.warnings[0] ?? []).flatMap(({ message, start, end }) => [
    `warning: ${message}`,
    ...marked(text, start, end),
  ]);
  return [
    `type: ${compiled.types[0]}`,
    ...warnings,
    'program:',
    ...programLines(compiled.program).map((line) => `  ${line}`),
    `bounds: ${steps} steps, ${scratchValues} values and ${scratchBytes} bytes of scratch, ${compiled.program.registers} registers; ${compiled.bytes.length} bytes of program`,
  ];
}

/** Prints what an expression is; with a record, what it gives. The value comes from the addon. */
export function explainExpression(options: ExpressionOptions, { out, err }: Terminal): ExitCode {
  const codec = codecOf(options.codec ?? 'json');
  const compiled = compileExpressions([options.expr], { record: shapeOfCodec(codec) });
  if (!compiled.ok) {
    const { message, start, end } = compiled;
    if (options.json === true) out.json({ ok: false, message, start, end });
    else err.line([`error: ${message}`, ...marked(options.expr, start, end)].join('\n'));
    return ExitCode.PlanErrors;
  }
  const outcome =
    options.record === undefined
      ? undefined
      : nativeAddon().evaluateExpression(compiled.bytes, 0, recordBytes(codec, options.record));
  if (options.json === true) {
    const [type, warnings] = [compiled.types[0], compiled.warnings[0]];
    const program = programLines(compiled.program);
    out.json({ ok: true, type, warnings, bounds: compiled.bounds, program, ...(outcome && { evaluation: outcome }) });
  } else {
    const value = outcome === undefined ? [] : evaluationLines(options.expr, outcome);
    out.line([...lines(options.expr, compiled), ...value].join('\n'));
  }
  return outcome?.ok === false ? ExitCode.PlanErrors : ExitCode.Done;
}
