// NATS JetStream: a stream with a copy in files on each of three servers, and @nats-io/jetstream. A publication is acknowledged when a majority
// has written it. When that is synced is the servers' setting `sync_interval`, of which there are two systems here: the default,
// two minutes, and `always`.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type JetStreamClient, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { majorityOf } from '../stored-check.ts'
import type { PublishingConnection, ServerOptions } from './driver.ts'
import {
  acknowledgeDeadlineMs,
  benchStream,
  type DurableDriver,
  type DurableServers,
  toDurableServers,
} from './durable-driver.ts'
import { askJson } from './http.ts'
import { findNatsVersion, startNatsServers, toNatsAddress, toServerName } from './nats-servers.ts'
import type { ServerGroup } from './server-group.ts'

/**
 * Does without a stack trace for each request, kept for the error that it may end in: with them, the default, the client takes twice the
 * processor time a publication, and half as many are acknowledged with 64 or 1,000 in flight.
 */
const fastRequests = { noAsyncTraces: true }

/** A request that finds no leader yet is not answered: another one follows. */
const createTimeoutMs = 500

export const jetstreamDriver: DurableDriver = toDriver({
  name: 'jetstream',
  sync: 'written, synced every 2 minutes',
  settings: '',
})

export const jetstreamAlwaysDriver: DurableDriver = toDriver({
  name: 'jetstream-always',
  sync: 'synced',
  settings: 'sync_interval: always',
})

interface Variant extends Pick<DurableDriver, 'name' | 'sync'> {
  /** Of the block `jetstream` of the servers' configuration, besides the folder. */
  readonly settings: string
}

function toDriver({ name, sync, settings }: Variant): DurableDriver {
  return {
    name,
    choices: `a stream of three replicas on file storage, ${settings === '' ? 'sync_interval left at its default' : settings}; js.publish() per message, each awaited, noAsyncTraces on; acknowledged when a majority has stored it`,
    sync,
    hasFlowControl: true,
    findVersion: findNatsVersion,
    startServers: (options) => startServers(options, settings),
    connect: async (url) =>
      new JetStreamConnection(await connect({ servers: toNatsAddress(url), ...fastRequests })),
  }
}

class JetStreamConnection implements PublishingConnection {
  readonly #connection: NatsConnection
  readonly #client: JetStreamClient
  failures = 0

  constructor(connection: NatsConnection) {
    this.#connection = connection
    this.#client = jetstream(connection, { timeout: acknowledgeDeadlineMs })
  }

  async publishAndWait(topic: string, payload: Uint8Array): Promise<void> {
    try {
      await this.#client.publish(topic, payload)
    } catch (error) {
      this.failures++
      throw error
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

async function startServers(options: ServerOptions, settings: string): Promise<DurableServers> {
  const { directory, serverCount } = options
  const toFile = (index: number): string => join(directory, `${toServerName(index)}.conf`)
  for (let index = 0; index < serverCount; index++)
    await writeFile(toFile(index), toConfiguration(join(directory, toServerName(index)), settings))
  const monitors: string[] = []
  const group = await startNatsServers(options, (index, port) => {
    monitors[index] = `http://127.0.0.1:${port}`
    return ['--config', toFile(index), '--http_port', String(port)]
  })
  const isInSync = (): Promise<boolean> => areCurrent(monitors)
  await group.orStop(createStream(group).then(() => group.until(isInSync)))
  return toDurableServers(group, {
    findLeader: () => findLeader(monitors),
    countStored: () => countStored(monitors),
    isInSync,
  })
}

function toConfiguration(directory: string, settings: string): string {
  return `jetstream {\n  store_dir: ${JSON.stringify(directory)}\n  ${settings}\n}\n`
}

/** Asks until the servers have chosen who decides about streams. */
async function createStream(group: ServerGroup): Promise<void> {
  const connection = await connect({ servers: group.urls.map(toNatsAddress) })
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: createTimeoutMs })
    await group.until(async () => {
      try {
        await manager.streams.add({
          name: benchStream.name,
          subjects: [...benchStream.topics],
          storage: StorageType.File,
          num_replicas: group.urls.length,
        })
        return true
      } catch {
        return false
      }
    })
  } finally {
    await connection.close()
  }
}

/** What a server's monitoring says of a stream (docs.nats.io, "JetStream Information"). */
interface StreamDetail {
  readonly name: string
  readonly state?: { readonly messages: number }
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: readonly {
      readonly current: boolean
      readonly offline?: boolean
      readonly lag?: number
    }[]
  }
}

/** The server that says of itself that it leads: others may still name one that is gone. */
async function findLeader(monitors: readonly string[]): Promise<number | undefined> {
  const streams = await Promise.all(monitors.map(readStream))
  const index = streams.findIndex((stream, index) => stream?.cluster?.leader === toServerName(index))
  return index < 0 ? undefined : index
}

async function countStored(monitors: readonly string[]): Promise<number> {
  const streams = await Promise.all(monitors.map(readStream))
  return majorityOf(streams.map((stream) => stream?.state?.messages ?? 0))
}

/** Every server calls itself healthy, which it is not while it catches up, and the leader calls every other one current. */
async function areCurrent(monitors: readonly string[]): Promise<boolean> {
  const health = await Promise.all(monitors.map((monitor) => askJson(`${monitor}/healthz`)))
  if (health.includes(undefined)) return false
  const leader = await findLeader(monitors)
  const stream = leader === undefined ? undefined : await readStream(monitors[leader] ?? '')
  const replicas = stream?.cluster?.replicas ?? []
  return (
    replicas.length === monitors.length - 1 &&
    replicas.every(({ current, offline, lag = 0 }) => current && offline !== true && lag === 0)
  )
}

async function readStream(monitor: string): Promise<StreamDetail | undefined> {
  const answer = (await askJson(`${monitor}/jsz?streams=true`)) as
    | { readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[] }
    | undefined
  return answer?.account_details
    ?.flatMap((account) => account.stream_detail ?? [])
    .find(({ name }) => name === benchStream.name)
}
