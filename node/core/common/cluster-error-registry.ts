// The part of the registry of error codes that is about who is in the cluster.

export const clusterErrors = {
  NODE_UNKNOWN: {
    meaning: 'The node id is not in peers.json, and no node of the cluster either.',
    action:
      'Start with an id that is in peers.json; a node that joins needs all others there, as they know themselves.',
    fate: 'exit 2',
  },
  NODE_ID_IN_USE: {
    meaning: 'A node with the same id is running already.',
    action: 'Stop the other one, or give this one an id of its own.',
    fate: 'exit 2',
  },
  PEERS_DISAGREE: {
    meaning: 'Two nodes have different entries for the same id in peers.json.',
    action: 'Give every node the same peers.json.',
    fate: 'close 4401',
  },
  CLUSTER_MISMATCH: {
    meaning: 'A node of another cluster dialled.',
    action: 'Check the addresses in peers.json and the cluster names.',
    fate: 'close 4401',
  },
  NODE_REMOVED: {
    meaning: 'The node was removed from the cluster.',
    action: 'To let it join again, as a new member, start it with an empty data directory.',
    fate: 'exit 2',
  },
  NODE_NEEDED: {
    meaning: 'The cluster could not go on without the node that is to be removed.',
    action: 'Start the nodes that are down, or remove those first, one at a time.',
    fate: 'keep',
  },
} as const
