// What the benchmark needs from a messaging system: servers that can be started and stopped, and a client that publishes
// and subscribes. One implementation per system; everything that is measured runs through this interface, so that no system
// is measured in a way of its own. What a system adds that keeps publications on disk is in durable-driver.ts.

/** Servers that run for one measurement. */
export interface RunningServers {
  /** Client addresses, one a server. */
  readonly urls: readonly string[]
  readonly pids: readonly number[]
  /** Index of the server that says that it leads, where one does; undefined while none does. */
  findLeader?(): Promise<number | undefined>
  /** Messages that a majority of the servers say they keep, where they keep any. */
  countStored?(): Promise<number>
  stop(): Promise<void>
}

/** How servers are to be started. */
export interface ServerOptions {
  /** Folder for everything that the servers write; removed afterwards. */
  readonly directory: string
  /** 1, or more for a cluster in which every server knows every other. */
  readonly serverCount: number
  /** Options of Node itself for servers that are Node programs, for profiling. */
  readonly nodeOptions: readonly string[]
}

/** Gives one payload after the other; undefined ends it. A payload's bytes are good until `payloadSlots` later ones. */
export type PayloadSource = () => Uint8Array | undefined

/** Resolves when the subscribers are near enough. */
export type MayGoOn = () => Promise<void>

/** One client connection of a publisher that waits for answers. */
export interface PublishingConnection {
  /** Publishes one message and waits for as much as the system says about it; rejects if that is that it failed. */
  publishAndWait(topic: string, payload: Uint8Array): Promise<void>
  /** Publications that the client knows to have failed. */
  readonly failures: number
  close(): Promise<void>
}

/** One client connection. */
export interface BenchConnection extends PublishingConnection {
  /** Subscribes; resolves when the server has confirmed. Every message is handed over as the client gives it. */
  subscribe(topic: string, onPayload: (payload: Uint8Array) => void): Promise<void>
  /** Publishes one message in the client's way for those who cannot wait. */
  publish(topic: string, payload: Uint8Array): void
  /**
   * Publishes flat out under the client's own flow control; resolves when the server has got everything. Where that does
   * not reach to the subscribers, `mayGoOn` is awaited now and then.
   */
  publishAll(topic: string, next: PayloadSource, mayGoOn: MayGoOn): Promise<void>
  /** Resolves when the server has got everything published so far. */
  flush(): Promise<void>
}

/** A system that can be measured in some way. */
export interface System {
  readonly name: string
  /** How its publisher and subscriber are used, and what a publication's acknowledgement means; for the report. */
  readonly choices: string
  /** Whether a slow subscriber slows publishers. Where it does not, the benchmark keeps publishers near subscribers. */
  readonly hasFlowControl: boolean
  /** The server's version; undefined if it is not installed. */
  findVersion(): string | undefined
  startServers(options: ServerOptions): Promise<RunningServers>
  connect(url: string): Promise<PublishingConnection>
}

/** A system whose messages are measured from the publisher to subscribers. */
export interface Driver extends System {
  /** Whether this driver sets up a cluster in which a message published anywhere reaches subscribers everywhere. */
  readonly hasCluster: boolean
  connect(url: string): Promise<BenchConnection>
}
