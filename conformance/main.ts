// `npm run conformance -- FILE…`: replays files of etcd's Raft test data on the core of this project, one line each. Exit code 1
// where a file differs or cannot be replayed to its end.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { FormatError } from './datadriven.ts'
import { replayFile } from './replay.ts'
import type { Mismatch, Verdict } from './verdict.ts'

const usage = `usage: npm run conformance -- [--details] FILE…

Replays test data of etcd's Raft library (quorum, confchange and interaction files) and prints one line a file.

  --details  also prints the lines that differ
`

const { files, details } = readOptions()
if (files.length === 0) {
  process.stderr.write(usage)
  process.exitCode = 2
} else {
  for (const file of files) if (!report(file)) process.exitCode = 1
}

function readOptions(): { readonly files: readonly string[]; readonly details: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { details: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    return { files: positionals, details: values.details }
  } catch {
    return { files: [], details: false }
  }
}

/** True if the file is equal. */
function report(file: string): boolean {
  try {
    const verdict = replayFile(readFileSync(file, 'utf8'))
    process.stdout.write(`${file}: ${describeVerdict(verdict)}\n`)
    if (details) for (const mismatch of verdict.mismatches) process.stdout.write(describeMismatch(mismatch))
    return verdict.mismatches.length === 0 && verdict.unsupported === undefined
  } catch (error) {
    if (!(error instanceof FormatError) && !isSystemError(error)) throw error
    process.stdout.write(`${file}: not replayed, ${error.message}\n`)
    return false
  }
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error
}

function describeVerdict({ kind, steps, mismatches, unsupported }: Verdict): string {
  const [first] = mismatches
  const differing = mismatches.length === 1 ? '1 step differs' : `${mismatches.length} steps differ`
  const problems = [
    ...(first === undefined ? [] : [`${differing}, first line ${first.line} ${first.command}`]),
    ...(unsupported === undefined ? [] : [`not replayed from ${unsupported}`]),
  ]
  return problems.length === 0
    ? `equal (${kind}, ${steps} steps)`
    : `${problems.join('; ')} (${kind}, ${steps} steps)`
}

function describeMismatch({ line, command, missing, unexpected }: Mismatch): string {
  const lines = [...missing.map((each) => `    - ${each}`), ...unexpected.map((each) => `    + ${each}`)]
  return `  line ${line} ${command}\n${lines.join('\n')}\n`
}
