// Defects of who is in a group, each of one line, that the simulator must find.

import { ConfigurationHistory } from '../../../node/groups/configuration-history.ts'
import { NodeStorage } from '../../../sim/leader/node-storage.ts'
import { faultIn } from '../planted-fault.ts'
import type { PlantedLeaderFault } from './planted-leader-fault.ts'

export const faultsOfMembers: readonly PlantedLeaderFault[] = [
  {
    what: 'a node that goes on as the member that it was before it lost its disk',
    invariants: ['leader completeness', 'promises', 'liveness'],
    fault: faultIn(
      NodeStorage.prototype,
      'lose',
      (original) =>
        function (this: NodeStorage): void {
          const { member } = this
          original.call(this)
          this.member = member
        },
    ),
  },
  {
    what: 'a floor with members that came behind it',
    invariants: ['commit is durable'],
    fault: faultIn(
      ConfigurationHistory.prototype,
      'take',
      (original) =>
        function (this: ConfigurationHistory): ReturnType<typeof original> {
          return original.call(this, Number.POSITIVE_INFINITY)
        },
    ),
  },
]
