// All subscriptions of a client, by their id: hands what the connection brings to the right one, and attaches them to
// every new connection. Also keeps the names behind the numbers that batches and acknowledgements carry.

import type { HeraldError } from '../node/core/common/errors.ts'
import { fromOrigin, toStreamId } from '../node/core/common/ids.ts'
import type { Progress } from '../node/wire/control.ts'
import type { PositionNames } from './receipt.ts'
import type { SessionControl } from './session.ts'
import type { SubscriptionCore, SubscriptionLink } from './subscription.ts'

export class Subscriptions implements PositionNames {
  readonly #cores = new Map<number, SubscriptionCore>()
  /** The stream that takes what no other claims always exists; the others are told by nodes. */
  readonly #streams = new Map<number, string>([[toStreamId('default'), 'default']])
  readonly #origins = new Map<number, string>()
  /** Numbers of epochs, and of the streams whose they are: positions go on from one to the next. */
  readonly #epochs = new Map<number, number>()
  #link: SubscriptionLink | undefined
  #lastId = 0

  get size(): number {
    return this.#cores.size
  }

  nextId(): number {
    this.#lastId++
    return this.#lastId
  }

  streamName(number: number): string | undefined {
    return this.#streams.get(number)
  }

  streamNumber(number: number): number {
    return this.#epochs.get(number) ?? number
  }

  originName(boot: number): string | undefined {
    return this.#origins.get(boot)
  }

  /** The node's own origin, which the welcome tells. */
  learnOrigin(origin: string): void {
    const boot = fromOrigin(origin)?.boot
    if (boot !== undefined) this.#origins.set(boot, origin)
  }

  add(core: SubscriptionCore): void {
    if (core.isOver) return
    this.#cores.set(core.settings.id, core)
    if (this.#link !== undefined) core.attach(this.#link)
  }

  remove(core: SubscriptionCore): void {
    this.#cores.delete(core.settings.id)
  }

  attach(link: SubscriptionLink): void {
    this.#link = link
    for (const core of [...this.#cores.values()]) core.attach(link)
  }

  detach(): void {
    this.#link = undefined
    for (const core of [...this.#cores.values()]) core.detach()
  }

  async unsubscribeAll(): Promise<void> {
    await Promise.all([...this.#cores.values()].map((core) => core.unsubscribe()))
  }

  endAll(error: HeraldError | undefined): void {
    for (const core of [...this.#cores.values()]) core.end(error)
  }

  /** Takes a control message; answers how the protocol was broken, if it was. */
  onControl(message: SessionControl): string | undefined {
    switch (message.op) {
      case 'stream':
        this.#streams.set(message.number, message.name)
        this.#learnEpoch(message.number, message.name)
        return undefined
      case 'origin':
        this.#origins.set(message.boot, message.origin)
        return undefined
      case 'subscribed':
        return this.#cores.get(message.id)?.onSubscribed(message.cursor)
      case 'unsubscribed':
        this.#cores.get(message.id)?.end(undefined)
        return undefined
      case 'refused':
      case 'ended':
        this.#cores.get(message.id)?.onRefused({ refused: message.code, reason: message.message })
        return undefined
      case 'gap': {
        const boot = fromOrigin(message.origin)?.boot
        if (boot === undefined) return `a gap of the origin ${JSON.stringify(message.origin)}`
        const stream = toStreamId(message.stream)
        this.#streams.set(stream, message.stream)
        this.#origins.set(boot, message.origin)
        const core = this.#cores.get(message.id)
        return core?.onGap(stream, boot, message.from, message.to, message.reason)
      }
    }
  }

  #learnEpoch(number: number, name: string): void {
    const stream = toStreamId(name)
    if (stream === number) return
    this.#epochs.set(number, stream)
    this.#streams.set(stream, name)
  }

  /** Batches and progress of subscriptions that are over were on their way; they are dropped. */
  onBatch(id: number, frame: Uint8Array): string | undefined {
    return this.#cores.get(id)?.onBatch(frame)
  }

  onProgress(progress: Progress): string | undefined {
    const core = this.#cores.get(progress.subscription)
    return core?.onProgress(progress.stream, progress.boot, progress.sequence)
  }
}
