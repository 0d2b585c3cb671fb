// Where every npm script begins: `node scripts/bootstrap.mjs VERB [ARGUMENT…]`. Makes a fresh checkout runnable on any Node
// from 18 on (see runtime/installation.mjs), then runs the verb's script with a Node that runs TypeScript.

import { runScript } from './runtime/execution.mjs'

const scripts = {
  start: ['scripts/start.ts'],
  test: ['scripts/test.ts'],
  check: ['scripts/test.ts', '--check'],
  sim: ['sim/main.ts'],
  bench: ['bench/main.ts'],
  conformance: ['conformance/main.ts'],
  mutants: ['test/mutants/main.ts'],
  herald: ['scripts/cluster.ts'],
}

const [verb = '', ...rest] = process.argv.slice(2)
if (Object.hasOwn(scripts, verb)) {
  const [script, ...fixed] = scripts[verb]
  runScript(script, [...fixed, ...rest])
} else {
  process.stderr.write(`herald: unknown verb "${verb}": use one of ${Object.keys(scripts).join(', ')}\n`)
  process.exitCode = 2
}
