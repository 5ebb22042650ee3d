/** Where pipelines of one user leave their regions. Main thread; nothing throws. */
import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The places of native/platform/user_folder.cpp, in its order. */
export function folderCandidates(): string[] {
  const own = `byteor-${process.geteuid?.() ?? userInfo().uid}`;
  const { XDG_RUNTIME_DIR: runtime = '', TMPDIR: temporary = '' } = process.env;
  return [
    ...(isAbsolute(runtime) ? [join(runtime, 'byteor')] : []),
    ...(process.platform === 'linux' ? [join('/dev/shm', own)] : []),
    join(isAbsolute(temporary) ? temporary : '/tmp', own),
  ];
}
