// The other nodes of this one: those of peers.json, those that have joined since, without those that have left. Links and the gossip agent
// follow.

import type { Logger } from 'pino'
import type { Broker } from './broker/broker.ts'
import { now } from './clock.ts'
import { parseAddress } from './config/address.ts'
import type { NodeConfig } from './config/node-config.ts'
import { peersMax } from './config/peers.ts'
import type { Counters } from './core/common/counters.ts'
import type { ErrorCode, Refusal } from './core/common/errors.ts'
import type { Boot, NodeId } from './core/common/ids.ts'
import type { Roster } from './meta/roster.ts'
import type { PeerAddress } from './net/hello.ts'
import { Links } from './net/links.ts'
import type { LinkListener } from './net/ports.ts'

export interface ClusterPeersOptions {
  readonly config: NodeConfig
  readonly boot: Boot
  readonly version: string
  readonly member: number
  readonly broker: Broker
  readonly listener: LinkListener
  readonly counters: Counters
  readonly log: Logger
  readonly random: () => number
  /** This node must not go on. */
  readonly onBanned: (code: ErrorCode, reason: string) => void
}

export class ClusterPeers {
  readonly links: Links
  readonly #options: ClusterPeersOptions
  /** Nodes that are not in peers.json, or had left, and have shown themselves since. */
  readonly #newcomers = new Map<NodeId, PeerAddress>()
  /** Nodes that have left the cluster, as far as they have not come back. */
  readonly #left = new Set<NodeId>()
  /** Where nodes were as the roster said last, also of those that have left. */
  readonly #addresses = new Map<NodeId, string>()
  /** Nodes that are elsewhere than before: what peers.json said when this node began is not so any more. */
  readonly #moved = new Set<NodeId>()
  #roster: Roster | undefined
  /** Members at the last look. */
  #members: readonly NodeId[] = []
  /** Those that links are kept to, and this one. */
  #nodes: ReadonlySet<NodeId>

  constructor(options: ClusterPeersOptions) {
    this.#options = options
    this.#nodes = new Set(options.config.peers.keys())
    const { config, boot, version, member, listener, counters, log, random, onBanned } = options
    this.links = new Links({
      ...{ cluster: config.cluster, node: config.nodeId, boot, version, member, peers: config.peers },
      ...{ listener, counters, random, now, onBanned },
      log: (event, fields) => log.info({ event, ...fields }),
      judgeMember: (id) => this.#judge(id),
      onNewcomer: (node, address) => this.#onNewcomer(node, address),
    })
  }

  /** Members have come or gone. */
  onRoster(roster: Roster, meta: number): void {
    const { member, config, onBanned } = this.#options
    this.#roster = roster
    if (roster.isFormer(member))
      return onBanned('NODE_REMOVED', `node ${config.nodeId} was removed from the cluster`)
    const { nodes } = roster
    for (const node of roster.formerNodes) if (!nodes.includes(node)) this.#left.add(node)
    for (const node of this.#members) if (!nodes.includes(node)) this.#newcomers.delete(node)
    for (const node of nodes) this.#left.delete(node)
    for (const { node, address } of roster.members) {
      if ((this.#addresses.get(node) ?? address) !== address) this.#moved.add(node)
      this.#addresses.set(node, address)
    }
    this.#members = nodes
    this.links.setMeta(meta)
    this.#apply()
  }

  #judge(member: number): Refusal | undefined {
    if (this.#roster?.isFormer(member) !== true) return undefined
    const node = this.#roster.nodeOf(member)
    return { refused: 'NODE_REMOVED', reason: `node ${node}, over this data directory, was removed` }
  }

  #onNewcomer(node: NodeId, address: PeerAddress): void {
    if (this.#nodes.size >= peersMax) return
    this.#options.log.info({ event: 'node-joins', peer: node, ...address })
    this.#newcomers.set(node, address)
    this.#apply()
  }

  #apply(): void {
    const { config, broker } = this.#options
    const isOutdated = (node: NodeId): boolean =>
      node !== config.nodeId && (this.#left.has(node) || this.#moved.has(node))
    const peers = new Map<NodeId, PeerAddress>()
    for (const [node, { host, port }] of config.peers) if (!isOutdated(node)) peers.set(node, { host, port })
    for (const { node, address } of this.#roster?.members ?? []) {
      const parsed = parseAddress(address, 1)
      if (!peers.has(node) && typeof parsed === 'object') peers.set(node, parsed)
    }
    // Who left and came back may be elsewhere by now than the file said when this node began.
    for (const [node, address] of this.#newcomers) peers.set(node, address)
    const known = this.links.own.peers
    const isKnown = ([node, { host, port }]: [NodeId, PeerAddress]): boolean =>
      known.get(node)?.host === host && known.get(node)?.port === port
    if (peers.size === known.size && [...peers].every(isKnown)) return
    this.#nodes = new Set(peers.keys())
    this.links.setPeers(peers)
    broker.handle({ kind: 'nodes', nodes: [...peers.keys()] })
  }
}
