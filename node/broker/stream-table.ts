// Which streams exist, and to which of them a topic belongs. Definitions live in the catalog, where every node ends up
// with the same; this table follows it and keeps the answers for topics seen before.

import type { Refusal } from '../core/common/errors.ts'
import { toStreamId } from '../core/common/ids.ts'
import type { GossipAgent } from '../core/gossip/agent.ts'
import {
  defaultReplicas,
  defaultStreamName,
  definitionProblem,
  ownOverlapProblem,
  type Retention,
  type StreamDefinition,
  type StreamMode,
  streamLimits,
} from '../core/stream/definition.ts'
import { matches, overlaps } from '../core/stream/pattern.ts'
import type { Replica } from '../core/stream/replica.ts'
import { topicProblem } from '../core/stream/topic.ts'
import { readDefinition, readRemoval } from '../wire/stream-definition.ts'

/** Topics whose stream is remembered; the table starts anew beyond it. */
const rememberedTopicsMax = 65_536
const keyPrefix = 'stream:'

/** What `PUT /v1/streams/NAME` may set; the rest comes from the present definition or the defaults. */
export interface StreamChange {
  readonly topics?: readonly string[] | undefined
  readonly retention?:
    | { readonly bytes?: number | undefined; readonly ageMs?: number | undefined }
    | undefined
  readonly copies?: number | undefined
  readonly replicas?: number | undefined
  readonly mode?: StreamMode | undefined
}

/** What holds for streams that do not say otherwise, and how many there may be. */
export interface StreamDefaults {
  readonly retention: Retention
  readonly copies: number
  readonly streamsMax?: number
}

/** How a stream ended that was removed. */
export interface StreamEnd {
  /** Whether no other one was made in its place since. */
  readonly isRemoved: boolean
  /** Offset of its last message in leader mode; undefined where nobody has said it. */
  readonly behind: number | undefined
  /** Which of the streams of its name is there now, or was there last; undefined for the first one, and where that is not known. */
  readonly made: number | undefined
}

/** Who has the replicas of streams. */
export interface StreamOwner {
  /** The replica of a stream's present epoch, which is created where it does not exist. */
  define(definition: StreamDefinition): Replica
  /** The mode that it is to come into; undefined where that is the one that it is in. */
  wantedModeOf(name: string): StreamMode | undefined
}

export class StreamTable {
  readonly #agent: GossipAgent
  readonly #epochs: StreamOwner
  readonly #defaults: StreamDefaults
  /** In the order of their names, so that every node resolves a momentary overlap alike. */
  #replicas: Replica[] = []
  /** Which of the streams of their names they are. */
  readonly #made = new Map<string, number | undefined>()
  readonly #byTopic = new Map<string, Replica>()

  constructor(agent: GossipAgent, epochs: StreamOwner, defaults: StreamDefaults) {
    this.#agent = agent
    this.#epochs = epochs
    this.#defaults = defaults
    this.refresh()
  }

  get replicas(): readonly Replica[] {
    return this.#replicas
  }

  find(name: string): Replica | undefined {
    return this.#replicas.find((replica) => replica.name === name)
  }

  /** The stream of a topic, or why the topic is not valid. */
  resolve(topic: string): Replica | Refusal<'TOPIC_INVALID'> {
    const known = this.#byTopic.get(topic)
    if (known !== undefined) return known
    const problem = topicProblem(topic)
    if (problem !== undefined) return problem
    if (this.#byTopic.size >= rememberedTopicsMax) this.#byTopic.clear()
    const replica = this.#replicas.find((candidate) =>
      candidate.definition.topics.some((pattern) => matches(pattern, topic)),
    )
    const found = replica ?? this.#defaultReplica()
    this.#byTopic.set(topic, found)
    return found
  }

