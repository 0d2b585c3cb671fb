// Who wants a stream to be in another mode. A wish may be lost, or come before somebody leads: whoever has it says it again, as production
// does, until it is fulfilled, or for some seconds.

import type { Broker } from '../../node/broker/broker.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { SwitchingWorld } from './world.ts'

const forMs = 5_000

export class Wishes {
  readonly #world: SwitchingWorld
  readonly #againMs: number
  #isOver = false

  constructor(world: SwitchingWorld, againMs: number = 250) {
    this.#world = world
    this.#againMs = againMs
  }

  /** Nothing is wanted any more. */
  stop(): void {
    this.#isOver = true
  }

  /** `behind`: the epoch behind which that mode is wanted, if the stream may be in it already. */
  say(node: SwitchingNode | undefined, stream: string, mode: StreamMode, behind = -1): void {
    this.#world.tell(`${node?.id} wants ${stream} in ${mode} mode`)
    this.#say(node, stream, mode, behind, this.#world.timeline.now + forMs)
  }

  #say(
    node: SwitchingNode | undefined,
    stream: string,
    mode: StreamMode,
    behind: number,
    until: number,
  ): void {
    const { timeline, tally } = this.#world
    let isFulfilled = false
    node?.do((broker: Broker) => {
      const replica = broker.streams.find(stream)
      if (replica === undefined) return
      const epoch = broker.epochs.numberOf(replica)
      isFulfilled = replica.definition.mode === mode && replica.fence === undefined && epoch > behind
      if (isFulfilled) return
      tally.count(`wishes for ${mode} mode`)
      broker.leader.wish({ ...replica.definition, mode }, epoch)
    })
    if (isFulfilled || this.#isOver || timeline.now >= until) return
    timeline.after(this.#againMs, () => this.#say(node, stream, mode, behind, until))
  }
}
