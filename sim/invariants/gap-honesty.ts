// A gap is told only for what no reachable node holds: neither the subscriber's own nor any that it is connected with, where
// nothing cuts the link: behind a cut that nobody has noticed yet there may be news that cannot be known.
// What the subscriber's node held itself until its retention dropped it may be told without asking the others. And an origin
// that runs loses nothing before its retention has passed. Where links lose frames and stay up, which TCP does not do, an answer can
// look complete that is not; there this is not demanded.

import { Violation } from '../run.ts'
import type { Message } from '../truth.ts'
import type { Handed, Invariant, World } from '../world.ts'

/** Holdings are told once per probe interval; a message takes a little on top. */
const newsMs = 1_200
/** Nodes wait for what is out of reach for nine tenths of the retention age. */
const patienceFactor = 0.9

export class GapHonesty implements Invariant {
  readonly name = 'gap honesty'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onHanded({ member, node, replica, state, from, to, records }: Handed): void {
    const { loss, lateness } = this.#world.plan
    if (records !== undefined || loss + lateness > 0) return
    for (let sequence = from; sequence <= to; sequence++) {
      const message = this.#world.truth.find(replica.name, state.origin, sequence)
      const what = `gap ${sequence} of ${state.origin} on ${replica.name} for member ${member.number} at ${node.id}`
      if (message === undefined) throw new Violation(this.name, `${what} was never sent`)
      const boot = node.broker?.boot
      const isDropped = boot !== undefined && (message.boot === boot || message.holders.has(boot))
      if (!isDropped && this.#isKept(message, replica.definition.retention.ageMs))
        throw new Violation(this.name, `${what} is kept by its origin`)
      for (const other of this.#world.nodes) {
        const since = other === node ? 0 : this.#world.network.passesSince(node.id, other.id)
        if (since === undefined || (other !== node && isDropped)) continue
        const log = other.broker?.agent.replicas.get(replica.id)?.origins.get(state.boot)?.log
        const entry = log?.atOrAfter(sequence)
        // Who got it by repair just now had none when it was asked, and has not said so yet, or not through a cut.
        const isNews =
          message.boot !== other.boot && Math.max(since, entry?.at ?? 0) > this.#world.timeline.now - newsMs
        if (entry !== undefined && entry.from <= sequence && !isNews) {
          throw new Violation(this.name, `${what} (${from}-${to}) is held by ${other.id}`)
        }
      }
    }
  }

  /** Whether the origin still runs and has had no reason to drop the message, in reach or not. */
  #isKept(message: Message, ageMs: number): boolean {
    const { nodes, timeline, truth } = this.#world
    const broker = nodes.find(({ broker }) => broker?.boot === message.boot)?.broker
    const replica = broker?.agent.replicas.get(message.streamId)
    const state = replica?.origins.get(message.boot)
    if (replica === undefined || state === undefined || message.life < truth.lifeOf(message.stream))
      return false
    // The two nodes may know different definitions just now.
    const keptMs = Math.min(ageMs, replica.definition.retention.ageMs) * patienceFactor
    const isYoung = message.at > timeline.now - keptMs
    return isYoung && !state.gone.has(message.sequence)
  }
}
