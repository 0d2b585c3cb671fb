// The systems that can be measured, by name, in the order of the tables.

import type { Driver } from './driver.ts'
import { heraldDriver } from './herald.ts'
import { mosquittoDriver } from './mosquitto.ts'
import { natsDriver } from './nats.ts'
import { redisDriver } from './redis.ts'

export const drivers: readonly Driver[] = [heraldDriver, natsDriver, redisDriver, mosquittoDriver]

/** The driver of this name; undefined if there is none. */
export function findDriver(name: string): Driver | undefined {
  return drivers.find((driver) => driver.name === name)
}
