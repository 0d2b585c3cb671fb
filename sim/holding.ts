// Which messages a node holds that another one sent it, whatever the node says.

import type { Broker } from '../node/broker/broker.ts'
import type { Origin } from '../node/core/common/ids.ts'
import type { BatchMessage } from '../node/core/gossip/messages.ts'

/** Stream and origin of a batch that has come, if the node took it. */
export function takenFrom(
  broker: Broker,
  { stream, boot, from }: BatchMessage,
): { readonly stream: string; readonly origin: Origin } | undefined {
  const replica = broker.agent.replicas.get(stream)
  const state = replica?.origins.get(boot)
  const entry = state?.log.atOrAfter(from)
  if (replica === undefined || state === undefined || entry === undefined || entry.from > from)
    return undefined
  return { stream: replica.name, origin: state.origin }
}
