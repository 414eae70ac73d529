"""What a program tells the test: a JSON object a line."""

import json
import time


def tell(event, **what):
    print(json.dumps({"event": event, **what}), flush=True)


def deadline_in(seconds):
    """In ms since the epoch; nothing where gRPC says nothing."""
    return None if seconds is None else (time.time() + seconds) * 1000
