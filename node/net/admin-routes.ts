// The requests of docs/protocol.md section 5, one row each: which method and path, and what of the AdminPort answers.
// Paths are matched part by part: `:name` takes one part, also an empty one, which the node then refuses as it refuses other
// names; `:rest` takes all that remain.

import type { IncomingMessage } from 'node:http'
import type { Refusal } from '../core/common/errors.ts'
import {
  readInteger,
  readOptionalChoice,
  readOptionalFields,
  readOptionalInteger,
  readOptionalNumber,
  readOptionalStrings,
  readString,
} from './admin-fields.ts'
import type { AdminPort, OpenFile } from './admin-port.ts'
import { RequestRefused, readObject, refuseForeignBody, type Target } from './admin-request.ts'

/** Everything that a route may look at. */
export interface RouteInput {
  readonly port: AdminPort
  readonly request: IncomingMessage
  readonly query: URLSearchParams
  /** What `:name` or `:rest` stands for; empty for paths without one. */
  readonly name: string
  /** Aborts when the asking connection is gone. */
  readonly signal: AbortSignal
}

/** What a route answers: JSON, a refusal of the node, or a file. */
export type RouteAnswer =
  | { readonly status: number; readonly body: unknown }
  | { readonly file: OpenFile; readonly offset: number | undefined }
  | Refusal

interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly answer: (input: RouteInput) => RouteAnswer | Promise<RouteAnswer>
}

const retentionBounds = { min: 1, max: Number.MAX_SAFE_INTEGER }

const routes: readonly Route[] = [
  { method: 'GET', path: 'v1/status', answer: async ({ port }) => ok(await port.status()) },
  { method: 'GET', path: 'v1/streams', answer: async ({ port }) => ok({ streams: await port.streams() }) },
  { method: 'GET', path: 'v1/streams/:name', answer: showStream },
  { method: 'PUT', path: 'v1/streams/:name', answer: putStream },
  {
    method: 'DELETE',
    path: 'v1/streams/:name',
    answer: async (i) => judge(await i.port.deleteStream(i.name)),
  },
  { method: 'PUT', path: 'v1/modes/:name', answer: putMode },
  { method: 'GET', path: 'v1/nodes', answer: async ({ port }) => ok(await port.members()) },
  { method: 'DELETE', path: 'v1/nodes/:name', answer: async (i) => judge(await i.port.removeMember(i.name)) },
  {
    method: 'GET',
    path: 'v1/ends/:name',
    answer: async (i) => judge(await i.port.streamEnd(i.name, i.query.get('committed') === 'true')),
  },
  {
    method: 'GET',
    path: 'v1/subscriptions',
    answer: async ({ port }) => ok({ subscriptions: await port.subscriptions() }),
  },
  {
    method: 'PUT',
    path: 'v1/subscriptions/:name',
    answer: async (i) => judge(await i.port.addSubscription(i.name)),
  },
  {
    method: 'DELETE',
    path: 'v1/subscriptions/:name',
    answer: async (i) => judge(await i.port.removeSubscription(i.name)),
  },
  { method: 'GET', path: 'v1/subscribers', answer: showSubscribers },
  { method: 'GET', path: 'v1/names', answer: async ({ port }) => ok({ names: await port.names() }) },
  {
    method: 'DELETE',
    path: 'v1/names/:name',
    answer: async (i) => judge(await i.port.removeName(i.name)),
  },
  { method: 'POST', path: 'v1/send', answer: send },
  { method: 'POST', path: 'v1/flush', answer: async ({ port }) => judge(await port.flush()) },
  { method: 'GET', path: 'v1/files', answer: async ({ port }) => ok({ files: await port.files() }) },
  { method: 'GET', path: 'v1/files/:rest', answer: openFile },
  { method: 'POST', path: 'v1/cleanup', answer: async ({ port }) => judge(await port.cleanup()) },
  { method: 'POST', path: 'v1/exit', answer: exit },
]

/** The route of a request and what its placeholder stands for. Throws 404 or 405. */
export function findRoute(
  method: string,
  target: Target,
): { readonly answer: Route['answer']; readonly name: string } {
  const allowed: string[] = []
  for (const route of routes) {
    const name = matchPath(route.path.split('/'), target.parts)
    if (name === undefined) continue
    if (route.method === method) return { answer: route.answer, name }
    allowed.push(route.method)
  }
  if (allowed.length === 0) throw new RequestRefused(404, 'PATH_UNKNOWN', 'there is nothing under this path')
  const allow = allowed.join(', ')
  throw new RequestRefused(405, 'REQUEST_INVALID', `use ${allow}`, { Allow: allow })
}

