// The queues that the group of names keeps: how far each slot of a queue is acknowledged, whose it is, and whose it will be. It follows from
// the entries alone. A slot moves when its owner has said that everything of it is acknowledged, or when its owner is gone; so the next owner
// begins behind what was acknowledged, and nobody else reads it meanwhile.

import type { Origin } from '../../core/common/ids.ts'
import { slotCount } from '../../wire/batch-slots.ts'
import { isHolder, type Low, type NameKey, originOf, type QueueCommand, type Vector } from './command.ts'
import { readVector, type ToNumber } from './origin-list.ts'
import { planSlots } from './slot-plan.ts'
import { mergeVectors, toKey } from './vectors.ts'

export const queueLimits = {
  /** Queues, each of one stream. */
  queuesMax: 32,
  /** Members of one queue: each has a slot. */
  membersMax: 64,
  patternsMax: 16,
} as const

export interface Slot {
  /** Everything of the slot up to this offset is acknowledged. */
  position: number
  owner: string | undefined
  /** Whom the owner makes room for. */
  next: string | undefined
  /** How often that has changed: what the owner says of an earlier time means nothing, since it may have gone on with the slot in between. */
  turn: number
}

/** What all members of a queue must agree on. */
export interface QueueTerms {
  readonly patterns: readonly string[]
  /** The header whose value is the key. */
  readonly key: string | undefined
}

export interface Queue extends NameKey, QueueTerms {
  readonly slots: readonly Slot[]
  /** In the order in which they joined. */
  members: readonly string[]
  /** An offset up to which all slots are acknowledged, and the last sequences there: from here a gap is told where retention was faster. */
  low: Low
}

export class Queues {
  readonly #queues = new Map<string, Queue>()
  readonly #roomIn: (vector: Vector | undefined) => number

  /** `roomIn`: how many origins may come to a vector. */
  constructor(roomIn: (vector: Vector | undefined) => number) {
    this.#roomIn = roomIn
  }

  get all(): Iterable<Queue> {
    return this.#queues.values()
  }

  /** Origins of all vectors. */
  get positions(): number {
    let positions = 0
    for (const { low } of this.#queues.values()) positions += low.vector.size
    return positions
  }

  find(stream: string, name: string): Queue | undefined {
    return this.#queues.get(toKey(stream, name))
  }

  /** Why a member may not join; undefined if it may. */
  joinProblem(stream: string, name: string, terms: QueueTerms): 'full' | 'differs' | undefined {
    const known = this.find(stream, name)
    if (known === undefined) return this.#queues.size < queueLimits.queuesMax ? undefined : 'full'
    if (JSON.stringify([known.patterns, known.key]) !== JSON.stringify([terms.patterns, terms.key]))
      return 'differs'
    return known.members.length < queueLimits.membersMax ? undefined : 'full'
  }

  apply(command: QueueCommand): boolean {
    const { stream, name, holder } = command
    if (command.op === 'join') return this.#join(command)
    const queue = this.find(stream, name)
    if (queue?.members.includes(holder) !== true) return false
    for (const [slot, position] of command.positions) acknowledge(queue.slots[slot], holder, position)
    if (command.op === 'leave') this.#remove(queue, (member) => member === holder)
    else this.#onAcknowledged(queue, command)
    return true
  }

  forget(stream: string, name: string): boolean {
    return this.find(stream, name)?.members.length === 0 && this.#queues.delete(toKey(stream, name))
  }

  onGone(origin: Origin): boolean {
    const before = [...this.#queues.values()].map(({ members }) => members.length)
    for (const queue of this.#queues.values()) this.#remove(queue, (member) => originOf(member) === origin)
    return [...this.#queues.values()].some(({ members }, at) => members.length !== before[at])
  }

  /** As JSON that `decode` reads; `numberOf` stands for origins. */
  encode(numberOf: ToNumber): unknown {
    return [...this.#queues.values()].map(({ slots, low, ...rest }) => ({
      ...rest,
      slots: slots.map(({ position, owner, next, turn }) => [
        position,
        owner === undefined ? -1 : rest.members.indexOf(owner),
        next === undefined ? -1 : rest.members.indexOf(next),
        turn,
      ]),
      low: { offset: low.offset, vector: [...low.vector].map(([origin, to]) => [numberOf(origin), to]) },
    }))
  }

  /** Takes what `encode` gave; false where it is something else. */
  decode(value: unknown, origins: readonly Origin[]): boolean {
    if (!Array.isArray(value)) return false
    for (const each of value as readonly unknown[]) {
      const queue = readQueue(each, origins)
      if (queue === undefined) return false
      this.#queues.set(toKey(queue.stream, queue.name), queue)
    }
    return true
  }

  #join({ stream, name, holder, patterns, key, low }: QueueCommand & { op: 'join' }): boolean {
    if (this.joinProblem(stream, name, { patterns, key }) !== undefined) return false
    const known = this.find(stream, name)
    if (known?.members.includes(holder) === true) return false
    const queue = known ?? {
      ...{ stream, name, patterns, key, slots: newSlots(low.offset), members: [] },
      low: this.#lowFrom(undefined, low),
    }
    this.#queues.set(toKey(stream, name), queue)
    queue.members = [...queue.members, holder]
    assign(queue)
    return true
  }

  #onAcknowledged(queue: Queue, { holder, released, low }: QueueCommand & { op: 'ack' }): void {
    for (const [number, turn] of released) {
      const slot = queue.slots[number]
      if (slot?.owner !== holder || slot.next === undefined || slot.turn !== turn) continue
      slot.owner = slot.next
      slot.next = undefined
    }
    const isBehind = low !== undefined && queue.slots.every(({ position }) => position >= low.offset)
    if (low === undefined || !isBehind || low.offset <= queue.low.offset) return
    queue.low = this.#lowFrom(queue.low.vector, low)
  }

