// What nodes answer on their admin interface (docs/protocol.md section 5), and the check that an answer is one. Only the
// fields that commands depend on are checked; a node of a later version may send more.

export interface LinkAnswer {
  readonly peer: string
  readonly state: 'up' | 'down' | 'refused'
  readonly since: number
  readonly queuedBytes: number
  readonly roundTripMs?: number | null
  readonly clockOffsetMs?: number | null
  readonly clockErrorMs?: number | null
  readonly reason?: string | null
}

export interface StreamStatusAnswer {
  readonly name: string
  readonly topics: readonly string[]
  readonly publishedMessages: number
  readonly deliveredMessages: number
  readonly retainedMessages: number
  readonly retainedBytes: number
  readonly origins: Readonly<Record<string, number>>
  readonly missing: number
  readonly mode: string
  readonly epoch: number
  readonly phase: string
  /** Of a stream in leader mode, as this node knows it. */
  readonly order?: {
    readonly group?: number | undefined
    readonly leader?: string | undefined
    readonly voters: readonly string[]
    readonly last: number
    readonly commit: number
    /** Entries of the group's log that are committed and not applied on this node. */
    readonly lag: number
    /** With which code it refuses publications, since it has not known a leader for too long. */
    readonly refuses?: string | undefined
  }
}

export interface StatusAnswer {
  readonly node: string
  readonly origin: string
  readonly cluster: string
  readonly version: string
  readonly state: 'starting' | 'ready' | 'draining'
  readonly uptimeMs: number
  readonly memory: {
    readonly rssBytes: number
    readonly heapUsedBytes: number
    readonly retainedBytes: number
  }
  readonly loopLagMs: { readonly p99: number; readonly max: number }
  readonly journal: { readonly state: 'ok' | 'failing'; readonly reason?: string | undefined }
  readonly member: {
    readonly state: 'outside' | 'learning' | 'settled'
    readonly damage?: string | undefined
  }
  readonly links: readonly LinkAnswer[]
  readonly streams: readonly StreamStatusAnswer[]
  readonly subscriptions: number
  readonly sessions: number
  readonly counters: Readonly<Record<string, number>>
}

export interface StreamDefinition {
  readonly name: string
  readonly topics: readonly string[]
  readonly mode: string
  readonly retention: { readonly bytes: number; readonly ageMs: number }
  readonly copies: number
  readonly replicas: number
  readonly version: number
  readonly by: string
}

export interface MembersAnswer {
  /** Node that leads META. */
  readonly leader?: string | undefined
  readonly members: readonly {
    readonly node: string
    readonly address: string
    readonly member: number
    /** Groups that it votes in; 0 is META. */
    readonly votes: readonly number[]
    /** Groups that it leads. */
    readonly leads: readonly number[]
    readonly isLeaving: boolean
  }[]
}

export interface StreamEndAnswer {
  readonly stream: string
  readonly epoch: number
  readonly last: number
  readonly sequences: Readonly<Record<string, number>>
}

export interface ModeAnswer {
  readonly stream: string
  readonly mode: string
  readonly epoch: number
  readonly elapsedMs: number
}

export interface SubscriptionAnswer {
  readonly pattern: string
  readonly sub: string
  readonly since: number
  readonly delivered: number
  readonly streams: readonly string[]
}

export interface SubscribersAnswer {
  readonly topic: string
  readonly stream: string
  readonly subscribers: readonly {
    readonly node: string
    readonly sub: string
    readonly kind: 'node' | 'client'
    readonly patterns: readonly string[]
    /** It is a member of this queue: one of its members gets the topic. */
    readonly queue?: string
  }[]
}

export interface NameAnswer {
  readonly name: string
  readonly stream: string
  readonly kept: 'group' | 'catalog'
  readonly heldBy?: string
  /** Of a queue alone, which has an entry for each of its members. */
  readonly slots?: number
  readonly lag?: number
}

export interface NameRemovalAnswer {
  readonly removed: string
  readonly entries: readonly { readonly kind: 'subscription' | 'queue'; readonly stream: string }[]
}

export interface SendAnswer {
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
  readonly elapsedMs: number
}

export interface FileAnswer {
  /** Relative to the node's data directory, with `/` between folders. */
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
}

export interface CleanupAnswer {
  readonly removedFiles: number
  readonly removedBytes: number
}

type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object'

/** Returns the value as an answer if it has the named fields, else undefined. */
export function toAnswer<Answer>(
  value: unknown,
  fields: { readonly [Name in keyof Answer]?: Kind },
): Answer | undefined {
  if (kindOf(value) !== 'object') return undefined
  const record = value as Record<string, unknown>
  for (const [name, kind] of Object.entries(fields)) {
    if (kindOf(record[name]) !== kind) return undefined
  }
  return value as Answer
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}
