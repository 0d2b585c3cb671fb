// Hosts, ports and `HOST:PORT` texts. A host is a DNS name or an IP address; in `HOST:PORT` an IPv6 address stands
// in brackets, as in a URL.

import { isIP, isIPv6 } from 'node:net'

/** Where to listen, or where to connect. */
export interface Address {
  readonly host: string
  readonly port: number
}

const nameLabelPattern = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/
const nameLengthMax = 253
const portPattern = /^\d{1,5}$/

export const portMax = 65_535

/** True for a DNS name (with underscores, as Compose services may have) or an IP address. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true
  if (text.length === 0 || text.length > nameLengthMax) return false
  const labels = text.split('.')
  // A name of digits and dots alone is a mistyped address, such as 10.0.0.256.
  if (labels.every((label) => /^\d+$/.test(label))) return false
  return labels.every((label) => nameLabelPattern.test(label))
}

/** True for a port that can be connected to. */
export function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= portMax
}

/** Reads `HOST:PORT`; port 0 is allowed where the caller says so. Returns what is wrong as a text. */
export function parseAddress(text: string, portMin: 0 | 1): Address | string {
  const at = text.lastIndexOf(':')
  if (at < 1) return `${text} is not HOST:PORT`
  const hostText = text.slice(0, at)
  const isBracketed = hostText.startsWith('[') && hostText.endsWith(']')
  const host = isBracketed ? hostText.slice(1, -1) : hostText
  if (isBracketed !== isIPv6(host)) return `${hostText} is not a host name or address (IPv6 in brackets)`
  if (!isHost(host)) return `${hostText} is not a host name or address`
  const portText = text.slice(at + 1)
  const port = portPattern.test(portText) ? Number(portText) : Number.NaN
  if (!(port >= portMin && port <= portMax)) return `port ${portText} is not ${portMin}..${portMax}`
  return { host, port }
}

/** `HOST:PORT`, with brackets where they are needed. */
export function formatAddress(address: Address): string {
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
