// The admin interface over one node: translates requests into calls of its parts, and their state into answers.

import { Readable } from 'node:stream'
import { isInOrder } from './broker/batch-store.ts'
import type { Broker } from './broker/broker.ts'
import type { NodeSubscriptions } from './broker/node-subscriptions.ts'
import type { SessionTable } from './broker/session-table.ts'
import { keepMode } from './broker/stream-changes.ts'
import { toStreamKey } from './broker/stream-table.ts'
import { TestSender } from './broker/test-sender.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { Counters } from './core/common/counters.ts'
import type { Refusal } from './core/common/errors.ts'
import type { StreamDefinition, StreamMode } from './core/stream/definition.ts'
import type { Replica } from './core/stream/replica.ts'
import type { LeaderHost } from './leader-host.ts'
import type { LoopLag } from './loop-lag.ts'
import { listMembers, removeMember } from './member-admin.ts'
import type { NodeMemory } from './memory.ts'
import { type ModeAnswer, reachMode, switchMode } from './mode-switch.ts'
import { listNames, removeName } from './name-admin.ts'
import type {
  AdminPort,
  FileEntry,
  MembersAnswer,
  NameAnswer,
  NameRemovalAnswer,
  NodeStatus,
  NodeSubscriptionAnswer,
  OpenFile,
  SendAnswer,
  SendCommand,
  StreamChange,
  StreamDefinitionAnswer,
  StreamEndAnswer,
  StreamStatus,
  SubscribersAnswer,
} from './net/admin-port.ts'
import type { Links } from './net/links.ts'
import { listServedFiles, openServedFile } from './storage/served-files.ts'
import { putStream, removeStream, streamEnd, toDefinitionAnswer } from './stream-admin.ts'
import { isRefusal } from './wire/control.ts'

/** The parts of a node that the admin interface shows and moves. */
export interface NodeParts {
  readonly config: NodeConfig
  readonly version: string
  readonly state: NodeStatus['state']
  readonly startedAt: number
  readonly broker: Broker
  readonly counters: Counters
  readonly leaderHost: LeaderHost
  readonly links: Links
  readonly loopLag: LoopLag
  readonly memory: NodeMemory
  readonly ownSubscriptions: NodeSubscriptions
  readonly sessions: SessionTable
  /** Aborts when the node begins to drain. */
  readonly draining: AbortSignal
  saveSubscriptions(): Promise<void>
  stop(reason: string): Promise<void>
}

export class NodeAdmin implements AdminPort {
  readonly #node: NodeParts

  constructor(node: NodeParts) {
    this.#node = node
  }

