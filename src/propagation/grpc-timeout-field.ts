import { NO_DEADLINE } from '../wire/formats/deadline-format.js';
import { grpcTimeout } from '../wire/formats/grpc-timeout.js';

/** gRPC's own field. Its libraries write it themselves, from the deadline that a call is made with. */
export const GRPC_TIMEOUT = grpcTimeout.field;

/** The ms in a value of that field; `Infinity` when it is not valid. */
export function readGrpcTimeout(value: string): number {
  return grpcTimeout.parse(value, Date) ?? NO_DEADLINE;
}
