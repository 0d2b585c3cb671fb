// peers.json: who is in the cluster and where. `{"A": ["10.0.0.1", 8000]}`, or an object with `host`, `port` and,
// where clients reach a node under another address than its peers do, `advertise`; `zone` names what fails together.

import { isNodeId, type NodeId } from '../core/common/ids.ts'
import { formatAddress, isHost, isPort, parseAddress, portMax } from './address.ts'
import { parseJsonSource } from './json-source.ts'
import { configProblem, type Problem, showValue } from './problem.ts'

/** Nodes of one cluster: above this, direct sending to every interested node costs more than it saves. */
export const peersMax = 16

/** One node of peers.json. */
export interface PeerEntry {
  readonly host: string
  readonly port: number
  /** `HOST:PORT` for clients, where it differs. */
  readonly advertise: string | undefined
  readonly zone: string | undefined
}

export type Peers = ReadonlyMap<NodeId, PeerEntry>

const zonePattern = /^[A-Za-z0-9_.-]{1,64}$/
const entryKeys = ['host', 'port', 'advertise', 'zone']

/** Where clients reach a node. */
export function toClientUrl({ host, port, advertise }: PeerEntry): string {
  return `ws://${advertise ?? formatAddress({ host, port })}`
}

/** Reads the text of a peers file. All problems are reported; with any, the nodes are those that are right. */
export function parsePeers(
  text: string,
  fileName: string,
): { readonly peers: Peers; readonly problems: readonly Problem[] } {
  const source = parseJsonSource(text)
  const problems = source.problems.map((problem) => configProblem(fileName, problem))
  const peers = new Map<NodeId, PeerEntry>()
  const { value } = source
  if (value === undefined) return { peers, problems }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(configProblem(fileName, 'not an object of node ids: {"A": ["10.0.0.1", 8000]}'))
    return { peers, problems }
  }
  const entries = Object.entries(value)
  if (entries.length === 0) problems.push(configProblem(fileName, 'names no node'))
  if (entries.length > peersMax) {
    problems.push(configProblem(fileName, `${entries.length} nodes are more than ${peersMax}`))
  }
  for (const [id, entry] of entries) {
    const place = `${fileName}: ${showValue(id)}`
    const peer = parseEntry(entry, place, problems)
    if (!isUsableId(id)) {
      problems.push(configProblem(place, 'a node id is 1 to 32 of A-Z a-z 0-9 _ -, and not __proto__'))
    } else if (peer !== undefined) peers.set(id, peer)
  }
  problems.push(...findSharedAddresses(peers, fileName))
  return { peers, problems }
}

/** An id on which two nodes' peers.json disagree, and both sides. */
export interface PeerDisagreement {
  readonly id: NodeId
  readonly mine: string
  readonly theirs: string
}

/**
 * The first id, in sorted order, for which two nodes have different addresses. An id that only one of them knows is
 * no disagreement: so a node can be added to one peers.json after the other.
 */
export function comparePeers(mine: Peers, theirs: Peers): PeerDisagreement | undefined {
  for (const id of [...mine.keys()].sort()) {
    const left = mine.get(id)
    const right = theirs.get(id)
    if (left === undefined || right === undefined) continue
    if (left.port === right.port && left.host.toLowerCase() === right.host.toLowerCase()) continue
    return { id, mine: `${left.host} ${left.port}`, theirs: `${right.host} ${right.port}` }
  }
  return undefined
}

/** The addresses as a plain JSON value, for the hello between nodes: `[["A","10.0.0.1",8000],…]`, sorted. */
export function toPeersValue(peers: Peers): readonly (readonly [id: string, host: string, port: number])[] {
  return [...peers]
    .map(([id, peer]) => [id, peer.host, peer.port] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1))
}

/** Reads the value of another node's hello; undefined if it is not one. */
export function fromPeersValue(value: unknown): Peers | undefined {
  if (!Array.isArray(value) || value.length > peersMax) return undefined
  const peers = new Map<NodeId, PeerEntry>()
  for (const item of value) {
    if (!Array.isArray(item) || item.length !== 3) return undefined
    const [id, host, port]: readonly unknown[] = item
    if (typeof id !== 'string' || !isUsableId(id) || typeof host !== 'string' || !isHost(host))
      return undefined
    if (!isPort(port)) return undefined
    peers.set(id, { host, port, advertise: undefined, zone: undefined })
  }
  return peers
}

/** `__proto__` matches the pattern of ids and would vanish in every object that is keyed by them. */
function isUsableId(id: string): id is NodeId {
  return isNodeId(id) && id !== '__proto__'
}

function parseEntry(entry: unknown, place: string, problems: Problem[]): PeerEntry | undefined {
  if (Array.isArray(entry)) {
    if (entry.length !== 2) problems.push(configProblem(place, `not [host, port]: ${showValue(entry)}`))
    else
      return checkEntry({ host: entry[0], port: entry[1] }, [`${place}[0]`, `${place}[1]`], place, problems)
    return undefined
  }
  if (typeof entry !== 'object' || entry === null) {
    problems.push(configProblem(place, `not [host, port] and not {"host", "port"}: ${showValue(entry)}`))
    return undefined
  }
  for (const key of Object.keys(entry)) {
    if (entryKeys.includes(key)) continue
    problems.push(configProblem(`${place}.${key}`, `unknown; known are ${entryKeys.join(', ')}`))
  }
  return checkEntry(entry, [`${place}.host`, `${place}.port`], place, problems)
}

interface EntryValue {
  readonly host?: unknown
  readonly port?: unknown
  readonly advertise?: unknown
  readonly zone?: unknown
}

function checkEntry(
  entry: EntryValue,
  [hostPlace, portPlace]: readonly [string, string],
  place: string,
  problems: Problem[],
): PeerEntry | undefined {
  const before = problems.length
  const { host, port, advertise, zone } = entry
  const isHostRight = typeof host === 'string' && isHost(host)
  if (!isHostRight)
    problems.push(
      configProblem(
        hostPlace,
        host === '' ? 'the host is empty' : `host ${showValue(host)} is not a name or address`,
      ),
    )
  const isPortRight = isPort(port)
  if (!isPortRight) problems.push(configProblem(portPlace, `port ${showValue(port)} is not 1..${portMax}`))
  const advertised = typeof advertise === 'string' ? parseAddress(advertise, 1) : 'not a text HOST:PORT'
  if (advertise !== undefined && typeof advertised === 'string') {
    problems.push(configProblem(`${place}.advertise`, advertised))
  }
  if (zone !== undefined && !(typeof zone === 'string' && zonePattern.test(zone))) {
    problems.push(configProblem(`${place}.zone`, `${showValue(zone)} is not 1 to 64 of A-Z a-z 0-9 _ - .`))
  }
  if (problems.length > before || !isHostRight || !isPortRight) return undefined
  return {
    host,
    port,
    advertise: typeof advertise === 'string' ? advertise : undefined,
    zone: typeof zone === 'string' ? zone : undefined,
  }
}

function findSharedAddresses(peers: Peers, fileName: string): readonly Problem[] {
  const problems: Problem[] = []
  const owners = new Map<string, NodeId>()
  for (const [id, { host, port }] of peers) {
    const address = `${host.toLowerCase()} ${port}`
    const owner = owners.get(address)
    if (owner === undefined) owners.set(address, id)
    else
      problems.push(configProblem(`${fileName}: ${id}`, `${host} ${port} is the address of ${owner} as well`))
  }
  return problems
}
