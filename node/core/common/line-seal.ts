// The end of every line of a journal: the number of the line since its boot began, and a checksum of all that stands before it. A disk that
// turns a bit over makes another line of one, and JSON does not notice: `check` would accuse somebody of it, and a node's own subscription
// go on at the wrong place. By the numbers it is seen where lines are missing.

const digits = 8
const beforeNumber = ',"line":'
const beforeChecksum = ',"crc32":"'
const afterChecksum = '"}'
const endCharacters = beforeChecksum.length + digits + afterChecksum.length
/** Behind it stands the number, of at most 16 digits. */
const numberCharactersMax = beforeNumber.length + 16

/** A JSON object, which has a field at least, with its end. */
export function sealLine(text: string, number: number): string {
  const body = `${text.slice(0, -1)}${beforeNumber}${number}`
  return `${body}${toEnd(body)}`
}

/** The number of a line; 'none' where it has no end, as those of earlier versions, and 'broken' where it is not what was written. */
export function readSeal(line: string): number | 'none' | 'broken' {
  const at = line.length - endCharacters
  if (at < 0 || !line.startsWith(beforeChecksum, at)) return 'none'
  const body = line.slice(0, at)
  if (line.slice(at) !== toEnd(body)) return 'broken'
  const number = /,"line":([1-9]\d*)$/.exec(body.slice(-numberCharactersMax))?.[1]
  return number === undefined ? 'broken' : Number(number)
}

function toEnd(body: string): string {
  return `${beforeChecksum}${crc32(body).toString(16).padStart(digits, '0')}${afterChecksum}`
}

/** By byte, what it makes of a checksum (CRC-32 of ISO 3309, as in zlib). */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xedb8_8320 : sum >>> 1
  return sum
})

/** Of a text in UTF-8. */
function crc32(text: string): number {
  let sum = -1
  for (let index = 0; index < text.length; index++) {
    const point = text.codePointAt(index) ?? 0
    if (point < 0x80) {
      sum = add(sum, point)
      continue
    }
    if (point >= 0x1_0000) {
      index++
      sum = add(add(sum, 0xf0 | (point >> 18)), 0x80 | ((point >> 12) & 0x3f))
    } else if (point >= 0x800) sum = add(sum, 0xe0 | (point >> 12))
    sum = point < 0x800 ? add(sum, 0xc0 | (point >> 6)) : add(sum, 0x80 | ((point >> 6) & 0x3f))
    sum = add(sum, 0x80 | (point & 0x3f))
  }
  return ~sum >>> 0
}

function add(sum: number, byte: number): number {
  return (table[(sum ^ byte) & 0xff] ?? 0) ^ (sum >>> 8)
}
