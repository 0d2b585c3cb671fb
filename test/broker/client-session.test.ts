// What a client session sends, as the client's own inbox takes it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Inbox } from '../../client/inbox.ts'
import type { Broker } from '../../node/broker/broker.ts'
import { ClientSession } from '../../node/broker/client-session.ts'
import { ClientSubscription } from '../../node/broker/client-subscription.ts'
import type { SessionRegistry } from '../../node/broker/session-registry.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { fromOrigin, toStreamId } from '../../node/core/common/ids.ts'
import { OriginState } from '../../node/core/stream/origin-state.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { frameType, numberBatch } from '../../node/wire/batch-header.ts'
import { decodeNodeControl, decodeProgress, isRefusal } from '../../node/wire/control.ts'

const state = new OriginState('A' as NodeId, 7 as Boot, 0)
const names = {
  streamName: () => 'orders',
  streamNumber: (number: number) => number,
  originName: () => state.origin,
}

/** A session whose every message goes into the inbox; `problems` are what the client would close for. */
function connect(): { session: ClientSession; inbox: Inbox; problems: string[] } {
  const inbox = new Inbox(names)
  const problems: string[] = []
  const check = (problem: string | undefined): void => {
    if (problem !== undefined) problems.push(problem)
  }
  const sink = {
    sendFrame: (frame: Uint8Array): void => {
      if (frame[0] === frameType.batch) check(inbox.onBatch(frame))
      const progress = frame[0] === frameType.progress ? decodeProgress(frame) : undefined
      if (progress === undefined || isRefusal(progress)) return
      check(inbox.onProgress(progress.stream, progress.boot, progress.sequence))
    },
    sendText: (text: string): void => {
      const message = decodeNodeControl(text)
      if (isRefusal(message) || message.op !== 'gap') return
      const { stream, origin, from, to, reason } = message
      check(inbox.onGap(toStreamId(stream), Number(fromOrigin(origin)?.boot), from, to, reason))
    },
  }
  const limits = { inFlightBytesMax: 1000 }
  const session = new ClientSession(
    { ports: {} } as unknown as Broker,
    sink as never,
    { limits, welcome: {} } as unknown as SessionRegistry,
  )
  return { session, inbox, problems }
}

function batch(first: number, count: number): Uint8Array {
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  for (let index = 0; index < count; index++) builder.append('orders.new', 'x', undefined, 0)
  const frame = builder.finish(0, 'none')
  numberBatch(frame, toStreamId('orders'), state.boot, first, 0)
  return frame
}

test('tells what was passed over before a gap, so that the client takes the gap', () => {
  const { session, inbox, problems } = connect()
  const request = { op: 'subscribe', id: 1, patterns: ['orders.new'], from: 'now' } as const
  const subscription = new ClientSubscription(request, 'A#1/1', session)
  session.sendBatch(subscription, 'orders', state, batch(1, 10), 1, 10)
  // 11 to 20 did not match.
  session.sendGap(subscription, 'orders', state, 21, 30, 'retention')
  session.sendBatch(subscription, 'orders', state, batch(31, 2), 31, 32)
  assert.deepEqual(problems, [])
  const taken: string[] = []
  for (let item = inbox.take(); item !== undefined; item = inbox.take()) {
    taken.push(item.kind === 'gap' ? `gap ${item.from}-${item.to}` : `${item.sequence}`)
  }
  assert.deepEqual(taken.slice(9), ['10', 'gap 21-30', '31', '32'])
})
