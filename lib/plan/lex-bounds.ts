/**
 * Bounds on a plan text that must hold before a parser with recursion sees it. The `yaml` package composes nodes
 * recursively, and a regular expression that V8 compiles close to the end of the stack aborts the whole process,
 * which no `catch` can stop: so nesting is measured here, on the flat stream of lexical tokens, in linear time.
 * Pure; any thread.
 */
import { CST, Lexer } from 'yaml';
import { PLAN_DEPTH_MAX, PLAN_TOKENS_MAX } from './limits.js';

export type LexBounds =
  | { readonly ok: true; readonly lexemes: readonly string[] }
  | { readonly ok: false; readonly excess: 'depth' | 'tokens'; readonly offset: number };

/** Lexes the text and refuses it where it nests too deep or has too many tokens. */
export function lexWithinBounds(text: string): LexBounds {
  const lexemes: string[] = [];
  const nesting = new Nesting();
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes.push(lexeme);
    if (lexemes.length > PLAN_TOKENS_MAX) return { ok: false, excess: 'tokens', offset };
    if (lexeme === CST.SCALAR || lexeme === CST.DOCUMENT || lexeme === CST.FLOW_END) {
      nesting.mark(lexeme);
      continue;
    }
    if (nesting.take(lexeme) > PLAN_DEPTH_MAX) return { ok: false, excess: 'depth', offset };
    offset += lexeme.length;
  }
  return { ok: true, lexemes };
}

/**
 * Counts open flow brackets, and in block style the distinct columns at which something still open began. A list may
 * stand at the column of the map around it, so the true depth is at most twice the second count.
 */
class Nesting {
  private flow = 0;
  private readonly columns: number[] = [];
  private column = 0;
  private scalarNext = false;

  /** The control characters that the lexer puts between tokens; they have no width. */
  mark(control: string): void {
    if (control === CST.SCALAR) this.scalarNext = true;
    else if (control === CST.DOCUMENT) this.columns.length = 0;
    else this.flow = 0;
  }

  /** Takes one token and gives the depth at it. */
  take(lexeme: string): number {
    const type = this.scalarNext ? 'scalar' : CST.tokenType(lexeme);
    this.scalarNext = false;
    if (type === 'flow-map-start' || type === 'flow-seq-start') this.flow += 1;
    else if (type === 'flow-map-end' || type === 'flow-seq-end') this.flow = Math.max(0, this.flow - 1);
    else if (this.flow === 0 && opensBlock(type)) this.openAt(this.column);
    const newline = lexeme.lastIndexOf('\n');
    this.column = newline === -1 ? this.column + lexeme.length : lexeme.length - newline - 1;
    return this.flow + this.columns.length;
  }

  private openAt(column: number): void {
    while ((this.columns.at(-1) ?? -1) >= column) this.columns.pop();
    this.columns.push(column);
  }
}

/** Tokens with which a block list, a block map or a node inside one begins. */
function opensBlock(type: CST.Token['type'] | string | null): boolean {
  return type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind' || type === 'scalar';
}
