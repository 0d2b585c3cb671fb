// How the catalog spreads: what is written here is told to all at once, a link that comes up gets everything, and a hash
// on every probe finds what was lost. Two full catalogs may never agree, because each has refused what the other took; so
// telling everything again brings less and less often what has not helped before.

import type { CatalogEntry } from './catalog.ts'
import { Catalog } from './catalog.ts'
import { count, type GossipContext, type PeerState, send } from './context.ts'

/** What was told in vain: both hashes of then, how often since, and how many probes to let pass. */
interface Vain {
  readonly mine: number
  readonly theirs: number
  tells: number
  skips: number
}

/** JSON characters of one message. Even if each took three bytes, the message would stay below the largest frame. */
const messageCharactersMax = 262_144
/** As often as this everything is told with every probe that does not agree; then after twice as many each time. */
const tellsInRow = 4

export class CatalogExchange {
  readonly catalog: Catalog = new Catalog()
  readonly #context: GossipContext
  readonly #vain = new Map<PeerState, Vain>()

  constructor(context: GossipContext) {
    this.#context = context
  }

  /** Writes an entry as this node; an undefined value removes it. A new key that has no room is counted and left out. */
  write(key: string, value: unknown): void {
    const entry = this.catalog.write(key, value, this.#context.self)
    if (entry === undefined) return count(this.#context, 'catalogEntriesRefused')
    for (const peer of this.#context.peers.values()) {
      if (peer.boot !== undefined) send(this.#context, peer, { kind: 'catalog', entries: [entry] })
    }
    this.#context.effects.push({ kind: 'catalogChanged', keys: [key] })
  }

  onPeerUp(peer: PeerState): void {
    this.#vain.delete(peer)
    this.#tellAll(peer)
  }

  onProbe(peer: PeerState, theirs: number): void {
    const mine = this.catalog.hash
    if (theirs === mine) {
      this.#vain.delete(peer)
      return
    }
    let vain = this.#vain.get(peer)
    if (vain?.mine !== mine || vain.theirs !== theirs) vain = { mine, theirs, tells: 0, skips: 0 }
    this.#vain.set(peer, vain)
    if (vain.skips-- > 0) return
    vain.tells++
    vain.skips = vain.tells < tellsInRow ? 0 : 2 ** (vain.tells - tellsInRow + 1)
    this.#tellAll(peer)
  }

  onCatalog(entries: readonly CatalogEntry[]): void {
    const changed = entries.filter((entry) => this.catalog.merge(entry))
    const refused = entries.filter(({ key }) => !this.catalog.hasRoomFor(key)).length
    if (refused > 0) count(this.#context, 'catalogEntriesRefused', refused)
    if (changed.length === 0) return
    this.#context.effects.push({ kind: 'catalogChanged', keys: changed.map((entry) => entry.key) })
  }

  #tellAll(peer: PeerState): void {
    let entries: CatalogEntry[] = []
    let characters = 0
    for (const entry of this.catalog.entries()) {
      const length = JSON.stringify(entry).length
      if (characters + length > messageCharactersMax && entries.length > 0) {
        send(this.#context, peer, { kind: 'catalog', entries })
        entries = []
        characters = 0
      }
      entries.push(entry)
      characters += length
    }
    send(this.#context, peer, { kind: 'catalog', entries })
  }
}
