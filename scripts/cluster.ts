// The command line of Herald, as a process: signals in, exit code out. What it can do is in commands/, one file each.

import { runCommandLine } from './cli/program.ts'

const interruption = new AbortController()
let interruptions = 0
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The first asks the command to end in order; terminals and npm may deliver it twice, so only a third one insists.
    if (++interruptions > 2) process.exit(130)
    interruption.abort()
  })
}

// A reader that goes away (`herald subscribe '>' | head`) ends the command like an interruption.
process.stdout.on('error', () => {
  interruption.abort()
})

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  signal: interruption.signal,
})
