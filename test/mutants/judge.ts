// Runs test files and says what failed, a line of JSON for each failure and one at the end. In a process of its own, which can be killed
// together with whatever it has started.

import { run } from 'node:test'

/** How a test failed. */
export type FailureKind =
  /** It says that something is not as it must be. */
  | 'assertion'
  /** It was still waiting when nothing could happen any more. */
  | 'pending'
  /** The code names what does not exist. */
  | 'unknown name'
  /** Its file has failed outside any test: most often it could not be loaded. */
  | 'file'

export type JudgeLine =
  | { readonly kind: 'failure'; readonly test: string; readonly how: FailureKind; readonly message: string }
  | { readonly kind: 'end'; readonly passed: number }

if (import.meta.main) await judge(process.argv.slice(2))

async function judge(files: readonly string[]): Promise<void> {
  const say = (line: JudgeLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
  const stream = run({ files: [...files], concurrency: 1 })
  stream.on('test:fail', ({ name, file, details: { error } }) => {
    const how = name === file ? 'file' : kindOf(error)
    // A parent fails with its child, which has said why.
    if (how !== undefined)
      say({ kind: 'failure', test: name, how, message: error.message.trim().split('\n')[0] ?? '' })
  })
  stream.on('test:summary', ({ file, counts: { passed } }) => {
    if (file === undefined) say({ kind: 'end', passed })
  })
  for await (const _event of stream) {
    // The handlers above do the work; reading the stream to its end is what runs it.
  }
}

function kindOf(error: Error): FailureKind | undefined {
  const { failureType, cause } = error as Error & { readonly failureType?: string }
  if (failureType === 'subtestsFailed') return undefined
  if (failureType === 'cancelledByParent' || failureType === 'testTimeoutFailure') return 'pending'
  return cause instanceof ReferenceError ? 'unknown name' : 'assertion'
}
