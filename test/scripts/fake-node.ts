// A node as the command line sees it: its admin interface (docs/protocol.md section 5) over state in memory, with faults on
// request. Lets every command be tested without a cluster.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { NameAnswer } from '../../scripts/admin/answers.ts'
import { type FakeStream, membersOf, orderOf, refusal, toFileEntry } from './fake-answers.ts'

/** One node; change its fields to change its answers. */
export class FakeNode {
  readonly id: string
  readonly peers: readonly string[]
  state: 'starting' | 'ready' | 'draining' = 'ready'
  linkState: 'up' | 'down' | 'refused' = 'up'
  /** `hang` takes requests and never answers; `garbage` answers with something else; `refuse` says no to everything. */
  fault: 'none' | 'hang' | 'garbage' | 'refuse' = 'none'
  journal: object = { state: 'ok' }
  member: object = { state: 'settled' }
  hasMajority = true
  /** Groups that nobody leads. */
  leaderless: readonly number[] = []
  /** Where the order of every stream ends; undefined where none is in leader mode. */
  ends: { readonly last: number; readonly sequences: Readonly<Record<string, number>> } | undefined
  /** Where clients connect: nobody is there if nothing else is said. */
  clientPort = 1
  onExit = (): object => ({})
  published = 0
  /** What it says of the order of its streams in leader mode, beside what all say. */
  order: object = {}
  readonly subscriptions: Set<string> = new Set()
  readonly streams: Map<string, FakeStream> = new Map()
  names: readonly NameAnswer[] = []
  readonly files: Map<string, { text: string; modifiedMs: number }> = new Map()
  /** `METHOD /path` of every request, in order, with the Range header where there is one. */
  readonly requests: string[] = []
  readonly #server: Server
  #adminPort = 0

