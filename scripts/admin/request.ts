// One HTTP request to a node's admin interface. Built on node:http with a connection of its own per request: no pool keeps
// the process alive, and a node that hangs costs its deadline and nothing else.

import { type IncomingMessage, request } from 'node:http'
import { urlToHttpOptions } from 'node:url'
import { errorEntry, isErrorCode } from '../../node/core/common/errors.ts'
import { toMessage } from '../cli/outcome.ts'

/** The node gave no usable answer: no connection, no answer in time, or one that is not of the protocol. */
export class NodeUnreachable extends Error {
  override readonly name = 'NodeUnreachable'
  /** True if the node may have got a request that changes something, or may get it yet. */
  readonly mayHaveActed: boolean

  constructor(message: string, details: { readonly mayHaveActed?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: details.cause })
    this.mayHaveActed = details.mayHaveActed ?? false
  }
}

/** The node answered that it will not do it. */
export class NodeRefusal extends Error {
  override readonly name = 'NodeRefusal'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }

  /** What the error registry says to do; undefined for the code of a later version. */
  get action(): string | undefined {
    return isErrorCode(this.code) ? errorEntry(this.code).action : undefined
  }
}

export interface AdminRequest {
  /** `http://host:port`. */
  readonly baseUrl: string
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole answer; for a streamed one, between two pieces of it. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** An answer is larger than any that a node sends as JSON. */
const answerBytesMax = 64 * 1024 * 1024

/** Sends a request and returns the JSON of a good answer. Throws NodeUnreachable or NodeRefusal. */
export async function requestJson(options: AdminRequest): Promise<unknown> {
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const response = await openResponse({ ...options, signal: AbortSignal.any([options.signal, deadline]) })
  const text = await readText(response, options, deadline)
  const status = response.statusCode ?? 0
  if (status >= 400) throw toRefusal(status, text)
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    const message = `${options.baseUrl} answered ${options.path} with something that is not JSON`
    throw new NodeUnreachable(message, { mayHaveActed: changesSomething(options) })
  }
}

/** Sends a request and returns its answer when the headers are there; the caller reads the body. */
export async function openResponse(options: AdminRequest): Promise<IncomingMessage> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body)
  const headers: Record<string, string> = { ...options.headers }
  if (body !== undefined) headers['content-type'] = 'application/json'
  return await new Promise((resolve, reject) => {
    // The path goes out as it is: as part of a URL, a name such as `..` would be taken for a step up.
    const sent = request({
      ...urlToHttpOptions(new URL(options.baseUrl)),
      path: options.path,
      method: options.method,
      headers,
      agent: false,
      signal: options.signal,
      timeout: options.timeoutMs,
    })
    let mayHaveActed = false
    sent.on('socket', (socket) => {
      socket.once('connect', () => {
        mayHaveActed = changesSomething(options)
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${options.timeoutMs} ms`)))
    sent.on('error', (error) => reject(toUnreachable(error, options, mayHaveActed)))
    sent.on('response', resolve)
    sent.end(body)
  })
}

/** The refusal in the body of an answer with an error status. */
export function toRefusal(status: number, text: string): NodeRefusal {
  try {
    const { error } = JSON.parse(text)
    if (typeof error.code === 'string')
      return new NodeRefusal(status, error.code, String(error.message ?? error.code))
  } catch {
    // An answer without the body that the protocol asks for: the status must do.
  }
  return new NodeRefusal(status, `HTTP_${status}`, `the node answered with status ${status}`)
}

function changesSomething({ method }: AdminRequest): boolean {
  return method !== 'GET'
}

/** Says why a node could not be reached, in words for the user. */
function toUnreachable(error: unknown, options: AdminRequest, mayHaveActed: boolean): NodeUnreachable {
  if (error instanceof NodeUnreachable) return error
  const isEnded = error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
  const { aborted, reason: why } = options.signal
  if (aborted && !(why instanceof Error && why.name === 'TimeoutError'))
    return new NodeUnreachable('interrupted before it had answered', { mayHaveActed, cause: error })
  const reason = isEnded ? `no answer within ${options.timeoutMs} ms` : toMessage(error)
  return new NodeUnreachable(reason, { mayHaveActed, cause: error })
}

async function readText(
  response: IncomingMessage,
  options: AdminRequest,
  deadline: AbortSignal,
): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of response) {
      bytes += piece.length
      if (bytes > answerBytesMax) throw new Error(`the answer is larger than ${answerBytesMax} bytes`)
      pieces.push(piece)
    }
  } catch (error) {
    throw toUnreachable(deadline.aborted ? deadline.reason : error, options, changesSomething(options))
  }
  return Buffer.concat(pieces).toString('utf8')
}
