// What the sockets need from the rest of the node, and what they offer to it. net/ knows bytes and connections; what
// the bytes mean is decided behind these interfaces, so that sessions and protocol machines run without a socket.

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Refusal } from '../core/common/errors.ts'
import type { Boot, NodeId } from '../core/common/ids.ts'

/** The writing end of one WebSocket connection. */
export interface FrameSink {
  /**
   * Sends one binary message. The caller may let go of it at once: whoever writes it by reference holds it (`hold`). Bytes that
   * stand in no slab must not change any more. What is sent after a close is dropped.
   */
  sendFrame(frame: Uint8Array): void
  sendText(text: string): void
  /** Bytes handed to the socket and not yet taken by the kernel. */
  readonly bufferedBytes: number
  /** Stops or continues reading from the socket, to slow the other end down. */
  pauseReading(): void
  resumeReading(): void
  close(status: number, reason: string): void
}

/** `onWritable` follows whenever `bufferedBytes` was at or above this. */
export const lowWaterBytes: number = 64 * 1024

/** What a node does with one client connection. */
export interface ClientSession {
  /** The frame is a view into a receive buffer; whoever keeps it copies it (core/common/arena.ts). */
  onFrame(frame: Uint8Array): void
  onText(text: string): void
  /** The socket's buffer ran empty after `bufferedBytes` had been at or above `lowWaterBytes`. */
  onWritable(): void
  /** Called once, however the connection ended. */
  onClose(): void
}

export type ClientSubprotocol = 'herald.client.v1' | 'herald.json.v1'

/** Accepts client connections after the WebSocket handshake. */
export interface ClientAcceptor {
  openSession(sink: FrameSink, subprotocol: ClientSubprotocol, remote: string): ClientSession | Refusal
}

/** Accepts connections of other nodes after the WebSocket handshake. */
export interface PeerAcceptor {
  acceptPeer(webSocket: WebSocket, socket: Socket): void
}

/** Writes an event with its fields to the node's log. */
export type LogEvent = (event: string, fields: Readonly<Record<string, unknown>>) => void

/** Hears of links to other nodes after both ends said a valid hello. At most one link per peer is up at a time. */
export interface LinkListener {
  onLinkUp(peer: NodeId, boot: Boot, sink: FrameSink): void
  onLinkDown(peer: NodeId, reason: string): void
  /** As `ClientSession.onFrame`: a view. */
  onLinkFrame(peer: NodeId, frame: Uint8Array): void
  /** A text message other than those that the link itself uses (hello, ping, pong). */
  onLinkText(peer: NodeId, text: string): void
  onLinkWritable(peer: NodeId): void
}

/** The state of one link, as `status` shows it. */
export interface LinkStatus {
  readonly peer: NodeId
  readonly state: 'up' | 'down' | 'refused'
  /** Milliseconds since 1970 since when the state holds. */
  readonly since: number
  readonly queuedBytes: number
  readonly roundTripMs: number | undefined
  /** The peer's clock minus ours, and its uncertainty (half the round trip of the best sample). */
  readonly clockOffsetMs: number | undefined
  readonly clockErrorMs: number | undefined
  readonly reason: string | undefined
}
