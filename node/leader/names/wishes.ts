// What a node wants for its durable subscriptions: to hold a name, and to say where the subscription stands.

import type { NameCommand, NameKey, Vector } from './command.ts'
import type { Wish } from './desk.ts'
import type { NameLedger } from './ledger.ts'
import { changesTo } from './vectors.ts'

/** A holder that does not give a name up within so long is not waited for any more, milliseconds. */
const handOverMs = 1000

export interface TakeOptions extends NameKey {
  readonly holder: string
  readonly now: () => number
  /** Hears where the name stands, once it is the holder's; undefined where nobody has said so yet. */
  readonly onTaken: (vector: Vector | undefined) => void
  /** The group keeps as many names as it can. */
  readonly onFull: () => void
}

/** The holder wants a name. Whoever has it is asked for it, and has a moment to say where it stands. */
export class TakeWish implements Wish {
  readonly key: string
  readonly #options: TakeOptions
  /** Since when this one is next, milliseconds. */
  #nextSince: number | undefined

  constructor(options: TakeOptions) {
    this.#options = options
    this.key = takeKey(options)
  }

  next(ledger: NameLedger): NameCommand | 'waits' | undefined {
    const { stream, name, holder, now, onTaken, onFull } = this.#options
    const known = ledger.cursor(stream, name)
    if (known?.holder === holder) {
      onTaken(known.vector)
      return undefined
    }
    if (!ledger.hasRoomFor(stream, name)) {
      onFull()
      return undefined
    }
    const take = { op: 'take', stream, name, holder, replaces: known?.holder } as const
    if (known?.next === undefined) {
      this.#nextSince = undefined
      return { ...take, force: false }
    }
    // Two that want it do not push each other away: the later one asks whoever gets it.
    if (known.next !== holder) return 'waits'
    this.#nextSince ??= now()
    return now() - this.#nextSince < handOverMs ? 'waits' : { ...take, force: true }
  }
}

/** The key of the wish for a name, by which it is called off. */
export function takeKey({ stream, name }: NameKey): string {
  return `take ${stream} ${name}`
}

export type SavePurpose = 'begin' | 'go on' | 'free'

export interface SaveOptions extends NameKey {
  readonly holder: string
  readonly vector: Vector
  /** What for: of two with the same purpose the later one counts. `free`: the holder lets the name go. */
  readonly purpose: SavePurpose
  /** The group has it on the disks of a majority; or the name is somebody else's. */
  readonly onDone: () => void
  /** The group keeps as many origins as it can, and not all of these. Whoever lets a name go does not hear of that. */
  readonly onFull: () => void
}

/** The holder of a name stands here, or further. */
export class SaveWish implements Wish {
  readonly key: string
  readonly #options: SaveOptions

  constructor(options: SaveOptions) {
    this.#options = options
    this.key = saveKey(options)
  }

  next(ledger: NameLedger): NameCommand | undefined {
    const { stream, name, holder, vector, purpose, onDone, onFull } = this.#options
    const frees = purpose === 'free'
    const known = ledger.cursor(stream, name)
    const changes = ledger.changesOf(this.#options, vector)
    const isKept = known?.vector !== undefined && changes.size === 0
    if (known?.holder === holder && (frees || !isKept))
      return { op: 'save', stream, name, holder, vector: changes, frees }
    const isFull = known?.holder === holder && changesTo(known.vector, vector).size > 0
    if (isFull) onFull()
    else onDone()
    return undefined
  }
}

/** The key of the wish to save for a purpose. */
export function saveKey({
  stream,
  name,
  holder,
  purpose,
}: Omit<SaveOptions, 'vector' | 'onDone' | 'onFull'>): string {
  return `${purpose} ${stream} ${name} ${holder}`
}

/** Nobody wants a name any more, unless somebody has it. */
export class ForgetWish implements Wish {
  readonly key: string
  readonly #options: NameKey & { readonly onDone: () => void }

  constructor(options: NameKey & { readonly onDone: () => void }) {
    this.#options = options
    this.key = `forget ${options.stream} ${options.name}`
  }

  next(ledger: NameLedger): NameCommand | undefined {
    const { stream, name, onDone } = this.#options
    const known = ledger.cursor(stream, name)
    const isFree = known !== undefined && known.holder === undefined
    if (isFree || ledger.queues.find(stream, name)?.members.length === 0)
      return { op: 'forget', stream, name }
    onDone()
    return undefined
  }
}
