// Names that the cluster keeps for those who read under them, as an operator sees them: who has them, how far behind they are, and how one
// that nobody uses any more is removed.

import { setTimeout as delay } from 'node:timers/promises'
import type { Broker } from './broker/broker.ts'
import type { SessionTable } from './broker/session-table.ts'
import type { Refusal } from './core/common/errors.ts'
import { fromOrigin } from './core/common/ids.ts'
import type { Queue, Slot } from './leader/names/queues.ts'
import { ForgetWish } from './leader/names/wishes.ts'
import type { NameAnswer, NameRemovalAnswer } from './net/admin-port.ts'

/** What is asked of a group without a majority is given up after so long, milliseconds. */
const giveUpMs = 5000

export function listNames(broker: Broker, sessions: SessionTable): readonly NameAnswer[] {
  const rows: NameAnswer[] = []
  const led = new Set<string>()
  for (const { name, stream, holder, vector } of broker.leader.names.ledger.cursors) {
    led.add(`${stream} ${name}`)
    const lag = vector === undefined ? undefined : lagOf(broker, stream, vector)
    rows.push({
      ...{ name, stream, kept: 'group' },
      ...(holder === undefined ? {} : { heldBy: holder }),
      ...(lag === undefined ? {} : { lag }),
    })
  }
  for (const queue of broker.leader.names.ledger.queues.all) rows.push(...toMemberRows(broker, queue))
  for (const { name, cursor, isHeldHere } of sessions.names()) {
    const heldBy = isHeldHere ? { heldBy: broker.origin } : {}
    const streams = [...cursor.keys()].filter((stream) => !led.has(`${stream} ${name}`))
    for (const stream of streams) rows.push({ name, stream, kept: 'catalog', ...heldBy })
    if (cursor.size === 0 && !rows.some((row) => row.name === name))
      rows.push({ name, stream: '', kept: 'catalog', ...heldBy })
  }
  return rows.toSorted((a, b) => compare(a.name, b.name) || compare(a.stream, b.stream))
}

/** Removes a name from everywhere; answers once a majority has done so, where a group keeps it. */
export async function removeName(
  broker: Broker,
  sessions: SessionTable,
  name: string,
): Promise<NameRemovalAnswer | Refusal> {
  const rows = listNames(broker, sessions).filter((row) => row.name === name)
  if (rows.length === 0)
    return { refused: 'NAME_UNKNOWN', reason: `nothing is kept under the name "${name}"` }
  const held = rows.find(({ heldBy }) => heldBy !== undefined)
  if (held !== undefined) return { refused: 'NAME_IN_USE', reason: `${held.heldBy} reads as ${name}` }
  const forgotten = rows
    .filter(({ kept }) => kept === 'group')
    .map(
      ({ stream }) =>
        new Promise<void>((resolve) => {
          broker.leader.names.wish(new ForgetWish({ stream, name, onDone: resolve }))
        }),
    )
  const isDone = await Promise.race([
    Promise.all(forgotten).then(() => true),
    delay(giveUpMs, false, { ref: false }),
  ])
  if (!isDone)
    return { refused: 'NO_LEADER', reason: `no majority could forget ${name}; it may come about yet` }
  sessions.forget(name)
  return { removed: name, entries: toEntries(rows) }
}

function toEntries(rows: readonly NameAnswer[]): NameRemovalAnswer['entries'] {
  const entries = new Map<string, NameRemovalAnswer['entries'][number]>()
  for (const { stream, slots } of rows) {
    const kind = slots === undefined ? 'subscription' : 'queue'
    entries.set(`${kind} ${stream}`, { kind, stream })
  }
  return [...entries.values()]
}

/** A row for each member; of a queue without members, one that says how far it is. `lag` is that of the slot that is furthest behind. */
function toMemberRows(broker: Broker, { stream, name, slots, members }: Queue): readonly NameAnswer[] {
  const replica = broker.streams.find(stream)
  const last = replica?.definition.mode === 'leader' ? broker.leader.statusOf(replica).last : undefined
  const toRow = (own: readonly Slot[]): NameAnswer => {
    const position = own.reduce((lowest, slot) => Math.min(lowest, slot.position), last ?? 0)
    const lag = last === undefined ? {} : { lag: Math.max(0, last - position) }
    return { name, stream, kept: 'group', slots: own.length, ...lag }
  }
  if (members.length === 0) return [toRow(slots)]
  return members.map((heldBy) => ({ ...toRow(slots.filter(({ owner }) => owner === heldBy)), heldBy }))
}

/** What of a stream lies behind a vector. */
function lagOf(broker: Broker, stream: string, vector: ReadonlyMap<string, number>): number | undefined {
  const replica = broker.streams.find(stream)
  if (replica?.definition.mode !== 'leader') return undefined
  const known = new Map([...vector].map(([origin, sequence]) => [fromOrigin(origin)?.boot, sequence]))
  let lag = 0
  for (const { boot, position = 0 } of replica.origins.values())
    lag += Math.max(0, position - (known.get(boot) ?? 0))
  return lag
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
