// NATS core: nats-server with its default settings and @nats-io/transport-node. Publications are fire-and-forget; flush() is
// a ping to the server and back, which tells that it has read everything before.

import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { BenchConnection, Driver, MayGoOn, PayloadSource } from './driver.ts'
import { findNatsVersion, startNatsServers, toNatsAddress } from './nats-servers.ts'
import { publishWindowed } from './windowed.ts'

/** Messages between two flushes; in a few trials smaller and larger ones were slower or equal. */
const chunkMessages = 4096

export const natsDriver: Driver = {
  name: 'nats',
  choices:
    'publish() per message, a flush() every 4,096 of which two may be under way; core publications are fire-and-forget, nothing is acknowledged; subscription with a callback',
  hasFlowControl: false,
  hasCluster: true,
  findVersion: findNatsVersion,
  startServers: startNatsServers,
  connect: async (url) =>
    new NatsBenchConnection(await connect({ servers: toNatsAddress(url), reconnect: false })),
}

class NatsBenchConnection implements BenchConnection {
  readonly #connection: NatsConnection
  failures = 0

  constructor(connection: NatsConnection) {
    this.#connection = connection
  }

  async subscribe(topic: string, onPayload: (payload: Uint8Array) => void): Promise<void> {
    this.#connection.subscribe(topic, {
      callback: (error, message) => {
        if (error === null) onPayload(message.data)
        else this.failures++
      },
    })
    await this.#connection.flush()
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#connection.publish(topic, payload)
  }

  async publishAndWait(topic: string, payload: Uint8Array): Promise<void> {
    this.#connection.publish(topic, payload)
    await this.#connection.flush()
  }

  async publishAll(topic: string, next: PayloadSource, mayGoOn: MayGoOn): Promise<void> {
    const connection = this.#connection
    await publishWindowed(next, chunkMessages, mayGoOn, (payloads) => {
      for (const payload of payloads) connection.publish(topic, payload)
      return connection.flush()
    })
  }

  flush(): Promise<void> {
    return this.#connection.flush()
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
