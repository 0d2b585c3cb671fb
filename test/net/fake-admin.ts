// The admin interface over real HTTP, with a node that records what it was asked and answers everything.

import { Readable } from 'node:stream'
import { Counters } from '../../node/core/common/counters.ts'
import type { Refusal } from '../../node/core/common/errors.ts'
import type { AdminPort, NodeStatus, StreamDefinitionAnswer } from '../../node/net/admin-port.ts'
import { AdminServer } from '../../node/net/admin-server.ts'

export const definition: StreamDefinitionAnswer = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'gossip',
  retention: { bytes: 1, ageMs: 2 },
  copies: 2,
  replicas: 3,
  version: 1,
  by: 'A',
}
export const nodeStatus: NodeStatus = {
  node: 'A',
  origin: 'A#1',
  cluster: 'herald',
  version: '0.1.0',
  state: 'ready',
  uptimeMs: 1,
  memory: { rssBytes: 1, heapUsedBytes: 1, retainedBytes: 1 },
  loopLagMs: { p99: 0, max: 0 },
  journal: { state: 'ok' },
  member: { state: 'settled' },
  links: [],
  streams: [],
  subscriptions: 0,
  sessions: 0,
  counters: {},
}
const content: Buffer = Buffer.from('0123456789')

/** Answers everything and remembers the calls. */
class FakeNode implements AdminPort {
  readonly calls: unknown[][] = []
  refusal: Refusal | undefined
  statusOf: () => NodeStatus = () => nodeStatus

  status(): NodeStatus {
    return this.statusOf()
  }

  streams(): readonly StreamDefinitionAnswer[] {
    return [definition]
  }

  putStream: AdminPort['putStream'] = (...call) => this.#record('putStream', call, definition)
  setMode: AdminPort['setMode'] = (stream, mode) =>
    this.#record('setMode', [stream, mode], { stream, mode, epoch: 1, elapsedMs: 5 })
  streamEnd: AdminPort['streamEnd'] = (stream, isCommitted) =>
    this.#record('streamEnd', [stream, isCommitted], { stream, epoch: 1, last: 9, sequences: {} })
  deleteStream: AdminPort['deleteStream'] = (...call) => this.#record('deleteStream', call, definition)
  addSubscription: AdminPort['addSubscription'] = (...call) => this.#record('add', call, { changed: true })
  removeSubscription: AdminPort['removeSubscription'] = (...call) =>
    this.#record('remove', call, { changed: false })
  subscribers: AdminPort['subscribers'] = (topic) =>
    this.#record('subscribers', [topic], { topic, stream: 'orders', subscribers: [] })

  subscriptions(): [] {
    return []
  }

  members(): { members: [] } {
    return { members: [] }
  }

  removeMember: AdminPort['removeMember'] = (node) => this.#record('removeMember', [node], { members: [] })

  names(): [] {
    return []
  }

  removeName: AdminPort['removeName'] = (name) =>
    this.#record('removeName', [name], { removed: name, entries: [] })

  send: AdminPort['send'] = (command) =>
    this.#record('send', [command], {
      acknowledged: command.count,
      refused: 0,
      unknown: 0,
      stream: 'orders',
      origin: 'A#1',
      from: 1,
      to: command.count,
      elapsedMs: 1,
    })

  flush: AdminPort['flush'] = () => this.#record('flush', [], { flushedAt: 5 })
  cleanup: AdminPort['cleanup'] = () => this.#record('cleanup', [], { removedFiles: 1, removedBytes: 2 })

  files(): { path: string; bytes: number; modifiedMs: number }[] {
    return [{ path: 'journal/000001.ndjson', bytes: content.length, modifiedMs: 1 }]
  }

  openFile: AdminPort['openFile'] = (path, offset) =>
    this.#record('openFile', [path, offset], {
      bytes: content.length,
      content: Readable.from([content.subarray(offset)]),
    })

  exit(): void {
    this.calls.push(['exit'])
  }

  #record<Answer>(name: string, call: readonly unknown[], answer: Answer): Answer | Refusal {
    this.calls.push([name, ...call])
    return this.refusal ?? answer
  }
}

interface Host extends AsyncDisposable {
  readonly node: FakeNode
  readonly port: number
  readonly counters: Counters
  readonly events: string[]
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

export async function startAdmin(): Promise<Host> {
  const node = new FakeNode()
  const counters = new Counters()
  const events: string[] = []
  const server = new AdminServer({
    port: node,
    counters,
    log: (event) => events.push(event),
    hosts: ['herald-a'],
  })
  const port = await server.listen('127.0.0.1', 0)
  const ask: Host['ask'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type') === 'application/json'
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
  }
  return { node, port, counters, events, ask, [Symbol.asyncDispose]: () => server.close(1000) }
}

export function codeOf(answer: Answer): unknown {
  return (answer.body as { error?: { code?: unknown } }).error?.code
}
