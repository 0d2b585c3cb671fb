// A leader agent of node A, alone in its cluster, over a disk that takes everything at the end of the turn.

import { crc32 } from 'node:zlib'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { SlabPool } from '../../node/core/common/slabs.ts'
import { chainStart } from '../../node/core/wal/write-format.ts'
import { LeaderAgent } from '../../node/leader/agent.ts'
import type { EpochHost } from '../../node/leader/epoch-host.ts'
import type { LeaderPorts } from '../../node/leader/ports.ts'

/** Where no stream is ever in gossip mode. */
export const noEpochs: EpochHost = {
  onSealed: refuse,
  onEpoch: () => [],
  publishAgain: () => undefined,
}

export function createTestLeader(ports: Partial<LeaderPorts> = {}): LeaderAgent {
  return new LeaderAgent({
    node: 'A' as NodeId,
    boot: 1 as Boot,
    member: 1,
    nodes: new Map([['A' as NodeId, 'a:1']]),
    start: { file: undefined, bytes: 0, next: chainStart(1) },
    logs: new Map(),
    slabs: new SlabPool(),
    random: () => 0,
    timeoutMs: 5000,
    ports: {
      now: () => 1000,
      disk: {
        checksum: crc32,
        remove: () => undefined,
        write: (_file, _parts, onDone) => setImmediate(() => onDone(undefined)),
      },
      endOfTurn: (callback) => setImmediate(callback),
      onRan: () => undefined,
      allocate: (bytes) => new Uint8Array(bytes),
      sendFrame: () => undefined,
      queuedBytes: () => undefined,
      onDelivered: () => undefined,
      onFailed: () => undefined,
      onVoid: () => undefined,
      onRoster: () => undefined,
      epochs: noEpochs,
      ...ports,
    },
  })
}

function refuse(): never {
  throw new Error('no epoch is ever sealed here')
}
