/**
 * Plan text to document: JSON and YAML on one path (JSON is YAML), with the position of every key and value kept.
 * Whatever the text is, the answer is a `ParsedPlan`; what is wrong with the text stands in its findings. Text is
 * refused by size, token count and nesting before a parser sees it. Pure; any thread.
 */
import { Composer, type Document, LineCounter, Parser, type YAMLError } from 'yaml';
import type { Finding, Locate, Position } from './finding.js';
import { lexWithinBounds } from './lex-bounds.js';
import { PLAN_DEPTH_MAX, PLAN_TEXT_MAX, PLAN_TOKENS_MAX } from './limits.js';
import { parentOf } from './pointer.js';
import { type Offsets, readTree } from './tree.js';
import { count } from './words.js';

/** What `parsePlan` may be told about a text. */
export interface ParseOptions {
  /** Named in diagnostics; nothing is read from it. */
  readonly file?: string | undefined;
}

/** What a text said. Made by `parsePlan` only; give it to `validate`. */
export class ParsedPlan {
  /** JSON data, deep-frozen; undefined where the text has syntax errors. Not a plan before `validate` says so. */
  readonly document: unknown;
  /**
   * The text's own tree, with comments, for tools that edit a plan in place; undefined where the text was refused.
   * @internal
   */
  readonly tree: Document.Parsed | undefined;
  /** Name of the text's file, when one was given. */
  readonly file: string | undefined;
  readonly #findings: readonly Finding[];
  readonly #offsets: Offsets;
  readonly #lines: LineCounter | undefined;

  /** @internal */
  constructor(parts: {
    document?: unknown;
    tree?: Document.Parsed | undefined;
    file: string | undefined;
    findings: readonly Finding[];
    offsets?: Offsets;
    lines?: LineCounter;
  }) {
    this.document = parts.document;
    this.tree = parts.tree;
    this.file = parts.file;
    this.#findings = parts.findings;
    this.#offsets = parts.offsets ?? new Map();
    this.#lines = parts.lines;
  }

