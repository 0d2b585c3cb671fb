// One request on the admin port: who may ask, what the path says, and the JSON body, all bounded. A web page in the
// operator's browser can reach loopback, so anything that smells of a browser is refused (DNS rebinding, cross-site posts).

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { ErrorCode } from '../core/common/errors.ts'

const bodyBytesMax = 64 * 1024
/** Commands are flat; what is deeper is an attack on whoever walks it. */
const bodyDepthMax = 16

/** A refused request: an HTTP status with a code of the registry. */
export class RequestRefused extends Error {
  readonly status: number
  readonly code: ErrorCode
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Throws unless the request comes from a tool rather than a web page. */
export function checkSender(request: IncomingMessage, hosts: ReadonlySet<string>): void {
  if (request.headers.origin !== undefined) {
    throw new RequestRefused(
      403,
      'REQUEST_FORBIDDEN',
      'requests of web pages (with an Origin header) are refused',
    )
  }
  const host = request.headers.host ?? ''
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  if (isIP(name) !== 0 || name === 'localhost' || hosts.has(name)) return
  const message = `Host "${host.slice(0, 100)}" is neither an address nor localhost nor configured`
  throw new RequestRefused(403, 'REQUEST_FORBIDDEN', message)
}

/** A request's target, taken apart. */
export interface Target {
  /** Decoded parts between slashes. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
}

/** Takes the target apart; throws if its percent encoding is broken. */
export function parseTarget(url: string): Target {
  const [path = '', query = ''] = url.split('?', 2)
  try {
    const parts = path.split('/').slice(1).map(decodeURIComponent)
    return { parts, query: new URLSearchParams(query) }
  } catch {
    throw new RequestRefused(400, 'REQUEST_INVALID', 'the path is not valid percent encoding')
  }
}

/** Reads a body of at most 64 KiB that is one JSON object. */
export async function readObject(request: IncomingMessage): Promise<ReadonlyMap<string, unknown>> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new RequestRefused(415, 'REQUEST_INVALID', 'Content-Type must be application/json')
  }
  const text = await readText(request)
  if (isTooDeep(text)) {
    throw new RequestRefused(
      400,
      'REQUEST_INVALID',
      `the body is nested more than ${bodyDepthMax} levels deep`,
    )
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new RequestRefused(400, 'REQUEST_INVALID', 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RequestRefused(400, 'REQUEST_INVALID', 'the body is not a JSON object')
  }
  return new Map(Object.entries(value))
}

/** Throws 415 if a request that needs no body brings one that a web form could have sent. */
export function refuseForeignBody(request: IncomingMessage): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  const type = request.headers['content-type']
  if (hasBody && !(type ?? '').startsWith('application/json')) {
    throw new RequestRefused(415, 'REQUEST_INVALID', 'Content-Type must be application/json')
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > bodyBytesMax) {
      throw new RequestRefused(413, 'REQUEST_INVALID', `the body is larger than ${bodyBytesMax} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function isTooDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (inString) {
      if (character === '\\') index++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') {
      if (++depth > bodyDepthMax) return true
    } else if (character === '}' || character === ']') depth--
  }
  return false
}
