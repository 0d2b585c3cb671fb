// The delivery check, given nothing but the journals, says what the simulator knows: nothing lost silently, doubled, out
// of order, invented or given to the wrong subscriber, and exactly so many messages told as lost.

import { checkJournals } from '../../audit/check.ts'
import { type Finding, isFault } from '../../audit/check-result.ts'
import type { Origin } from '../../node/core/common/ids.ts'
import type { SubscriptionLine } from '../../node/core/common/journal-lines.ts'
import { Violation } from '../run.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import type { Message } from '../truth.ts'
import type { Invariant, World } from '../world.ts'

export class AuditAgreement implements Invariant {
  readonly name = 'audit agreement'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onEnd(): void {
    const { nodes, tally, truth } = this.#world
    const journals = nodes.map(({ id, journal }) => ({
      node: id,
      files: [{ name: '000001.ndjson', text: journal.text }],
    }))
    const result = checkJournals(journals, { graceMs: 0 })
    for (const finding of result.findings) {
      if (finding.kind === 'gone') this.#assertOlder(finding)
      if (finding.kind === 'lost-told' || !isFault(finding.kind)) continue
      // The journal of a node that never came back does not say that its subscribers are gone.
      const isDead = nodes.some((node) => node.id === finding.node && !node.isAlive)
      if (finding.kind === 'lost-silent' && (isDead || this.#isBeyondKnowledge(finding))) continue
      throw new Violation(this.name, `it finds ${JSON.stringify(finding)}`)
    }
    if (result.sent !== truth.count) throw new Violation(this.name, `it knows ${result.sent} messages`)
    const { delivered } = result.totals
    const truly = tally.counts.get('messages delivered') ?? 0
    if (delivered !== truly) throw new Violation(this.name, `it knows ${delivered} deliveries of ${truly}`)
  }

  /** What is called gone was published before the subscription was made. */
  #assertOlder(finding: Finding): void {
    const since = this.#beginOf(finding)?.since ?? 0
    for (const sequence of sequencesOf(finding)) {
      const message = this.#world.truth.find(finding.stream, finding.origin as Origin, sequence)
      if (message !== undefined && message.at >= since)
        throw new Violation(
          this.name,
          `${sequence} was published at ${message.at}, and not before ${since}: ${JSON.stringify(finding)}`,
        )
    }
  }

  #beginOf({ node, sub, stream }: Finding): SubscriptionLine | undefined {
    const lines = this.#world.nodes.find(({ id }) => id === node)?.journal.lines ?? []
    for (const line of lines) if (line.t === 'sub' && line.sub === sub && line.stream === stream) return line
    return undefined
  }

  /** What a node numbered and lost with its crash, before anybody that lives heard of it, nobody can tell of. */
  #isBeyondKnowledge(finding: Finding): boolean {
    const { nodes, truth } = this.#world
    const begin = this.#beginOf(finding)
    return sequencesOf(finding).every((sequence) => {
      const message = truth.find(finding.stream, finding.origin as Origin, sequence)
      if (message === undefined) return false
      // It may have gone with its stream, also where its node had not heard of the removal yet.
      if (truth.lifeOf(message.stream) > 0) return true
      // Nor does a node tell where a new subscription stands on origins that it has never met.
      const wasOver = !isRunning(message, nodes) && message.at < (begin?.at ?? 0)
      return wasOver || !isKnown(message, nodes)
    })
  }
}

function sequencesOf({ ranges }: Finding): readonly number[] {
  return ranges.split(',').flatMap((range) => {
    const [low = 0, high = low] = range.split('-').map(Number)
    return Array.from({ length: high - low + 1 }, (_, index) => low + index)
  })
}

/** Whether a living node is its origin, or remembers that it held it or a later one. */
function isKnown(message: Message, nodes: readonly SimulatedNode[]): boolean {
  return nodes.some(({ broker }) => {
    if (broker === undefined) return false
    const state = broker.agent.replicas.get(message.streamId)?.origins.get(message.boot)
    return broker.boot === message.boot || (state?.heldTo ?? 0) >= message.sequence
  })
}

function isRunning(message: Message, nodes: readonly SimulatedNode[]): boolean {
  return nodes.some(({ broker }) => broker?.boot === message.boot)
}
