// What the log of a group tells a node about how a stream began: in gossip mode, with one message of B, and then in leader mode.

import { type Boot, type NodeId, type StreamId, toStreamId } from '../../node/core/common/ids.ts'
import type { PeerMessage } from '../../node/core/gossip/messages.ts'
import type { StreamLedger } from '../../node/leader/ledger.ts'
import { batchOf } from '../leader/leader-batches.ts'
import { answerWith, definitionOf, type RemadeStream } from './remade-stream.ts'

const B = 'B' as NodeId
const b = 2 as Boot

/** The log of the group comes before the catalog: the stream's first epoch is sealed. */
export function seal({ broker }: RemadeStream, made?: number): StreamLedger {
  const definition = definitionOf('gossip', { behind: 0, ...(made !== undefined && { made }) })
  const sealed = { definition, epoch: 0, isSealing: true, last: 0, sequences: new Map<Boot, number>() }
  broker.epochs.onEpoch(sealed, new Map([[b, B]]), undefined)
  broker.epochs.onSealed(sealed)
  return sealed
}

/** And is over, behind one message of B. */
export function begin({ broker }: RemadeStream, { definition }: StreamLedger): void {
  const nodes = new Map([[b, B]])
  const led = { ...definition, mode: 'leader' as const }
  const begun = { definition: led, epoch: 1, isSealing: false, last: 0, sequences: new Map([[b, 1]]) }
  broker.epochs.onEpoch(begun, nodes, broker.leader.streams.begin(begun, nodes))
}

/** Answers a pull with that message. */
export function pulled(id: number, stream: StreamId): readonly PeerMessage[] {
  const frame = batchOf({ boot: b, from: 1, texts: ['one'], topic: 'orders.b' })
  return [
    { kind: 'batch', stream, boot: b, from: 1, count: 1, confirm: false, frame },
    { kind: 'pulled', id, batches: 1, busy: false },
  ]
}

/** B has it, and published it so many milliseconds before the test began. */
export function linkB(host: RemadeStream, publishedMs: number): void {
  const first = toStreamId('orders')
  const { now } = host
  host.link(b, (message) => {
    const isOfIt = 'stream' in message && message.stream === first
    if (isOfIt && message.kind === 'pull') return pulled(message.id, first)
    const sinceMs = message.kind === 'interest' ? host.now - message.ageMs : host.now
    const base = sinceMs > now - publishedMs ? 1 : 0
    return answerWith(message, isOfIt ? [{ node: B, boot: b, first: 1, last: 1, base }] : [])
  })
}

/** Then `new` gets the first place, or the next ones. */
export async function place(host: RemadeStream, text: string, offset = 1, placedBy?: number): Promise<void> {
  const frame = batchOf({ boot: b, from: offset + 1, texts: [text], epoch: 1, offset, topic: 'orders.b' })
  host.broker.leader.streams.insert(B, frame, placedBy)
  host.broker.leader.streams.endRound()
  await host.pass(10)
}
