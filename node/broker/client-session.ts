// One connection of a client library (`herald.client.v1`, docs/protocol.md section 2): publishes come in as binary frames,
// subscriptions as text; batches go out as the origin numbered them, each under the subscription selected last.

import { errorEntry, type ErrorCode, type Refusal } from '../core/common/errors.ts'
import type { Boot, StreamId } from '../core/common/ids.ts'
import type { GapReason, OriginState } from '../core/stream/replica.ts'
import type { ClientSession as ClientSessionPort, FrameSink } from '../net/ports.ts'
