// A node that starts knows what its log had, or nothing, and not yet what its groups have agreed on: it may take a stream to be in an epoch of long ago,
// or to be in the mode in which it was made. Subscriptions that come meanwhile begin when it has caught up, or nobody could say so for too long.

import type { Replica } from '../core/stream/replica.ts'
import type { Broker } from './broker.ts'

/** Longer than an election takes; who is cut off has to begin with what it knows. */
const catchesUpForMs = 1500

export class CatchingUp {
  readonly #host: Pick<Broker, 'leader' | 'ports' | 'streams'>
  /** Undefined once it is over. */
  #waiting: (() => void)[] | undefined = undefined

  constructor(host: Pick<Broker, 'leader' | 'ports' | 'streams'>) {
    this.#host = host
  }

  /** The node starts. */
  begin(): void {
    const { leader, ports } = this.#host
    this.#waiting = []
    const end = (): void => this.#end()
    ports.after(catchesUpForMs, end)
    leader.cluster.whenCurrent(() => this.#whenGroupsAre(end))
  }

  get isOver(): boolean {
    return this.#waiting === undefined
  }

  /** Calls back when it is over; at once where it is. */
  whenOver(callback: () => void): void {
    if (this.#waiting === undefined) callback()
    else this.#waiting.push(callback)
  }

  /** Of each group that has begun, one of its streams is asked for. */
  #whenGroupsAre(onCurrent: () => void): void {
    const { leader, streams } = this.#host
    const { roster } = leader.cluster
    const asked = new Map<number, Replica>()
    for (const replica of streams.replicas) {
      const group = roster?.groupOf(replica.stream) ?? 0
      if (roster?.groups.has(group) === true) asked.set(group, replica)
    }
    let waiting = asked.size
    if (waiting === 0) onCurrent()
    for (const replica of asked.values())
      leader.whenCurrent(replica, () => {
        if (--waiting === 0) onCurrent()
      })
  }

  #end(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const callback of waiting) callback()
  }
}
