// Names of durable subscriptions on streams in leader mode, as far as subscriptions of this node hold them. The cluster keeps them in a Raft
// group (node/leader/names): whoever takes a name reads behind everything that was acknowledged under it, on whatever node.

import type { Refusal } from '../core/common/errors.ts'
import type { Origin } from '../core/common/ids.ts'
import type { LeaderAgent } from '../leader/agent.ts'
import { type NameKey, originOf, type Vector } from '../leader/names/command.ts'
import type { NameGroup } from '../leader/names/name-group.ts'
import { originsMax, positionsMax } from '../leader/names/vectors.ts'
import { type SavePurpose, SaveWish, saveKey, TakeWish, takeKey } from '../leader/names/wishes.ts'
import type { Cursor } from '../wire/cursor.ts'

/** A subscription of this node that reads under a name. */
interface Held {
  readonly holder: string
  /** Streams on which it has the name, or will have it. */
  readonly streams: Set<string>
  /** Of these, those on which it has it. */
  readonly taken: Set<string>
}

export interface LeaderNamesOptions {
  readonly leader: Pick<LeaderAgent, 'names'>
  readonly origin: Origin
  readonly now: () => number
  /** Somebody else wants a name, or has it: the subscription of this node under it is to end. */
  readonly onWanted: (name: string) => void
  /** Where the subscription under a name stands cannot be kept any more: too many restarts of publishers' nodes. */
  readonly onFull: (name: string) => void
}

export class LeaderNames {
  readonly #options: LeaderNamesOptions
  readonly #held = new Map<string, Held>()

  constructor(options: LeaderNamesOptions) {
    this.#options = options
  }

  /** Takes a name on streams; calls back once all are its own, with where it stands on them. Without a majority that takes as long as it takes. */
  take(
    name: string,
    holder: string,
    streams: readonly string[],
    onTaken: (positions: Cursor | Refusal) => void,
  ): void {
    const held = { holder, streams: new Set<string>(), taken: new Set<string>() }
    this.#held.set(name, held)
    const positions = new Map<string, ReadonlyMap<Origin, number>>()
    let waiting = streams.length
    for (const stream of streams)
      this.#takeOn({ stream, name }, held, (vector) => {
        if (vector !== undefined && 'refused' in vector) return onTaken(vector)
        if (vector !== undefined) positions.set(stream, vector)
        if (--waiting === 0) onTaken(positions)
      })
    if (streams.length === 0) onTaken(positions)
  }

  /** The subscription begins: calls back once where it does is kept, so that nothing published from now on passes it by; or cannot be. */
  begin(name: string, cursor: Cursor, onBegun: (refusal?: Refusal) => void): void {
    const held = this.#held.get(name)
    if (held === undefined) return onBegun()
    const onFull = (): void => onBegun({ refused: 'SUBSCRIPTION_LIMIT', reason: tooManyOrigins(name) })
    this.#save(name, held, 'begin', cursor, onBegun, onFull)
  }

  /** Saves where the holder stands on its streams. */
  save(name: string, cursor: Cursor, streams: Iterable<string>): void {
    const held = this.#held.get(name)
    if (held === undefined) return
    // Streams that have come to leader mode since.
    for (const stream of streams)
      if (!held.streams.has(stream)) this.#takeOn({ stream, name }, held, () => undefined)
    const onFull = (): void => this.#options.onFull(name)
    this.#save(name, held, 'go on', cursor, () => undefined, onFull)
  }

  /** Lets a name go, if the holder has it; calls back once that is on the disks of a majority. */
  free(name: string, holder: string, cursor: Cursor, onFreed: () => void): void {
    const held = this.#held.get(name)
    if (held?.holder !== holder) return onFreed()
    this.#held.delete(name)
    for (const stream of held.streams) this.#names.callOff(takeKey({ stream, name }))
    this.#save(name, held, 'free', cursor, onFreed, () => undefined)
  }

  /** The group's ledger has changed. */
  onNames(): void {
    for (const { stream, name, holder, next } of this.#names.ledger.cursors) {
      const held = this.#held.get(name)
      const isTaken = held?.taken.has(stream) === true
      if (holder === held?.holder) {
        if (next !== undefined && isTaken) this.#options.onWanted(name)
        continue
      }
      if (isTaken) this.#options.onWanted(name)
      // A name came to a subscription that had ended meanwhile.
      if (holder !== undefined && originOf(holder) === this.#options.origin)
        this.#freeLate({ stream, name }, holder)
    }
  }

  get #names(): NameGroup {
    return this.#options.leader.names
  }

  #takeOn(key: NameKey, held: Held, onTaken: (vector: Vector | undefined | Refusal) => void): void {
    held.streams.add(key.stream)
    const wish = new TakeWish({
      ...key,
      holder: held.holder,
      now: this.#options.now,
      onTaken: (vector) => {
        held.taken.add(key.stream)
        onTaken(vector)
      },
      onFull: () =>
        onTaken({
          refused: 'SUBSCRIPTION_LIMIT',
          reason: `the cluster keeps as many names on streams in leader mode as it can; ${key.name} is not among them`,
        }),
    })
    this.#names.wish(wish)
  }

  #save(
    name: string,
    held: Held,
    purpose: SavePurpose,
    cursor: Cursor,
    onDone: () => void,
    onFull: () => void,
  ): void {
    const { holder, taken } = held
    let waiting = taken.size
    if (waiting === 0) return onDone()
    const onSaved = (): void => {
      if (--waiting === 0) onDone()
    }
    for (const stream of [...taken]) {
      const vector = cursor.get(stream) ?? new Map<Origin, number>()
      this.#names.wish(new SaveWish({ stream, name, holder, vector, purpose, onDone: onSaved, onFull }))
    }
  }

  #freeLate(key: NameKey, holder: string): void {
    const purpose = 'free'
    if (this.#names.isWished(saveKey({ ...key, holder, purpose }))) return
    const vector = new Map<Origin, number>()
    const nothing = (): void => undefined
    this.#names.wish(new SaveWish({ ...key, holder, vector, purpose, onDone: nothing, onFull: nothing }))
  }
}

/** What a subscription is told whose place cannot be kept. */
export function tooManyOrigins(name: string): string {
  return `the cluster keeps ${originsMax} restarts of publishers' nodes for a name, and ${positionsMax} for all; ${name} stands behind more`
}
