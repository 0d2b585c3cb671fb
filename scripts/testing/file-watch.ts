// Ends processes of test files that do not end by themselves. A test that fails or runs out of time may leave a client behind that dials for
// ever; the runner bounds tests, and waits for their processes without a bound.

import { readFileSync } from 'node:fs'

/** Behind the time that a file has. */
const graceMs = 30_000
const lookEveryMs = 2000

export interface FileWatchOptions {
  /** How long a file may take. */
  readonly fileTimeoutMs: number
  readonly graceMs?: number
  readonly lookEveryMs?: number
  /** Hears of a file that was ended. */
  readonly onEnded: (file: string) => void
}

/** Watches until it is stopped. It knows the processes from /proc: elsewhere than on Linux it does nothing. */
export function watchFiles(options: FileWatchOptions): () => void {
  const seenAt = new Map<number, number>()
  const lifeMsMax = options.fileTimeoutMs + (options.graceMs ?? graceMs)
  const timer = setInterval(() => {
    for (const pid of childrenOf(process.pid)) {
      const file = testFileOf(pid)
      const first = seenAt.get(pid) ?? performance.now()
      seenAt.set(pid, first)
      if (file === undefined || performance.now() - first < lifeMsMax) continue
      process.kill(pid, 'SIGKILL')
      seenAt.delete(pid)
      options.onEnded(file)
    }
  }, options.lookEveryMs ?? lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}

function childrenOf(pid: number): number[] {
  const text = tryRead(`/proc/${pid}/task/${pid}/children`)
  return text.split(' ').filter(Boolean).map(Number)
}

/** The file of tests that a process runs; undefined where it runs something else, or is gone. */
function testFileOf(pid: number): string | undefined {
  return tryRead(`/proc/${pid}/cmdline`)
    .split('\0')
    .find((argument) => argument.endsWith('.test.ts'))
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
