// What a node says to every client first.

import type { SessionTable } from './broker/session-table.ts'
import type { NodeConfig } from './config/node-config.ts'
import { toClientUrl } from './config/peers.ts'
import { type Boot, toOrigin } from './core/common/ids.ts'
import { protocolLimits } from './core/common/limits.ts'

export function toWelcome(config: NodeConfig, boot: Boot): SessionTable['welcome'] {
  const { payloadBytesMax, batchRecordsMax, batchBytesMax } = protocolLimits
  const urls = [...config.peers.values()].map(toClientUrl)
  const { inFlightBytesMax, subscriptionsMax } = config.tunables
  return {
    cluster: config.cluster,
    node: config.nodeId,
    boot: toOrigin(config.nodeId, boot),
    urls,
    limits: { payloadBytesMax, batchRecordsMax, batchBytesMax, inFlightBytesMax, subscriptionsMax },
  }
}
