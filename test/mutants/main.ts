// Entry point of `npm run mutants`: the faults of the project, and signals that end it.

import { join } from 'node:path'
import { allMutants } from './all-mutants.ts'
import { runMutants } from './command.ts'

const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => abort.abort(new Error(`ended by ${signal}`)))

try {
  process.exitCode = await runMutants(process.argv.slice(2), {
    project: join(import.meta.dirname, '../..'),
    mutants: allMutants,
    patienceMs: 20_000,
    print: (text) => void process.stdout.write(text),
    signal: abort.signal,
  })
} catch (error) {
  if (!abort.signal.aborted) throw error
  process.stderr.write(`${abort.signal.reason.message}\n`)
  process.exitCode = 1
}
