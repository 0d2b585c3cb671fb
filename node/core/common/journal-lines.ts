// The lines of the journal as a node writes them (docs/protocol.md section 4), types only. Readers have types of
// their own: what is written by one version is read by another, and a reader trusts nothing.
// Times are milliseconds since 1970 with fractions; sequences count from 1.

/** A boot begins; everything before it belongs to an earlier boot. */
export interface StartLine {
  readonly t: 'start'
  readonly at: number
  readonly v: 1
  readonly cluster: string
  readonly node: string
  readonly origin: string
}

/** The boot ended in order: nothing is missing after this line. */
export interface StopLine {
  readonly t: 'stop'
  readonly at: number
  readonly node: string
  readonly origin: string
}

/** The definition of a stream as this node knows it. */
export interface StreamLine {
  readonly t: 'stream'
  readonly at: number
  readonly stream: string
  readonly topics: readonly string[]
  readonly deleted?: true
}

/** A run that this node numbered, all of one topic. */
export interface SentLine {
  readonly t: 'sent'
  readonly at: number
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
  readonly n: number
  readonly topic: string
  /** Intended send time of the first and of the last record. */
  readonly first: number
  readonly last: number
  /** They were to have a place in the one order of the stream: `placed` says how far they got one. */
  readonly ordered?: true
  /** Of a named producer, with the sequence that it gave the first one; those behind it follow one by one. */
  readonly producer?: string
  readonly number?: number
}

/** A named producer, and the sequence that it gave the first message of a run. */
export interface SentProducer {
  readonly name: string
  readonly sequence: number
}

/** The same for mixed topics; `order` holds run lengths over the topic list: "0*5,1*3". */
export interface MixedSentLine extends Omit<SentLine, 'topic'> {
  readonly topics: readonly string[]
  readonly order: string
}

/** How far the messages of an origin have their place in the one order of a stream, as this node knows it. */
export interface PlacedLine {
  readonly t: 'placed'
  readonly at: number
  readonly stream: string
  readonly origin: string
  readonly to: number
}

/** These sequences passed by with no message: a named producer's retry of what was stored already. */
export interface VoidLine {
  readonly t: 'void'
  readonly at: number
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
}

/** These sequences were to have a place, and were published in gossip mode instead, to which the stream had changed: they have none. */
export interface UnplacedLine {
  readonly t: 'unplaced'
  readonly at: number
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
}

/** What the cluster kept under a name was removed: a queue of that name has ended, and another one of its name begins anew. */
export interface ForgottenLine {
  readonly t: 'forgotten'
  readonly at: number
  readonly name: string
}

/** A subscription begins, or resumes, on a stream. */
export interface SubscriptionLine {
  readonly t: 'sub'
  readonly at: number
  readonly sub: string
  readonly kind: 'node' | 'client'
  readonly patterns: readonly string[]
  readonly stream: string
  readonly name?: string
  /** It is a member of this queue: each message is due to one of its members. */
  readonly queue?: string
  /** When the subscription was made; not of one that goes on from a cursor, which may be owed what is older. */
  readonly since?: number
}

/** The subscription starts after this sequence of this origin. */
export interface BaseLine {
  readonly t: 'base'
  readonly at: number
  readonly sub: string
  readonly stream: string
  readonly origin: string
  readonly seq: number
}

/** A delivered run; without `ranges` every sequence from..to, else exactly those: "1-3,5,9-12". */
export interface GotLine {
  readonly t: 'got'
  readonly at: number
  readonly sub: string
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
  readonly n: number
  /** Delivery time of the first and of the last record. */
  readonly first: number
  readonly last: number
  readonly ranges?: string
}

/** The subscriber was told that these will not come. */
export interface GapLine {
  readonly t: 'gap'
  readonly at: number
  readonly sub: string
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** The subscription ended on this stream, having passed these sequences. */
export interface EndLine {
  readonly t: 'end'
  readonly at: number
  readonly sub: string
  readonly stream: string
  readonly seqs: Readonly<Record<string, number>>
}

/** A member of a queue has these slots, and what of them lies up to these sequences is handed out. */
export interface PassedLine {
  readonly t: 'passed'
  readonly at: number
  readonly sub: string
  readonly stream: string
  readonly slots: readonly number[]
  readonly seqs: Readonly<Record<string, number>>
}

/** The session broke: what was delivered last may not have reached the client. */
export interface LostLine {
  readonly t: 'lost'
  readonly at: number
  readonly sub: string
  readonly stream: string
}

/** What a subscription was handed without a break of an epoch in leader mode, as a hash over its order. */
export interface OrderLine {
  readonly t: 'order'
  readonly at: number
  readonly sub: string
  readonly stream: string
  readonly epoch: number
  /** Offsets of the first message and of the last one. */
  readonly from: number
  readonly offset: number
  /** 32 bits. */
  readonly hash: number
}

/** Dropped from memory up to here. */
export interface RetentionLine {
  readonly t: 'retention'
  readonly at: number
  readonly stream: string
  readonly origin: string
  readonly to: number
}

/** Microseconds from intended send time to delivery on this node, as a base64 V2 compressed HDR histogram. */
export interface LatencyLine {
  readonly t: 'latency'
  readonly at: number
  readonly stream: string
  readonly topic: string
  /** The node that sent. */
  readonly from: string
  readonly n: number
  readonly hdr: string
}

/** The peer's clock minus ours, measured over the link. */
export interface ClockLine {
  readonly t: 'clock'
  readonly at: number
  readonly peer: string
  readonly offsetMs: number
  readonly errorMs: number
}

/** This many lines are missing here: the disk failed or was too slow. */
export interface DroppedLine {
  readonly t: 'dropped'
  readonly at: number
  readonly lines: number
}

/** A line about one subscription other than its deliveries. */
export type SubscriptionEventLine =
  | SubscriptionLine
  | BaseLine
  | GapLine
  | OrderLine
  | PassedLine
  | EndLine
  | LostLine

/** Any line of a journal. */
export type JournalLine =
  | StartLine
  | StopLine
  | StreamLine
  | SentLine
  | MixedSentLine
  | SubscriptionEventLine
  | GotLine
  | PlacedLine
  | VoidLine
  | UnplacedLine
  | ForgottenLine
  | RetentionLine
  | LatencyLine
  | ClockLine
  | DroppedLine
