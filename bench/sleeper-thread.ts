// The thread of sleeper.ts: sleeps for as many milliseconds as it is told, which may be a fraction, and says so.

import { parentPort } from 'node:worker_threads'

const cell = new Int32Array(new SharedArrayBuffer(4))

parentPort?.on('message', (durationMs: number) => {
  Atomics.wait(cell, 0, 0, durationMs)
  parentPort?.postMessage('awake')
})
