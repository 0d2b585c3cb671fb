// A gap is told of nothing but what retention may have dropped by now on some node.

import { toStreamId } from '../../../node/core/common/ids.ts'
import type { FeedItem } from '../../../node/core/stream/feed.ts'
import { Violation } from '../../run.ts'
import type { LeaderSubscriber } from '../leader-subscriber.ts'
import { mayBeDropped } from '../retention.ts'
import type { LeaderInvariant, LeaderWorld } from '../world.ts'

export class GapHonesty implements LeaderInvariant {
  readonly name = 'gap honesty'
  readonly #world: LeaderWorld

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  onHanded({ number, feed }: LeaderSubscriber, item: FeedItem): void {
    if (item.kind !== 'gap' || feed === undefined) return
    const { boot, origin } = item.state
    // The last one of the gap is the youngest.
    const placing = this.#world.order.streamOf(toStreamId(feed.replica.name)).find(boot, item.to)
    if (placing !== undefined && mayBeDropped(this.#world, placing)) return
    const what = `subscriber ${number}: gap ${origin} ${item.from}-${item.to}`
    throw new Violation(this.name, `${what} is told, and retention covers ${placing?.offset}`)
  }
}