function matchPath(pattern: readonly string[], parts: readonly string[]): string | undefined {
  const last = pattern.at(-1)
  const fixed = last?.startsWith(':') === true ? pattern.slice(0, -1) : pattern
  if (fixed.some((part, index) => part !== parts[index])) return undefined
  const rest = parts.slice(fixed.length)
  if (last === ':rest') return rest.length > 0 ? rest.join('/') : undefined
  if (last === ':name') return rest.length === 1 ? rest[0] : undefined
  return rest.length === 0 ? '' : undefined
}

async function showStream({ port, name }: RouteInput): Promise<RouteAnswer> {
  const stream = (await port.streams()).find((candidate) => candidate.name === name)
  return stream === undefined
    ? { refused: 'STREAM_UNKNOWN', reason: `there is no stream "${name}"` }
    : ok(stream)
}

async function putStream({ port, request, name }: RouteInput): Promise<RouteAnswer> {
  const fields = await readObject(request)
  const retention = readOptionalFields(fields, 'retention')
  const bytes = retention && readOptionalInteger(retention, 'bytes', retentionBounds)
  const ageMs = retention && readOptionalInteger(retention, 'ageMs', retentionBounds)
  const change = {
    name,
    createsOnly: request.headers['if-none-match'] === '*',
    topics: readOptionalStrings(fields, 'topics'),
    retention: retention && { ...(bytes !== undefined && { bytes }), ...(ageMs !== undefined && { ageMs }) },
    copies: readOptionalInteger(fields, 'copies', { min: 0, max: 16 }),
    replicas: readOptionalInteger(fields, 'replicas', { min: 1, max: 16 }),
    mode: readOptionalChoice(fields, 'mode', ['gossip', 'leader']),
  }
  return judge(await port.putStream(change))
}

async function putMode({ port, request, name, signal }: RouteInput): Promise<RouteAnswer> {
  const mode = readOptionalChoice(await readObject(request), 'mode', ['gossip', 'leader'])
  if (mode === undefined) throw new RequestRefused(400, 'REQUEST_INVALID', '"mode" must be gossip or leader')
  return judge(await port.setMode(name, mode, signal))
}

async function showSubscribers({ port, query }: RouteInput): Promise<RouteAnswer> {
  const topic = query.get('topic')
  if (topic === null) throw new RequestRefused(400, 'REQUEST_INVALID', 'add ?topic=TOPIC')
  return judge(await port.subscribers(topic))
}

async function send({ port, request, signal }: RouteInput): Promise<RouteAnswer> {
  const fields = await readObject(request)
  const command = {
    topic: readString(fields, 'topic'),
    message: readString(fields, 'message'),
    count: readInteger(fields, 'count', { min: 1, max: 1e9 }),
    ratePerSecond: readOptionalNumber(fields, 'ratePerSecond', { min: 0.001, max: 1e9 }),
    ack: readOptionalChoice(fields, 'ack', ['none', 'local', 'copies']),
  }
  return judge(await port.send(command, signal))
}

async function openFile({ port, request, name }: RouteInput): Promise<RouteAnswer> {
  const parts = name.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\\0]/.test(part))) {
    throw new RequestRefused(404, 'PATH_UNKNOWN', 'there is no such file')
  }
  // Other forms of Range may be ignored (RFC 9110 §14.2); fetching on from where it stopped needs only this one.
  const range = /^bytes=(\d{1,15})-$/.exec(request.headers.range ?? '')?.[1]
  const offset = range === undefined ? undefined : Number(range)
  const file = await port.openFile(name, offset ?? 0)
  return 'refused' in file ? file : { file, offset }
}

function exit({ port, request }: RouteInput): RouteAnswer {
  refuseForeignBody(request)
  port.exit()
  return { status: 202, body: { exiting: true } }
}

function ok(body: unknown): RouteAnswer {
  return { status: 200, body }
}

function judge(answer: object | Refusal): RouteAnswer {
  return isRefusal(answer) ? answer : ok(answer)
}

/** The answer of `send` has a number of that name. */
function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer && typeof answer.refused === 'string'
}
