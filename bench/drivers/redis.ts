// Redis Pub/Sub: redis-server with its default settings and the `redis` client. PUBLISH is answered by the server with the
// number of subscribers; the client sends commands of one turn together (its automatic pipelining).

import { createClient } from 'redis'
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

const chunkMessages = 1024

export const redisDriver: Driver = {
  name: 'redis',
  choices:
    'PUBLISH pipelined in chunks of 1,024 of which two may be under way; the server answers each PUBLISH; subscription with a listener, buffers instead of text',
  hasFlowControl: false,
  hasCluster: false,
  findVersion: () => askVersion('redis-server', ['--version'], /v=([\d.]+)/),
  startServers,
  connect: connectRedis,
}

async function connectRedis(url: string): Promise<BenchConnection> {
  const client = createClient({ url })
  let failures = 0
  const onFailed = (): void => {
    failures++
  }
  client.on('error', onFailed)
  await client.connect()
  let last: Promise<unknown> = Promise.resolve()
  return {
    get failures() {
      return failures
    },
    subscribe: async (topic: string, onPayload: (payload: Uint8Array) => void) => {
      await client.subscribe(topic, onPayload, true)
    },
    publish: (topic: string, payload: Uint8Array) => {
      last = client.publish(topic, toBuffer(payload)).catch(onFailed)
    },
    publishAndWait: async (topic: string, payload: Uint8Array) => {
      await client.publish(topic, toBuffer(payload))
    },
    publishAll: async (topic: string, next: PayloadSource, mayGoOn: MayGoOn) => {
      await publishWindowed(next, chunkMessages, mayGoOn, (payloads) =>
        Promise.all(payloads.map((payload) => client.publish(topic, toBuffer(payload)))),
      )
    },
    flush: async () => {
      await last
    },
    close: async () => {
      client.destroy()
    },
  }
}

function toBuffer(payload: Uint8Array): Buffer {
  return Buffer.isBuffer(payload) ? payload : Buffer.from(payload)
}

async function startServers({ directory }: ServerOptions): Promise<RunningServers> {
  const [port = 0] = await reservePorts([0])
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory]
  const server = new ServerProcess('redis-server', options)
  await server.untilListening(port)
  return { urls: [`redis://127.0.0.1:${port}`], pids: [server.pid], stop: () => server.stop() }
}
