// A TCP proxy on loopback that stands between two parts under test and breaks the network on command: cut, blackhole,
// mute, stall, delay, heal. Each rule holds for open connections and for new ones.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** How bytes pass at the moment. */
type Mode = 'open' | 'refuse' | 'blackhole' | 'stalled'

/** From who has dialled to who was reached, or back. */
export type Direction = 'forth' | 'back'

interface Pair {
  readonly near: Socket
  readonly far: Socket | undefined
}

/** A proxy in front of one port. */
export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #target: { readonly host: string; readonly port: number }
  #mode: Mode = 'open'
  #delayMs = 0
  /** The one direction whose bytes vanish. */
  #muted: Direction | undefined
  /** Connections ever accepted. */
  accepted = 0

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target
    this.#server = createServer((near) => this.#onConnection(near))
  }

  /** Starts a proxy for a port on loopback; the port may be 0 and given later by `aim`. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy({ host: '127.0.0.1', port: targetPort })
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that pass through now. */
  get connections(): number {
    return this.#pairs.size
  }

  /** Leads new connections to another port. */
  aim(targetPort: number): void {
    this.#target = { host: '127.0.0.1', port: targetPort }
  }

  /** Resets all connections and those that come. */
  cut(): void {
    this.#mode = 'refuse'
    this.reset()
  }

  /** Resets all connections; new ones pass. */
  reset(): void {
    for (const pair of this.#pairs) {
      pair.near.resetAndDestroy()
      pair.far?.resetAndDestroy()
    }
  }

  /** Accepts, and swallows everything in both directions; open connections stay open. */
  blackhole(): void {
    this.#mode = 'blackhole'
  }

  /** Swallows everything in one direction; the other one passes, and so do new connections. */
  mute(direction: Direction): void {
    this.#muted = direction
  }

  /** Reads nothing more in both directions; open connections stay open, and what is on its way arrives after `heal`. */
  stall(): void {
    this.#mode = 'stalled'
    for (const { near, far } of this.#pairs) {
      near.pause()
      far?.pause()
    }
  }

  /** Delays every chunk, in both directions. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds
  }

  /** Lets bytes pass again. Connections that lost bytes to a blackhole are reset, as they are useless. */
  heal(): void {
    const lost = this.#mode === 'blackhole' || this.#muted !== undefined
    this.#mode = 'open'
    this.#muted = undefined
    this.#delayMs = 0
    if (lost) return this.reset()
    for (const { near, far } of this.#pairs) {
      near.resume()
      far?.resume()
    }
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.cut()
    await closed
  }

  #onConnection(near: Socket): void {
    this.accepted++
    near.on('error', () => {})
    if (this.#mode === 'refuse') {
      near.resetAndDestroy()
      return
    }
    const far = this.#mode === 'blackhole' ? undefined : connect({ ...this.#target, noDelay: true })
    const pair = { near, far }
    this.#pairs.add(pair)
    near.setNoDelay(true)
    near.on('close', () => {
      this.#pairs.delete(pair)
      far?.destroy()
    })
    if (far === undefined) {
      near.resume()
      return
    }
    far.on('error', () => near.destroy())
    far.on('close', () => near.destroy())
    this.#pass(near, far, 'forth')
    this.#pass(far, near, 'back')
    if (this.#mode === 'stalled') {
      near.pause()
      far.pause()
    }
  }

  #pass(from: Socket, to: Socket, direction: Direction): void {
    const forward = (act: () => void): void => {
      if (this.#mode === 'blackhole' || this.#muted === direction) return
      if (this.#delayMs === 0) act()
      else setTimeout(act, this.#delayMs)
    }
    from.on('data', (chunk) => forward(() => to.write(chunk)))
    from.on('end', () => forward(() => to.end()))
  }
}
