// Node A of a small cluster as a test drives it: inputs in, effects out as short texts.

import type { Boot, NodeId } from '../../../node/core/common/ids.ts'
import { GossipAgent } from '../../../node/core/gossip/agent.ts'
import type { GossipEffect } from '../../../node/core/gossip/context.ts'
import type { BatchMessage, Holding, PeerMessage } from '../../../node/core/gossip/messages.ts'
import type { Replica } from '../../../node/core/stream/replica.ts'

export const a: NodeId = 'A' as NodeId
export const b: NodeId = 'B' as NodeId
export const c: NodeId = 'C' as NodeId
export const d: NodeId = 'D' as NodeId
export const boots: Readonly<Record<string, Boot>> = {
  A: 1 as Boot,
  B: 2 as Boot,
  C: 3 as Boot,
  D: 4 as Boot,
}
export const definition = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'gossip',
  retention: { bytes: 1_000_000, ageMs: 10_000 },
  copies: 1,
  replicas: 3,
} as const

/** Node A, with the given peers connected, and the stream defined. */
export class Machine {
  readonly agent: GossipAgent
  readonly replica: Replica
  now = 1000

  constructor(peers: readonly NodeId[], connected: readonly NodeId[] = peers, copies: number = 1) {
    this.agent = new GossipAgent(a, boots['A'] as Boot, [a, ...peers])
    this.replica = this.agent.define({ ...definition, copies })
    for (const peer of connected) this.up(peer)
  }

  up(peer: NodeId, boot: Boot = boots[peer] as Boot): string[] {
    return this.show(this.agent.handle({ kind: 'peerUp', peer, boot, budget: 1_000_000 }, this.now))
  }

  down(peer: NodeId): string[] {
    return this.show(this.agent.handle({ kind: 'peerDown', peer }, this.now))
  }

  hear(from: NodeId, message: PeerMessage): string[] {
    return this.show(this.agent.handle({ kind: 'message', from, message }, this.now))
  }

  interest(wanted: boolean = true): string[] {
    return this.show(this.agent.handle({ kind: 'interest', replica: this.replica, wanted }, this.now))
  }

  publish(count: number, token: number = 0): string[] {
    const { replica } = this
    const frame = new Uint8Array(100)
    const confirm = token > 0
    return this.show(this.agent.handle({ kind: 'publish', replica, frame, count, confirm, token }, this.now))
  }

  tick(afterMs: number): string[] {
    this.now += afterMs
    return this.show(this.agent.handle({ kind: 'tick' }, this.now))
  }

  batch(origin: NodeId, from: number, count: number, confirm: boolean = false): BatchMessage {
    const boot = boots[origin] as Boot
    return { kind: 'batch', stream: this.replica.id, boot, from, count, confirm, frame: new Uint8Array(100) }
  }

  holdings(answer: boolean, ...holdings: Holding[]): PeerMessage {
    return { kind: 'holdings', stream: this.replica.id, answer, holdings }
  }

  wants(from: NodeId, have?: number): string[] {
    const stream = this.replica.id
    const rest = have === undefined ? {} : { have }
    return this.hear(from, { kind: 'interest', stream, wanted: true, ageMs: 0, ...rest })
  }

  /** Effects as short texts, counters left out. */
  show(effects: readonly GossipEffect[]): string[] {
    return effects.flatMap((effect) => {
      if (effect.kind === 'count') return []
      if (effect.kind === 'send') return [`${effect.to}: ${showMessage(effect.message)}`]
      if (effect.kind === 'confirmed') return [`confirmed ${effect.token} ${effect.ok}`]
      if (effect.kind === 'base') return [`base ${effect.state.origin} ${effect.state.base}`]
      return [effect.kind]
    })
  }
}

function showMessage(message: PeerMessage): string {
  switch (message.kind) {
    case 'batch':
      return `batch ${message.boot} ${message.from}-${message.from + message.count - 1}`
    case 'held':
      return `held ${message.boot} ${message.from}-${message.to}`
    case 'interest':
      return `interest ${message.wanted} age ${message.ageMs} have ${message.have}`
    case 'holdings':
      return `holdings${message.answer ? ' answer' : ''} ${message.holdings.map(
        ({ boot, first, last, base }) => `${boot}:${first}-${last}@${base}`,
      )}`
    case 'pull':
      return `pull ${message.id} ${message.boot} ${message.from}-${message.to}`
    case 'pulled':
      return `pulled ${message.id} ${message.batches}${message.busy ? ' busy' : ''}`
    default:
      return message.kind
  }
}

export const holding = (node: NodeId, first: number, last: number, base: number): Holding => ({
  node,
  boot: boots[node] as Boot,
  first,
  last,
  base,
})
