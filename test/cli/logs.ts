/**
 * The logs of the tests over real data: those of a folder, BYTEOR_TEST_DATA or `../shared/data` beside the checkout;
 * where neither is, look-alikes of the same formats are made, so that these tests always test something.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './child.js';

/** Their paths; made ones are put into `work`. */
export function realLogs(work: string): string[] {
  const folder = process.env.BYTEOR_TEST_DATA ?? join(ROOT, '..', 'shared', 'data');
  const found = existsSync(folder) ? filesBelow(folder).filter((path) => /(_2k\.log|\.ndjson)$/.test(path)) : [];
  return found.length > 0 ? found : madeLogs(work);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** Look-alikes: an Apache error log with CRLF and no last line end, a syslog, and events as JSON with UTF-8. */
function madeLogs(work: string): string[] {
  const apache = lines(
    (at) => `[Sun Dec 04 04:${at % 60}:44 2005] [${at % 3 ? 'notice' : 'error'}] child ${at} in state ${at % 7}`,
  );
  const syslog = lines(
    (at) => `Jun 14 15:16:${at % 60} combo sshd(pam_unix)[${19939 + at}]: authentication failure; uid=${at % 5}`,
  );
  const events = lines((at) =>
    JSON.stringify({ asin: `B00${at % 31}`, rating: at % 6, title: `Phone “${at}” für ä 📱` }),
  );
  const files = {
    'Apache_2k.log': apache.join('\r\n'),
    'Linux_2k.log': `${syslog.join('\n')}\n`,
    'events.ndjson': `${events.join('\n')}\n`,
  };
  return Object.entries(files).map(([name, text]) => {
    writeFileSync(join(work, name), text);
    return join(work, name);
  });
}

function lines(line: (at: number) => string): string[] {
  return Array.from({ length: 2000 }, (_, at) => line(at));
}

/** grep ends the last line that it prints. */
export const withLineEnd = (bytes: Buffer): Buffer =>
  bytes.length === 0 || bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);

export function grep(needle: string, invert: boolean, log: string): Buffer {
  const options = ['-a', '-F', ...(invert ? ['-v'] : []), '-e', needle, log];
  try {
    return execFileSync('grep', options, { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 2 ** 30 });
  } catch (error) {
    // grep exits with 1 when it finds nothing.
    if ((error as { status?: number }).status === 1) return Buffer.alloc(0);
    throw error;
  }
}
