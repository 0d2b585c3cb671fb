// How this node reaches others: it dials those whose ids are larger, again and again, and shows the rest that it runs: once, and again when
// their link is gone, since whoever has let this node go does not dial it any more.

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Random } from '../core/common/random.ts'
import { Dialer } from './dialer.ts'
import type { Hello, PeerAddress } from './hello.ts'
import type { LinkDurations } from './link-durations.ts'
import type { LinkSlot } from './link-slot.ts'

const peerSubprotocol = 'herald.peer.v1'

export interface LinkDialingOptions {
  readonly random: Random
  readonly durations: LinkDurations
  readonly own: () => Hello
  /** A connection that was dialled is open: it says this hello first. Returns the link. */
  readonly onOpen: (webSocket: WebSocket, socket: Socket, slot: LinkSlot, hello: Hello) => void
  readonly onFailed: () => void
}

export class LinkDialing {
  readonly #options: LinkDialingOptions

  constructor(options: LinkDialingOptions) {
    this.#options = options
  }

  /** Begins to dial the peer of a slot, or announces this node to it. */
  begin(slot: LinkSlot, address: PeerAddress): void {
    const { own, onFailed } = this.#options
    if (own().node < slot.peer) {
      const onFailure = (reason: string): void => {
        onFailed()
        slot.onDialFailed(reason)
      }
      slot.dialer = this.#create(slot, address, false, onFailure)
      slot.dialNow()
      return
    }
    // Those who do not hear it dial anyway, if they still want this node.
    const announcer = this.#create(slot, address, true, () => {
      if (!slot.isUp) announcer.dialLater()
    })
    slot.announcer = announcer
    announcer.dialNow()
  }

  #create(
    slot: LinkSlot,
    address: PeerAddress,
    announce: boolean,
    onFailed: (reason: string) => void,
  ): Dialer {
    const { random, durations, own, onOpen } = this.#options
    return new Dialer({
      ...{ address, subprotocol: peerSubprotocol, durations, random, onFailed },
      onOpen: (webSocket, socket) => onOpen(webSocket, socket, slot, { ...own(), announce }),
    })
  }
}