  private constructor(id: string, peers: readonly string[]) {
    this.id = id
    this.peers = peers
    this.streams.set('default', {
      topics: ['>'],
      retention: { bytes: 67_108_864, ageMs: 600_000 },
      copies: 1,
      version: 1,
    })
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  static async start(id: string, peers: readonly string[]): Promise<FakeNode> {
    const node = new FakeNode(id, peers)
    await new Promise<void>((resolve) => node.#server.listen(0, '127.0.0.1', resolve))
    const address = node.#server.address()
    if (typeof address === 'object' && address !== null) node.#adminPort = address.port
    return node
  }

  get adminPort(): number {
    return this.#adminPort
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const range = request.headers.range === undefined ? '' : ` ${request.headers.range}`
    this.requests.push(`${request.method} ${request.url?.split('?', 1)[0]}${range}`)
    if (this.fault === 'hang') return
    if (this.fault === 'garbage') {
      response.end('<html>not a node</html>')
      return
    }
    if (url.pathname.startsWith('/v1/files/')) return this.#serveFile(url, request, response)
    let text = ''
    for await (const piece of request) text += piece
    const createsOnly = request.headers['if-none-match'] === '*'
    const body = { ...(text === '' ? {} : JSON.parse(text)), createsOnly }
    const [status, answer] = this.#answer(request.method ?? '', url, body)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  #answer(method: string, url: URL, body: Record<string, unknown>): readonly [number, object] {
    if (this.fault === 'refuse') return refusal(403, 'REQUEST_FORBIDDEN', 'not from here')
    const [, , resource, name] = url.pathname.split('/').map(decodeURIComponent)
    switch (`${method} ${resource}`) {
      case 'GET status':
        return [200, this.#status()]
      case 'GET nodes':
        return [200, membersOf(this.hasMajority, this.leaderless, this.id, ...this.peers)]
      case 'GET streams':
        return name === undefined
          ? [200, { streams: [...this.streams.keys()].map((key) => this.#definition(key)) }]
          : this.#showStream(name)
      case 'PUT streams':
        return this.#putStream(name ?? '', body)
      case 'DELETE streams':
        return this.streams.delete(name ?? '')
          ? [200, {}]
          : refusal(404, 'STREAM_UNKNOWN', `there is no stream ${name}`)
      case 'GET ends':
        return this.ends === undefined
          ? refusal(400, 'OFFSET_NEEDS_ORDER', `stream ${name} is in gossip mode`)
          : [200, { stream: name, epoch: 1, ...this.ends }]
      case 'PUT modes':
        return this.#putMode(name ?? '', body)
      case 'GET subscriptions':
        return [200, { subscriptions: [...this.subscriptions].map((pattern) => this.#subscription(pattern)) }]
      case 'PUT subscriptions':
        return this.#changeSubscription(name ?? '', true)
      case 'DELETE subscriptions':
        return this.#changeSubscription(name ?? '', false)
      case 'GET subscribers':
        return this.#subscribers(url.searchParams.get('topic') ?? '')
      case 'GET names':
        return [200, { names: this.names }]
      case 'DELETE names':
        return this.#removeName(name ?? '')
      case 'POST send':
        return this.#send(body)
      case 'POST flush':
        return [200, { flushedAt: 1_795_000_000_000 }]
      case 'GET files':
        return [200, { files: [...this.files].map(([path, file]) => toFileEntry(path, file)) }]
      case 'POST cleanup':
        return [200, this.#cleanup()]
      case 'POST exit':
        return [202, this.onExit()]
      default:
        return refusal(404, 'NOT_FOUND', url.pathname)
    }
  }

  #status(): object {
    const links = this.peers.map((peer) => ({
      peer,
      state: this.linkState,
      since: 0,
      queuedBytes: 0,
      roundTripMs: 0.2,
      clockOffsetMs: 0,
      clockErrorMs: 0.1,
      ...(this.linkState !== 'up' && { reason: 'connection refused' }),
    }))
    const counts = {
      publishedMessages: this.published,
      deliveredMessages: 0,
      retainedMessages: 0,
      retainedBytes: 2048,
    }
    const streams = [...this.streams].map(
      ([name, { topics, mode = 'gossip', epoch = 0, phase = 'open' }]) => ({
        name,
        topics,
        ...{ mode, epoch, phase },
        ...(mode === 'leader' && { order: { ...orderOf(this.id), ...this.order } }),
        ...counts,
        origins: {},
        missing: 0,
      }),
    )
    return {
      ...{
        node: this.id,
        origin: `${this.id}#1`,
        cluster: 'test',
        version: '0.1.0',
        state: this.state,
        uptimeMs: 5000,
      },
      ...{
        memory: { rssBytes: 67_108_864, heapUsedBytes: 1024, retainedBytes: 2048 },
        loopLagMs: { p99: 1.25, max: 2 },
        member: this.member,
        journal: this.journal,
      },
      ...{ links, streams, subscriptions: this.subscriptions.size, sessions: 0, counters: {} },
    }
  }

  #definition(name: string): object {
    const { topics, retention, copies, replicas = 3, version, mode = 'gossip' } = this.streams.get(name) ?? {}
    return { name, topics, mode, retention, copies, replicas, version, by: this.id }
  }

  #showStream(name: string): readonly [number, object] {
    if (!this.streams.has(name)) return refusal(404, 'STREAM_UNKNOWN', `there is no stream ${name}`)
    return [200, this.#definition(name)]
  }

  #putStream(name: string, body: Record<string, unknown>): readonly [number, object] {
    const present = this.streams.get(name)
    if (body['createsOnly'] === true && present !== undefined)
      return refusal(412, 'STREAM_EXISTS', `stream ${name} exists`)
    const {
      topics = present?.topics,
      retention,
      copies = present?.copies ?? 1,
      replicas = present?.replicas ?? 3,
      mode = present?.mode ?? 'gossip',
    } = body
    if (name === '') return refusal(400, 'STREAM_INVALID', 'the name must be 1 to 64 characters')
    if (!Array.isArray(topics)) return refusal(400, 'STREAM_INVALID', 'topics is missing')
    if (topics.includes('taken.>'))
      return refusal(409, 'STREAM_OVERLAP', 'taken.> overlaps with stream other')
    const limits = present?.retention ?? { bytes: 67_108_864, ageMs: 600_000 }
    this.streams.set(name, {
      topics,
      retention: { ...limits, ...(typeof retention === 'object' ? retention : {}) },
      copies: Number(copies),
      replicas: Number(replicas),
      mode: String(mode),
      version: (present?.version ?? 0) + 1,
    })
    return [200, this.#definition(name)]
  }

  #putMode(name: string, { mode }: Record<string, unknown>): readonly [number, object] {
    const stream = this.streams.get(name)
    if (stream === undefined) return refusal(404, 'STREAM_UNKNOWN', `there is no stream ${name}`)
    if (name === 'stuck') return refusal(400, 'SWITCH_PENDING', 'no majority has answered')
    const epoch = (stream.epoch ?? 0) + (stream.mode === mode ? 0 : 1)
    this.streams.set(name, { ...stream, mode: String(mode), epoch })
    return [200, { stream: name, mode, epoch, elapsedMs: 12.3 }]
  }

  #subscription(pattern: string): object {
    return {
      pattern,
      sub: `${this.id}/${pattern}`,
      since: Date.now() - 1000,
      delivered: 7,
      streams: ['default'],
    }
  }

  #changeSubscription(pattern: string, isWanted: boolean): readonly [number, object] {
    if (pattern.includes('..')) return refusal(400, 'PATTERN_INVALID', `"${pattern}" has an empty token at 6`)
    const changed = this.subscriptions.has(pattern) !== isWanted
    if (isWanted) this.subscriptions.add(pattern)
    else this.subscriptions.delete(pattern)
    return [200, { changed }]
  }

  #removeName(removed: string): readonly [number, object] {
    const known = this.names.filter(({ name }) => name === removed)
    if (known.length === 0) return refusal(404, 'NAME_UNKNOWN', `nothing is kept under "${removed}"`)
    const heldBy = known.find((row) => row.heldBy !== undefined)?.heldBy
    if (heldBy !== undefined) return refusal(409, 'NAME_IN_USE', `${heldBy} reads as ${removed}`)
    this.names = this.names.filter(({ name }) => name !== removed)
    const entries = known.map(({ stream, slots }) => {
      return { kind: slots === undefined ? 'subscription' : 'queue', stream }
    })
    return [200, { removed, entries }]
  }

  #subscribers(topic: string): readonly [number, object] {
    if (topic.includes('*')) return refusal(400, 'TOPIC_INVALID', `"${topic}" has a wildcard`)
    const subscribers = [...this.subscriptions].map((pattern) => ({
      ...{ node: this.id, sub: `${this.id}/${pattern}`, kind: 'node', patterns: [pattern] },
    }))
    return [200, { topic, stream: 'default', subscribers }]
  }

  #send({ topic, count }: Record<string, unknown>): readonly [number, object] {
    if (topic === 'bad topic') return refusal(400, 'TOPIC_INVALID', '"bad topic" has a space at 3')
    const sent = Number(count)
    const unknown = topic === 'unsure' ? 1 : 0
    this.published += sent
    const place = { stream: 'default', origin: `${this.id}#1`, from: 1, to: sent }
    return [200, { acknowledged: sent - unknown, refused: 0, unknown, ...place, elapsedMs: 12 }]
  }

  #cleanup(): object {
    const answer = {
      removedFiles: this.files.size,
      removedBytes: [...this.files.values()].reduce((sum, { text }) => sum + text.length, 0),
    }
    this.files.clear()
    this.subscriptions.clear()
    return answer
  }

  #serveFile(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const file = this.files.get(decodeURIComponent(url.pathname.slice('/v1/files/'.length)))
    if (file === undefined) {
      response.writeHead(404).end(JSON.stringify({ error: { code: 'NOT_FOUND', message: 'no such file' } }))
      return
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (from >= file.text.length && from > 0) response.writeHead(416).end()
    else response.writeHead(from > 0 ? 206 : 200).end(file.text.slice(from))
  }
}
