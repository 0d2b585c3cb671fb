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
  let seenAt: ReadonlyMap<number, number> = new Map()
  const lifeMsMax = options.fileTimeoutMs + (options.graceMs ?? graceMs)
  const timer = setInterval(() => {
    const now = performance.now()
    // Only of those that are there: a number may come again.
    seenAt = new Map(childrenOf(process.pid).map((pid) => [pid, seenAt.get(pid) ?? now]))
    for (const [pid, first] of seenAt) {
      const file = testFileOf(pid)
      if (file === undefined || now - first < lifeMsMax) continue
      process.kill(pid, 'SIGKILL')
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
