"""A gRPC server on the C core, the last of a chain. Bytes in, bytes out; ended by closing its standard input."""

import sys
import threading
from concurrent import futures

import grpc

from reports import deadline_in, tell


def answer(request, context):
    arrived(request, context)
    ended(request, "done")
    return b"answered"


def wait(request, context):
    arrived(request, context)
    wait_for_end(request, context)
    return b""


def stream(request, context):
    arrived(request, context)
    yield b"first"
    wait_for_end(request, context)


def arrived(request, context):
    tell("arrived", request=request.decode(), deadline=deadline_in(context.time_remaining()))


def wait_for_end(request, context):
    over = threading.Event()
    if context.add_callback(over.set):
        over.wait()
    is_late = context.time_remaining() == 0
    ended(request, "deadline exceeded" if is_late else "cancelled")


def ended(request, how):
    # "as" is a word of Python's.
    tell("ended", request=request.decode(), **{"as": how})


server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
server.add_generic_rpc_handlers([
    grpc.method_handlers_generic_handler("interop.Hop", {
        "Answer": grpc.unary_unary_rpc_method_handler(answer),
        "Wait": grpc.unary_unary_rpc_method_handler(wait),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
    })
])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
tell("listening", address=f"127.0.0.1:{port}")
sys.stdin.read()
server.stop(grace=None).wait()
