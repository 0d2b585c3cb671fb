// Writing to a reader that is slow, or gone.

import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { Terminal } from '../../scripts/cli/terminal.ts'

test('writing waits for a slow reader', async () => {
  const { terminal, stdout, taken } = open()
  const written = terminal.write('12345')
  assert.deepEqual(taken.length, 1)
  taken[0]?.()
  await written
  assert.equal(stdout.listenerCount('drain'), 0)
})

test('writing ends when the reader goes away, and when it has gone', async () => {
  const { terminal, stdout } = open()
  stdout.on('error', () => undefined)
  const written = terminal.write('12345')
  stdout.destroy(new Error('EPIPE'))
  await written
  await terminal.write('12345')
})

/** A terminal whose reader takes a text when the test calls what is in `taken`. */
function open(): { terminal: Terminal; stdout: Writable; taken: (() => void)[] } {
  const taken: (() => void)[] = []
  const stdout = new Writable({
    highWaterMark: 1,
    write: (_text, _encoding, callback) => void taken.push(callback),
  })
  const streams = { stdin: process.stdin, stdout, stderr: stdout }
  const terminal = new Terminal(streams as never, { json: false, quiet: false, colour: false })
  return { terminal, stdout, taken }
}
