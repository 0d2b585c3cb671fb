// How publishers without flow control of their own are held near their subscribers, and one clock for all processes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockMs } from '../../bench/clock.ts'
import { publishWindowed } from '../../bench/drivers/windowed.ts'
import { Window } from '../../bench/window.ts'

const atOnce = (): Promise<void> => Promise.resolve()

test('publishes everything in order, in chunks, of which two may be under way', async () => {
  const chunks: number[][] = []
  let underWay = 0
  let most = 0
  await publishWindowed(counter(10), 4, atOnce, async (payloads) => {
    chunks.push(payloads.map((payload) => payload[0] ?? 0))
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => setImmediate(resolve))
    underWay--
  })
  assert.deepEqual(chunks, [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ])
  assert.equal(most, 2)
  assert.equal(underWay, 0, 'it resolves when the last chunk has arrived')
})

test('asks before every chunk whether it may go on', async () => {
  const events: string[] = []
  const mayGoOn = async (): Promise<void> => void events.push('ask')
  await publishWindowed(counter(3), 2, mayGoOn, async (payloads) => void events.push(`${payloads.length}`))
  assert.deepEqual(events, ['ask', '2', 'ask', '1'])
})

test('a failed chunk fails the whole', async () => {
  const failed = publishWindowed(counter(3), 2, atOnce, () => Promise.reject(new Error('gone')))
  await assert.rejects(failed, /gone/)
})

test('a window opens when the slowest subscriber is near enough, by bytes for large payloads', async () => {
  const window = new Window(1_048_576)
  let isOpen = false
  await window.open(16)
  const opened = window.open(17).then(() => {
    isOpen = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isOpen, false)
  window.onProgress(1)
  await opened
})

test('a window whose subscriber has lost too much is waited for once, so that the run ends', async () => {
  const window = new Window(1_048_576, 1)
  await window.open(17)
  await window.open(1000)
})

test('the clock is the monotonic one of the system', () => {
  const [seconds, nanoseconds] = process.hrtime()
  const before = seconds * 1000 + nanoseconds / 1e6
  const now = clockMs()
  const [laterSeconds, laterNanoseconds] = process.hrtime()
  const after = laterSeconds * 1000 + laterNanoseconds / 1e6
  assert.ok(now > before - 0.05 && now < after + 0.05, `${before} ${now} ${after}`)
})

function counter(count: number): () => Uint8Array | undefined {
  let next = 0
  return () => (next < count ? Uint8Array.of(next++) : undefined)
}
