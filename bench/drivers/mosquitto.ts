// Mosquitto: MQTT with QoS 0 and the `mqtt` client. Nothing is acknowledged.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { reservePorts } from '../../scripts/fleet/local-ports.ts'
import type {
  BenchConnection,
  Driver,
  MayGoOn,
  PayloadSource,
  RunningServers,
  ServerOptions,
} from './driver.ts'
import { askVersion, ServerProcess } from './server-process.ts'
import { publishWindowed } from './windowed.ts'

const chunkMessages = 256

export const mosquittoDriver: Driver = {
  name: 'mosquitto',
  choices:
    'QoS 0 in chunks of 256 of which two may wait for the socket; nothing is acknowledged; set_tcp_nodelay on, as every other system has it; subscription with the message event',
  hasFlowControl: false,
  hasCluster: false,
  findVersion: () => askVersion('mosquitto', ['-h'], /version ([\d.]+)/),
  startServers,
  connect: async (url) => new MosquittoConnection(await connectAsync(url, { reconnectPeriod: 0 })),
}

class MosquittoConnection implements BenchConnection {
  readonly #client: MqttClient
  #last: Promise<unknown> = Promise.resolve()
  failures = 0

  constructor(client: MqttClient) {
    this.#client = client
    client.on('error', () => {
      this.failures++
    })
  }

  async subscribe(topic: string, onPayload: (payload: Uint8Array) => void): Promise<void> {
    this.#client.on('message', (_topic, payload) => onPayload(payload))
    await this.#client.subscribeAsync(toMqttTopic(topic), { qos: 0 })
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#last = this.publishAndWait(topic, payload).catch(() => {
      this.failures++
    })
  }

  async publishAndWait(topic: string, payload: Uint8Array): Promise<void> {
    await this.#client.publishAsync(toMqttTopic(topic), payload as Buffer, { qos: 0 })
  }

  async publishAll(topic: string, next: PayloadSource, mayGoOn: MayGoOn): Promise<void> {
    const client = this.#client
    const mqttTopic = toMqttTopic(topic)
    await publishWindowed(next, chunkMessages, mayGoOn, async (payloads) => {
      const last = payloads.at(-1)
      if (last === undefined) return
      for (const payload of payloads.slice(0, -1)) client.publish(mqttTopic, payload as Buffer, { qos: 0 })
      await client.publishAsync(mqttTopic, last as Buffer, { qos: 0 })
    })
  }

  async flush(): Promise<void> {
    await this.#last
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true)
  }
}

function toMqttTopic(topic: string): string {
  return topic.replaceAll('.', '/')
}

async function startServers({ directory }: ServerOptions): Promise<RunningServers> {
  const [port = 0] = await reservePorts([0])
  const file = join(directory, 'mosquitto.conf')
  await writeFile(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n`)
  const server = new ServerProcess('mosquitto', ['-c', file])
  await server.untilListening(port)
  return { urls: [`mqtt://127.0.0.1:${port}`], pids: [server.pid], stop: () => server.stop() }
}
