// One subscriber of one stream: a production feed over the replica of the node where it is connected. It remembers nothing but its
// vector between sessions.

import type { Boot } from '../../node/core/common/ids.ts'
import type { FeedStart } from '../../node/core/stream/feed.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import type { LeaderNode } from './leader-node.ts'
import type { LeaderWorld } from './world.ts'

export type LeaderStart = 'now' | 'earliest' | 'cursor'

export class LeaderSubscriber {
  readonly number: number
  readonly stream: string
  readonly #world: LeaderWorld
  /** Where it is connected; undefined between sessions. */
  node: LeaderNode | undefined
  feed: LogFeed | undefined
  /** While true it takes nothing. */
  isStalled = false
  /** Last sequence of every origin that it has passed; undefined before its first session. */
  passed: Map<Boot, number> | undefined
  /** How often it has tried to connect: only the last attempt counts. */
  attempts = 0
  /** Offset behind which its first session began. */
  begin = 0

  constructor(world: LeaderWorld, number: number, stream: string) {
    this.#world = world
    this.number = number
    this.stream = stream
  }

  /** How many sequences it has passed, of all origins. */
  get passedRecords(): number {
    let records = 0
    for (const sequence of this.passed?.values() ?? []) records += sequence
    return records
  }

  open(node: LeaderNode, start: LeaderStart): void {
    const replica = node.replicaOf(this.stream)
    if (replica === undefined) return
    this.node = node
    const feedStart = this.#startOn(replica, start)
    this.#world.tell(`subscriber ${this.number} opens ${this.stream} at ${node.id} from ${start}`)
    this.feed = new LogFeed(replica, feedStart)
    this.pump()
  }

  close(): void {
    this.node = undefined
    this.feed = undefined
  }

  onCrash(): void {
    this.close()
  }

  goOn(): void {
    this.node?.do(() => this.pump())
  }

  /** Takes what there is. */
  pump(): void {
    const { tally, timeline, observers } = this.#world
    while (this.feed !== undefined && !this.isStalled) {
      const item = this.feed.next()
      if (item === undefined) return
      const to = item.kind === 'gap' ? item.to : item.entry.to
      tally.trace(timeline.now, this.number, item.state.origin, item.from, to, item.kind)
      tally.count(item.kind === 'gap' ? 'gaps told' : 'messages delivered', to - item.from + 1)
      if (item.kind === 'gap')
        this.#world.tell(`subscriber ${this.number} gets gap ${item.state.origin} ${item.from}-${to}`)
      for (const observer of observers) observer.onHanded?.(this, item)
      this.passed?.set(item.state.boot, to)
    }
  }

  /** `now` begins behind everything that the node has. */
  #startOn(replica: Replica, start: LeaderStart): FeedStart {
    if (start === 'now' || this.passed === undefined) this.passed = new Map()
    if (start === 'now') {
      for (const { boot, position } of replica.origins.values()) this.passed.set(boot, position ?? 0)
      this.begin = this.node?.agent?.statusOf(replica).last ?? 0
      return { kind: 'now' }
    }
    return { kind: 'after', vector: new Map(this.passed), others: 'zero' }
  }
}
