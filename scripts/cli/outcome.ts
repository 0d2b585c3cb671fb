// How a command ends: its exit code, and what the user reads when it cannot go on.

/** Exit codes of every command. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Some nodes could not be reached; each is named. */
  unreachable: 3,
  /** Waited in vain, or the cluster is not healthy. */
  unhealthy: 4,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends a command: one line for the cause, one for the next step. */
export class CommandError extends Error {
  readonly exitCode: ExitCode
  /** What the user can do about it. */
  readonly next: string | undefined
  /** Code of the error registry, when a node or the client gave one. */
  readonly code: string | undefined

  constructor(
    exitCode: ExitCode,
    message: string,
    details: {
      readonly next?: string | undefined
      readonly code?: string | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(message, { cause: details.cause })
    this.name = 'CommandError'
    this.exitCode = exitCode
    this.next = details.next
    this.code = details.code
  }
}

/** The code of a failed command that has none of its own: a program that reads the error document can rely on one. */
export function toErrorCode(exitCode: ExitCode): string {
  if (exitCode === exitCodes.usage) return 'USAGE_INVALID'
  if (exitCode === exitCodes.unhealthy) return 'CLUSTER_UNHEALTHY'
  return exitCode === exitCodes.unreachable ? 'NODE_UNREACHABLE' : 'COMMAND_FAILED'
}

/** The text of whatever was thrown. */
export function toMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(toMessage).join('; ')
  return error instanceof Error ? error.message : String(error)
}
