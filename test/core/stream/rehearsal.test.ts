// A node rehearses the life of a stream, so that V8 does not compile for a stream that never drops anything.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const script = join(import.meta.dirname, 'long-lived.ts')

/** Why V8 throws away compiled code from the moment on when the stream is full. */
function disproved(word: string): string[] {
  // V8 compiles on the main thread then, and the same at the same point of every run.
  const options = ['--trace-deopt', '--predictable', script, word]
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8', maxBuffer: 2 ** 26 })
  const [, trace] = stdout.split('the stream is full\n')
  assert.match(trace ?? '', /read 20100, held 20000/, stderr)
  return (trace ?? '').split('\n').flatMap((line) => /reason: ([^\])]*)/.exec(line)?.[1] ?? [])
}

test('after a rehearsal neither the first message that retention drops nor a large counter costs compiled code', () => {
  assert.deepEqual(disproved('rehearsed'), [])
})

test('without a rehearsal they cost that of most functions that a message passes', () => {
  const reasons = disproved('unrehearsed')
  assert.ok(reasons.length >= 10, `${reasons.length} times`)
  assert.ok(reasons.includes('dependent field type constness changed'))
})
