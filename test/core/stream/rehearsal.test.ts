// A node rehearses the life of a stream, so that V8 does not compile for a stream that never drops anything.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { rehearse } from '../../../node/core/stream/rehearsal.ts'

const script = join(import.meta.dirname, 'long-lived.ts')

/** Functions whose compiled code V8 throws away because a field that never changed does. */
function disproved(word: string): string[] {
  // V8 compiles on the main thread then, and the same at the same point of every run.
  const options = ['--trace-deopt', '--predictable', script, word]
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8', maxBuffer: 2 ** 26 })
  assert.match(stdout, /read 20100, held 20000/, stderr)
  const lines = stdout.split('\n').filter((line) => line.includes('dependent field type constness changed'))
  return lines.map((line) => /SharedFunctionInfo ([^>]*)>/.exec(line)?.[1] ?? line)
}

test('after a rehearsal the first message that retention drops costs no compiled code', () => {
  assert.deepEqual(disproved('rehearsed'), [])
})

test('without a rehearsal it costs that of most functions that a message passes', () => {
  const functions = disproved('unrehearsed')
  for (const name of ['insert', 'advance', 'next'])
    assert.ok(functions.includes(name), `${name}: ${functions}`)
})

test('a rehearsal reads every message that it publishes', () => {
  assert.equal(rehearse(), 200)
})