  /** What is wrong with the text itself. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** The position of a place; of the key of the nearest place around it where the document has no such place. */
  readonly locate: Locate = (pointer, part) => {
    let place = pointer;
    let offset = this.#offsets.get(place);
    while (offset === undefined && place !== '') {
      place = parentOf(place);
      offset = this.#offsets.get(place);
    }
    if (offset === undefined || this.#lines === undefined) return undefined;
    return positionOf(this.#lines, part === 'key' || place !== pointer ? offset.key : offset.value);
  };
}

/** Reads plan text, or its UTF-8 bytes. Never throws. */
export function parsePlan(text: string | Uint8Array, options: ParseOptions = {}): ParsedPlan {
  const file = options.file;
  const refused = (finding: Finding) => new ParsedPlan({ file, findings: [finding] });
  if (text.length > PLAN_TEXT_MAX) return refused(tooLarge());
  const decoded = typeof text === 'string' ? text : decode(text);
  if (decoded === undefined) return refused(notText('The plan is not UTF-8 text.', undefined));
  // An editor does not count the byte order mark, so columns must not either.
  const plain = decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded;
  const control = firstControl(plain);
  if (control !== undefined) return refused(control);
  const bounds = lexWithinBounds(plain);
  if (!bounds.ok) return refused(outOfBounds(bounds.excess, plain, bounds.offset));
  const lines = countLines(plain);
  const { tree, findings } = compose(bounds.lexemes, plain.length, lines);
  if (findings.length > 0 || tree === undefined) return new ParsedPlan({ file, findings, lines, tree });
  const read = readTree(tree, (offset) => positionOf(lines, offset));
  return new ParsedPlan({ ...read, file, tree, lines });
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function countLines(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return lines;
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Composes one document and collects everything that the parser objects to. */
function compose(
  lexemes: readonly string[],
  end: number,
  lines: LineCounter,
): { tree: Document.Parsed | undefined; findings: Finding[] } {
  // A text of nothing but errors makes one error object a token; their stack traces alone would take seconds.
  const stackTraceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    const findings: Finding[] = [];
    let tree: Document.Parsed | undefined;
    const composer = new Composer({
      version: '1.2',
      schema: 'core',
      resolveKnownTags: false,
      merge: false,
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      keepSourceTokens: false,
    });
    for (const document of composer.compose(tokensOf(lexemes), true, end)) {
      if (tree !== undefined) {
        findings.push(severalDocuments(positionOf(lines, document.range[0])));
        break;
      }
      tree = document;
      for (const problem of causes([...document.errors, ...document.warnings]))
        findings.push(syntaxFinding(problem, lines));
    }
    return { tree, findings };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function* tokensOf(lexemes: readonly string[]) {
  const parser = new Parser();
  for (const lexeme of lexemes) yield* parser.next(lexeme);
  yield* parser.end();
}

/**
 * The parser's objections without those that only follow from another: after a token at which the document has ended
 * every later token is unexpected, and one missing comma is objected to in up to four ways at the same place.
 */
function causes(problems: readonly YAMLError[]): YAMLError[] {
  const places = new Set<number>();
  let ended = false;
  return problems
    .toSorted((a, b) => a.pos[0] - b.pos[0])
    .filter((problem) => {
      const ends =
        problem.code === 'UNEXPECTED_TOKEN' && /in YAML (?:stream|document)|at node end/.test(problem.message);
      const follows = places.has(problem.pos[0]) || (ends && ended);
      places.add(problem.pos[0]);
      ended ||= ends;
      return !follows;
    });
}

/** Objections whose usual cause is not what they say. */
const LIKELY: Readonly<Record<string, string>> = {
  MULTILINE_IMPLICIT_KEY: 'Is a comma or a colon missing here, or is a line indented wrongly?',
  BLOCK_AS_IMPLICIT_KEY: 'Is a comma missing here, does text with a colon need quotes, or is a line indented wrongly?',
  BLOCK_IN_FLOW: 'Is a comma missing here?',
  BAD_INDENT: 'Is a bracket missing before this, or is this line indented wrongly?',
};

function syntaxFinding(problem: YAMLError, lines: LineCounter): Finding {
  const at = positionOf(lines, problem.pos[0]);
  if (problem.code === 'TAG_RESOLVE_FAILED') {
    const message = `The text has a tag that a plan cannot have: ${problem.message}.`;
    return { code: 'PLAN_TAG', path: '', message, at, hint: 'Remove the tag; a plan is plain data.' };
  }
  if (problem.code === 'NON_STRING_KEY') {
    return { code: 'PLAN_SYNTAX', path: '', message: 'A key of a map must be text.', at };
  }
  if (problem.code === 'MULTIPLE_DOCS') return severalDocuments(at);
  const message = `The text is neither JSON nor YAML: ${problem.message}.`;
  return { code: 'PLAN_SYNTAX', path: '', message, at, hint: LIKELY[problem.code] };
}

function severalDocuments(at: Position): Finding {
  return {
    code: 'PLAN_SEVERAL_DOCUMENTS',
    path: '',
    message: 'The text holds more than one document; a file holds one plan.',
    at,
    hint: 'Put each plan in a file of its own.',
  };
}

/** Says no length: a reader of files stops at the limit and does not know it. */
function tooLarge(): Finding {
  return {
    code: 'PLAN_TOO_LARGE',
    path: '',
    message: `The text is longer than the ${PLAN_TEXT_MAX} characters that a plan may have.`,
    hint: 'Is this the plan, or the data that it shall process?',
  };
}

function outOfBounds(excess: 'depth' | 'tokens', text: string, offset: number): Finding {
  const at = positionOf(countLines(text), offset);
  return excess === 'depth'
    ? {
        code: 'PLAN_TOO_DEEP',
        path: '',
        at,
        message: `Lists and maps stand more than ${PLAN_DEPTH_MAX} deep in each other.`,
      }
    : { code: 'PLAN_TOO_LARGE', path: '', at, message: `The text has more than ${count(PLAN_TOKENS_MAX, 'token')}.` };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The first character that no text file has. */
function firstControl(text: string): Finding | undefined {
  const control = CONTROL.exec(text);
  const surrogate = LONE_SURROGATE.exec(text);
  if (control === null && surrogate === null) return undefined;
  const at = Math.min(control?.index ?? text.length, surrogate?.index ?? text.length);
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  return notText(`The text holds the character U+${code}, which no text file has.`, positionOf(countLines(text), at));
}

function notText(message: string, at: Position | undefined): Finding {
  return { code: 'PLAN_NOT_TEXT', path: '', message, at, hint: 'Is this a plan file, saved as UTF-8?' };
}
