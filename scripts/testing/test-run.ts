// Runs test files with node:test and prints one line a file, the reasons of skipped tests and failures in full. The thousands of
// names that pass are of no interest to anybody; `node --test FILE` shows them.

import { relative } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import { readFaultRounds, toFileTimeoutMs } from './fault-rounds.ts'
import { watchFiles } from './file-watch.ts'

/** How many tests ended in which way. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

type Counts = Readonly<{ tests: number; passed: number; skipped: number; todo: number }>
type Failure = Readonly<{ name: string; file: string; error: unknown }>

/** Runs the files, at most so many at the same time, and returns the counts over all. */
export async function runTestFiles(files: readonly string[], concurrency: number): Promise<Tally> {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 }
  const total = { passed: 0, failed: 0, skipped: 0 }
  const failures: Failure[] = []
  const fileTimeoutMs = toFileTimeoutMs(readFaultRounds())
  const stopWatching = watchFiles({
    fileTimeoutMs,
    onEnded: (file) =>
      void process.stdout.write(`✖ ${relative('', file)}: ended, it did not end by itself\n`),
  })
  const stream = run({ files: [...files], concurrency, timeout: fileTimeoutMs })
  stream.on('test:pass', ({ name, skip }) => {
    if (typeof skip === 'string') process.stdout.write(`- skipped: ${name}: ${skip}\n`)
  })
  stream.on('test:fail', ({ name, file = '', details }) => {
    failures.push({ name, file, error: details.error })
  })
  stream.on('test:stderr', ({ message }) => process.stderr.write(message))
  stream.on('test:summary', ({ file, counts, duration_ms: took }) => {
    if (file === undefined) {
      total.passed = counts.passed
      total.failed = countFailed(counts)
      total.skipped = counts.skipped + counts.todo
      return
    }
    const mark = countFailed(counts) > 0 ? '✖' : '✔'
    process.stdout.write(
      `${mark} ${relative('', file)}: ${counts.tests} tests (${(took / 1000).toFixed(1)} s)\n`,
    )
  })
  for await (const _event of stream) {
    // The handlers above do the work; reading the stream to its end is what runs it.
  }
  stopWatching()
  for (const failure of failures) showFailure(failure)
  return total
}

/** Everything that is none of the others: Node's types leave out its own field for it. */
function countFailed(counts: Counts): number {
  return counts.tests - counts.passed - counts.skipped - counts.todo
}

function showFailure({ name, file, error }: Failure): void {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const text = typeof cause === 'string' ? cause : inspect(cause)
  process.stdout.write(`\n✖ ${relative('', file)}: ${name}\n${text.replaceAll(/^/gm, '    ')}\n`)
}
