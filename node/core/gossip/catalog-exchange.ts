// How the catalog spreads: what is written here is told to all at once, a link that comes up gets everything, and a hash
// on every probe finds what was lost. Two full catalogs may never agree, because each has refused what the other took; so
// telling everything again brings less and less often what has not helped before. Who must know what the others know by now asks them.

import type { CatalogEntry } from './catalog.ts'
import { Catalog } from './catalog.ts'
import { count, type GossipContext, gossipLimits, type PeerState, send } from './context.ts'
import type { CatalogMessage } from './messages.ts'

/** What all peers were asked for. */
interface Question {
  readonly since: number
  /** Who has not answered. */
  readonly waiting: Set<PeerState>
}

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
  /** By the token that is confirmed when all have answered. */
  readonly #questions = new Map<number, Question>()

  constructor(context: GossipContext) {
    this.#context = context
  }

  get isWaiting(): boolean {
    return this.#questions.size > 0
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

  /** Asks every peer in reach for what its catalog has. The token is confirmed when that is here, or some have not answered in time. */
  ask(token: number): void {
    const { peers, now } = this.#context
    const waiting = new Set([...peers.values()].filter(({ boot }) => boot !== undefined))
    this.#questions.set(token, { since: now, waiting })
    const asks = { id: token, hash: this.catalog.hash }
    for (const peer of waiting) send(this.#context, peer, { kind: 'catalog', entries: [], asks })
    this.#settle()
  }

  onPeerUp(peer: PeerState): void {
    this.#vain.delete(peer)
    this.#tellAll(peer)
  }

  onPeerDown(peer: PeerState): void {
    for (const { waiting } of this.#questions.values()) waiting.delete(peer)
    this.#settle()
  }

  /** Ends questions that some have not answered in time. */
  expire(): void {
    const since = this.#context.now - gossipLimits.catalogTimeoutMs
    for (const question of this.#questions.values()) if (question.since <= since) question.waiting.clear()
    this.#settle()
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

  onCatalog(peer: PeerState, { entries, asks, answers }: CatalogMessage): void {
    this.#take(entries)
    if (asks?.hash === this.catalog.hash)
      send(this.#context, peer, { kind: 'catalog', entries: [], answers: asks.id })
    else if (asks !== undefined) this.#tellAll(peer, { answers: asks.id })
    if (answers === undefined) return
    this.#questions.get(answers)?.waiting.delete(peer)
    this.#settle()
  }

  #settle(): void {
    for (const [token, { waiting }] of this.#questions) {
      if (waiting.size > 0) continue
      this.#questions.delete(token)
      this.#context.effects.push({ kind: 'confirmed', token, ok: true })
    }
  }

  #take(entries: readonly CatalogEntry[]): void {
    const changed = entries.filter((entry) => this.catalog.merge(entry))
    const refused = entries.filter(({ key }) => !this.catalog.hasRoomFor(key)).length
    if (refused > 0) count(this.#context, 'catalogEntriesRefused', refused)
    if (changed.length === 0) return
    this.#context.effects.push({ kind: 'catalogChanged', keys: changed.map((entry) => entry.key) })
  }

  #tellAll(peer: PeerState, last: Pick<CatalogMessage, 'answers'> = {}): void {
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
    send(this.#context, peer, { kind: 'catalog', entries, ...last })
  }
}
