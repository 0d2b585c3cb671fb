// A publisher or a subscriber: one process, one connection. It does what the main process asks, one thing at a time.

import { setTimeout as delay } from 'node:timers/promises'
import type { BenchConnection, PublishingConnection } from './drivers/driver.ts'
import { loadDriver, loadDurableDriver } from './drivers/registry.ts'
import { countSince, longestPauseMs } from './pauses.ts'
import { PayloadRing, payloadBytesMin } from './payload.ts'
import { ProcessorTime } from './processor-time.ts'
import { Publisher } from './publisher.ts'
import { Receiver } from './receiver.ts'
import { quietMs } from './window.ts'
import type { ProgressNote, WorkerAnswer, WorkerRequest } from './worker-protocol.ts'

const pollMs = 5

let connection: PublishingConnection | undefined
/** The same one, of a system whose messages are measured to subscribers. */
let benchConnection: BenchConnection | undefined
let publisher: Publisher | undefined
let receiver = new Receiver({ phase: 0, payloadBytes: payloadBytesMin, isTimed: false })
/** Of a subscriber, since its phase began. */
const processorTime = new ProcessorTime()

process.on('message', (request: WorkerRequest | ProgressNote) => {
  if (request.op === 'progress') {
    publisher?.onProgress(request)
    return
  }
  answer(request).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ op: 'failed', message: toText(error) } satisfies WorkerAnswer),
  )
})
process.on('disconnect', () => process.exit(0))

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  switch (request.op) {
    case 'connect':
      await connect(request.system, request.url)
      return { op: 'done' }
    case 'subscribe':
      await theConnection().subscribe(request.topic, (payload) => receiver.onPayload(payload))
      return { op: 'done' }
    case 'expect':
      receiver = new Receiver({
        ...request,
        onProgress: request.tellsProgress ? tellProgress(request.phase) : undefined,
      })
      processorTime.restart()
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
    case 'loop':
    case 'load':
      return { op: 'sent', sent: await thePublisher().publish(request) }
    case 'begin':
      await thePublisher().begin(request)
      return { op: 'done' }
    case 'acknowledged':
      return toAcknowledged(thePublisher(), request.sinceMs)
    case 'end':
      await thePublisher().end()
      return { op: 'done' }
    case 'close':
      await connection?.close()
      // Sending the answer takes a turn; then nothing keeps this process.
      setImmediate(() => process.disconnect())
      return { op: 'done' }
  }
}

/** Connects; a connection of before is closed. */
async function connect(system: string, url: string): Promise<void> {
  await connection?.close()
  benchConnection = await (await loadDriver(system))?.connect(url)
  connection = benchConnection ?? (await (await loadDurableDriver(system))?.connect(url))
  publisher = connection && new Publisher(connection, benchConnection)
}

function tellProgress(phase: number): (received: number) => void {
  return (received) => process.send?.({ op: 'progress', phase, received } satisfies ProgressNote)
}

function theConnection(): BenchConnection {
  if (benchConnection === undefined) throw new Error('not connected')
  return benchConnection
}

function thePublisher(): Publisher {
  if (publisher === undefined) throw new Error('not connected')
  return publisher
}

function toAcknowledged({ acknowledgedAt, failures }: Publisher, sinceMs: number): WorkerAnswer {
  const count = countSince(acknowledgedAt, sinceMs)
  return { op: 'acknowledged', count, longestPauseMs: longestPauseMs(acknowledgedAt, sinceMs), failures }
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
    cpuMs: processorTime.ms,
  }
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
