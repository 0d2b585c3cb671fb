// A node's admin interface as methods. Each throws NodeRefusal when the node says no, NodeUnreachable when it says nothing.

import type { IncomingMessage } from 'node:http'
import {
  type CleanupAnswer,
  type FileAnswer,
  type MembersAnswer,
  type ModeAnswer,
  type NameAnswer,
  type NameRemovalAnswer,
  type SendAnswer,
  type StatusAnswer,
  type StreamDefinition,
  type StreamEndAnswer,
  type SubscribersAnswer,
  type SubscriptionAnswer,
  toAnswer,
} from './answers.ts'
import { type AdminRequest, NodeUnreachable, openResponse, requestJson, toRefusal } from './request.ts'

export interface SendRequest {
  readonly topic: string
  readonly message: string
  readonly count: number
  readonly ratePerSecond?: number
  readonly ack?: string
}

/** Fields of a stream that can be set; those left out take the defaults, or stay as they are. */
export interface StreamSettings {
  readonly topics?: readonly string[]
  readonly retention?: { readonly bytes?: number; readonly ageMs?: number }
  readonly copies?: number
  readonly replicas?: number
  readonly mode?: string
}

/** How long a node waits for a stream to be in a mode, before it answers that it is not. */
export const modeChangeMs = 15_000

/** One node's admin interface. */
export class AdminClient {
  readonly node: string
  readonly #baseUrl: string
  readonly #timeoutMs: number
  readonly #signal: AbortSignal

  constructor(
    node: string,
    baseUrl: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) {
    this.node = node
    this.#baseUrl = baseUrl
    this.#timeoutMs = options.timeoutMs
    this.#signal = options.signal
  }

