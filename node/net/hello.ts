// The first message on a link, and what makes two nodes refuse each other. Decoding never throws: the bytes come from
// whoever found the port.

import type { Refusal } from '../core/common/errors.ts'
import { type Boot, isBoot, isNodeId, type NodeId } from '../core/common/ids.ts'

/** Version of the protocol between nodes that this code speaks. */
export const linkProtocol = 1

/** Entries of a hello's peers; a cluster has far fewer. */
const peersMax = 1024
const hostCharactersMax = 255

/** Where a node is reached, as peers.json says. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

/** What a node says about itself when a link begins. */
export interface Hello {
  readonly protocol: number
  readonly cluster: string
  readonly node: NodeId
  readonly boot: Boot
  readonly version: string
  /** Of the node over its data directory, as Raft groups know it. */
  readonly member: number
  /** The number of META of the cluster that it is in, as far as it knows one. */
  readonly meta: number | undefined
  /** All nodes that it knows, itself included. */
  readonly peers: ReadonlyMap<string, PeerAddress>
  /** True when the dialling node only shows that it runs; the other end dials back. */
  readonly announce: boolean
}

/** The JSON text of a hello. */
export function encodeHello(hello: Hello): string {
  const peers = Object.fromEntries([...hello.peers].map(([id, { host, port }]) => [id, [host, port]]))
  const { protocol, cluster, node, boot, version, member, meta, announce } = hello
  return JSON.stringify({
    op: 'hello',
    protocol,
    cluster,
    node,
    boot,
    version,
    member,
    peers,
    ...(meta !== undefined && { meta }),
    ...(announce && { announce }),
  })
}

/** Parses a text message as a JSON object; undefined for anything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads a hello. A later version may say things that this one does not know, so its number is judged first. */
export function decodeHello(fields: Readonly<Record<string, unknown>>): Hello | Refusal {
  const { protocol, cluster, node, boot, version, member, meta, peers, announce } = fields
  if (protocol !== linkProtocol) {
    const reason = `the other node speaks protocol ${JSON.stringify(protocol)?.slice(0, 20)}, this one ${linkProtocol}`
    return { refused: 'PROTOCOL_VERSION_UNKNOWN', reason }
  }
  if (typeof cluster !== 'string') return malformed('cluster')
  if (typeof node !== 'string' || !isNodeId(node)) return malformed('node')
  if (typeof boot !== 'number' || !isBoot(boot)) return malformed('boot')
  if (typeof version !== 'string') return malformed('version')
  if (typeof member !== 'number' || !Number.isSafeInteger(member) || member < 1) return malformed('member')
  if (meta !== undefined && (typeof meta !== 'number' || !Number.isSafeInteger(meta)))
    return malformed('meta')
  const addresses = decodePeers(peers)
  if (addresses === undefined) return malformed('peers')
  return {
    protocol,
    cluster,
    node,
    boot,
    version,
    member,
    meta,
    peers: addresses,
    announce: announce === true,
  }
}

/**
 * Where a node is that this one does not know, if it belongs here: it is of this cluster, and has this node where it is. Undefined for
 * every other one.
 */
export function toNewcomer(own: Hello, other: Hello): PeerAddress | undefined {
  // A name that would vanish in every object that is keyed by nodes is nobody's.
  if (own.peers.has(other.node) || other.node === '__proto__') return undefined
  if (own.cluster !== other.cluster) return undefined
  const [here, there] = [own.peers.get(own.node), other.peers.get(own.node)]
  const isMeant = here !== undefined && here.host === there?.host && here.port === there.port
  return isMeant ? other.peers.get(other.node) : undefined
}

/** Why the node that said `other` may not be linked to the one that says `own`; undefined if it may. */
export function judgeHello(own: Hello, other: Hello): Refusal | undefined {
  if (other.cluster !== own.cluster) {
    const reason = `node ${own.node} belongs to cluster "${own.cluster}", node ${other.node} to "${other.cluster}"`
    return { refused: 'CLUSTER_MISMATCH', reason }
  }
  if (own.meta !== undefined && other.meta !== undefined && own.meta !== other.meta) {
    const reason = `${own.node} and ${other.node} belong to two clusters that were founded apart`
    return { refused: 'CLUSTER_MISMATCH', reason }
  }
  if (!own.peers.has(other.node)) {
    return { refused: 'NODE_UNKNOWN', reason: `the peers.json of node ${own.node} has no "${other.node}"` }
  }
  for (const [id, ours] of own.peers) {
    const theirs = other.peers.get(id)
    // An id that only one side has is a cluster being extended node by node.
    if (theirs === undefined || (theirs.host === ours.host && theirs.port === ours.port)) continue
    const reason = `${id} is ${ours.host}:${ours.port} for node ${own.node}, ${theirs.host}:${theirs.port} for ${other.node}`
    return { refused: 'PEERS_DISAGREE', reason }
  }
  return undefined
}

function decodePeers(value: unknown): Map<string, PeerAddress> | undefined {
  if (!isRecord(value)) return undefined
  const entries = Object.entries(value)
  if (entries.length > peersMax) return undefined
  const peers = new Map<string, PeerAddress>()
  for (const [id, address] of entries) {
    if (!Array.isArray(address) || !isNodeId(id)) return undefined
    const [host, port]: readonly unknown[] = address
    if (typeof host !== 'string' || host.length > hostCharactersMax || typeof port !== 'number')
      return undefined
    peers.set(id, { host, port })
  }
  return peers
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(field: string): Refusal {
  return { refused: 'PROTOCOL_BROKEN', reason: `the hello of the other node has no valid "${field}"` }
}
