// Which subscriptions of a node want which streams, and when each begins: as soon as the other nodes know of the interest (gossip mode), or this node's
// replica is current (leader mode), and its offset is there. A stream may be removed, made again, or begin otherwise than thought meanwhile.

import type { StreamId } from '../core/common/ids.ts'
import type { FeedStart } from '../core/stream/feed.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Broker } from './broker.ts'
import { type Awaiting, InterestWaits } from './interest-waits.ts'
import { OffsetWaits } from './offset-waits.ts'
import type { Subscriber } from './subscriber.ts'

/** After its last subscriber a stream keeps coming for so long, milliseconds: reconnects would find a hole otherwise. */
const interestLingerMs = 30_000

/** Asked for with every batch, so it is always the same. */
const nobody: ReadonlySet<Subscriber> = new Set()

export type AttachmentsHost = Pick<Broker, 'agent' | 'epochs' | 'handle' | 'leader' | 'ports' | 'subscribers'>

/** How a subscription begins on a stream. */
interface Attachment {
  /** Whether it is made now, on a stream that was there before. */
  readonly isNew: boolean
  /** Where; undefined for what its options say. */
  readonly start: () => FeedStart | undefined
  /** Everything that is published from now on reaches it. */
  readonly onKnown: () => void
}

export class Attachments {
  readonly #host: AttachmentsHost
  readonly #byStream = new Map<StreamId, Set<Subscriber>>()
  readonly #interests = new InterestWaits()
  readonly #offsets: OffsetWaits

  constructor(host: AttachmentsHost) {
    this.#host = host
    this.#offsets = new OffsetWaits((replica) => host.leader.statusOf(replica).last)
  }

  /** The subscribers that a stream has here, also those that have not begun on it. */
  of(stream: StreamId): ReadonlySet<Subscriber> {
    return this.#byStream.get(stream) ?? nobody
  }

