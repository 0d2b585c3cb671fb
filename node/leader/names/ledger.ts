// What the group of names knows: for each name on each stream where it stands and who holds it, and every queue. It follows from the entries alone, so
// that every member has the same behind the same entry.

import { fromOrigin, type Origin } from '../../core/common/ids.ts'
import { toTextBytes, tryReadText } from '../../wire/text.ts'
import { LedgerDamaged } from '../ledger.ts'
import { isHolder, type NameCommand, type NameKey, originOf, type Vector } from './command.ts'
import { OriginList, readVector } from './origin-list.ts'
import { Queues } from './queues.ts'
import { fittingChanges, mergeVectors, roomIn, toKey } from './vectors.ts'

/** Names, each counted once for each stream in leader mode. */
export const cursorsMax = 256

/** One durable subscription on one stream. */
export interface NamedCursor extends NameKey {
  /** The subscription that reads under the name, as the journal calls it: `NODE#BOOT/N`. */
  holder: string | undefined
  /** Whoever wants the name, while its holder gives it up. */
  next: string | undefined
  /** Undefined until the first holder has said where it stands. */
  vector: Map<Origin, number> | undefined
}

export class NameLedger {
  readonly #cursors = new Map<string, NamedCursor>()
  readonly queues: Queues = new Queues((vector) => this.#roomIn(vector))

  get cursors(): Iterable<NamedCursor> {
    return this.#cursors.values()
  }

  cursor(stream: string, name: string): NamedCursor | undefined {
    return this.#cursors.get(toKey(stream, name))
  }

  /** Whether a name is kept already, or another one could be. */
  hasRoomFor(stream: string, name: string): boolean {
    return this.#cursors.size < cursorsMax || this.#cursors.has(toKey(stream, name))
  }

  /** What saving a vector under a name would change: what there is no room for is not in it. */
  changesOf({ stream, name }: NameKey, vector: Vector): Map<Origin, number> {
    const known = this.cursor(stream, name)?.vector
    return fittingChanges(known, vector, this.#roomIn(known))
  }

  /** Takes the next command; false where it does not follow from what is here, and so means nothing to anybody. */
  apply(command: NameCommand): boolean {
    switch (command.op) {
      case 'take':
        return this.#take(command)
      case 'save':
        return this.#save(command)
      case 'join':
      case 'ack':
      case 'leave':
        return this.queues.apply(command)
      case 'forget':
        return this.#forget(command)
      case 'gone':
        return this.#onGone(command.origin)
    }
  }

  /** Runs of nodes that hold something. */
  origins(): Set<Origin> {
    const origins = new Set<Origin>()
    for (const { holder, next } of this.#cursors.values())
      for (const each of [holder, next]) if (each !== undefined) origins.add(originOf(each))
    for (const { members } of this.queues.all) for (const each of members) origins.add(originOf(each))
    return origins
  }

  /** Everything, as bytes that `decode` reads. */
  encode(): Uint8Array {
    const list = new OriginList()
    const cursors = [...this.#cursors.values()].map(({ vector, ...rest }) => {
      const pairs = vector && [...vector].map(([origin, sequence]) => [list.numberOf(origin), sequence])
      return { ...rest, vector: pairs }
    })
    const queues = this.queues.encode(list.numberOf)
    return toTextBytes(JSON.stringify({ origins: list.origins, cursors, queues }))
  }

  /** Throws LedgerDamaged. Nothing at all is the ledger of a group that begins. */
  static decode(bytes: Uint8Array): NameLedger {
    const ledger = new NameLedger()
    if (bytes.length === 0) return ledger
    const { origins, cursors, queues } = parse(bytes)
    for (const origin of origins)
      if (typeof origin !== 'string' || fromOrigin(origin) === undefined)
        throw new LedgerDamaged('origins has something that is no origin')
    for (const [at, each] of cursors.entries()) {
      const cursor = readCursor(each, origins as readonly Origin[])
      if (cursor === undefined) throw new LedgerDamaged(`cursors[${at}] is no cursor`)
      ledger.#cursors.set(toKey(cursor.stream, cursor.name), cursor)
    }
    if (!ledger.queues.decode(queues, origins as readonly Origin[]))
      throw new LedgerDamaged('queues has something that is no queue')
    return ledger
  }

  #take({ stream, name, holder, replaces, force }: NameCommand & { op: 'take' }): boolean {
    if (!this.hasRoomFor(stream, name)) return false
    const known = this.cursor(stream, name) ?? {
      stream,
      name,
      holder: undefined,
      next: undefined,
      vector: undefined,
    }
    if (known.holder !== replaces || known.holder === holder) return false
    this.#cursors.set(toKey(stream, name), known)
    const isFree = known.holder === undefined || force
    known.next = isFree ? undefined : holder
    if (isFree) known.holder = holder
    return true
  }

  #save({ stream, name, holder, vector, frees }: NameCommand & { op: 'save' }): boolean {
    const known = this.cursor(stream, name)
    if (known?.holder !== holder) return false
    known.vector = mergeVectors(known.vector, vector, this.#roomIn(known.vector))
    if (frees) release(known)
    return true
  }

  #roomIn(vector: Vector | undefined): number {
    let positions = this.queues.positions
    for (const cursor of this.#cursors.values()) positions += cursor.vector?.size ?? 0
    return roomIn(vector, positions)
  }

  #forget({ stream, name }: NameCommand & { op: 'forget' }): boolean {
    const isFree = this.cursor(stream, name)?.holder === undefined
    const isForgotten = isFree && this.#cursors.delete(toKey(stream, name))
    return this.queues.forget(stream, name) || isForgotten
  }

  #onGone(origin: Origin): boolean {
    let isAny = this.queues.onGone(origin)
    for (const cursor of this.#cursors.values()) {
      const { holder, next } = cursor
      if (next !== undefined && originOf(next) === origin) cursor.next = undefined
      if (holder !== undefined && originOf(holder) === origin) release(cursor)
      isAny = isAny || cursor.next !== next || cursor.holder !== holder
    }
    return isAny
  }
}

function release(cursor: NamedCursor): void {
  cursor.holder = cursor.next
  cursor.next = undefined
}

function readCursor(value: unknown, origins: readonly Origin[]): NamedCursor | undefined {
  const { stream, name, holder, next, vector: pairs } = Object(value) as Partial<Record<string, unknown>>
  if (typeof stream !== 'string' || typeof name !== 'string') return undefined
  if (!isHolderOrNone(holder) || !isHolderOrNone(next)) return undefined
  if (pairs === undefined) return { stream, name, holder, next, vector: undefined }
  const vector = readVector(pairs, origins)
  return vector && { stream, name, holder, next, vector }
}

function isHolderOrNone(value: unknown): value is string | undefined {
  return value === undefined || isHolder(value)
}

interface State {
  readonly origins: readonly unknown[]
  readonly cursors: readonly unknown[]
  readonly queues: unknown
}

function parse(bytes: Uint8Array): State {
  let fields: Partial<Record<string, unknown>> = {}
  try {
    fields = Object(JSON.parse(tryReadText(bytes) ?? ''))
  } catch {
    // Said below.
  }
  const { origins, cursors, queues } = fields
  if (!Array.isArray(origins) || !Array.isArray(cursors))
    throw new LedgerDamaged('not {"origins", "cursors", "queues"}')
  return { origins, cursors, queues }
}
