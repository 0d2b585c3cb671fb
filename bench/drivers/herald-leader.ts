// Herald with a stream in leader mode: three nodes with default settings, journal on. A publication is acknowledged when a majority has it on
// disk, written and synced.

import { connect, type PublishResult } from '../../client/index.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { majorityOf } from '../stored-check.ts'
import type { ServerOptions } from './driver.ts'
import {
  acknowledgeDeadlineMs,
  benchStream,
  type DurableDriver,
  type DurableServers,
  toDurableServers,
} from './durable-driver.ts'
import { HeraldConnection, mustBeAcknowledged } from './herald.ts'
import {
  type HeraldNode,
  type HeraldOrder,
  type HeraldStatus,
  isLinked,
  readStatus,
  startHeraldNodes,
} from './herald-nodes.ts'

export const heraldLeaderDriver: DurableDriver = {
  name: 'herald-leader',
  choices:
    'a stream in leader mode on three nodes; publish() per message, each receipt awaited; acknowledged when a majority has synced it; journal on',
  sync: 'synced by a majority before each acknowledgement',
  hasFlowControl: true,
  findVersion: () => packageJson.version,
  startServers,
  connect: async (url) =>
    new HeraldConnection(await connect(url, { deadlineMs: acknowledgeDeadlineMs }), mustHavePlace),
}

async function startServers(options: ServerOptions): Promise<DurableServers> {
  const { group, nodes } = await startHeraldNodes(options)
  const areInSync = (): Promise<boolean> => isInSync(nodes)
  await group.orStop(createStream(nodes[0]).then(() => group.until(areInSync)))
  return toDurableServers(group, {
    findLeader: () => findLeader(nodes),
    countStored: async () => majorityOf((await readOrders(nodes)).map((order) => order?.last ?? 0)),
    isInSync: areInSync,
  })
}

async function createStream(node: HeraldNode | undefined): Promise<void> {
  const response = await fetch(`${node?.adminUrl}/v1/streams/${benchStream.name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ topics: benchStream.topics, mode: 'leader' }),
  })
  if (!response.ok) throw new Error(`no stream in leader mode: ${response.status} ${await response.text()}`)
}

/** The node that says of itself that it leads: others may still name one that is gone. */
async function findLeader(nodes: readonly HeraldNode[]): Promise<number | undefined> {
  const orders = await readOrders(nodes)
  const index = nodes.findIndex(({ id }, index) => orders[index]?.leader === id)
  return index < 0 ? undefined : index
}

/** All nodes are linked, follow the same one, and have the same messages. */
async function isInSync(nodes: readonly HeraldNode[]): Promise<boolean> {
  const statuses = await Promise.all(nodes.map(readStatus))
  const orders = statuses.map(toOrder).filter((order) => order !== undefined)
  const leader = orders[0]?.leader
  return (
    leader !== undefined &&
    orders.length === nodes.length &&
    orders.every((order) => order.leader === leader && order.last === orders[0]?.last && order.lag === 0) &&
    statuses.every((status) => isLinked(status, nodes.length))
  )
}

/** A node may not have answered, or not have the stream in leader mode yet. */
async function readOrders(nodes: readonly HeraldNode[]): Promise<readonly (HeraldOrder | undefined)[]> {
  return (await Promise.all(nodes.map(readStatus))).map(toOrder)
}

/** In gossip mode a publication would be acknowledged by its node alone. */
function mustHavePlace(result: PublishResult): void {
  mustBeAcknowledged(result)
  if (result.status === 'acknowledged' && result.offset === undefined)
    throw new Error('acknowledged without a place in the order')
}

/** What a node knows of the order of the stream; undefined if it is not in leader mode there yet. */
function toOrder(status: HeraldStatus | undefined): HeraldOrder | undefined {
  return status?.streams.find(({ name }) => name === benchStream.name)?.order
}
