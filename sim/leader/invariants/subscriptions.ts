// A subscriber gets the next sequence of an origin, or hears of a gap that begins there; and when it gets something it has passed
// everything of lower offsets. So nothing is left out silently, and nothing comes twice. A gap may be told ahead of what lies before it.

import { toStreamId } from '../../../node/core/common/ids.ts'
import type { FeedItem } from '../../../node/core/stream/feed.ts'
import { batchPlace } from '../../../node/wire/batch-header.ts'
import { isVoid } from '../../../node/wire/batch-producer.ts'
import { Violation } from '../../run.ts'
import type { LeaderSubscriber } from '../leader-subscriber.ts'
import type { StreamOrder } from '../order.ts'
import { checksumOf } from '../publications.ts'
import type { LeaderInvariant, LeaderWorld } from '../world.ts'

export class Subscriptions implements LeaderInvariant {
  readonly name = 'subscriptions'
  readonly #world: LeaderWorld
  /** The first offset that each has not passed. */
  readonly #next = new Map<LeaderSubscriber, number>()

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  onHanded(subscriber: LeaderSubscriber, item: FeedItem): void {
    const { boot, origin } = item.state
    const passed = subscriber.passed?.get(boot) ?? 0
    const what = `subscriber ${subscriber.number} at ${subscriber.node?.id}: ${item.kind} ${origin} from ${item.from}`
    if (item.from !== passed + 1) throw new Violation(this.name, `${what}, it has passed ${passed}`)
    if (subscriber.feed === undefined) return
    const order = this.#world.order.streamOf(toStreamId(subscriber.feed.replica.name))
    if (item.kind === 'gap') {
      if (item.to < item.from || item.to > (order.sequences.get(boot) ?? 0))
        throw new Violation(this.name, `${what} to ${item.to}, ${order.sequences.get(boot)} are committed`)
      return
    }
    const { frame, from, to } = item.entry
    if (frame === undefined) throw new Violation(this.name, `${what} has no bytes`)
    const placing = isVoid(frame) ? order.find(boot, from) : order.at(batchPlace(frame))
    if (placing?.boot !== boot || placing.from !== from || placing.checksum !== checksumOf(frame))
      throw new Violation(this.name, `${what} to ${to} is not what offset ${batchPlace(frame)} is`)
    if (placing.isVoid) return
    const offset = placing.offset + item.from - from
    const next = this.#nextOf(subscriber, order)
    if (offset !== next) throw new Violation(this.name, `${what} has offset ${offset}, ${next} has not come`)
  }

  #nextOf(subscriber: LeaderSubscriber, order: StreamOrder): number {
    let next = this.#next.get(subscriber) ?? subscriber.begin + 1
    for (let placing = order.holding(next); placing !== undefined; placing = order.holding(next)) {
      const { boot, from, count, offset } = placing
      const passed = Math.min(subscriber.passed?.get(boot) ?? 0, from + count - 1)
      next = Math.max(next, offset + passed - from + 1)
      if (passed < from + count - 1) break
    }
    this.#next.set(subscriber, next)
    return next
  }
}
