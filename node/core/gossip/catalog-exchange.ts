// How the catalog spreads: what is written here is told to all at once, a link that comes up gets everything, and a hash
// on every probe finds what was lost.

import type { CatalogEntry } from './catalog.ts'
import { Catalog } from './catalog.ts'
import { type GossipContext, type PeerState, send } from './context.ts'

export class CatalogExchange {
  readonly catalog: Catalog = new Catalog()
  readonly #context: GossipContext

  constructor(context: GossipContext) {
    this.#context = context
  }

  /** Writes an entry as this node; an undefined value removes it. */
  write(key: string, value: unknown): void {
    const entry = this.catalog.write(key, value, this.#context.self)
    for (const peer of this.#context.peers.values()) {
      if (peer.boot !== undefined) send(this.#context, peer, { kind: 'catalog', entries: [entry] })
    }
    this.#context.effects.push({ kind: 'catalogChanged', keys: [key] })
  }

  onPeerUp(peer: PeerState): void {
    this.#tellAll(peer)
  }

  onProbe(peer: PeerState, hash: number): void {
    if (hash !== this.catalog.hash) this.#tellAll(peer)
  }

  onCatalog(entries: readonly CatalogEntry[]): void {
    const changed = entries.filter((entry) => this.catalog.merge(entry))
    if (changed.length === 0) return
    this.#context.effects.push({ kind: 'catalogChanged', keys: changed.map((entry) => entry.key) })
  }

  #tellAll(peer: PeerState): void {
    send(this.#context, peer, { kind: 'catalog', entries: [...this.catalog.entries()] })
  }
}
