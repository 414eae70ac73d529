"""Makes one gRPC call on the C core. Cancels it, if it is not over, when its standard input is closed.

client.py <address> <method> <message> [<timeout in seconds>]
"""

import sys
import threading

import grpc

from reports import deadline_in, tell

address, method, message, *rest = sys.argv[1:]
timeout = float(rest[0]) if rest else None
path = f"/interop.Hop/{method}"


def cancel_on_request(call):
    sys.stdin.read()
    call.cancel()


with grpc.insecure_channel(address) as channel:
    tell("calling", deadline=deadline_in(timeout))
    if method == "Stream":
        call = channel.unary_stream(path)(message.encode(), timeout=timeout)
    else:
        call = channel.unary_unary(path).future(message.encode(), timeout=timeout)
    threading.Thread(target=cancel_on_request, args=[call], daemon=True).start()
    try:
        for _ in call if method == "Stream" else [call.result()]:
            tell("received")
    except (grpc.RpcError, grpc.FutureCancelledError):
        pass
    tell("ended", **{"as": call.code().name})