  #lowFrom(known: Vector | undefined, { offset, vector }: Low): Low {
    return { offset, vector: mergeVectors(known, vector, this.#roomIn(known)) }
  }

  #remove(queue: Queue, isMeant: (member: string) => boolean): void {
    const members = queue.members.filter((member) => !isMeant(member))
    if (members.length === queue.members.length) return
    queue.members = members
    assign(queue)
  }
}

function acknowledge(slot: Slot | undefined, holder: string, position: number): void {
  if (slot?.owner === holder) slot.position = Math.max(slot.position, position)
}

function newSlots(position: number): readonly Slot[] {
  return Array.from({ length: slotCount }, () => ({ position, owner: undefined, next: undefined, turn: 0 }))
}

/** Members have come or gone: slots of those that are gone go to others at once, and of those that are here once they let them go. */
function assign({ slots, members }: Queue): void {
  for (const slot of slots) {
    if (slot.next !== undefined && !members.includes(slot.next)) slot.next = undefined
    if (slot.owner !== undefined && !members.includes(slot.owner)) {
      slot.owner = slot.next
      slot.next = undefined
    }
  }
  const plan = planSlots(
    slots.map(({ owner, next }) => next ?? owner),
    members,
  )
  for (const [number, slot] of slots.entries()) {
    const target = plan[number]
    if (slot.owner === undefined) slot.owner = target
    const next = slot.owner === target ? undefined : target
    if (next !== slot.next) slot.turn++
    slot.next = next
  }
}

function readQueue(value: unknown, origins: readonly Origin[]): Queue | undefined {
  const { stream, name, patterns, key, slots, members, low } = Object(value) as Partial<
    Record<string, unknown>
  >
  if (typeof stream !== 'string' || typeof name !== 'string' || !isTexts(patterns)) return undefined
  if (key !== undefined && typeof key !== 'string') return undefined
  if (!isTexts(members) || !members.every(isHolder)) return undefined
  if (!Array.isArray(slots) || slots.length !== slotCount) return undefined
  const { offset, vector: pairs } = Object(low) as Partial<Record<string, unknown>>
  const vector = readVector(pairs, origins)
  if (vector === undefined || !isOffset(offset)) return undefined
  const read: Slot[] = []
  for (const slot of slots as readonly unknown[]) {
    const [position, owner, next, turn = 0] = Array.isArray(slot) ? (slot as readonly unknown[]) : []
    if (!isOffset(position) || !isOffset(turn)) return undefined
    read.push({ position, owner: members[Number(owner)], next: members[Number(next)], turn })
  }
  return { stream, name, patterns, key, slots: read, members, low: { offset, vector } }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
