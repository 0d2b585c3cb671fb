// One connection to another node, from the WebSocket handshake to its end.
//
// The dialling side says hello; the accepting side judges it, answers with its own hello, and that one is judged in
// turn and answered with `ready`. So a link is up on both ends or on none, and each end knows why not. From then on
// the dialling end pings every two seconds, for the round trip and the clock offset; both ends end a link that is silent.

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { ErrorCode, Refusal } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import { closeDuplicate, closeRefused, type SocketFault, toCloseStatus } from './close-codes.ts'
import { type FrameReceiver, FrameSocket } from './frame-socket.ts'
import { decodeHello, encodeHello, type Hello, parseObject } from './hello.ts'
import { LinkClock } from './link-clock.ts'
import type { LinkDurations } from './link-durations.ts'
import { LinkQueue } from './link-queue.ts'

/** What a link asks and tells the node's set of links. */
export interface LinkHost {
  readonly own: Hello
  readonly durations: LinkDurations
  /** Milliseconds since 1970, with fractions. */
  readonly now: () => number
  /** A hello that parses has come: the host calls `admit` or `refuse`, now or a little later. */
  judge(link: Link, hello: Hello): void
  onUp(link: Link, hello: Hello): void
  onFrame(link: Link, frame: Uint8Array): void
  onText(link: Link, text: string): void
  onWritable(link: Link): void
  onFault(fault: SocketFault): void
  /** The other end refused this one. */
  onRefused(link: Link, code: string, message: string): void
  onSilent(link: Link): void
  /** Called once, last of all. */
  onEnd(link: Link, reason: string): void
}

/** What is needed to make a Link. */
export interface LinkOptions {
  readonly webSocket: WebSocket
  readonly socket: Socket
  readonly host: LinkHost
  /** On the dialling side: whom it dialled and what it says first. */
  readonly dialed: { readonly peer: NodeId; readonly hello: Hello } | undefined
}

/** A connection to another node. */
export class Link implements FrameReceiver {
  readonly #host: LinkHost
  readonly #socket: FrameSocket
  /** The node that was dialled; undefined on the accepting side. */
  readonly dialedPeer: NodeId | undefined
  readonly clock: LinkClock = new LinkClock()
  /** What the host's listener writes to; only used while up. */
  readonly queue: LinkQueue
  /** The other end's hello once it was read. */
  #hello: Hello | undefined
  #state: 'greeting' | 'admitted' | 'up' | 'ended' = 'greeting'
  /** The first reason for the end wins over what the socket says later. */
  #endReason: string | undefined
  /** Ends a handshake that takes too long. */
  readonly #deadline: NodeJS.Timeout
  #pinging: NodeJS.Timeout | undefined
  /** Ping intervals in a row without a byte from the other end. */
  #silentPings = 0
  /** Asked by `probe`, told by the next pong or the end. */
  #probes: ((alive: boolean) => void)[] = []
  #probeTimer: NodeJS.Timeout | undefined

