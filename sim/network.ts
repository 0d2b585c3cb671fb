// The links between the nodes. A link is FIFO, has a queue that drains at a rate and a latency, and breaks with what is in
// flight. A direction can be cut: its frames vanish (or wait, by the plan) until it is healed or the link's ends notice.

import type { NodeId } from '../node/core/common/ids.ts'
import { hold, letGo } from '../node/core/common/slabs.ts'
import { Dice } from './dice.ts'
import type { Direction, Link, LinkEnd } from './link.ts'
import type { NetworkPlan } from './plan.ts'
import type { Tally } from './tally.ts'
import type { Timeline } from './timeline.ts'

const fastBytesPerMs = 100_000

/** How messages become what travels. */
export interface Codec<Message> {
  encode(message: Message): Uint8Array | string
  /** Undefined where the content is something else. */
  decode(content: Uint8Array | string): Message | undefined
}

export class Network<Message> {
  readonly #timeline: Timeline
  readonly #plan: NetworkPlan
  readonly #codec: Codec<Message>
  readonly #dice: Dice
  readonly #tally: Tally
  readonly #links: Link<Message>[] = []
  /** Largest number of bytes that waited for one link. */
  queuedBytesMax = 0
  /** While true, links lose, double and delay nothing. */
  isCalm = false

  constructor(timeline: Timeline, plan: NetworkPlan, tally: Tally, codec: Codec<Message>) {
    this.#timeline = timeline
    this.#plan = plan
    this.#dice = new Dice(plan.seed, 'network')
    this.#tally = tally
    this.#codec = codec
  }

  /** Joins every pair of nodes and lets links come up. */
  join(ends: readonly LinkEnd<Message>[]): void {
    for (const [index, left] of ends.entries()) {
      for (const right of ends.slice(index + 1)) {
        const link: Link<Message> = {
          directions: [this.#direction(left, right), this.#direction(right, left)],
          generation: 0,
          up: new Set(),
          isConnecting: false,
          healedAt: Number.NEGATIVE_INFINITY,
        }
        this.#links.push(link)
        this.#connectLater(link)
      }
    }
  }

  /** Since when news has passed both ways without a cut, undefined if it does not; for links that nobody has cut, since ever. */
  passesSince(left: NodeId, right: NodeId): number | undefined {
    const { up, directions, healedAt } = this.#find(left, right)
    return up.size === 2 && directions.every(({ cuts }) => cuts === 0) ? healedAt : undefined
  }

  /** Links between living nodes that are not up at both ends. */
  get missing(): readonly string[] {
    return this.#links.flatMap(({ directions: [{ from, to, cuts }, back], up }) =>
      !from.isAlive || !to.isAlive || up.size === 2
        ? []
        : [`${from.id}-${to.id} (up at ${[...up]}, cuts ${cuts} ${back.cuts})`],
    )
  }

  send(from: NodeId, to: NodeId, message: Message): void {
    const link = this.#find(from, to)
    if (!link.up.has(from)) return
    const direction = this.#directionOf(link, from)
    const content = this.#codec.encode(message)
    if (typeof content !== 'string') hold(content)
    const { generation } = link
    const receive = (content: Uint8Array | string): void => {
      if (link.generation !== generation || !link.up.has(to)) return
      const received = this.#codec.decode(content)
      if (received === undefined) throw new Error(`${from} sent ${to} what does not parse: ${content}`)
      direction.to.onLinkMessage(from, received)
    }
    direction.queue.push({ content, receive })
    direction.queuedBytes += content.length
    this.queuedBytesMax = Math.max(this.queuedBytesMax, direction.queuedBytes)
    if (direction.queue.length === 1) this.#sendNext(direction)
  }

  /** Bytes that wait on the link to a node; undefined while it is down at this end. */
  queuedBytes(from: NodeId, to: NodeId): number | undefined {
    const link = this.#find(from, to)
    return link.up.has(from) ? this.#directionOf(link, from).queuedBytes : undefined
  }

  /** What a link's queue still takes. */
  room(from: NodeId, to: NodeId): number {
    return this.#plan.linkQueueBytes - this.#directionOf(this.#find(from, to), from).queuedBytes
  }

