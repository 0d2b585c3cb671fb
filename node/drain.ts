// The waits of a node that shuts down, each with a part of the drain time: clients get their answers, what was accepted leaves
// for other nodes, connections say goodbye. What takes longer is left behind; the part that is saved to disk comes after.

import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Broker } from './broker/broker.ts'
import type { SessionTable } from './broker/session-table.ts'
import { now } from './clock.ts'
import type { ClientServer } from './net/client-server.ts'

/** Answers under way on the admin port, such as the one to `exit`, may finish. */
export const adminGraceMs = 500

/** Each wait ends after this part of the drain time, so that all of them together leave some for closing files. */
const drainPart = 1 / 4
/** What clients sent before they heard that the node drains arrives within this: a round trip around the earth. */
const lastFramesMs = 200
const pollMs = 5

/** Clients leave, or have at least got the answers to what they sent before they heard that the node drains. */
export async function clientsAnswered(sessions: SessionTable, drainMs: number): Promise<void> {
  sessions.announceDrain()
  const begin = now()
  const isOver = (): boolean =>
    sessions.sessions.size === 0 || (sessions.isAnswered && now() > begin + lastFramesMs)
  await until(isOver, drainMs)
}

/** Clients say goodbye. Links of other nodes live on the same server and go later. */
export async function clientsClosed(clients: ClientServer, reason: string, drainMs: number): Promise<void> {
  void clients.close(reason)
  await until(() => clients.sessions === 0, drainMs)
}

/** What this node has accepted leaves for the nodes that want it or keep it, and they hear where its durable subscriptions ended. */
export async function linksFlushed(
  broker: Broker,
  queuedBytes: () => number,
  drainMs: number,
): Promise<void> {
  const isWaiting = (): boolean =>
    queuedBytes() > 0 ||
    broker.leader.names.hasWishes ||
    broker.streams.replicas.some((replica) => broker.waitingBytes(replica) > 0)
  await until(() => !isWaiting(), drainMs)
}

/** Whatever hangs, the process ends when the drain time is over. */
export function endInTime(drainMs: number, log: Logger, onOver: () => void): void {
  setTimeout(() => {
    log.warn({ event: 'drain-timeout', afterMs: drainMs })
    onOver()
  }, drainMs).unref()
}

async function until(isOver: () => boolean, drainMs: number): Promise<void> {
  const deadline = now() + drainMs * drainPart
  while (!isOver() && now() < deadline) await delay(pollMs)
}
