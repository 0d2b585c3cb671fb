// The second thing that `npm start` proves: a stream in leader mode loses its leader to `kill -9` and changes its mode twice, while nodes send
// on it; and the journals say that each message reached each subscriber exactly once and in order.

import { setTimeout as delay } from 'node:timers/promises'
import type { CheckResult } from '../audit/check-result.ts'
import type { AdminClient } from './admin/admin-client.ts'
import { waitHealthy } from './admin/health.ts'
import { NodeRefusal } from './admin/request.ts'
import { showCount, sum } from './cli/numbers.ts'
import { CommandError, exitCodes } from './cli/outcome.ts'
import { checkLive } from './collection/delivery-verdict.ts'
import { countDelivered, findProblems, type Sent } from './demonstration.ts'

const stream = 'ordered'
const pattern = 'ordered.>'
const messagesPerNode = 800
const ratePerSecond = 200
/** Messages flow for so long before something happens to them, and between two things. */
const flowMs = 500
const leaderTimeoutMs = 10_000
const healthyTimeoutMs = 20_000
const settleMs = 15_000

export interface ModeDemonstration {
  readonly isProven: boolean
  readonly text: string
}

/** What is done to nodes. */
export interface Hands {
  kill(node: string): Promise<void>
  /** Starts what does not run. */
  up(): Promise<void>
}

/** Runs the stream, hurts it, and checks. */
export async function demonstrateModes(
  clients: readonly AdminClient[],
  hands: Hands,
  signal: AbortSignal,
): Promise<ModeDemonstration> {
  const [first] = clients
  if (first === undefined) throw new CommandError(exitCodes.unreachable, 'there is no node')
  await begin(first)
  await Promise.all(clients.map((client) => client.changeSubscription('PUT', pattern)))
  const leader = await findLeader(first, signal)
  const senders = clients.filter(({ node }) => node !== leader)
  const [asked] = senders
  if (asked === undefined) throw new CommandError(exitCodes.unreachable, 'there is only one node')
  const before = await countPublished(senders)
  const sending = Promise.all(senders.map((client) => send(client)))
  await delay(flowMs, undefined, { signal })
  await hands.kill(leader)
  await delay(flowMs, undefined, { signal })
  const switches: number[] = []
  /** Modes in which nothing was sent: then nothing was shown of them. */
  const idle: string[] = (await countPublished(senders)) === before ? ['leader'] : []
  for (const mode of ['gossip', 'leader']) {
    switches.push((await asked.setMode(stream, mode)).elapsedMs)
    const then = await countPublished(senders)
    await delay(flowMs, undefined, { signal })
    if ((await countPublished(senders)) === then) idle.push(mode)
  }
  const answers = await sending
  await hands.up()
  const { problems } = await waitHealthy(clients, healthyTimeoutMs, signal)
  if (problems.length > 0) throw new CommandError(exitCodes.unhealthy, problems.join('; '))
  const sent: Sent = new Map(answers.map((answer) => [answer.origin, answer.acknowledged]))
  const wanted = senders.length * messagesPerNode
  return await judge(clients, sent, { leader, switches, idle, wanted, signal })
}

/** The stream, in leader mode, also where it is left over from the last time. */
async function begin(client: AdminClient): Promise<void> {
  try {
    await client.createStream(stream, { topics: [pattern], mode: 'leader' })
  } catch (error) {
    if (!(error instanceof NodeRefusal) || error.code !== 'STREAM_EXISTS') throw error
    await client.setMode(stream, 'leader')
  }
}

function send(client: AdminClient): ReturnType<AdminClient['send']> {
  const topic = `ordered.${client.node}`
  return client.send({ topic, message: `from ${client.node}`, count: messagesPerNode, ratePerSecond })
}

/** How many messages these nodes have taken for the stream. */
async function countPublished(clients: readonly AdminClient[]): Promise<number> {
  const statuses = await Promise.all(clients.map((client) => client.status()))
  const streams = statuses.flatMap((status) => status.streams.filter(({ name }) => name === stream))
  return sum(streams.map(({ publishedMessages }) => publishedMessages))
}

async function findLeader(client: AdminClient, signal: AbortSignal): Promise<string> {
  const deadline = Date.now() + leaderTimeoutMs
  while (Date.now() < deadline) {
    const { streams } = await client.status()
    const leader = streams.find(({ name }) => name === stream)?.order?.leader
    if (leader !== undefined) return leader
    await delay(50, undefined, { signal })
  }
  throw new CommandError(exitCodes.unhealthy, `stream ${stream} has no leader`)
}

async function judge(
  clients: readonly AdminClient[],
  sent: Sent,
  told: {
    readonly leader: string
    readonly switches: readonly number[]
    readonly idle: readonly string[]
    readonly wanted: number
    readonly signal: AbortSignal
  },
): Promise<ModeDemonstration> {
  const sentInAll = sum([...sent.values()])
  const due = clients.length * sentInAll
  const delivered = (result: CheckResult): number => sum([...countDelivered(result, sent, pattern).values()])
  const isSettled = (result: CheckResult): boolean => delivered(result) >= due
  const { result } = await checkLive(clients, { settleMs, signal: told.signal, isSettled })
  if (result === undefined) throw new CommandError(exitCodes.unreachable, 'no node gave its journal')
  const problems = [
    ...findProblems(result, sent, pattern),
    ...told.idle.map((mode) => `nothing was sent after it was in ${mode} mode`),
  ]
  const isProven = problems.length === 0 && delivered(result) === due && sentInAll === told.wanted
  const counts = `${showCount(sentInAll)} of ${showCount(told.wanted)} acknowledged, ${showCount(delivered(result))} delivered`
  const took = told.switches.map((ms) => `${Math.round(ms)} ms`).join(' and ')
  return {
    isProven,
    text: isProven
      ? `the same while the leader, ${told.leader}, was killed and the stream changed its mode twice, in ${took} (${counts})`
      : `not while the leader, ${told.leader}, was killed and the stream changed its mode twice: ${[...problems, counts].join('; ')}`,
  }
}
