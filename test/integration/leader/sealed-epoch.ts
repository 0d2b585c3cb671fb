// A stream under load on three nodes whose epoch in gossip mode is sealed and cannot end yet: the leader of its group hears nothing from one
// follower, over a link that is up, and waits four seconds for it. Until then a test breaks what it likes; what it breaks, it breaks in the seal.

import assert from 'node:assert/strict'
import type { StreamStatusAnswer } from '../../../scripts/admin/answers.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { SwitchTrial } from './switch-trial.ts'

/** Who is who in the group of the stream. */
export interface Roles {
  readonly trial: SwitchTrial
  readonly leader: ClusterNode
  readonly follower: ClusterNode
  readonly other: ClusterNode
}

/** A stream in leader mode, in epoch 1, with publishers on all nodes. */
export async function startLed(): Promise<Roles> {
  // Where a change waits for somebody, publications wait as well; none is to end as unknown for that.
  const trial = await SwitchTrial.start({ proxied: true, environment: { HERALD_COPIES_TIMEOUT: '20s' } })
  const { nodes } = trial.cluster
  const [first] = nodes
  assert.ok(first)
  await trial.setMode(first, 'leader')
  const led = await trial.leader(first)
  const leader = nodes.find(({ id }) => id === led)
  const [follower, other] = nodes.filter((node) => node !== leader)
  assert.ok(leader && follower && other)
  for (const node of nodes) await trial.load(node)
  await trial.untilAcknowledged(30)
  return { trial, leader, follower, other }
}

/** The same stream in gossip mode again, in epoch 2. */
export async function startUnled(): Promise<Roles> {
  const roles = await startLed()
  const { trial, other } = roles
  await trial.setMode(other, 'gossip')
  await untilAll(roles, 'gossip mode, epoch 2, open')
  await trial.untilAcknowledged(30)
  return roles
}

/**
 * Asks for leader mode on the other node while the leader of the group hears nothing from the follower. Resolves, with the epoch that this
 * will end in, when the one before is sealed on all nodes. With `isUnheard` nobody hears the follower, which has messages then that it alone has.
 */
export async function seal(
  { trial, leader, follower, other }: Roles,
  { isUnheard }: { readonly isUnheard: boolean },
): Promise<{ readonly changed: Promise<number> }> {
  trial.cluster.mute(follower.id, isUnheard ? leader.id + other.id : leader.id)
  const { publishedMessages } = await streamOf(follower)
  await until('the follower has published something since', async () => {
    return (await streamOf(follower)).publishedMessages >= publishedMessages + 10
  })
  const changed = trial.setMode(other, 'leader')
  // Looked at by whoever needs it; a failure before that is no unhandled one.
  changed.catch(() => undefined)
  await untilAll({ trial }, 'gossip mode, epoch 2, sealing')
  return { changed }
}

/** What a node says of the stream. */
export async function streamOf(node: ClusterNode): Promise<StreamStatusAnswer> {
  const stream = (await node.status()).streams.find(({ name }) => name === 'orders')
  assert.ok(stream)
  return stream
}

/** The same in the words of `herald mode --watch`. */
export async function phaseOf(node: ClusterNode): Promise<string> {
  const { mode, epoch, phase } = await streamOf(node)
  return `${mode} mode, epoch ${epoch}, ${phase}`
}

/** Resolves when these nodes, by default all, are in a phase. */
export async function untilAll(
  { trial }: Pick<Roles, 'trial'>,
  phase: string,
  nodes: readonly ClusterNode[] = trial.cluster.nodes,
): Promise<void> {
  const ids = nodes.map(({ id }) => id).join(', ')
  await until(`${ids}: ${phase}`, async () => {
    const phases = await Promise.all(nodes.map(phaseOf))
    return phases.every((each) => each === phase)
  })
}

/** Cuts each node off from both others: whatever the group decides on waits until `healAll`. */
export function cutAll({ trial, leader, follower, other }: Roles): void {
  trial.cluster.cut(leader.id, follower.id + other.id)
  trial.cluster.cut(follower.id, other.id)
}

export function healAll({ trial, leader, follower, other }: Roles): void {
  trial.cluster.heal(leader.id, follower.id + other.id)
  trial.cluster.heal(follower.id, other.id)
}
