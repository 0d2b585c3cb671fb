// One peer as this node sees it: its connection if there is one, who dials, and what `status` shows.

import type { Boot, NodeId } from '../core/common/ids.ts'
import type { Dialer } from './dialer.ts'
import type { Link } from './link.ts'
import type { LinkListener, LinkStatus, LogEvent } from './ports.ts'

/** What is needed to make a LinkSlot. */
export interface LinkSlotOptions {
  readonly peer: NodeId
  readonly listener: LinkListener
  readonly log: LogEvent
  readonly now: () => number
}

/** The place of one peer among the links. */
export class LinkSlot {
  readonly peer: NodeId
  readonly #listener: LinkListener
  readonly #log: LogEvent
  readonly #now: () => number
  /** Set by the owner when this node is the one that dials. */
  dialer: Dialer | undefined
  /** Set where the peer dials: shows it that this node runs. */
  announcer: Dialer | undefined
  /** The connection that is up, or that this node dialled and is being greeted. */
  #link: Link | undefined
  #state: 'up' | 'down' | 'refused' = 'down'
  #since: number
  #reason: string | undefined = 'not connected yet'

  constructor(options: LinkSlotOptions) {
    this.peer = options.peer
    this.#listener = options.listener
    this.#log = options.log
    this.#now = options.now
    this.#since = options.now()
  }

  /** Dials no more. */
  stop(): void {
    this.dialer?.stop()
    this.announcer?.stop()
  }

  /** The connection that is up. */
  get upLink(): Link | undefined {
    return this.#link?.isUp === true ? this.#link : undefined
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** True if the connection is the one that this slot is about. */
  owns(link: Link): boolean {
    return this.#link === link
  }

  /** Dials at once, if it is this node's turn and there is nothing yet. */
  dialNow(): void {
    if (this.#link === undefined) this.dialer?.dialNow()
  }

  /** A dial succeeded; the link is being greeted. */
  greet(link: Link): void {
    this.#link = link
  }

  onUp(link: Link, boot: Boot): void {
    if (this.#link !== link) this.#link?.terminate('replaced by a newer connection')
    this.#link = link
    this.dialer?.reset()
    this.#change('up', undefined)
    this.#log('link-up', { peer: this.peer })
    this.#listener.onLinkUp(this.peer, boot, link.queue)
  }

  /** This node or the other one refused; stays visible until a link is up. */
  onRefused(code: string, message: string): void {
    if (this.#state === 'up') return
    const reason = `${code}: ${message}`
    // Once per cause, not at each retry; the two ends word the same cause differently.
    if (this.#reason?.startsWith(`${code}: `) !== true) this.#log('link-refused', { peer: this.peer, reason })
    this.#change('refused', reason)
  }

  onDialFailed(reason: string): void {
    if (this.#state === 'down') this.#reason = reason
    this.dialer?.dialLater()
  }

  /** The connection that this slot owns has ended. */
  onEnd(reason: string): void {
    this.#link = undefined
    if (this.#state === 'up') {
      this.#change('down', reason)
      this.#log('link-down', { peer: this.peer, reason })
      this.announcer?.reset()
      this.announcer?.dialLater()
      this.#listener.onLinkDown(this.peer, reason)
    } else if (this.#state === 'down') {
      this.#reason = reason
    }
    if (this.#state === 'refused') this.dialer?.dialMuchLater()
    else this.dialer?.dialLater()
  }

  status(): LinkStatus {
    const clock = this.upLink?.clock.best
    return {
      peer: this.peer,
      state: this.#state,
      since: this.#since,
      queuedBytes: this.upLink?.queue.bufferedBytes ?? 0,
      roundTripMs: clock?.roundTripMs,
      clockOffsetMs: clock?.offsetMs,
      clockErrorMs: clock?.errorMs,
      reason: this.#reason,
    }
  }

  #change(state: 'up' | 'down' | 'refused', reason: string | undefined): void {
    if (this.#state !== state) this.#since = this.#now()
    this.#state = state
    this.#reason = reason
  }
}
