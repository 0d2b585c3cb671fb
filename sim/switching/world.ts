// Everything of one run of the switching world that its parts look at.

import type { PeerMessage } from '../../node/core/gossip/messages.ts'
import { leaderFrameTypes } from '../../node/leader/agent.ts'
import { batchFlag, batchOffset, frameType } from '../../node/wire/batch-header.ts'
import type { LogWorld } from '../leader/log-world.ts'
import type { Codec, Network } from '../network.ts'
import { peerCodec } from '../peer-codec.ts'
import type { EpochJudge } from './epoch-judge.ts'
import type { SwitchingPlan } from './plan.ts'
import type { ProducerJudge } from './producer-judge.ts'
import type { QueueJudge } from './queue-judge.ts'
import type { QueueWorker } from './queue-worker.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { SwitchingReader } from './switching-reader.ts'
import type { Verdict } from './verdict.ts'

/** What nodes send each other: a message of gossip, or a frame of leader mode. */
export type Sent = PeerMessage | Uint8Array

export const sentCodec: Codec<Sent> = {
  encode: (sent) => (sent instanceof Uint8Array ? sent : peerCodec.encode(sent)),
  decode: (content) =>
    typeof content !== 'string' && isOfLeaderMode(content) ? content : peerCodec.decode(content),
}

/** As the node's peer driver tells frames apart. */
function isOfLeaderMode(frame: Uint8Array): boolean {
  return leaderFrameTypes.includes(frame[0]) || isSubmitted(frame)
}

/** Whether a frame is a batch that wants a place. */
export function isSubmitted(frame: Uint8Array): boolean {
  return frame[0] === frameType.batch && ((frame[batchOffset.flags] ?? 0) & batchFlag.submitted) !== 0
}

export interface SwitchingWorld extends LogWorld {
  readonly plan: SwitchingPlan
  readonly network: Network<Sent>
  readonly nodes: readonly SwitchingNode[]
  readonly audience: readonly SwitchingReader[]
  readonly verdict: Verdict
  readonly epochs: EpochJudge
  readonly producers: ProducerJudge
  readonly queues: QueueJudge
  readonly workers: readonly QueueWorker[]
}
