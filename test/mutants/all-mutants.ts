// Every fault that is planted, by what it breaks.

import { faultsOfBroker } from './faults-of-broker.ts'
import { faultsOfEpochs } from './faults-of-epochs.ts'
import { faultsOfFloors } from './faults-of-floors.ts'
import { faultsOfDelivery, faultsOfRepair } from './faults-of-gossip.ts'
import { faultsOfGroups } from './faults-of-groups.ts'
import { faultsOfMembers } from './faults-of-members.ts'
import { faultsOfPlaces } from './faults-of-places.ts'
import { faultsOfElections, faultsOfReplication } from './faults-of-raft.ts'
import { faultsOfReads } from './faults-of-reads.ts'
import { faultsOfRemadeStreams } from './faults-of-remade-streams.ts'
import { faultsOfRescue } from './faults-of-rescue.ts'
import { faultsOfRot } from './faults-of-rot.ts'
import { faultsOfFiles, faultsOfLog } from './faults-of-storage.ts'
import { faultsOfSubscribing } from './faults-of-subscribing.ts'
import { faultsOfSwitching } from './faults-of-switching.ts'
import type { Mutant } from './mutant.ts'

export const allMutants: readonly Mutant[] = [
  ...faultsOfElections,
  ...faultsOfReplication,
  ...faultsOfReads,
  ...faultsOfLog,
  ...faultsOfFiles,
  ...faultsOfRot,
  ...faultsOfGroups,
  ...faultsOfFloors,
  ...faultsOfMembers,
  ...faultsOfPlaces,
  ...faultsOfSwitching,
  ...faultsOfEpochs,
  ...faultsOfRemadeStreams,
  ...faultsOfSubscribing,
  ...faultsOfRescue,
  ...faultsOfDelivery,
  ...faultsOfRepair,
  ...faultsOfBroker,
]