  /** Cuts one direction; returns what heals it. */
  cut(from: NodeId, to: NodeId): () => void {
    const link = this.#find(from, to)
    const direction = this.#directionOf(link, from)
    direction.cuts++
    this.#timeline.after(this.#plan.detectionMs * this.#dice.between(0.8, 1.2), () => {
      if (direction.cuts > 0) this.#break(link)
    })
    return () => {
      direction.cuts--
      if (direction.cuts > 0) return
      link.healedAt = this.#timeline.now
      const held = direction.held
      direction.held = []
      for (const receive of held) receive()
    }
  }

  /** Slows one direction; returns what ends that. */
  congest(from: NodeId, to: NodeId, bytesPerMs: number): () => void {
    const direction = this.#directionOf(this.#find(from, to), from)
    direction.bytesPerMs = bytesPerMs
    return () => {
      direction.bytesPerMs = fastBytesPerMs
      this.#sendNext(direction)
    }
  }

  /** A node is gone: its ends at once, the others when they notice. */
  onCrash(node: NodeId): void {
    for (const link of this.#linksOf(node)) {
      link.up.delete(node)
      this.#break(link)
    }
  }

  #sendNext(direction: Direction<Message>): void {
    const sending = ++direction.sending
    const frame = direction.queue[0]
    if (frame === undefined) return
    const { content, receive } = frame
    this.#timeline.after(content.length / direction.bytesPerMs, () => {
      if (direction.sending !== sending) return
      direction.queue.shift()
      direction.queuedBytes -= content.length
      for (const time of this.#arrivals(direction)) {
        // Whoever takes it may write to it.
        const copy = typeof content === 'string' ? content : new Uint8Array(content)
        this.#arriveAt(direction, time, () => receive(copy))
      }
      if (typeof content !== 'string') letGo(content)
      this.#sendNext(direction)
      if (direction.queuedBytes === 0) direction.from.onLinkRoom(direction.to.id, this.#plan.linkQueueBytes)
    })
  }

  /** When a frame arrives: never, once, or twice. */
  #arrivals(direction: Direction<Message>): number[] {
    const { loss, duplication, lateness } = this.#plan
    const dice = this.#dice
    const { latencyMinMs, latencyMaxMs } = this.#plan
    // Where all links are to be the same, every frame takes the same time as well.
    const latencyMs = direction.latencyMs * (latencyMinMs === latencyMaxMs ? 1 : dice.between(1, 1.3))
    const arrival = Math.max(direction.arrivedAt, this.#timeline.now + latencyMs)
    if (this.isCalm) {
      direction.arrivedAt = arrival
      return [arrival]
    }
    if (dice.chance(loss)) {
      this.#tally.count('frames lost')
      return []
    }
    if (dice.chance(lateness)) {
      this.#tally.count('frames late')
      return [arrival + dice.between(1, 300)]
    }
    direction.arrivedAt = arrival
    if (!dice.chance(duplication)) return [arrival]
    this.#tally.count('frames doubled')
    return [arrival, arrival + dice.between(0, 100)]
  }

  #arriveAt(direction: Direction<Message>, time: number, receive: () => void): void {
    this.#timeline.at(time, () => {
      if (direction.cuts === 0) receive()
      else if (this.#plan.cutsLose) this.#tally.count('frames lost')
      else direction.held.push(receive)
    })
  }

  #break(link: Link<Message>): void {
    link.generation++
    for (const direction of link.directions) {
      for (const { content } of direction.queue) if (typeof content !== 'string') letGo(content)
      direction.queue = []
      direction.queuedBytes = 0
      direction.sending++
      direction.arrivedAt = 0
      direction.held = []
      const { id } = direction.from
      if (!link.up.has(id)) continue
      this.#timeline.after(this.#dice.between(0, 100), () => {
        if (link.up.delete(id)) direction.from.onLinkDown(direction.to.id)
      })
    }
    this.#tally.count('links broken')
    this.#connectLater(link)
  }

  #connectLater(link: Link<Message>): void {
    if (link.isConnecting) return
    link.isConnecting = true
    this.#timeline.after(this.#dice.between(5, 400), () => {
      link.isConnecting = false
      const [there, back] = link.directions
      const isPossible = there.from.isResponsive && back.from.isResponsive && there.cuts + back.cuts === 0
      if (isPossible && link.up.size === 0) this.#connect(link)
      else this.#connectLater(link)
    })
  }

  #connect(link: Link<Message>): void {
    const generation = ++link.generation
    for (const direction of link.directions) {
      const { from, to } = direction
      const upAt = this.#timeline.now + this.#dice.between(0, 3 * this.#plan.latencyMaxMs)
      // What the other end sends at once does not arrive before this end is up.
      const back = this.#directionOf(link, to.id)
      back.arrivedAt = upAt
      this.#timeline.at(upAt, () => {
        if (link.generation !== generation || !from.isAlive) return
        link.up.add(from.id)
        from.onLinkUp(to.id, this.#plan.linkQueueBytes)
      })
    }
    this.#tally.count('links made')
    this.#timeline.after(1000, () => {
      if (link.generation === generation && link.up.size < 2) this.#break(link)
    })
  }

  #direction(from: LinkEnd<Message>, to: LinkEnd<Message>): Direction<Message> {
    const { latencyMinMs, latencyMaxMs } = this.#plan
    return {
      from,
      to,
      latencyMs: this.#dice.between(latencyMinMs, latencyMaxMs),
      cuts: 0,
      bytesPerMs: fastBytesPerMs,
      queue: [],
      queuedBytes: 0,
      sending: 0,
      arrivedAt: 0,
      held: [],
    }
  }

  #directionOf(link: Link<Message>, from: NodeId): Direction<Message> {
    return link.directions[0].from.id === from ? link.directions[0] : link.directions[1]
  }

  #linksOf(node: NodeId): Link<Message>[] {
    return this.#links.filter(({ directions }) => directions.some(({ from }) => from.id === node))
  }

  #find(left: NodeId, right: NodeId): Link<Message> {
    const link = this.#linksOf(left).find(({ directions }) =>
      directions.some(({ from }) => from.id === right),
    )
    if (link === undefined) throw new Error(`no link between ${left} and ${right}`)
    return link
  }
}
