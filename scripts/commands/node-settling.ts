// Waiting until a node that has come or gone makes no difference any more: everybody who answers votes wherever it is to. A group that
// nobody leads brings nobody in, and whoever is missing there may be down for days: that is not waited for, but said.

import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from '../admin/admin-client.ts'
import {
  describeLeaderless,
  findLeaderlessGroups,
  type LeaderlessGroup,
  type Standing,
} from '../admin/leaderless.ts'
import { type Look, RepeatedRounds } from '../admin/repeated-rounds.ts'
import type { Context } from '../cli/context.ts'
import { CommandError, exitCodes } from '../cli/outcome.ts'

/** Whoever is to vote learns everything that is retained first. */
const settleTimeoutMs = 60_000
/** An election takes a moment; without a majority there is none. */
export const leaderTimeoutMs = 5_000
export const pollIntervalMs = 100
/** Who takes longer to answer is waited for no more in each round. */
export const patienceMs = 1_000

/** Whose settling is waited for. */
export interface Settling {
  /** Whether those that are meant have answered. */
  readonly isComplete: (look: Look<Standing>) => boolean
  /** Whether its groups know of it: until then only META's matter. */
  readonly hasBegun: (look: Look<Standing>) => boolean
  /** How far it has come, as the beginning of a message that says what is missing. */
  readonly describe: (look: Look<Standing>) => string
  /** What comes by itself once the groups are led again, and what is left to do then. */
  readonly outlook: string
}

/** A group, and since when nobody has been seen to lead it, milliseconds. */
interface Leaderless extends LeaderlessGroup {
  readonly since: number
}

/** Throws after five seconds in which nobody has led a group, and after a minute in any case. */
export async function settle(context: Context, settling: Settling): Promise<void> {
  const { isComplete, hasBegun, describe, outlook } = settling
  using rounds = new RepeatedRounds(askStanding, patienceMs)
  const deadline = Date.now() + settleTimeoutMs
  let leaderless: readonly Leaderless[] = []
  for (;;) {
    const look = await rounds.next(await context.clients())
    const learning = look.answers.filter(({ value }) => value.status.member.state !== 'settled')
    if (look.isComplete && learning.length === 0 && isComplete(look)) return
    const now = Date.now()
    leaderless = findLeaderlessGroups(look).map((group) => goOn(group, leaderless, now))
    const isDue = hasBegun(look)
    const lasting = leaderless.filter(
      ({ group, since }) => now - since >= leaderTimeoutMs && (isDue || group === 0),
    )
    if (lasting.length > 0) throw toLeaderlessError(describe(look), lasting, outlook)
    if (now > deadline) {
      const ids = learning.map(({ node }) => node)
      const who = ids.length > 0 ? `still learning: ${ids.join(', ')}` : 'not everybody answers'
      const message = `${describe(look)} after ${settleTimeoutMs / 1000} s (${who})`
      throw new CommandError(exitCodes.unhealthy, message, { next: 'see `herald status`' })
    }
    await delay(pollIntervalMs, undefined, { signal: context.signal })
  }
}

/** Silent is who has not answered in all that time: a node that is busy for a moment is not called away. */
function goOn(group: LeaderlessGroup, before: readonly Leaderless[], now: number): Leaderless {
  const known = before.find((each) => each.group === group.group)
  if (known === undefined) return { ...group, since: now }
  const silent = group.silent.filter((node) => known.silent.includes(node))
  return { ...group, silent, since: known.since }
}

async function askStanding(client: AdminClient): Promise<Standing> {
  const [status, members] = await Promise.all([client.status(), client.members()])
  return { status, members }
}

function toLeaderlessError(state: string, groups: readonly LeaderlessGroup[], outlook: string): CommandError {
  const why = groups.map(describeLeaderless).join('; ')
  const canBeStarted = groups.some(({ silent }) => silent.length > 0)
  const step = canBeStarted
    ? 'start those that are down (`herald up`)'
    : 'see `herald status`, which names the links that are down'
  return new CommandError(exitCodes.unhealthy, `${state}: ${why}`, {
    code: 'NO_LEADER',
    next: `${step}: ${outlook}`,
  })
}
