// A process of a test file that does not end is ended, and no other one.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { watchFiles } from '../../scripts/testing/file-watch.ts'

const skip = process.platform === 'linux' ? false : 'the processes are known from /proc'

function startForever(file: string): ChildProcess {
  return spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', file], { stdio: 'ignore' })
}

test('a file of tests whose process goes on is ended when its time is over, and what is no such file is not', {
  skip,
}, async () => {
  const [hangs, other] = [startForever('hangs.test.ts'), startForever('server.ts')]
  const ended: string[] = []
  const stop = watchFiles({
    ...{ fileTimeoutMs: 200, graceMs: 0, lookEveryMs: 20 },
    onEnded: (file) => ended.push(file),
  })
  const [, signal] = await once(hangs, 'exit')
  stop()
  assert.deepEqual(
    [signal, ended, other.exitCode, other.signalCode],
    ['SIGKILL', ['hangs.test.ts'], null, null],
  )
  other.kill()
  await once(other, 'exit')
})
