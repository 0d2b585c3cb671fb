// Faults of who is in the cluster and in its groups: who founds, who joins, who votes when, and who goes.

import type { Mutant } from './mutant.ts'

const membership = 'test/leader/membership.test.ts'
const reshaping = 'test/meta/reshaping.test.ts'
const roster = 'test/meta/roster.test.ts'
const openLog = 'test/node/open-log.test.ts'
const hello = 'test/net/hello.test.ts'
const newcomers = 'test/net/newcomers.test.ts'

export const faultsOfMembers: readonly Mutant[] = [
  {
    name: 'founded-by-a-majority',
    file: 'node/meta/founding.ts',
    text: 'this.#fresh.size === this.#nodes.length',
    replacement: 'this.#fresh.size * 2 > this.#nodes.length',
    breaks: 'Two nodes that were wiped found a second cluster while a third has the first.',
    tests: [membership],
  },
  {
    name: 'anybody-founds',
    file: 'node/meta/founding.ts',
    text: 'this.founder === this.#node && this.#fresh',
    replacement: 'this.#fresh',
    breaks: 'Several nodes found a cluster each.',
    tests: ['test/meta/founding.test.ts'],
  },
  {
    name: 'told-before-the-disk-has-it',
    file: 'node/meta/cluster.ts',
    text: 'this.#isFounding = true',
    replacement: 'this.#begin(number, log)\n    this.#group?.campaign()',
    breaks:
      'A founder that crashes before its disk has the cluster leaves the others in one that nobody has.',
    tests: [membership],
  },
  {
    name: 'former-member-admitted',
    file: 'node/meta/cluster.ts',
    text: 'roster === undefined || roster.isFormer(member.id)',
    replacement: 'roster === undefined',
    breaks: 'A node that was removed is a member again by itself.',
    tests: [membership],
  },
  {
    name: 'former-forgotten',
    file: 'node/meta/roster.ts',
    text: 'this.#former.set(id, node)\n',
    replacement: '\n',
    breaks: 'Nobody knows who was removed.',
    tests: [roster],
  },
  {
    name: 'takes-what-is-for-the-member-before',
    file: 'node/groups/groups.ts',
    text: 'if (message.to !== this.#members.own) continue',
    replacement: '',
    breaks: 'A node that was wiped answers for the member that it was.',
    tests: ['test/groups/groups.test.ts'],
  },
  {
    name: 'votes-before-it-has-caught-up',
    file: 'node/meta/reshaping.ts',
    text: '(learners.has(id) && hasCaughtUp(id))',
    replacement: 'learners.has(id)',
    breaks: 'A group waits for a voter that has nothing yet.',
    tests: [reshaping],
  },
  {
    name: 'hands-over-to-anybody',
    file: 'node/meta/reshaping.ts',
    text: 'id !== self && voters.has(id) && hasCaughtUp(id)',
    replacement: 'id !== self && voters.has(id)',
    breaks: 'A leader hands over to a node that is gone, and takes nothing meanwhile.',
    tests: [reshaping],
  },
  {
    name: 'nobody-asks-for-more-voters',
    file: 'node/leader/data-groups.ts',
    text: 'if (group.isLeading) cluster.wantVoters(id, votersFor(id))',
    replacement: 'void votersFor',
    breaks: 'A stream that asks for five replicas has three.',
    tests: ['test/leader/replicas.test.ts'],
  },
  {
    name: 'last-stream-says-how-many-vote',
    file: 'node/leader/agent.ts',
    text: 'count = Math.max(count, definition.replicas)',
    replacement: 'count = definition.replicas',
    breaks: 'A stream has fewer replicas than it asks for, because another one of its group asks for fewer.',
    tests: ['test/leader/replicas.test.ts'],
  },
  {
    name: 'number-of-voters-not-in-the-floor',
    file: 'node/meta/roster.ts',
    text: 'voterCounts: [...this.#voterCounts],',
    replacement: 'voterCounts: [],',
    breaks: 'A member that begins with a floor of META expects three voters where there are five.',
    tests: [roster],
  },
  {
    name: 'leaver-stays-a-voter',
    file: 'node/meta/reshaping.ts',
    text: "if (!wanted.members.includes(id)) changes.push({ kind: 'remove', id })\n    else",
    replacement: '',
    breaks: 'Whoever has left the cluster counts for majorities for ever.',
    tests: [reshaping],
  },
  {
    name: 'leaves-without-a-majority',
    file: 'node/meta/leaving.ts',
    text: 'up.length * 2 <= remaining.length',
    replacement: 'up.length === 0',
    breaks: 'A node is let go that the others need.',
    tests: [membership],
  },
  {
    name: 'begins-before-meta-says-so',
    file: 'node/leader/data-groups.ts',
    text: 'if (isBegun) this.#begin',
    replacement: 'this.#begin',
    breaks: 'A voter that does not know with whom its group begins leads it for nobody.',
    tests: ['test/leader/data-groups.test.ts'],
  },
  {
    name: 'snapshot-of-strangers-refused',
    file: 'node/core/raft/follower.ts',
    text: '!raft.options.joinsBehindSnapshots && ',
    replacement: '',
    breaks: 'Nobody can join a group whose beginning is not in its log any more.',
    tests: [membership],
  },
  {
    name: 'lost-log-not-missed',
    file: 'node/leader-host.ts',
    text: 'identity.hasLog === true && first === undefined',
    replacement: 'false',
    breaks: 'A node whose log is gone votes as if it never had.',
    tests: [openLog],
  },
  {
    name: 'damaged-and-the-same-member',
    file: 'node/storage/data-directory.ts',
    text: 'member: this.#drawMember(), abandonedLog',
    replacement: 'abandonedLog',
    breaks: 'A node that begins anew goes on as the member that promised what is lost.',
    tests: [openLog],
  },
  {
    name: 'clusters-founded-apart-link',
    file: 'node/net/hello.ts',
    text: 'own.meta !== other.meta',
    replacement: 'false',
    breaks: 'Two clusters become one that has two histories.',
    tests: [hello],
  },
  {
    name: 'strangers-are-newcomers',
    file: 'node/net/hello.ts',
    text: 'here !== undefined && here.host === there?.host && here.port === there.port',
    replacement: 'here !== undefined',
    breaks: 'A node of which nobody has heard, and that has not heard of this one, joins.',
    tests: [hello],
  },
  {
    name: 'removed-and-linked',
    file: 'node/net/links.ts',
    text: 'removed ?? judgeHello',
    replacement: 'judgeHello',
    breaks: 'A node that was removed goes on as if it were not.',
    tests: [newcomers],
  },
]
