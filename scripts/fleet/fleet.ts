// Where the nodes run. Commands know this interface and the admin interface of the nodes, never processes or containers.

/** A node of the fleet and its two addresses as seen from here. */
export interface FleetNode {
  readonly id: string
  /** `ws://host:port` for clients. */
  readonly clientUrl: string
  /** `http://host:port` of the admin interface. */
  readonly adminUrl: string
}

export interface UpOptions {
  /** Number of nodes; undefined takes the fleet's own number. */
  readonly nodeCount: number | undefined
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

export interface UpResult {
  readonly started: readonly string[]
  /** Nodes that ran before. */
  readonly running: readonly string[]
}

export interface DownOptions {
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

export interface DownResult {
  readonly stopped: readonly string[]
  /** Nodes that still run, each with how to find out more. */
  readonly remaining: readonly { readonly node: string; readonly reason: string }[]
}

/** One finding of `doctor`. */
export interface Diagnosis {
  readonly subject: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** What to do; absent when all is well. */
  readonly action?: string
}

/** The journal of a node that was removed. */
export interface FormerJournal {
  readonly node: string
  /** When its data was kept aside, milliseconds since 1970. */
  readonly removedAt: number
  /** Folder of NNNNNN.ndjson on this machine. */
  readonly directory: string
}

export type FleetName = 'local' | 'compose'

/** A set of nodes that can be started, stopped and found. */
export interface Fleet {
  readonly name: FleetName
  /** All nodes that should be there, in order of their ids; fails when the fleet was never started. */
  nodes(): Promise<readonly FleetNode[]>
  /** Ids of the nodes whose process or container runs, whatever state it is in. */
  running(): Promise<readonly string[]>
  /** Starts what does not run yet and returns when the processes exist; readiness is asked of the nodes. */
  up(options: UpOptions): Promise<UpResult>
  down(options: DownOptions): Promise<DownResult>
  /** Starts one more node, whose peers.json has all others; returns when its process answers. */
  add(id: string, signal: AbortSignal): Promise<void>
  /** A node was removed from the cluster: it is not one that should be there any more, and its data is kept aside. */
  forget(id: string): Promise<void>
  /** Of the nodes that were removed and whose data is kept aside here, the oldest first. */
  formerJournals(): Promise<readonly FormerJournal[]>
  /** Removes those journals, and nothing else of what is kept. */
  clearFormerJournals(): Promise<void>
  /** What the node's process wrote to its standard streams, as one text file. */
  saveLog(id: string, file: string): Promise<void>
  /** Forgets what the processes wrote to their standard streams; false if this fleet cannot. */
  clearLogs(): Promise<boolean>
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
}
