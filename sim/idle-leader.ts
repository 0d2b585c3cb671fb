// The leader agent of a node that has no stream in leader mode: nothing ever happens to it.

import { crc32 } from 'node:zlib'
import type { Boot, NodeId } from '../node/core/common/ids.ts'
import type { SlabPool } from '../node/core/common/slabs.ts'
import { chainStart } from '../node/core/wal/write-format.ts'
import { LeaderAgent } from '../node/leader/agent.ts'
import type { EpochHost } from '../node/leader/epoch-host.ts'

function nothing(): void {}

/** Where no stream is ever in gossip mode. */
export const noEpochs: EpochHost = { onSealed: refuse, onEpoch: () => [], publishAgain: nothing }

export function createIdleLeader(node: NodeId, boot: Boot, slabs: SlabPool): LeaderAgent {
  return new LeaderAgent({
    node,
    boot,
    slabs,
    member: 1,
    nodes: new Map([[node, '']]),
    start: { file: undefined, bytes: 0, next: chainStart(1) },
    logs: new Map(),
    random: () => 0,
    timeoutMs: 0,
    ports: {
      now: () => 0,
      disk: { checksum: crc32, write: nothing, remove: nothing },
      endOfTurn: nothing,
      onRan: nothing,
      allocate: (bytes) => new Uint8Array(bytes),
      sendFrame: nothing,
      queuedBytes: () => undefined,
      onDelivered: nothing,
      onFailed: nothing,
      onVoid: nothing,
      onRoster: nothing,
      epochs: noEpochs,
    },
  })
}

function refuse(): never {
  throw new Error('no epoch is ever sealed here')
}
