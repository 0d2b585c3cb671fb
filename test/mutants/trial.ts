// Test files, run in a working copy: whether they pass, and if not, what the first failure that says something says.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JudgeLine } from './judge.ts'

export type TrialOutcome =
  | { readonly kind: 'passed'; readonly tests: number }
  /** A test says that something is not as it must be. */
  | { readonly kind: 'failed'; readonly test: string; readonly message: string }
  /** A test waits for what never comes. */
  | { readonly kind: 'hung'; readonly test: string }
  /** The tests say nothing, because they could not run. */
  | { readonly kind: 'broken'; readonly why: string }

export interface TrialOptions {
  readonly copy: string
  readonly tests: readonly string[]
  readonly timeLimitMs: number
  readonly signal: AbortSignal
}

const judgePath = join(import.meta.dirname, 'judge.ts')

/** Runs the files, one after the other, until one failure says enough. */
export async function runTrial({ copy, tests, timeLimitMs, signal }: TrialOptions): Promise<TrialOutcome> {
  // As a test itself, this process has a variable that makes a runner in it run nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const judge = spawn(process.execPath, [judgePath, ...tests.map((file) => join(copy, file))], {
    ...{ cwd: copy, env, detached: true },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const end = (): void => killAll(judge.pid)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(timeLimitMs))])
  limit.addEventListener('abort', end)
  const lines: JudgeLine[] = []
  for await (const text of createInterface({ input: judge.stdout })) {
    const line = JSON.parse(text) as JudgeLine
    lines.push(line)
    if (isTelling(line)) break
  }
  limit.removeEventListener('abort', end)
  end()
  signal.throwIfAborted()
  if (limit.aborted && !lines.some(isTelling))
    return { kind: 'hung', test: `no end within ${Math.round(timeLimitMs / 1000)} s` }
  return toOutcome(lines)
}

function isTelling(line: JudgeLine): boolean {
  return line.kind === 'failure' && line.how === 'assertion'
}

function toOutcome(lines: readonly JudgeLine[]): TrialOutcome {
  const failures = lines.filter((line) => line.kind === 'failure')
  const [first] = failures
  const telling = failures.find(isTelling)
  if (telling !== undefined) return { kind: 'failed', test: telling.test, message: telling.message }
  const pending = failures.find(({ how }) => how === 'pending')
  if (pending !== undefined) return { kind: 'hung', test: pending.test }
  if (first !== undefined) return { kind: 'broken', why: `${first.how} ${first.test}: ${first.message}` }
  const last = lines.at(-1)
  if (last?.kind !== 'end') return { kind: 'broken', why: 'the tests have ended before their end' }
  if (last.passed === 0) return { kind: 'broken', why: 'no test has run' }
  return { kind: 'passed', tests: last.passed }
}

/** Ends a process and everything that it has started. */
function killAll(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
