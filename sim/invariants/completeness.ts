// Two seconds after everything is healed, every subscriber has passed everything that any living node holds, and nothing that
// was published after the subscriber was ready lies before where it began.

import type { AudienceMember } from '../audience-member.ts'
import { isBeyondTcp } from '../plan.ts'
import { Violation } from '../run.ts'
import type { Message } from '../truth.ts'
import type { Invariant, World } from '../world.ts'
import type { DeliveryRule } from './delivery-rule.ts'

/** An interest takes so long at most to reach the nodes that it can reach. */
const knownWithinMs = 250
/** The same where frames are lost, nodes sleep or links crawl. */
const knownAtLastMs = 8_000

export class Completeness implements Invariant {
  readonly name = 'completeness'
  readonly #world: World
  readonly #deliveries: DeliveryRule

  constructor(world: World, deliveries: DeliveryRule) {
    this.#world = world
    this.#deliveries = deliveries
  }

  onQuiet(): void {
    if (this.#world.nodes.every((node) => node.isAlive)) this.#check()
  }

  /** A hole that a dead node might fill is waited for, and with it what lies behind. */
  onEnd(): void {
    this.#check()
  }

  #check(): void {
    const { faults } = this.#world.plan
    const isHard = isBeyondTcp(this.#world.plan) || faults.pause + faults.congestion > 0
    const slackMs = isHard ? knownAtLastMs : knownWithinMs
    const held = [...this.#world.truth.messages].filter((message) => this.#isHeld(message))
    for (const member of this.#world.audience) {
      if (!member.isOpen || member.readyAt === undefined) continue
      for (const message of held) {
        if (!member.wants(message.topic)) continue
        // Where a stream was deleted and made again, some may still hold what its origin has thrown away.
        const isFirstLife = this.#world.truth.lifeOf(message.stream) === 0
        if (isFirstLife && message.at >= member.readyAt + slackMs) this.#demand(member, message)
        this.#demandPassed(member, message)
      }
    }
  }

  #isHeld(message: Message): boolean {
    if (message.life !== this.#world.truth.lifeOf(message.stream)) return false
    return this.#world.nodes.some(({ broker }) => {
      const log = broker?.agent.replicas.get(message.streamId)?.origins.get(message.boot)?.log
      const entry = log?.atOrAfter(message.sequence)
      return entry !== undefined && entry.from <= message.sequence
    })
  }

  /** Delivered or told as a gap. */
  #demand(member: AudienceMember, message: Message): void {
    const track = this.#deliveries.find(member, message.stream, message.origin)
    if (track === undefined || track.passed < message.sequence) {
      this.#fail(member, message, `has not come: it stands at ${track?.passed}`)
    }
    if (track.base >= message.sequence) this.#fail(member, message, `lies before its base ${track.base}`)
  }

  /** What the member's node itself places behind the base must have come, however old it is. */
  #demandPassed(member: AudienceMember, message: Message): void {
    const replica = member.node?.broker?.agent.replicas.get(message.streamId)
    const state = replica?.origins.get(message.boot)
    if (replica === undefined || state?.position === undefined) return
    const feed = member.subscriber?.feedOf(replica)
    if (feed === undefined || feed.passed(state) >= message.sequence) return
    this.#fail(member, message, `has not come: the feed stands at ${feed.passed(state)}`)
  }

  #fail(member: AudienceMember, message: Message, why: string): never {
    const what = `${message.origin} ${message.sequence} on ${message.stream} (${message.topic})`
    throw new Violation(this.name, `${what} for member ${member.number} at ${member.node?.id} ${why}`)
  }
}
