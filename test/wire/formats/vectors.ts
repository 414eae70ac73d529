import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectTimeoutMs } from '../../../src/wire/formats/connect-timeout-ms.js';
import { contextTtlMs } from '../../../src/wire/formats/context-ttl-ms.js';
import type { DeadlineFormat } from '../../../src/wire/formats/deadline-format.js';
import { durationMs } from '../../../src/wire/formats/duration-ms.js';
import { envoyExpectedTimeout, envoyUpstreamTimeout } from '../../../src/wire/formats/envoy-timeout.js';
import { epochMs } from '../../../src/wire/formats/epoch-ms.js';
import { finagleDeadline } from '../../../src/wire/formats/finagle-deadline.js';
import { grpcTimeout } from '../../../src/wire/formats/grpc-timeout.js';
import { requestTimeoutMs } from '../../../src/wire/formats/request-timeout-ms.js';
import { serverTimeout } from '../../../src/wire/formats/server-timeout.js';
import { timebudget } from '../../../src/wire/formats/timebudget.js';
import { xDeadline } from '../../../src/wire/formats/x-deadline.js';

/** All formats, by name. */
export const FORMATS: Record<string, DeadlineFormat> = {
  timebudget,
  grpcTimeout,
  connectTimeoutMs,
  envoyExpectedTimeout,
  envoyUpstreamTimeout,
  contextTtlMs,
  requestTimeoutMs,
  serverTimeout,
  xDeadline,
  finagleDeadline: finagleDeadline(),
  durationMs: durationMs('X-Budget'),
  epochMs: epochMs('X-Expires'),
};

/** A file of vectors. Others read these files too: see docs/wire-format.md. */
export interface Vectors {
  readonly format: string;
  readonly field: string;
  readonly about: string;
  /** ms since the epoch: for the formats that hold a clock time. */
  readonly wallClockNow?: number;
  readonly receive: readonly {
    readonly input: string;
    readonly expected: number | 'ignored' | 'unlimited';
    readonly why: string;
  }[];
  readonly send: readonly { readonly ms: number; readonly output: string; readonly why: string }[];
}

const FOLDER = join(__dirname, '../../vectors');

export const VECTORS: Vectors[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
