// Every wait of the links between nodes, with its reason. Tests shorten them.

/** Durations in milliseconds. */
export interface LinkDurations {
  /** From the start of a dial to the end of the WebSocket handshake. */
  readonly dialTimeoutMs: number
  /** From the WebSocket handshake to `ready`; longer than a probe, which may lie between. */
  readonly helloTimeoutMs: number
  readonly backoffMinMs: number
  /** From the start of one dial to the start of the next. */
  readonly backoffMaxMs: number
  /** From a refusal to the next dial. */
  readonly refusedRetryMs: number
  readonly pingIntervalMs: number
  /** Ping intervals without a byte after which a link is down. */
  readonly silentPingsMax: number
  /** How long a link has to prove that it is alive when its node seems to be running twice. */
  readonly probeTimeoutMs: number
}

export const defaultLinkDurations: LinkDurations = {
  // Within 2 s after a partition heals everything must be complete: a SYN that was lost costs at most this.
  dialTimeoutMs: 1000,
  helloTimeoutMs: 2500,
  backoffMinMs: 50,
  backoffMaxMs: 1000,
  // Somebody has to edit a file; ten seconds keep the log and the other node quiet.
  refusedRetryMs: 10_000,
  // Only the dialling end pings: enough for the clock offset, and little enough that a cluster at rest sleeps.
  pingIntervalMs: 2000,
  // A node that is only slow, in a long garbage collection or stopped by a debugger's breakpoint for a moment, stays.
  silentPingsMax: 3,
  probeTimeoutMs: 1000,
}