  constructor(options: LinkOptions) {
    const { webSocket, socket, host, dialed } = options
    this.#host = host
    this.dialedPeer = dialed?.peer
    this.#socket = new FrameSocket({ webSocket, socket, masked: dialed !== undefined, receiver: this })
    this.queue = new LinkQueue(this.#socket, () => host.onWritable(this))
    this.#deadline = setTimeout(() => this.#onDeadline(), host.durations.helloTimeoutMs)
    if (dialed !== undefined) this.#socket.sendText(encodeHello(dialed.hello))
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  get hello(): Hello | undefined {
    return this.#hello
  }

  /** Accepts the other end after its hello. */
  admit(): void {
    if (this.#state !== 'greeting') return
    this.#state = 'admitted'
    const dialed = this.dialedPeer !== undefined
    this.#socket.sendText(dialed ? '{"op":"ready"}' : encodeHello(this.#host.own))
    if (dialed) this.#goUp()
  }

  /** Tells the other end why there is no link, and closes. */
  refuse(refusal: Refusal): void {
    const { refused: code, reason: message } = refusal
    this.#socket.sendText(JSON.stringify({ op: 'refused', code, message }))
    this.close(toRefusalStatus(code), `${code}: ${message}`)
  }

  close(status: number, reason: string): void {
    this.#endReason ??= reason
    this.queue.close(status, reason)
  }

  /** Ends the connection at once; the host hears `onEnd` before this returns. */
  terminate(reason: string): void {
    this.#endReason ??= reason
    this.#socket.terminate()
    this.onClose(1006, reason)
  }

  /** Finds out within the probe's deadline whether the other end still answers. */
  probe(tell: (alive: boolean) => void): void {
    if (this.#state !== 'up' || this.#socket.isPaused) {
      // While reading is paused no answer could be seen; the pings would have ended a dead link.
      tell(this.#state === 'up')
      return
    }
    this.#probes.push(tell)
    this.#sendPing()
    this.#probeTimer ??= setTimeout(() => this.#tellProbes(false), this.#host.durations.probeTimeoutMs)
  }

  onFrame(frame: Uint8Array): void {
    if (this.#state === 'up') this.#host.onFrame(this, frame)
    else this.#break('PROTOCOL_BROKEN', 'a binary message came before the hello')
  }

  onText(text: string): void {
    const fields = parseObject(text)
    if (fields === undefined) {
      this.#break('CONTROL_MALFORMED', 'a text message is not a JSON object')
      return
    }
    switch (fields['op']) {
      case 'hello':
        this.#onHello(fields)
        return
      case 'ready':
        if (this.#state === 'admitted') this.#goUp()
        return
      case 'ping':
        this.#onPing(fields)
        return
      case 'pong':
        this.#onPong(fields)
        return
      case 'refused':
        this.#onRefused(fields)
        return
      default:
        if (this.#state === 'up') this.#host.onText(this, text)
        else this.#break('PROTOCOL_BROKEN', 'a text message came before the hello')
    }
  }

  onWritable(): void {
    this.queue.onDrain()
  }

  onFault(fault: SocketFault): void {
    this.#endReason ??= `${fault.code} by the other node`
    this.#host.onFault(fault)
  }

  onClose(status: number, reason: string): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#deadline)
    clearTimeout(this.#pinging)
    this.queue.discard()
    this.#tellProbes(false)
    this.#host.onEnd(this, this.#endReason ?? (reason === '' ? `the connection ended (${status})` : reason))
  }

  #onHello(fields: Readonly<Record<string, unknown>>): void {
    if (this.#hello !== undefined) {
      this.#break('PROTOCOL_BROKEN', 'a second hello')
      return
    }
    const hello = decodeHello(fields)
    if ('refused' in hello) {
      this.refuse(hello)
      return
    }
    this.#hello = hello
    this.#host.judge(this, hello)
  }

  #goUp(): void {
    if (this.#hello === undefined) return
    this.#state = 'up'
    clearTimeout(this.#deadline)
    this.#pingLater()
    if (this.dialedPeer !== undefined) this.#sendPing()
    this.#host.onUp(this, this.#hello)
  }

  /**
   * All links of all nodes ping at the same multiples of the interval, so that a cluster at rest wakes up together. Timers
   * fire up to a few milliseconds early: the next multiple is counted from the nearest one, else one would count twice.
   */
  #pingLater(): void {
    const { pingIntervalMs } = this.#host.durations
    const now = this.#host.now()
    const delayMs = (Math.round(now / pingIntervalMs) + 1) * pingIntervalMs - now
    this.#pinging = setTimeout(() => {
      this.#pingLater()
      this.#onPingTime()
    }, delayMs)
  }

  /** Counts intervals, not milliseconds: a stall of our own event loop is one interval, however long. */
  #onPingTime(): void {
    const heard = this.#socket.takeHeartbeat() || this.#socket.isPaused
    this.#silentPings = heard ? 0 : this.#silentPings + 1
    const { silentPingsMax, pingIntervalMs } = this.#host.durations
    if (this.#silentPings < silentPingsMax) {
      if (this.dialedPeer !== undefined) this.#sendPing()
      return
    }
    this.#host.onSilent(this)
    this.terminate(`no byte for ${(silentPingsMax * pingIntervalMs) / 1000} s`)
  }

  #sendPing(): void {
    this.#socket.sendText(JSON.stringify({ op: 'ping', t0: this.#host.now(), ...this.clock.newest }))
  }

  #onPing(fields: Readonly<Record<string, unknown>>): void {
    const t1 = this.#host.now()
    const { t0, roundTripMs, offsetMs } = fields
    if (typeof t0 !== 'number') {
      this.#break('CONTROL_MALFORMED', 'a ping without t0')
      return
    }
    this.#socket.sendText(JSON.stringify({ op: 'pong', t0, t1, t2: this.#host.now() }))
    if (this.dialedPeer === undefined && typeof roundTripMs === 'number' && typeof offsetMs === 'number') {
      this.clock.addMeasured({ roundTripMs, offsetMs: -offsetMs })
    }
  }

  #onPong(fields: Readonly<Record<string, unknown>>): void {
    const { t0, t1, t2 } = fields
    if (typeof t0 !== 'number' || typeof t1 !== 'number' || typeof t2 !== 'number') {
      this.#break('CONTROL_MALFORMED', 'a pong without t0, t1 and t2')
      return
    }
    this.clock.addSample(t0, t1, t2, this.#host.now())
    this.#tellProbes(true)
  }

  /** Only a hello is refused: the dialler's first one, or the one that this end answered it with. */
  #onRefused(fields: Readonly<Record<string, unknown>>): void {
    if (this.#state !== (this.dialedPeer === undefined ? 'admitted' : 'greeting')) {
      this.#break('PROTOCOL_BROKEN', 'a refusal that answers no hello')
      return
    }
    const code = String(fields['code']).slice(0, 64)
    const message = String(fields['message']).slice(0, 512)
    this.#endReason ??= `${code}: ${message}`
    this.#host.onRefused(this, code, message)
  }

  #tellProbes(alive: boolean): void {
    clearTimeout(this.#probeTimer)
    this.#probeTimer = undefined
    const probes = this.#probes
    this.#probes = []
    for (const tell of probes) tell(alive)
  }

  #onDeadline(): void {
    this.#break('HANDSHAKE_TIMEOUT', `no hello within ${this.#host.durations.helloTimeoutMs} ms`)
  }

  #break(code: 'PROTOCOL_BROKEN' | 'CONTROL_MALFORMED' | 'HANDSHAKE_TIMEOUT', message: string): void {
    this.#host.onFault({
      code,
      counter: code === 'HANDSHAKE_TIMEOUT' ? 'handshakeTimeouts' : 'framesMalformed',
    })
    this.close(toCloseStatus(code), `${code}: ${message}`)
  }
}

function toRefusalStatus(code: ErrorCode): number {
  if (code === 'NODE_ID_IN_USE') return closeDuplicate
  return code === 'PROTOCOL_BROKEN' ? toCloseStatus(code) : closeRefused
}
