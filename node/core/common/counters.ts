// Every counter of a node, declared up front with its meaning, so that a mistyped name does not type-check and the
// metrics page can say what each number is. Plain integers, cheap enough for the hot path; `/metrics` and `status`
// read them when asked.

/** Every counter by name, with what it counts. */
export const counterMeanings = {
  connectionsOpened: 'TCP connections accepted on the client port.',
  connectionsDropped: 'TCP connections dropped because the port has as many as it may have.',
  handshakesDropped: 'Connections without a finished handshake dropped, oldest first, to let newer ones in.',
  handshakeTimeouts: 'Connections closed because their handshake did not finish in time.',
  httpMalformed: 'Connections closed because what they sent is not HTTP.',
  httpHeadersRefused: 'HTTP requests refused for the number or size of their headers.',
  httpRequests: 'HTTP requests answered on the client port.',
  subprotocolsRefused: 'WebSocket handshakes refused because no offered subprotocol is known.',
  handshakesMalformed: 'WebSocket handshakes refused because they break RFC 6455.',
  sessionsOpened: 'Client sessions opened.',
  sessionsClosed: 'Client sessions closed, for whatever reason.',
  sessionsRefused: 'Client connections closed right after the handshake: limit reached or node draining.',
  framesTooLarge: 'Connections closed because a WebSocket message was larger than the limit.',
  framesFragmented: 'Connections closed because a WebSocket message came in too many parts.',
  textsInvalid: 'Connections closed because a text message was not UTF-8.',
  framesMalformed: 'Connections closed because a WebSocket frame broke RFC 6455.',
  pingFloods: 'Connections closed because they sent too many pings.',
  heartbeatsMissed: 'Client connections closed because nothing came from them for several heartbeats.',
  linksOpened: 'Links to other nodes that came up.',
  linksClosed: 'Links to other nodes that went down.',
  linkDialsFailed: 'Attempts to reach another node that failed before both said hello.',
  linksRefused: 'Links refused by this node or by the other one.',
  linksSilent: 'Links closed because nothing came over them for too long.',
  batchesFromPeers: 'Batches received from other nodes, copies included.',
  batchCopies: 'Batches received that this node had already.',
  batchesRefusedHeldBack:
    'Batches not taken because too many wait for a hole before them; they are pulled later.',
  batchesOfUnknownStream: 'Batches of a stream that this node does not know (yet).',
  batchesOfUnknownOrigin: 'Batches of an origin that nobody told of.',
  pullsSent: 'Requests to other nodes for messages that are missing here.',
  pullsServed: 'Requests of other nodes for messages that are missing there.',
  pullsRefusedBusy: 'Requests of other nodes put off because too many wait.',
  gapsDeclared: 'Ranges that nobody holds any more and that subscribers were told of.',
  messagesMissing: 'Messages in those ranges.',
  resyncs: 'Times that a probe showed a lost message between two nodes.',
  catalogEntriesRefused: 'Catalog entries not taken, from here or another node, because the catalog is full.',
  gapsTold: 'Gap events handed to subscribers.',
  messagesPublished: 'Messages that this node numbered.',
  messagesDelivered: 'Messages handed to subscribers of this node.',
  publishesRefused: 'Publish frames refused; nothing of them was stored.',
  duplicatesPassed: 'Messages of named producers that were stored already, and not stored again.',
  linksSlowed: 'Times that reading from another node was paused because subscribers of this node lag.',
  publishersSlowed: 'Times that reading from a publisher was paused because subscribers lag.',
  slowConsumers: 'Connections closed because they took nothing for too long.',
  protocolErrors: 'Client connections closed because they broke the protocol.',
  peerProtocolErrors: 'Messages of other nodes that do not parse.',
  journalLinesDropped:
    'Lines missing from the journal because the disk refused them or was too slow; `check` cannot tell what they say.',
  adminRequests: 'Requests answered on the admin port.',
  adminRequestsRefused: 'Requests on the admin port answered with a status of 400 or above.',
} as const

/** Name of a counter. */
export type CounterName = keyof typeof counterMeanings

/** The counters of one node, all starting at 0. */
export class Counters {
  /** One integer per declared name; only ever grows. */
  readonly #values: Record<CounterName, number>

  constructor() {
    const names = Object.keys(counterMeanings) as CounterName[]
    this.#values = Object.fromEntries(names.map((name) => [name, 0])) as Record<CounterName, number>
  }

  increment(name: CounterName, by: number = 1): void {
    this.#values[name] += by
  }

  get(name: CounterName): number {
    return this.#values[name]
  }

  /** All counters in the order of their declaration. */
  entries(): [CounterName, number][] {
    return Object.entries(this.#values) as [CounterName, number][]
  }
}
