// What the admin interface needs from the node: one method per request of docs/protocol.md section 5. Refusals are
// values; their codes decide the HTTP status.

import type { Readable } from 'node:stream'
import type { Refusal } from '../core/common/errors.ts'
import type { LinkStatus } from './ports.ts'

/** A stream as `status` shows it. */
export interface StreamStatus {
  readonly name: string
  readonly topics: readonly string[]
  readonly publishedMessages: number
  readonly deliveredMessages: number
  readonly retainedMessages: number
  readonly retainedBytes: number
  /** Last delivered sequence by origin. */
  readonly origins: Readonly<Record<string, number>>
  readonly missing: number
  readonly mode: 'gossip' | 'leader'
  readonly epoch: number
  /** Whether the epoch is being ended. */
  readonly phase: 'open' | 'sealing'
  /** Of a stream in leader mode: its order, as this node knows it. */
  readonly order?: {
    readonly group: number | undefined
    /** Node that leads the group; absent while none does. */
    readonly leader?: string | undefined
    /** Nodes whose majority decides, as the group has them now. */
    readonly voters: readonly string[]
    /** Offset of the last message here. */
    readonly last: number
    /** Index of the last entry of the group's log that is known to be committed here. */
    readonly commit: number
    /** What the group has committed, as far as this node knows, and this node has not applied, in entries. */
    readonly lag: number
    /** Code with which publications are refused here, because nobody has led the group for too long; absent while they are taken. */
    readonly refuses?: string | undefined
  }
}

/** Whether the journal is written. */
export interface JournalStatus {
  readonly state: 'ok' | 'failing'
  /** Why it is not. */
  readonly reason?: string
}

/** The node's part in the cluster's Raft groups. */
export interface MemberStatus {
  /** It knows of no cluster that it is in, it has not caught up with its groups, or it votes wherever it is to. */
  readonly state: 'outside' | 'learning' | 'settled'
  /** Why the log that it had before this start was set aside. */
  readonly damage?: string
}

/** Answer of `GET /v1/status`. */
export interface NodeStatus {
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
  readonly journal: JournalStatus
  readonly member: MemberStatus
  /** With the zone that peers.json gives the other node. */
  readonly links: readonly (LinkStatus & { readonly zone: string | undefined })[]
  readonly streams: readonly StreamStatus[]
  readonly subscriptions: number
  readonly sessions: number
  readonly counters: Readonly<Record<string, number>>
}

/** One member of the cluster. */
export interface MemberAnswer {
  readonly node: string
  /** `HOST:PORT` of its peers. */
  readonly address: string
  /** Its number in Raft groups: another one over another data directory. */
  readonly member: number
  /** Groups that it votes in, as far as this node knows; 0 is META. */
  readonly votes: readonly number[]
  /** Groups that it leads, as far as this node knows. */
  readonly leads: readonly number[]
  /** Whether it is to go, and stays until all groups have let go of it. */
  readonly isLeaving: boolean
}

/** Answer of `GET /v1/nodes`. */
export interface MembersAnswer {
  /** Node that leads META; absent while none does. */
  readonly leader?: string
  /** In the order of their names; empty while this node is in no cluster. */
  readonly members: readonly MemberAnswer[]
}

/** A stream's definition. */
export interface StreamDefinitionAnswer {
  readonly name: string
  readonly topics: readonly string[]
  readonly mode: 'gossip' | 'leader'
  readonly retention: { readonly bytes: number; readonly ageMs: number }
  readonly copies: number
  readonly replicas: number
  readonly version: number
  readonly by: string
}

/** What `PUT /v1/streams/NAME` asks for; absent fields take their defaults, or stay as they are. */
export interface StreamChange {
  readonly name: string
  /** Whether a stream that exists is refused (`If-None-Match: *`, RFC 9110 §13.1.2). */
  readonly createsOnly: boolean
  readonly topics: readonly string[] | undefined
  readonly retention: { readonly bytes?: number; readonly ageMs?: number } | undefined
  readonly copies: number | undefined
  readonly replicas: number | undefined
  readonly mode: 'gossip' | 'leader' | undefined
}

/** Answer of `GET /v1/ends/NAME`. */
export interface StreamEndAnswer {
  readonly stream: string
  readonly epoch: number
  /** Offset of the last message. */
  readonly last: number
  /** Where the order ends, as last sequence by origin. */
  readonly sequences: Readonly<Record<string, number>>
}

