import { NO_DEADLINE } from '../wire/formats/deadline-format.js';
import { grpcTimeout } from '../wire/formats/grpc-timeout.js';

/** The header of gRPC. Its libraries write the header themselves, from the deadline of a call. */
export const GRPC_TIMEOUT = grpcTimeout.field;

/** The budget in a value of `grpc-timeout`, in ms; `Infinity` when the value is not valid. */
export function readGrpcTimeout(value: string): number {
  return grpcTimeout.parse(value, Date) ?? NO_DEADLINE;
}
