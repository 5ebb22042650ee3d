/** Lines of a file as docs/adapters.md says, for the interpreter's side of a file. */

export interface Line {
  readonly bytes: Uint8Array;
  readonly terminator: '\n' | '\r\n' | '';
}

/** A record a line: LF or CRLF end it and are not part of it; a lone CR is content. */
export function splitLines(file: Uint8Array): Line[] {
  const lines: Line[] = [];
  let begin = 0;
  for (let at = 0; at < file.length; at++) {
    if (file[at] !== 10) continue;
    const crlf = at > begin && file[at - 1] === 13;
    lines.push({ bytes: file.subarray(begin, at - (crlf ? 1 : 0)), terminator: crlf ? '\r\n' : '\n' });
    begin = at + 1;
  }
  if (begin < file.length) lines.push({ bytes: file.subarray(begin), terminator: '' });
  return lines;
}

/** What an egress writes: every record with its terminator; one that had none gets LF when another record follows. */
export function joinLines(lines: readonly Line[]): Buffer {
  return Buffer.concat(
    lines.flatMap(({ bytes, terminator }, index) => {
      const missing = terminator === '' && index < lines.length - 1;
      return [bytes, Buffer.from(missing ? '\n' : terminator)];
    }),
  );
}
