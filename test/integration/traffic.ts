// Traffic through a cluster under test, and what must have become of it: every node complete, the journals clean.

import assert from 'node:assert/strict'
import type { CheckResult } from '../../audit/check-result.ts'
import type { SendAnswer } from '../../scripts/admin/answers.ts'
import type { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { until } from './until.ts'

/** Delivering what a test has published is a matter of a second or two; the rest is for a loaded machine. */
const deliveriesDeadlineMs = 10_000

/** What the counts of a check must be where nothing may be missing, doubled or in doubt. */
export function assertClean(result: CheckResult, expected?: number): void {
  assert.deepEqual(result.findings, [])
  assert.deepEqual(result.missingJournals, [])
  assert.equal(result.totals.pending, 0)
  assert.equal(result.totals.delivered, result.totals.expected)
  if (expected !== undefined) assert.equal(result.totals.delivered, expected)
}

/** Checks until so many messages are delivered by the journals, and asserts that nothing else is in them. */
export async function untilClean(cluster: Cluster, expected: number): Promise<void> {
  let result = await cluster.check()
  await until(
    `the journals show ${expected} deliveries`,
    async () => {
      result = await cluster.check()
      return result.totals.delivered >= expected
    },
    deliveriesDeadlineMs,
  ).catch(() => undefined)
  assertClean(result, expected)
}

/** Every node publishes so many test messages, at a rate if one is given, and answers when all have their outcome. */
export async function sendFrom(
  nodes: readonly ClusterNode[],
  topic: string,
  count: number,
  options: { readonly ratePerSecond?: number; readonly ack?: string } = {},
): Promise<readonly SendAnswer[]> {
  return await Promise.all(
    nodes.map((node) => node.admin.send({ topic, message: `from ${node.id}`, count, ...options })),
  )
}

/** Subscribes every node by itself. */
export async function subscribeNodes(nodes: readonly ClusterNode[], pattern: string): Promise<void> {
  await Promise.all(nodes.map((node) => node.admin.changeSubscription('PUT', pattern)))
}

/** Messages of a stream that a node has passed of all origins together. */
export async function passedBy(node: ClusterNode, stream = 'default'): Promise<number> {
  const status = await node.status()
  const origins = status.streams.find(({ name }) => name === stream)?.origins ?? {}
  return Object.values(origins).reduce((sum, sequence) => sum + sequence, 0)
}

/** Resolves when the nodes have passed so many messages of the stream; returns the milliseconds that it took. */
export async function untilPassed(
  nodes: readonly ClusterNode[],
  messages: number,
  options: { readonly stream?: string; readonly deadlineMs?: number } = {},
): Promise<number> {
  const begin = performance.now()
  const isThere = async (): Promise<boolean> => {
    const passed = await Promise.all(nodes.map((node) => passedBy(node, options.stream)))
    return passed.every((count) => count >= messages)
  }
  await until(`${nodes.map(({ id }) => id)} have ${messages} messages`, isThere, options.deadlineMs)
  return performance.now() - begin
}

/** Resolves when a node has published so many messages. */
export async function untilPublished(node: ClusterNode, messages: number): Promise<void> {
  await until(`node ${node.id} has published ${messages} messages`, async () => {
    return (await node.counter('messagesPublished')) >= messages
  })
}

/** Resolves when a link is in a state, as one of its ends sees it. */
export async function untilLink(cluster: Cluster, from: string, to: string, state: string): Promise<void> {
  await until(`the link from ${from} to ${to} is ${state}`, async () => {
    const { links } = await cluster.node(from).status()
    return links.some((link) => link.peer === to && link.state === state)
  })
}