  /** The streams that may carry topics of a pattern. */
  streamsOf(pattern: string): readonly Replica[] {
    return this.#replicas.filter(
      (replica) =>
        replica.name === defaultStreamName ||
        replica.definition.topics.some((topic) => overlaps(topic, pattern)),
    )
  }

  /** The definition that a change would lead to, or why it may not be made. */
  plan(name: string, change: StreamChange): StreamDefinition | Refusal {
    const present = this.find(name)?.definition
    const retention = { ...(present?.retention ?? this.#defaults.retention) }
    if (change.retention?.bytes !== undefined) retention.bytes = change.retention.bytes
    if (change.retention?.ageMs !== undefined) retention.ageMs = change.retention.ageMs
    const copies = change.copies ?? present?.copies ?? this.#defaults.copies
    const replicas = change.replicas ?? present?.replicas ?? defaultReplicas
    const topics = change.topics ?? present?.topics ?? []
    if (present !== undefined && present.mode !== (change.mode ?? present.mode))
      return { refused: 'STREAM_INVALID', reason: `stream ${name} is in ${present.mode} mode` }
    const mode = change.mode ?? this.#epochs.wantedModeOf(name) ?? present?.mode ?? 'gossip'
    // Of a stream that is there the catalog says it: in the log of its group, the definition is as old as the epoch.
    const { behind, made } = (present === undefined ? this.#making(name) : this.definitionOf(name)) ?? {}
    const definition: StreamDefinition = {
      ...{ name, topics, mode, retention, copies, replicas },
      ...(behind !== undefined && { behind }),
      ...(made !== undefined && { made }),
    }
    const others = this.#replicas.map((replica) => replica.definition)
    const problem = definitionProblem(definition, others) ?? ownOverlapProblem(definition)
    if (problem !== undefined) return problem
    if (present !== undefined) return definition
    const streamsMax = this.#defaults.streamsMax ?? streamLimits.streamsMax
    if (this.#replicas.length >= streamsMax) {
      return { refused: 'STREAM_LIMIT', reason: `there are ${streamsMax} streams` }
    }
    if (!this.#agent.catalog.hasRoomFor(toStreamKey(name))) {
      return { refused: 'STREAM_LIMIT', reason: 'the catalog of streams and cursors is full' }
    }
    const twin = this.#replicas.find((replica) => replica.stream === toStreamId(name))
    if (twin !== undefined) {
      return {
        refused: 'STREAM_INVALID',
        reason: `stream ${name}: its number is that of ${twin.name}; take another name`,
      }
    }
    return definition
  }

  /** Takes the catalog's definitions over. Says which streams are new, which have other topics, and which are gone. */
  refresh(): {
    readonly added: readonly Replica[]
    readonly changed: readonly Replica[]
    readonly removed: readonly string[]
  } {
    const before = new Map(this.#replicas.map(({ name, definition }) => [name, definition.topics.join(' ')]))
    const next: Replica[] = [this.#defaultReplica()]
    for (const entry of this.#agent.catalog.entries()) {
      const name = fromStreamKey(entry.key)
      if (name === undefined || name === defaultStreamName) continue
      const definition = this.definitionOf(name)
      if (definition === undefined) continue
      next.push(this.#epochs.define(definition))
      this.#made.set(name, definition.made)
    }
    this.#replicas = next.sort((left, right) => (left.name < right.name ? -1 : 1))
    this.#byTopic.clear()
    const present = new Set(next.map((replica) => replica.name))
    const topicsBefore = (replica: Replica): string | undefined => before.get(replica.name)
    return {
      added: next.filter((replica) => topicsBefore(replica) === undefined),
      changed: next.filter(
        (replica) => ![undefined, replica.definition.topics.join(' ')].includes(topicsBefore(replica)),
      ),
      removed: [...before.keys()].filter((name) => !present.has(name)),
    }
  }

  /** Forgets the streams in whose place others of their names were made, as far as the catalog knows by now. Returns the names. */
  takeReplaced(): readonly string[] {
    const replaced = this.#replicas.filter(({ name }) => {
      const definition = this.definitionOf(name)
      return (definition?.made ?? 0) > (this.#made.get(name) ?? 0)
    })
    this.#replicas = this.#replicas.filter((replica) => !replaced.includes(replica))
    return replaced.map(({ name }) => name)
  }

  /** The definition of a stream as the catalog has it; undefined where there is none. */
  definitionOf(name: string): StreamDefinition | undefined {
    const value = this.#agent.catalog.get(toStreamKey(name))?.value
    return value === undefined ? undefined : readDefinition(name, value)
  }

  /** What the catalog says of how a stream ended. */
  endOf(name: string): StreamEnd {
    const entry = this.#agent.catalog.get(toStreamKey(name))
    if (name === defaultStreamName || entry === undefined)
      return { isRemoved: false, behind: undefined, made: undefined }
    const removal = entry.value === undefined ? {} : readRemoval(entry.value)
    const { behind, made } = removal ?? this.definitionOf(name) ?? {}
    return { isRemoved: removal !== undefined, behind, made }
  }

  /** What tells a stream that is made now from one that was removed. Whoever makes it at the same time says the same. */
  #making(name: string): Pick<StreamDefinition, 'behind' | 'made'> {
    const entry = this.#agent.catalog.get(toStreamKey(name))
    return entry === undefined ? {} : { behind: readRemoval(entry.value)?.behind, made: entry.version + 1 }
  }

  #defaultDefinition(): StreamDefinition {
    const { retention, copies } = this.#defaults
    const replicas = defaultReplicas
    return { name: defaultStreamName, topics: [], mode: 'gossip', retention, copies, replicas }
  }

  #defaultReplica(): Replica {
    return this.#epochs.define(this.definitionOf(defaultStreamName) ?? this.#defaultDefinition())
  }
}

export function toStreamKey(name: string): string {
  return keyPrefix + name
}

export function fromStreamKey(key: string): string | undefined {
  return key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : undefined
}
