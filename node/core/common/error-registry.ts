// The registry of every error code: what happened, what to do about it, and what it means for the connection.
// `docs/errors.md` is generated from this table by test/tidy/error-page.ts; a test keeps the two equal.

import { clusterErrors } from './cluster-error-registry.ts'
import { publishErrors } from './publish-errors.ts'
import { subscriptionErrors } from './subscription-error-registry.ts'

/** All but those of the other registries. */
const commonErrors = {
  TOPIC_INVALID: {
    meaning: 'The topic of a publication is not a valid topic.',
    action: 'Use 1 to 32 tokens between dots, without wildcards, spaces or control characters; 255 bytes.',
    fate: 'keep',
  },
  PATTERN_INVALID: {
    meaning: 'The pattern of a subscription or stream is not valid.',
    action: 'Use tokens between dots; `*` stands for one whole token, `>` for the rest, only at the end.',
    fate: 'keep',
  },
  PAYLOAD_TOO_LARGE: {
    meaning: 'A payload is larger than 1 MiB.',
    action: 'Store large objects elsewhere and publish a reference.',
    fate: 'keep',
  },
  HEADERS_TOO_LARGE: {
    meaning: 'A message has more than 64 headers or more than 16 KiB of them.',
    action: 'Move the data into the payload.',
    fate: 'keep',
  },
  KEY_TOO_LARGE: {
    meaning: 'The key of a message is longer than 255 bytes.',
    action: 'Use a shorter key, such as a hash of the long one.',
    fate: 'keep',
  },
  BATCH_MALFORMED: {
    meaning: 'A publish frame does not parse as a batch.',
    action: 'Compare the client with docs/protocol.md section 1; this is a defect of the client.',
    fate: 'close 1002',
  },
  FRAME_UNKNOWN: {
    meaning: 'A binary message begins with a type that this subprotocol does not have.',
    action: 'Compare the client with docs/protocol.md; this is a defect of the client.',
    fate: 'close 1002',
  },
  FRAME_TOO_LARGE: {
    meaning: 'A WebSocket message is larger than the limit.',
    action: 'Send batches of at most 64 KiB and payloads of at most 1 MiB.',
    fate: 'close 1009',
  },
  CONTROL_MALFORMED: {
    meaning: 'A text message is not the JSON object that the protocol asks for.',
    action: 'Compare the client with docs/protocol.md sections 2 and 3.',
    fate: 'close 1008',
  },
  SUBPROTOCOL_UNKNOWN: {
    meaning: 'The WebSocket handshake offers no subprotocol that this port speaks.',
    action: 'Offer herald.client.v1 or herald.json.v1.',
    fate: 'status 400',
  },
  HEADERS_REFUSED: {
    meaning: 'An HTTP request has more than 100 headers or more than 16 KiB of them.',
    action: 'Send fewer headers; Herald itself reads none but those of the WebSocket handshake.',
    fate: 'status 431',
  },
  FRAME_FRAGMENTED: {
    meaning: 'A WebSocket message comes in too many fragments or pieces.',
    action: 'Send a message as one frame, or in fragments of at least 8 KiB.',
    fate: 'close 1008',
  },
  TEXT_INVALID: {
    meaning: 'A WebSocket text message is not UTF-8.',
    action: 'Encode text messages as UTF-8; send other bytes in binary messages.',
    fate: 'close 1007',
  },
  PING_FLOOD: {
    meaning: 'A connection sends more WebSocket pings than keeping it alive can need.',
    action: 'Ping at most once a second; the node pings idle connections by itself.',
    fate: 'close 1008',
  },
  HEARTBEAT_MISSED: {
    meaning: 'Nothing came from a connection, not even answers to pings, for several heartbeats.',
    action: 'Check the network between the two ends; clients must answer pings, as libraries do.',
    fate: 'close 1008',
  },
  PROTOCOL_VERSION_UNKNOWN: {
    meaning: 'The other node speaks a version of the protocol between nodes that this one does not.',
    action: 'Run the same version of Herald on all nodes.',
    fate: 'close 4401',
  },
  REQUEST_INVALID: {
    meaning: 'A request to the admin interface is not as docs/protocol.md section 5 says.',
    action: 'See the message for the field and its bounds.',
    fate: 'keep',
  },
  REQUEST_FORBIDDEN: {
    meaning: 'A request to the admin interface comes from a web page or names a host that is not configured.',
    action: 'Use the command line, or the address of the node instead of a name.',
    fate: 'keep',
  },
  PATH_UNKNOWN: {
    meaning: 'There is nothing under that path.',
    action: 'Compare the path with docs/protocol.md.',
    fate: 'keep',
  },
  INTERNAL_FAULT: {
    meaning: 'A request failed for a reason that is the fault of the node itself.',
    action: 'Look into the log of the node for the event; report a defect.',
    fate: 'keep',
  },
  CURSOR_INVALID: {
    meaning: 'A cursor is not one that a node handed out.',
    action: 'Pass the cursor on unchanged, or subscribe from "now" or "earliest".',
    fate: 'keep',
  },
  CONNECTION_LIMIT: {
    meaning: 'The node has as many client connections as it may have.',
    action: 'Connect to another node, or raise connectionsMax.',
    fate: 'close 1013',
  },
  PUBLISH_RATE_LIMITED: {
    meaning:
      'More publications are waiting than one connection, one stream in leader mode or the disk of a node may have.',
    action:
      'Wait for acknowledgements; keep at most inFlightBytesMax unacknowledged. Where a stream or a disk is behind, the connection stays, and the publication can be repeated later.',
    fate: 'close 1008',
  },
  NO_LEADER: {
    meaning:
      'A stream in leader mode, or on the way to it, has no leader: no majority of its group can be reached from here.',
    action: 'See `herald status` for nodes and links that are down; try again when a majority is up.',
    fate: 'keep',
  },
  SWITCH_PENDING: {
    meaning:
      'A stream has not come into the mode that was asked for in time: less than a majority can be reached.',
    action:
      'While less than a majority of its group is up it waits (`herald status` says so), and it may still come; see `herald mode`, and ask again.',
    fate: 'keep',
  },
  SLOW_CONSUMER: {
    meaning: 'A subscriber took nothing from its socket for too long while messages were waiting for it.',
    action: 'Read faster, subscribe to less, or lower the credit; reconnect to resume from the cursor.',
    fate: 'close 1013',
  },
  HANDSHAKE_TIMEOUT: {
    meaning: 'A connection did not finish its handshake in time.',
    action: 'Check the network between the two ends.',
    fate: 'close 1008',
  },
  COPIES_TIMEOUT: {
    meaning:
      'Not enough other nodes confirmed a message in time: on a stream in gossip mode its node has it, in leader mode it may have its place, or get it yet.',
    action: 'Treat the outcome as unknown; look at the links in `herald status`.',
    fate: 'keep',
  },
  NODE_DRAINING: {
    meaning: 'The node is shutting down and takes no new work.',
    action: 'Reconnect to another node; clients of the library do so by themselves.',
    fate: 'close 1001',
  },
  STREAM_OVERLAP: {
    meaning: 'A stream claims a topic that another stream, or another of its own patterns, claims already.',
    action: 'Choose patterns that match no topic in common, or change the other stream.',
    fate: 'keep',
  },
  STREAM_EXISTS: {
    meaning: 'A stream was to be created that exists.',
    action: 'Change it with `herald stream change`, or take another name.',
    fate: 'keep',
  },
  STREAM_INVALID: {
    meaning: 'The definition of a stream is not valid.',
    action: 'See the message for the field and its bounds.',
    fate: 'keep',
  },
  STREAM_UNKNOWN: {
    meaning: 'There is no stream of that name.',
    action: 'List them with `herald stream list`.',
    fate: 'keep',
  },
  STREAM_LIMIT: {
    meaning: 'The cluster has as many streams as it may have.',
    action: 'Remove streams that are not used, or give one stream several patterns.',
    fate: 'keep',
  },
  CONFIG_INVALID: {
    meaning: 'The configuration has errors; all of them are listed.',
    action: 'Correct each at the place that is named.',
    fate: 'exit 2',
  },
  DATA_FOREIGN: {
    meaning: 'The data directory belongs to another node or cluster.',
    action: 'Start with the right --data directory, or an empty one.',
    fate: 'exit 2',
  },
  DATA_LOCKED: {
    meaning: 'Another process uses the data directory.',
    action: 'Stop the process that is named, or use another directory.',
    fate: 'exit 2',
  },
  DATA_DAMAGED: {
    meaning: 'A file in the data directory is not what Herald wrote.',
    action:
      'Restore the file that is named, or remove it: the node then starts without what it held. A log is set aside by itself.',
    fate: 'exit 2',
  },
  DATA_OUTDATED: {
    meaning:
      'A file, or the log, in the data directory was written by an earlier version, in a format that this one does not read.',
    action:
      'Start the version that wrote it; or clear the data directory: the node then begins anew, as another member, without what it held.',
    fate: 'exit 2',
  },
  DISK_FAILED: {
    meaning: 'The journal, the log or the data directory cannot be written.',
    action: 'Free space or repair the disk. Without its journal a node goes on; without its log it stops.',
    fate: 'keep',
  },
  PORT_IN_USE: {
    meaning: 'The port is taken by another process.',
    action: 'Choose another port in peers.json and --port, or stop the other process.',
    fate: 'exit 2',
  },
  CLIENT_BUFFER_FULL: {
    meaning: 'More bytes wait to be sent or acknowledged than the client may hold.',
    action: 'Await the receipts, or `client.writable()`, before publishing more.',
    fate: 'keep',
  },
  CLIENT_CLOSED: {
    meaning: 'The client was closed.',
    action: 'Connect again.',
    fate: 'keep',
  },
  CLIENT_DISCONNECTED: {
    meaning: 'The connection broke, or none could be made, before the deadline.',
    action: 'Check that a node of the cluster is reachable.',
    fate: 'keep',
  },
  PROTOCOL_BROKEN: {
    meaning: 'The other end sent something that the protocol does not allow.',
    action: 'Check that both ends run the same version; otherwise report a defect.',
    fate: 'close 1002',
  },
  USAGE_INVALID: {
    meaning: 'A command line is not one that `herald` understands.',
    action: 'See the message, and the help of the command: every command has `--help` with an example.',
    fate: 'exit 2',
  },
  COMMAND_FAILED: {
    meaning: 'A command could not do what it was asked, for a reason that has no code of its own.',
    action: 'See the message; `herald doctor` finds what is wrong with the set-up.',
    fate: 'exit 1',
  },
  NODE_UNREACHABLE: {
    meaning: 'No node that a command needs could be reached.',
    action: 'Look at `herald status`, and start what is down.',
    fate: 'exit 3',
  },
  CLUSTER_UNHEALTHY: {
    meaning: 'A command waited in vain for the cluster to be healthy.',
    action: 'Look at `herald status` and `herald doctor`, which name what is missing.',
    fate: 'exit 4',
  },
  JOURNALS_MISSING: {
    meaning: 'A folder that is to be checked or analyzed is not there, or holds no journals.',
    action: 'Fetch the journals of the running cluster first: `herald fetch DIR`.',
    fate: 'exit 1',
  },
} as const

/** Every code, by name. */
export const errorRegistry: typeof commonErrors &
  typeof clusterErrors &
  typeof publishErrors &
  typeof subscriptionErrors = {
  ...commonErrors,
  ...clusterErrors,
  ...publishErrors,
  ...subscriptionErrors,
}