  status(): NodeStatus {
    const { config, broker, state, startedAt, sessions, ownSubscriptions, links, counters } = this.#node
    const { rss, heapUsed } = process.memoryUsage()
    let retainedBytes = 0
    for (const { name } of broker.streams.replicas) retainedBytes += retainedOf(broker, name).bytes
    return {
      node: config.nodeId,
      origin: broker.origin,
      cluster: config.cluster,
      version: this.#node.version,
      state,
      uptimeMs: broker.ports.now() - startedAt,
      memory: { rssBytes: rss, heapUsedBytes: heapUsed, retainedBytes },
      loopLagMs: this.#node.loopLag.read(),
      journal: this.#node.memory.journal,
      member: this.#node.leaderHost.member,
      links: links.statuses().map((link) => ({ ...link, zone: config.peers.get(link.peer)?.zone })),
      streams: broker.streams.replicas.map((replica) => this.#streamStatus(replica)),
      subscriptions: ownSubscriptions.size,
      sessions: sessions.sessions.size,
      counters: Object.fromEntries(counters.entries()),
    }
  }

  streams(): readonly StreamDefinitionAnswer[] {
    const { broker } = this.#node
    return broker.streams.replicas.map(({ definition }) => this.#toAnswer(definition))
  }

  /** Answers when the definition is on this node's disk: from then on it outlives a crash of all nodes. */
  async putStream(change: StreamChange): Promise<StreamDefinitionAnswer | Refusal> {
    const { broker, memory } = this.#node
    const isNew = broker.streams.find(change.name) === undefined
    const definition = await putStream(broker, memory, change)
    if (isRefusal(definition)) return definition
    const refusal = await reachMode(broker, definition, { isNew, draining: this.#node.draining })
    return refusal ?? this.#toAnswer(definition)
  }

  setMode(name: string, mode: StreamMode, gone?: AbortSignal): Promise<ModeAnswer | Refusal> {
    const { broker, draining } = this.#node
    keepMode(broker, name, mode)
    return switchMode(broker, name, mode, { draining, gone })
  }

  members(): MembersAnswer {
    return listMembers(this.#node.broker.leader)
  }

  removeMember(node: string): Promise<MembersAnswer | Refusal> {
    return removeMember(this.#node.broker.leader, node, this.#node.draining)
  }

  streamEnd(name: string, isCommitted: boolean): Promise<StreamEndAnswer | Refusal> {
    return streamEnd(this.#node.broker, name, isCommitted)
  }

  /** As `putStream`: the removal is on the disk when the answer comes. */
  deleteStream(name: string): Promise<StreamDefinitionAnswer | Refusal> {
    return removeStream(this.#node.broker, this.#node.memory, name)
  }

  subscriptions(): readonly NodeSubscriptionAnswer[] {
    return this.#node.ownSubscriptions.list().map(({ pattern, since, subscriber }) => ({
      pattern,
      sub: subscriber.options.sub,
      since,
      delivered: subscriber.delivered,
      streams: subscriber.streams.map((replica) => replica.name),
    }))
  }

  async addSubscription(pattern: string): Promise<{ readonly changed: boolean } | Refusal> {
    const answer = await this.#node.ownSubscriptions.add(pattern)
    await this.#node.saveSubscriptions()
    return answer
  }

  async removeSubscription(pattern: string): Promise<{ readonly changed: boolean } | Refusal> {
    const answer = this.#node.ownSubscriptions.remove(pattern)
    await this.#node.saveSubscriptions()
    return answer
  }

  subscribers(topic: string): SubscribersAnswer | Refusal {
    const { broker, config } = this.#node
    const replica = broker.streams.resolve(topic)
    if ('refused' in replica) return replica
    const members = broker.queues.of(replica.name, topic).map(({ sub, options: { patterns, name } }) => {
      return { node: config.nodeId, sub, kind: 'client', patterns, queue: name } as const
    })
    const wanting = [...broker.subscribers].filter((subscriber) => subscriber.wants(topic))
    const subscribers = wanting.map(({ options: { sub, kind, patterns } }) => ({
      node: config.nodeId,
      sub,
      kind,
      patterns,
    }))
    return { topic, stream: replica.name, subscribers: [...subscribers, ...members] }
  }

  names(): readonly NameAnswer[] {
    return listNames(this.#node.broker, this.#node.sessions)
  }

  async removeName(name: string): Promise<NameRemovalAnswer | Refusal> {
    const { broker, sessions, memory } = this.#node
    const answer = await removeName(broker, sessions, name)
    if (!isRefusal(answer)) memory.recorder.line({ t: 'forgotten', at: broker.ports.now(), name })
    return answer
  }

  async send(command: SendCommand, signal: AbortSignal): Promise<SendAnswer | Refusal> {
    const { broker, draining } = this.#node
    if (draining.aborted) return { refused: 'NODE_DRAINING', reason: 'the node is shutting down' }
    const sender = new TestSender(broker, { ...command, ack: command.ack ?? 'local' })
    const result = await sender.run(AbortSignal.any([signal, draining]))
    return 'refused' in result && typeof result.refused === 'string'
      ? (result as Refusal)
      : ({ ...result, origin: broker.origin } as SendAnswer)
  }

  async flush(): Promise<{ readonly flushedAt: number }> {
    await this.#node.memory.flush(this.#node.broker)
    return { flushedAt: this.#node.broker.ports.now() }
  }

  files(): Promise<readonly FileEntry[]> {
    return listServedFiles(this.#node.memory.directory.path)
  }

  async openFile(path: string, offset: number): Promise<OpenFile | Refusal> {
    const file = await openServedFile(this.#node.memory.directory.path, path)
    if (file === undefined) return { refused: 'PATH_UNKNOWN', reason: `there is no file ${path}` }
    const { handle, bytes } = file
    if (offset >= bytes) {
      await handle.close()
      return { bytes, content: Readable.from([]) }
    }
    return { bytes, content: handle.createReadStream({ start: offset, end: bytes - 1 }) }
  }

  async cleanup(): Promise<{ readonly removedFiles: number; readonly removedBytes: number }> {
    const { ownSubscriptions, memory, broker } = this.#node
    ownSubscriptions.clear()
    return await memory.clear(broker)
  }

  exit(): void {
    void this.#node.stop('the admin interface asked for it')
  }

  #toAnswer(definition: StreamDefinition): StreamDefinitionAnswer {
    return toDefinitionAnswer(definition, this.#node.broker.agent.catalog.get(toStreamKey(definition.name)))
  }

  #streamStatus(replica: Replica): StreamStatus {
    const { broker } = this.#node
    const origins: Record<string, number> = {}
    for (const state of replica.origins.values()) {
      if (state.position !== undefined) origins[state.origin] = state.position
    }
    let deliveredMessages = 0
    for (const subscriber of broker.subscribers) {
      if (subscriber.feedOf(replica) !== undefined) deliveredMessages += subscriber.deliveredOn(replica)
    }
    const { topics, mode } = replica.definition
    const retained = retainedOf(broker, replica.name)
    return {
      name: replica.name,
      topics,
      mode,
      epoch: broker.epochs.numberOf(replica),
      phase: mode === 'gossip' && replica.fence !== undefined ? 'sealing' : 'open',
      // A sealed epoch takes nothing without a leader, whatever its mode.
      ...(isInOrder(replica) && { order: broker.leader.statusOf(replica) }),
      publishedMessages: broker.nextSequence(replica) - 1,
      deliveredMessages,
      retainedMessages: retained.messages,
      retainedBytes: retained.bytes,
      origins,
      missing: mode === 'leader' ? 0 : broker.agent.missing(replica),
    }
  }
}

/** What a stream retains, in all its epochs. */
function retainedOf({ epochs }: Broker, name: string): { readonly messages: number; readonly bytes: number } {
  const all = epochs.all(name)
  return {
    messages: all.reduce((sum, { messages }) => sum + messages, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}