  /** A new subscription on a stream. `onKnown` is called once everything published from then on will reach it. */
  attach(subscriber: Subscriber, present: Replica, onKnown: () => void): void {
    const replica = subscriber.options.choose?.(this.#host.epochs.all(present.name)) ?? present
    this.#attachTo(subscriber, replica, { isNew: true, start: () => undefined, onKnown })
  }

  /** The same on a stream that has come or changed since: others may have published on it before, so it counts from when it subscribed. */
  attachLate(subscriber: Subscriber, replica: Replica, onKnown: () => void = () => undefined): void {
    const start = (): FeedStart => subscriber.lateStarts.startOn(replica)
    this.#attachTo(subscriber, replica, { isNew: false, start, onKnown })
  }

  /** A subscription has ended. */
  detach(subscriber: Subscriber): void {
    this.#offsets.forget(subscriber)
    // Also from streams whose interest is still being made known, on which it has not begun.
    for (const [stream, subscribers] of this.#byStream)
      if (subscribers.delete(subscriber) && subscribers.size === 0)
        this.#endInterestLater(stream, subscribers)
  }

  /** A stream is removed, with all its epochs. */
  remove(stream: StreamId, epochs: readonly Replica[]): void {
    const subscribers = this.of(stream)
    this.#byStream.delete(stream)
    for (const replica of epochs) {
      for (const subscriber of subscribers) subscriber.removeStream(replica)
      this.#interests.giveUp(replica)
    }
    this.#offsets.forgetStream(stream)
  }

  /** The other nodes know that this one is interested in a stream. */
  onInterestKnown(replica: Replica): void {
    this.#interests.begin(replica)
  }

  /** The delivery log of a stream has grown: whose offset is there now begins. */
  onDelivered(replica: Replica): void {
    for (const subscriber of this.#offsets.reached(replica)) this.#beginOn(subscriber, replica)
  }

  /** Subscribers that have begun in an epoch of which the log of the group knows nothing begin in the one that was the first. */
  moveStrays({ stream, name }: Replica): void {
    const epochs = this.#host.epochs.all(name)
    for (const subscriber of this.of(stream)) {
      const stray = subscriber.streams.find((each) => each.stream === stream && !epochs.includes(each))
      if (stray === undefined) continue
      subscriber.leaveStray(stray)
      this.#attachAgain(subscriber, stray, () => undefined)
    }
  }

  /** The epoch in which it was to begin is not there any more, and the stream is: the log of the group knows how it began. */
  #attachAgain(subscriber: Subscriber, { stream, name }: Replica, onKnown: () => void): void {
    const epochs = this.#host.epochs.all(name)
    const [first] = epochs
    if (first === undefined || !this.of(stream).has(subscriber)) return onKnown()
    const { lateStarts, options } = subscriber
    // Whoever wants what was before, and has nothing of it yet, begins there; the others where they were subscribed.
    const isFromNow = lateStarts.hasBegunOn(name) || options.start(first).kind === 'now'
    if (isFromNow) this.attachLate(subscriber, lateStarts.choose(epochs) ?? first, onKnown)
    else {
      const replica = options.choose?.(epochs) ?? first
      this.#attachTo(subscriber, replica, { isNew: false, start: () => undefined, onKnown })
    }
  }

  #attachTo(subscriber: Subscriber, replica: Replica, { isNew, start, onKnown }: Attachment): void {
    const { epochs, subscribers } = this.#host
    this.#join(subscriber, replica)
    const begin = (): void => {
      if (!subscribers.has(subscriber)) return
      const isThere = epochs.all(replica.name).some((each) => subscriber.feedOf(each) !== undefined)
      if (!isThere && !this.#offsets.holds(subscriber, replica)) this.#beginOn(subscriber, replica, start())
      onKnown()
    }
    const giveUp = (): void => this.#attachAgain(subscriber, replica, onKnown)
    this.#beginWhenKnown(replica, { begin, giveUp }, isNew)
  }

  #join(subscriber: Subscriber, { stream }: Replica): void {
    const subscribers = this.#byStream.get(stream) ?? new Set()
    this.#byStream.set(stream, subscribers.add(subscriber))
  }

  #beginWhenKnown(replica: Replica, awaiting: Awaiting, isNew: boolean): void {
    const { agent, epochs, leader } = this.#host
    const { stream, name } = replica
    if (replica.definition.mode === 'leader') {
      // One that is removed meanwhile, and made again, is another one, also where it has the same replica.
      const attached = this.#byStream.get(stream)
      const before = epochs.all(name)
      const isStill = (): boolean => {
        const now = epochs.all(name)
        // Where the log has told of epochs before it meanwhile, what those have is owed as well.
        const isAsBefore = now.slice(0, now.indexOf(replica) + 1).every((each) => before.includes(each))
        return this.#byStream.get(stream) === attached && now.includes(replica) && isAsBefore
      }
      return leader.whenCurrent(replica, () => (isStill() ? awaiting.begin() : awaiting.giveUp()))
    }
    if (replica.interestedSince !== undefined && !agent.isInterestWaiting(replica)) return awaiting.begin()
    this.#interests.add(replica, awaiting)
    if (replica.interestedSince !== undefined) return
    // Whoever was there before the stream is owed what others published on it meanwhile.
    const since = isNew ? undefined : Math.min(...[...this.of(stream)].map(({ beganAt }) => beganAt))
    this.#host.handle({ kind: 'interest', replica, wanted: true, since })
  }

  #beginOn(subscriber: Subscriber, replica: Replica, start?: FeedStart): void {
    subscriber.addStream(replica, start)
    this.#host.epochs.complete(replica)
    subscriber.pump()
  }

  /** Nobody of this node reads a stream any more: unless somebody comes who does, the others hear of that in a while. */
  #endInterestLater(stream: StreamId, subscribers: ReadonlySet<Subscriber>): void {
    const { agent, ports } = this.#host
    ports.after(interestLingerMs, () => {
      if (subscribers.size > 0 || this.#byStream.get(stream) !== subscribers) return
      for (const replica of agent.replicas.values())
        if (replica.stream === stream && replica.interestedSince !== undefined)
          this.#host.handle({ kind: 'interest', replica, wanted: false })
    })
  }
}