  /** The same node with another deadline, for requests that take their time. */
  withTimeout(timeoutMs: number): AdminClient {
    return new AdminClient(this.node, this.#baseUrl, { timeoutMs, signal: this.#signal })
  }

  /** The same node, asked no longer than until the signal aborts. */
  withSignal(signal: AbortSignal): AdminClient {
    const either = AbortSignal.any([this.#signal, signal])
    return new AdminClient(this.node, this.#baseUrl, { timeoutMs: this.#timeoutMs, signal: either })
  }

  async status(): Promise<StatusAnswer> {
    return this.#expect<StatusAnswer>(await this.#ask('GET', '/v1/status'), {
      node: 'string',
      origin: 'string',
      state: 'string',
      memory: 'object',
      loopLagMs: 'object',
      journal: 'object',
      member: 'object',
      links: 'array',
      streams: 'array',
      counters: 'object',
    })
  }

  async streams(): Promise<readonly StreamDefinition[]> {
    const answer = await this.#ask('GET', '/v1/streams')
    return this.#expect<{ streams: StreamDefinition[] }>(answer, { streams: 'array' }).streams
  }

  async stream(name: string): Promise<StreamDefinition> {
    const answer = await this.#ask('GET', `/v1/streams/${encodeURIComponent(name)}`)
    const list = toAnswer<{ streams: StreamDefinition[] }>(answer, { streams: 'array' })
    return this.#expect<StreamDefinition>(list?.streams[0] ?? answer, { name: 'string', topics: 'array' })
  }

  /** Refused with STREAM_EXISTS if the node knows a stream of this name. */
  async createStream(name: string, settings: StreamSettings): Promise<StreamDefinition> {
    return await this.#putStream(name, settings, { 'if-none-match': '*' })
  }

  /** Creates the stream or changes it. */
  async putStream(name: string, settings: StreamSettings): Promise<StreamDefinition> {
    return await this.#putStream(name, settings, {})
  }

  async #putStream(
    name: string,
    body: StreamSettings,
    headers: Readonly<Record<string, string>>,
  ): Promise<StreamDefinition> {
    const request = this.#request('PUT', `/v1/streams/${encodeURIComponent(name)}`)
    const answer = await requestJson({ ...request, body, headers })
    return this.#expect<StreamDefinition>(answer, { name: 'string', topics: 'array' })
  }

  async deleteStream(name: string): Promise<void> {
    await this.#ask('DELETE', `/v1/streams/${encodeURIComponent(name)}`)
  }

  /** Resolves when the stream is in the mode on the node. */
  async setMode(name: string, mode: string): Promise<ModeAnswer> {
    const request = this.#request('PUT', `/v1/modes/${encodeURIComponent(name)}`)
    const answer = await requestJson({ ...request, body: { mode } })
    return this.#expect<ModeAnswer>(answer, { stream: 'string', mode: 'string', epoch: 'number' })
  }

  /** Who is in the cluster, as the node knows it. */
  async members(): Promise<MembersAnswer> {
    return this.#expect<MembersAnswer>(await this.#ask('GET', '/v1/nodes'), { members: 'array' })
  }

  /** Resolves when another node has left the cluster. */
  async removeMember(node: string): Promise<MembersAnswer> {
    const answer = await this.#ask('DELETE', `/v1/nodes/${encodeURIComponent(node)}`)
    return this.#expect<MembersAnswer>(answer, { members: 'array' })
  }

  /** Where the order of a stream ends. */
  async streamEnd(name: string, isCommitted: boolean): Promise<StreamEndAnswer> {
    const query = isCommitted ? '?committed=true' : ''
    const answer = await this.#ask('GET', `/v1/ends/${encodeURIComponent(name)}${query}`)
    return this.#expect<StreamEndAnswer>(answer, {
      ...{ stream: 'string', epoch: 'number', last: 'number', sequences: 'object' },
    })
  }

  async subscriptions(): Promise<readonly SubscriptionAnswer[]> {
    const answer = await this.#ask('GET', '/v1/subscriptions')
    return this.#expect<{ subscriptions: SubscriptionAnswer[] }>(answer, { subscriptions: 'array' })
      .subscriptions
  }

  /** Adds or removes a subscription of the node itself; true if that changed anything. */
  async changeSubscription(method: 'PUT' | 'DELETE', pattern: string): Promise<boolean> {
    const answer = await this.#ask(method, `/v1/subscriptions/${encodeURIComponent(pattern)}`)
    return this.#expect<{ changed: boolean }>(answer, { changed: 'boolean' }).changed
  }

  async subscribers(topic: string): Promise<SubscribersAnswer> {
    const answer = await this.#ask('GET', `/v1/subscribers?topic=${encodeURIComponent(topic)}`)
    return this.#expect<SubscribersAnswer>(answer, {
      topic: 'string',
      stream: 'string',
      subscribers: 'array',
    })
  }

  /** Names of durable subscriptions and queues, as the node knows them. */
  async names(): Promise<readonly NameAnswer[]> {
    return this.#expect<{ names: NameAnswer[] }>(await this.#ask('GET', '/v1/names'), { names: 'array' })
      .names
  }

  /** Says what was kept under the name. */
  async removeName(name: string): Promise<NameRemovalAnswer> {
    const answer = await this.#ask('DELETE', `/v1/names/${encodeURIComponent(name)}`)
    return this.#expect<NameRemovalAnswer>(answer, { removed: 'string', entries: 'array' })
  }

  async send(request: SendRequest): Promise<SendAnswer> {
    const answer = await this.#ask('POST', '/v1/send', request)
    return this.#expect<SendAnswer>(answer, { acknowledged: 'number', refused: 'number', unknown: 'number' })
  }

  /** Makes the node write its journal to the file; returns until when the journal is complete, by the node's clock. */
  async flush(): Promise<number> {
    return this.#expect<{ flushedAt: number }>(await this.#ask('POST', '/v1/flush'), { flushedAt: 'number' })
      .flushedAt
  }

  async files(): Promise<readonly FileAnswer[]> {
    return this.#expect<{ files: FileAnswer[] }>(await this.#ask('GET', '/v1/files'), { files: 'array' })
      .files
  }

  /** The bytes of a file from a position on. */
  async openFile(path: string, from: number): Promise<IncomingMessage> {
    const escaped = path.split('/').map(encodeURIComponent).join('/')
    const headers = from > 0 ? { range: `bytes=${from}-` } : {}
    const response = await openResponse({ ...this.#request('GET', `/v1/files/${escaped}`), headers })
    const status = response.statusCode ?? 0
    if (status < 400 || status === 416) return response
    response.resume()
    throw toRefusal(status, '')
  }

  async cleanup(): Promise<CleanupAnswer> {
    const answer = await this.#ask('POST', '/v1/cleanup')
    return this.#expect<CleanupAnswer>(answer, { removedFiles: 'number', removedBytes: 'number' })
  }

  /** Asks the node to drain and exit; it is still running when this returns. */
  async exit(): Promise<void> {
    await this.#ask('POST', '/v1/exit')
  }

  async #ask(method: AdminRequest['method'], path: string, body?: object): Promise<unknown> {
    return await requestJson({ ...this.#request(method, path), ...(body && { body }) })
  }

  #request(method: AdminRequest['method'], path: string): AdminRequest {
    return { baseUrl: this.#baseUrl, method, path, timeoutMs: this.#timeoutMs, signal: this.#signal }
  }

  #expect<Answer>(value: unknown, fields: Parameters<typeof toAnswer<Answer>>[1]): Answer {
    const answer = toAnswer<Answer>(value, fields)
    if (answer === undefined) {
      const message = `${this.#baseUrl} does not answer like a node of this version (is it one?)`
      throw new NodeUnreachable(message)
    }
    return answer
  }
}
