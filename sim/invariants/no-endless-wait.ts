// Nobody waits for ever: when everything is healed and retention could have let an absent node hold what is missing no
// longer, no node wants anything, no interest waits for an answer, and every feed has caught up.

import { Violation } from '../run.ts'
import type { Invariant, World } from '../world.ts'

export class NoEndlessWait implements Invariant {
  readonly name = 'no endless wait'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onEnd(): void {
    for (const { id, broker } of this.#world.nodes) {
      if (broker === undefined) continue
      const { agent } = broker
      if (agent.wantCount > 0) throw new Violation(this.name, `${id} wants ${agent.wantCount} ranges`)
      for (const replica of agent.replicas.values()) {
        if (agent.isInterestWaiting(replica)) {
          throw new Violation(this.name, `${id} waits for answers to its interest in ${replica.name}`)
        }
      }
    }
    for (const member of this.#world.audience) {
      if (!member.isOpen) continue
      if (member.readyAt === undefined) throw new Violation(this.name, `member ${member.number} is not ready`)
      for (const replica of member.subscriber?.streams ?? []) {
        const feed = member.subscriber?.feedOf(replica)
        for (const state of replica.origins.values()) {
          const passed = feed?.passed(state) ?? 0
          if (state.position === undefined || passed >= state.position) continue
          const what = `member ${member.number} stands at ${passed} of ${state.origin} on ${replica.name}`
          throw new Violation(this.name, `${what}, its node at ${state.position}`)
        }
      }
    }
  }
}
