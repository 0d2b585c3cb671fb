// Runs a script of the checkout with the Node that installation.mjs found. The child takes over the terminal; signals
// go on to it and its exit code comes back, so that callers see no difference to running it directly.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { checkout, InstallationError, prepare, withNodeFirst } from './installation.mjs'

const passedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Prepares the checkout, runs a script with arguments and ends this process the way the script ended. */
export function runScript(script, scriptArguments) {
  let node
  try {
    node = prepare()
  } catch (error) {
    if (!(error instanceof InstallationError)) throw error
    process.stderr.write(`herald: ${error.message}\n`)
    process.exit(1)
  }
  const child = spawn(node, [join(checkout, script), ...scriptArguments], {
    stdio: 'inherit',
    env: withNodeFirst(process.env, node),
  })
  for (const signal of passedSignals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`herald: ${node} cannot be started: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
