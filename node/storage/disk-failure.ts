// What the system said, as an error of this project.

import { HeraldError } from '../core/common/errors.ts'

/** The system's own words. */
export function toReason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** DISK_FAILED, with the path and the system's words. */
export function toDiskFailure(path: string, cause: unknown): HeraldError {
  return new HeraldError('DISK_FAILED', `${path}: ${toReason(cause)}`, { cause })
}