/** Answer of `PUT /v1/modes/NAME`. */
export interface ModeAnswer {
  readonly stream: string
  readonly mode: 'gossip' | 'leader'
  readonly epoch: number
  readonly elapsedMs: number
}

/** A subscription of the node itself. */
export interface NodeSubscriptionAnswer {
  readonly pattern: string
  readonly sub: string
  readonly since: number
  readonly delivered: number
  readonly streams: readonly string[]
}

/** Who would receive a topic. */
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

/** A name that the cluster keeps for whoever reads under it, on one stream. */
export interface NameAnswer {
  readonly name: string
  /** Empty while the subscription has got nothing of any stream. */
  readonly stream: string
  /** Where it is kept: in a Raft group, on the disks of a majority, or in the catalog. */
  readonly kept: 'group' | 'catalog'
  /** The subscription that reads under it, as far as the node knows; of a queue, one of its members. */
  readonly heldBy?: string
  /** Of a queue, which has an entry for each member: how many slots that has. */
  readonly slots?: number
  /** Messages of the stream behind where it stands, those of other topics included; of a stream in leader mode. */
  readonly lag?: number
}

/** Answer of `DELETE /v1/names/NAME`. */
export interface NameRemovalAnswer {
  readonly removed: string
  /** What was kept under the name: of a queue one entry for each stream, however many members it had. */
  readonly entries: readonly { readonly kind: 'subscription' | 'queue'; readonly stream: string }[]
}

/** What `POST /v1/send` asks for. */
export interface SendCommand {
  readonly topic: string
  readonly message: string
  readonly count: number
  readonly ratePerSecond: number | undefined
  readonly ack: 'none' | 'local' | 'copies' | undefined
}

/** Answer of `POST /v1/send`. */
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

/** A file that may be fetched. */
export interface FileEntry {
  /** Relative to the data directory, with `/`. */
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
}

/** An open file. */
export interface OpenFile {
  /** Size of the whole file when it was opened; `content` ends there. */
  readonly bytes: number
  readonly content: Readable
}

type MaybePromise<Value> = Value | Promise<Value>

/** The node behind the admin interface. Arguments have the right types; whether they make sense is judged here. */
export interface AdminPort {
  status(): MaybePromise<NodeStatus>
  streams(): MaybePromise<readonly StreamDefinitionAnswer[]>
  putStream(change: StreamChange): MaybePromise<StreamDefinitionAnswer | Refusal>
  /** Answers when the stream is in the mode on this node. */
  /** `gone`: nobody waits for the answer any more. */
  setMode(name: string, mode: 'gossip' | 'leader', gone: AbortSignal): MaybePromise<ModeAnswer | Refusal>
  /** Where the order of a stream ends: here, or `isCommitted`, at least everything that was acknowledged before this was asked. */
  streamEnd(name: string, isCommitted: boolean): MaybePromise<StreamEndAnswer | Refusal>
  deleteStream(name: string): MaybePromise<StreamDefinitionAnswer | Refusal>
  members(): MaybePromise<MembersAnswer>
  /** Answers when the node has left the cluster; groups let it go a little later. */
  removeMember(node: string): MaybePromise<MembersAnswer | Refusal>
  subscriptions(): MaybePromise<readonly NodeSubscriptionAnswer[]>
  addSubscription(pattern: string): MaybePromise<{ readonly changed: boolean } | Refusal>
  removeSubscription(pattern: string): MaybePromise<{ readonly changed: boolean } | Refusal>
  subscribers(topic: string): MaybePromise<SubscribersAnswer | Refusal>
  names(): MaybePromise<readonly NameAnswer[]>
  removeName(name: string): MaybePromise<NameRemovalAnswer | Refusal>
  /** Ends early, with what was sent so far, when the signal aborts: nobody waits for the answer any more. */
  send(command: SendCommand, signal: AbortSignal): MaybePromise<SendAnswer | Refusal>
  flush(): MaybePromise<{ readonly flushedAt: number } | Refusal>
  files(): MaybePromise<readonly FileEntry[]>
  /** `path` has no empty, `.` or `..` part; only paths that `files` lists are opened. An offset at or past the end gives no bytes. */
  openFile(path: string, offset: number): MaybePromise<OpenFile | Refusal>
  cleanup(): MaybePromise<{ readonly removedFiles: number; readonly removedBytes: number } | Refusal>
  /** Begins to drain; returns at once. */
  exit(): void
}
