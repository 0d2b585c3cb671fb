// A publisher or a subscriber: one process, one connection. It does what the main process asks, one thing at a time.

import { setTimeout as delay } from 'node:timers/promises'
import { clockMs } from './clock.ts'
import type { BenchConnection } from './drivers/driver.ts'
import { loadDriver } from './drivers/registry.ts'
import { PayloadRing, payloadBytesMin, payloadSlots } from './payload.ts'
import { newHistogram, Receiver, recordMs, summarize } from './receiver.ts'
import { Schedule } from './schedule.ts'
import { Ticker } from './ticker.ts'
import { quietMs, Window } from './window.ts'
import type { ProgressNote, Sent, WorkerAnswer, WorkerRequest } from './worker-protocol.ts'

const pollMs = 5
/** Messages between two looks at the clock while publishing flat out. */
const clockEvery = 256
const tickMs = 1

let connection: BenchConnection | undefined
let receiver = new Receiver({ phase: 0, payloadBytes: payloadBytesMin, isTimed: false })
let flooding: { readonly phase: number; readonly window: Window } | undefined
let ring: PayloadRing | undefined
let cpuAtStart = process.cpuUsage()

process.on('message', (request: WorkerRequest | ProgressNote) => {
  if (request.op === 'progress') {
    if (flooding?.phase === request.phase) flooding.window.onProgress(request.received)
    return
  }
  answer(request).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ op: 'failed', message: String(error) } satisfies WorkerAnswer),
  )
})
process.on('disconnect', () => process.exit(0))

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  switch (request.op) {
    case 'connect':
      connection = await (await loadDriver(request.system))?.connect(request.url)
      return { op: 'done' }
    case 'subscribe':
      await theConnection().subscribe(request.topic, (payload) => receiver.onPayload(payload))
      return { op: 'done' }
    case 'expect':
      receiver = new Receiver({
        ...request,
        onProgress: request.tellsProgress ? tellProgress(request.phase) : undefined,
      })
      cpuAtStart = process.cpuUsage()
      return { op: 'done' }
    case 'count':
      return { op: 'count', received: receiver.received }
    case 'finish':
      return await finish(request.sent)
    case 'probe':
      theConnection().publish(request.topic, new PayloadRing(payloadBytesMin, 1).begin(request.phase).next())
      await theConnection().flush()
      return { op: 'done' }
    case 'flood':
      return { op: 'sent', sent: await flood(request) }
    case 'load':
      return { op: 'sent', sent: await load(request) }
    case 'close':
      await connection?.close()
      // Sending the answer takes a turn; then nothing keeps this process.
      setImmediate(() => process.disconnect())
      return { op: 'done' }
  }
}

/** The ring of the warm-up serves the measured phase too: making one means collecting one. */
function beginRing(payloadBytes: number, phase: number): PayloadRing {
  if (ring?.payloadBytes !== payloadBytes) ring = new PayloadRing(payloadBytes, payloadSlots)
  return ring.begin(phase)
}

function tellProgress(phase: number): (received: number) => void {
  return (received) => process.send?.({ op: 'progress', phase, received } satisfies ProgressNote)
}

function theConnection(): BenchConnection {
  if (connection === undefined) throw new Error('not connected')
  return connection
}

async function finish(sent: number): Promise<WorkerAnswer> {
  let seen = receiver.received
  let changedAt = performance.now()
  while (receiver.received < sent && performance.now() - changedAt < quietMs) {
    await delay(pollMs)
    if (receiver.received === seen) continue
    seen = receiver.received
    changedAt = performance.now()
  }
  // One more turn: what came too much would come now, and the time of the last message is read behind its turn.
  await delay(pollMs)
  return {
    op: 'received',
    received: receiver.result(),
    failures: theConnection().failures,
    cpuMs: cpuMs(),
  }
}

async function flood(request: WorkerRequest & { op: 'flood' }): Promise<Sent> {
  const { topic, phase, payloadBytes, durationMs, mode, isWindowed } = request
  const target = theConnection()
  const ring = beginRing(payloadBytes, phase)
  const window = new Window(payloadBytes)
  flooding = { phase, window }
  const every = mode === 'flat out' ? clockEvery : 1
  cpuAtStart = process.cpuUsage()
  const firstAt = clockMs()
  const endAt = firstAt + durationMs
  const next = (): Uint8Array | undefined =>
    ring.count % every === 0 && clockMs() >= endAt ? undefined : ring.next()
  if (mode === 'flat out')
    await target.publishAll(topic, next, () => (isWindowed ? window.open(ring.count) : Promise.resolve()))
  else
    for (let payload = next(); payload !== undefined; payload = next())
      await target.publishAndWait(topic, payload)
  return {
    sent: ring.count,
    failures: target.failures,
    firstAt,
    cpuMs: cpuMs(),
    missed: 0,
    sendDelay: undefined,
  }
}

async function load(request: WorkerRequest & { op: 'load' }): Promise<Sent> {
  const { topic, phase, payloadBytes, durationMs, ratePerSecond } = request
  const target = theConnection()
  const ring = beginRing(payloadBytes, phase)
  const delays = newHistogram()
  cpuAtStart = process.cpuUsage()
  const firstAt = clockMs()
  const count = Math.round((durationMs * ratePerSecond) / 1000)
  const schedule = new Schedule({ startMs: firstAt, ratePerSecond, count })
  const ticker = new Ticker(firstAt, tickMs)
  while (!schedule.isOver) {
    const now = clockMs()
    for (
      let intendedMs = schedule.takeDue(now);
      intendedMs !== undefined;
      intendedMs = schedule.takeDue(now)
    ) {
      recordMs(delays, now - intendedMs)
      target.publish(topic, ring.nextAt(intendedMs))
    }
    await ticker.next()
  }
  await target.flush()
  return {
    sent: ring.count,
    failures: target.failures,
    firstAt,
    cpuMs: cpuMs(),
    missed: schedule.missed,
    sendDelay: summarize(delays),
  }
}

/** Processor time of this process since the phase began. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage(cpuAtStart)
  return (user + system) / 1000
}
