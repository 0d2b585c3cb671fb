// The registry of the numbers that can be tuned: limits, retention, times. Each has a default with its reason, and
// bounds beyond which a value is a mistake. They have no option, because nobody needs them every day.

/** The value of every tunable: bytes, milliseconds or pieces, as the end of the name or the meaning says. */
export interface Tunables {
  readonly retentionBytes: number
  readonly retentionAgeMs: number
  readonly copies: number
  readonly copiesTimeoutMs: number
  readonly connectionsMax: number
  readonly subscriptionsMax: number
  readonly streamsMax: number
  readonly inFlightBytesMax: number
  readonly sessionQueueSoftBytes: number
  readonly sessionQueueHardBytes: number
  readonly slowConsumerMs: number
  readonly linkQueueSoftBytes: number
  readonly linkQueueHardBytes: number
  readonly handshakeTimeoutMs: number
  readonly journalFileBytes: number
  readonly journalFilesMax: number
  readonly drainMs: number
}

export type TunableName = keyof Tunables

/** A number that can be tuned in the configuration file or by its environment variable. */
export interface TunableEntry {
  readonly key: string
  readonly kind: 'bytes' | 'duration' | 'count'
  /** In bytes, milliseconds or pieces. */
  readonly fallback: number
  readonly minimum: number
  readonly maximum: number
  readonly meaning: string
  readonly reason: string
}

const kiB = 1024
const miB = 1024 * kiB
const second = 1000
const minute = 60 * second

/** Numbers that can be tuned, by name. */
export const tunables: Readonly<Record<TunableName, TunableEntry>> = {
  retentionBytes: {
    key: 'retention.bytes',
    kind: 'bytes',
    fallback: 64 * miB,
    minimum: 64 * kiB,
    maximum: 64 * 1024 * miB,
    meaning:
      'Memory per stream, over all its epochs, for messages kept for repair and late subscribers, where the stream does not say.',
    reason:
      'Half a million messages of 128 B: a node that restarts in seconds misses nothing at 50,000 messages/s.',
  },
  retentionAgeMs: {
    key: 'retention.age',
    kind: 'duration',
    fallback: 10 * minute,
    minimum: second,
    maximum: 7 * 24 * 60 * minute,
    meaning:
      "How long messages are kept, where the stream does not say: from when this node took one; in leader mode, when the node has started again, from when the leader gave it its place, by the leader's clock. Publishers' times do not matter.",
    reason: 'Longer than a restart or a short partition.',
  },
  copies: {
    key: 'copies',
    kind: 'count',
    fallback: 1,
    minimum: 0,
    maximum: 15,
    meaning: 'Other nodes that keep every message, where the stream does not say.',
    reason: 'One copy survives the loss of any one node; each more costs its bytes again.',
  },
  copiesTimeoutMs: {
    key: 'copiesTimeout',
    kind: 'duration',
    fallback: 5 * second,
    minimum: 10,
    maximum: 10 * minute,
    meaning: 'How long a publication waits for its copies before it is answered as unknown.',
    reason: 'Guess: longer than a reconnect, shorter than a client library gives up.',
  },
  connectionsMax: {
    key: 'limits.connections',
    kind: 'count',
    fallback: 10_000,
    minimum: 1,
    maximum: 1_000_000,
    meaning: 'Client connections of a node.',
    reason: 'Guess: some 30 KB each; the number of open files must allow it as well.',
  },
  subscriptionsMax: {
    key: 'limits.subscriptions',
    kind: 'count',
    fallback: 1_000,
    minimum: 1,
    maximum: 1_000_000,
    meaning: 'Subscriptions of one connection.',
    reason: 'Wider patterns serve better than more subscriptions.',
  },
  streamsMax: {
    key: 'limits.streams',
    kind: 'count',
    fallback: 256,
    minimum: 1,
    maximum: 10_000,
    meaning: 'Streams of the cluster; the same on every node.',
    reason: 'Every stream may keep retention.bytes in memory.',
  },
  inFlightBytesMax: {
    key: 'limits.inFlight',
    kind: 'bytes',
    fallback: 8 * miB,
    minimum: 2 * miB,
    maximum: 1024 * miB,
    meaning: 'Publications of one connection that wait for their acknowledgement.',
    reason: 'At 1 ms to the copies this allows 8 GB/s; at least one largest message must fit.',
  },
  sessionQueueSoftBytes: {
    key: 'limits.sessionQueueSoft',
    kind: 'bytes',
    fallback: miB,
    minimum: 64 * kiB,
    maximum: 1024 * miB,
    meaning: 'Bytes that a client has not taken, from which on it gets no more until they shrink.',
    reason:
      'A millisecond of a 10 Gbit/s network; what waits beyond it waits in the stream, once for all clients.',
  },
  sessionQueueHardBytes: {
    key: 'limits.sessionQueueHard',
    kind: 'bytes',
    fallback: 32 * miB,
    minimum: 2 * miB,
    maximum: 4096 * miB,
    meaning: 'Bytes that a client has not taken, at which it is closed.',
    reason: 'Guess: only answers that it asked for and does not read can bring it there.',
  },
  slowConsumerMs: {
    key: 'limits.slowConsumer',
    kind: 'duration',
    fallback: 10 * second,
    minimum: 100,
    maximum: 10 * minute,
    meaning: 'How long a client may take nothing while bytes wait for it, before it is closed.',
    reason: 'Longer than a garbage collection or a short cut of the network.',
  },
  linkQueueSoftBytes: {
    key: 'limits.linkQueueSoft',
    kind: 'bytes',
    fallback: 8 * miB,
    minimum: 64 * kiB,
    maximum: 1024 * miB,
    meaning: 'Bytes waiting for another node, from which on messages are left to repair.',
    reason: 'About 10 ms of a 10 Gbit/s network; more only adds delay.',
  },
  linkQueueHardBytes: {
    key: 'limits.linkQueueHard',
    kind: 'bytes',
    fallback: 32 * miB,
    minimum: 2 * miB,
    maximum: 4096 * miB,
    meaning: 'Bytes waiting for another node, at which the link is closed and begun again.',
    reason: 'Four times the soft limit; 15 such links are 480 MB at worst.',
  },
  handshakeTimeoutMs: {
    key: 'limits.handshake',
    kind: 'duration',
    fallback: 5 * second,
    minimum: 100,
    maximum: minute,
    meaning: 'How long a connection may take to become a WebSocket.',
    reason: 'A slow mobile network needs two seconds.',
  },
  journalFileBytes: {
    key: 'journal.fileBytes',
    kind: 'bytes',
    fallback: 64 * miB,
    minimum: 4 * kiB,
    maximum: 1024 * miB,
    meaning: 'Size at which a journal file is closed and the next begun.',
    reason: 'Fetched in about a second.',
  },
  journalFilesMax: {
    key: 'journal.files',
    kind: 'count',
    fallback: 20,
    minimum: 2,
    maximum: 10_000,
    meaning: 'Journal files that are kept; the oldest goes first.',
    reason: 'With the size above 1.25 GiB: weeks at a line per stream and second.',
  },
  drainMs: {
    key: 'drain',
    kind: 'duration',
    fallback: 8 * second,
    minimum: 0,
    maximum: 10 * minute,
    meaning: 'How long a node that is told to stop waits for clients and copies.',
    reason: 'Containers are killed 10 s after they are told to stop; 2 s remain to close the files.',
  },
}
