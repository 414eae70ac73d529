import type { Attributes } from '@opentelemetry/api';

/** The attribute with a gRPC call's status, by OpenTelemetry's semantic conventions: the current one, then that before. */
const STATUS = ['rpc.response.status_code', 'rpc.grpc.status_code'];

/** Who ended a call: its caller, who went away, or the deadline. */
export type EndedBy = 'caller' | 'deadline';

/** The status of a call that was ended for each reason, by name and by number. */
const STATUS_OF: Readonly<Record<EndedBy, readonly unknown[]>> = {
  caller: ['CANCELLED', 1],
  deadline: ['DEADLINE_EXCEEDED', 4],
};

/**
 * Whether a span's attributes are those of a gRPC call that has failed because its scope has ended.
 *
 * @param by what ended the scope
 */
export function isEndedGrpcCall(attributes: Attributes, by: EndedBy): boolean {
  return STATUS.some((name) => STATUS_OF[by].includes(attributes[name]));
}
