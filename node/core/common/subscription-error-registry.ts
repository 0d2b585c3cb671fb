// The part of the registry of error codes that is about subscriptions, their names and queues.

export const subscriptionErrors = {
  SUBSCRIPTION_LIMIT: {
    meaning:
      'The connection or the node has as many subscriptions, or the cluster as many names of them, or origins under names, as it may have.',
    action:
      'Use fewer subscriptions with wider patterns, or more connections or nodes; remove names that nobody needs.',
    fate: 'keep',
  },
  SUBSCRIPTION_ID_USED: {
    meaning: 'A subscribe uses an id that is in use on the same connection.',
    action: 'Choose another id or unsubscribe first.',
    fate: 'keep',
  },
  SUBSCRIPTION_TAKEN_OVER: {
    meaning: 'Another connection subscribed under the same name.',
    action: 'Give every subscriber a name of its own; one name is one cursor.',
    fate: 'keep',
  },
  SUBSCRIPTION_NAME_INVALID: {
    meaning: 'The name of a durable subscription is not valid.',
    action: 'Use 1 to 64 of A-Z a-z 0-9 _ - .',
    fate: 'keep',
  },
  OFFSET_NEEDS_ORDER: {
    meaning:
      'A subscription, or `herald read`, begins at an offset, and none of the streams of its patterns is in leader mode.',
    action:
      'Begin now, at the earliest, at a time or behind a cursor; or give the topics a stream in leader mode.',
    fate: 'keep',
  },
  QUEUE_NEEDS_ORDER: {
    meaning:
      'The patterns of a queue do not lie in one stream in leader mode, or its stream has been changed to gossip mode, or removed.',
    action:
      'Give the topics a stream in leader mode; subscribe again when it is, and the queue goes on where it was.',
    fate: 'keep',
  },
  QUEUE_DIFFERS: {
    meaning: 'A queue has members with other patterns or another key.',
    action: 'Let all members use the same, or remove the queue: `herald names remove QUEUE`.',
    fate: 'keep',
  },
  NAME_IN_USE: {
    meaning:
      'The name of a durable subscription or of a queue is to be removed, and somebody reads under it.',
    action: 'End the subscriptions that `herald names list` shows for it first.',
    fate: 'keep',
  },
  NAME_UNKNOWN: {
    meaning: 'The cluster keeps no durable subscription and no queue of this name.',
    action: 'Look at `herald names list`.',
    fate: 'keep',
  },
} as const
