// Herald: nodes as `npm start` runs them, default settings, journal on. A publication is acknowledged by the node.

import { type Client, connect, type PublishResult } from '../../client/index.ts'
import packageJson from '../../package.json' with { type: 'json' }
import type { BenchConnection, Driver, PayloadSource } from './driver.ts'
import { startHeraldNodes } from './herald-nodes.ts'

export const heraldDriver: Driver = {
  name: 'herald',
  choices:
    'publish() per message, waiting for writable() when saturated; every publication is acknowledged by its node (ack local); subscription with a handler; journal on',
  hasFlowControl: true,
  hasCluster: true,
  findVersion: () => packageJson.version,
  startServers: async (options) => (await startHeraldNodes(options)).group,
  connect: async (url) => new HeraldConnection(await connect(url)),
}

/** A client of any of Herald's systems. */
export class HeraldConnection implements BenchConnection {
  readonly #client: Client
  readonly #judge: (result: PublishResult) => void
  /** Gaps that a subscription was told of: messages that will not come. */
  #gaps = 0

  /** `judge` throws for an outcome that is not what this system promises. */
  constructor(client: Client, judge: (result: PublishResult) => void = mustBeAcknowledged) {
    this.#client = client
    this.#judge = judge
  }

  get failures(): number {
    const { refused, unknown, reconnects } = this.#client.stats
    return refused + unknown + reconnects + this.#gaps
  }

  async subscribe(topic: string, onPayload: (payload: Uint8Array) => void): Promise<void> {
    await this.#client.subscribe(topic, (delivery) => {
      if (delivery.kind === 'message') onPayload(delivery.payload)
      else this.#gaps += delivery.to - delivery.from + 1
    })
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#client.publish(topic, payload)
  }

  publishAndWait(topic: string, payload: Uint8Array): Promise<void> {
    return this.#client.publish(topic, payload).then(this.#judge)
  }

  async publishAll(topic: string, next: PayloadSource): Promise<void> {
    const client = this.#client
    for (let payload = next(); payload !== undefined; payload = next()) {
      if (client.saturated) await client.writable()
      client.publish(topic, payload)
    }
    await client.flush()
  }

  flush(): Promise<void> {
    return this.#client.flush()
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

/** Throws for every other outcome. */
export function mustBeAcknowledged(result: PublishResult): void {
  if (result.status === 'acknowledged') return
  throw new Error(result.status === 'sent' ? 'nothing was asked' : `${result.code}: ${result.reason}`)
}
