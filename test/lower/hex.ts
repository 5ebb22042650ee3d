/** Sixteen bytes a line, so that a difference in a golden file shows where it is. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Buffer.from(bytes.subarray(at, at + 16));
    lines.push(`${at.toString(16).padStart(5, '0')}  ${row.toString('hex').replace(/(.{8})(?=.)/g, '$1 ')}\n`);
  }
  return lines.join('');
}
