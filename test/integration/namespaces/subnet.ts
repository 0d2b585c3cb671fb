// Addresses for the namespaces of one test, out of those that are set apart for tests of networks (RFC 2544: 198.18.0.0/15), and the cable by
// which the test itself reaches them. Who makes the cable first has the addresses, so that tests of several processes may run at once.

import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Subnets of 256 addresses. */
const subnetCount = 512

/** Lets packets pass, and does not ask whether one of the other direction would find its way back: that one may be cut. */
const routing = `echo 1 > /proc/sys/net/ipv4/ip_forward
  for filter in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $filter; done`

export interface Subnet {
  readonly gateway: string
  readonly host: (index: number) => string
  readonly release: () => void
}

/** The addresses of a network whose namespaces this one joins. */
export async function claimSubnet(router: string): Promise<Subnet> {
  for (let attempt = 0; attempt < subnetCount; attempt++) {
    const number = (process.pid + attempt) % subnetCount
    const cable = `herald${number}`
    const end = ['peer', 'name', 'test', 'netns', router]
    const { status, stderr } = spawnSync('ip', ['link', 'add', cable, 'type', 'veth', ...end], {
      encoding: 'utf8',
    })
    if (status === 0) return await open(number, cable, router)
    if (!stderr.includes('File exists')) throw new Error(stderr)
  }
  throw new Error(`all ${subnetCount} subnets are taken`)
}

async function open(number: number, cable: string, router: string): Promise<Subnet> {
  const host = (last: number): string => `198.${18 + (number >> 8)}.${number & 255}.${last}`
  const gateway = host(1)
  await run('ip', ['netns', 'exec', router, 'sh', '-c', routing])
  await run('ip', ['-n', router, 'address', 'add', gateway, 'peer', host(2), 'dev', 'test'])
  await run('ip', ['-n', router, 'link', 'set', 'test', 'up'])
  await run('ip', ['address', 'add', host(2), 'peer', gateway, 'dev', cable])
  await run('ip', ['link', 'set', cable, 'up'])
  await run('ip', ['route', 'add', `${host(0)}/24`, 'via', gateway])
  // The kernel takes its time to remove a namespace, and with it the other end.
  const release = (): void => void spawnSync('ip', ['link', 'delete', cable])
  return { gateway, host: (index) => host(10 + index), release }
}
