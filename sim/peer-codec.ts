// How messages of gossip travel between simulated nodes: in the bytes and texts of production.

import type { PeerMessage } from '../node/core/gossip/messages.ts'
import { decodePeerFrame, decodePeerText, encodePeerFrame, encodePeerText } from '../node/wire/peer-codec.ts'
import type { Codec } from './network.ts'

export const peerCodec: Codec<PeerMessage> = {
  encode: (message) => encodePeerFrame(message) ?? encodePeerText(message),
  decode: (content) => (typeof content === 'string' ? decodePeerText(content) : decodePeerFrame(content)),
}
