// The promises of Raft and of its log, for every group of every node, in whatever world the nodes are.

import { CommitIsDurable } from './invariants/commit-is-durable.ts'
import { ElectionSafety } from './invariants/election-safety.ts'
import { LeaderCompleteness } from './invariants/leader-completeness.ts'
import { LogMatching } from './invariants/log-matching.ts'
import { Promises } from './invariants/promises.ts'
import { Recovery } from './invariants/recovery.ts'
import type { LogInvariant, LogWorld } from './log-world.ts'

export function makeLogInvariants(world: LogWorld): readonly LogInvariant[] {
  return [
    new ElectionSafety(world),
    new LogMatching(),
    new LeaderCompleteness(world),
    new Promises(),
    new CommitIsDurable(world),
    new Recovery(),
  ]
}
