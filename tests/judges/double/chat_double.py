"""A test double of a server that speaks OpenAI's chat completions, over real HTTP."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def completion(text, *, finish_reason="stop", refusal=None, usage=True):
    """A chat completion as servers send it."""
    found = {
        "id": "1",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": text, "refusal": refusal},
            }
        ],
    }
    if usage:
        found["usage"] = {"prompt_tokens": 300, "completion_tokens": 30}
    return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        double = self.double
        with double.lock:
            double.bodies.append((self.path, body))
            double.headers.append(dict(self.headers))
            double.times.append(time.monotonic())
            move = double.script(body, len(double.bodies))
            double.n_billed += not isinstance(move, tuple)
        self.play(move)

    def play(self, move):
        if move is None:
            self.close_connection = True
            return
        status, more = move if isinstance(move, tuple) else (200, {})
        if isinstance(move, float):
            time.sleep(move)
        if isinstance(move, str):
            move = completion(move)
        data = move if isinstance(move, bytes) else json.dumps(move).encode()
        try:
            self.send_response(status)
            for name, value in {"content-length": len(data), **more}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True


class ChatDouble:
    """The server. `script(body, n_th)` gives the n-th answer.

    A string is the model's text, a dict the whole completion, bytes a body as it is, a tuple a
    status and its headers, None a cut connection, a number the seconds to be late by.
    """

    def __init__(self, script):
        self.script, self.bodies, self.times, self.headers = script, [], [], []
        self.n_billed = 0
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"double": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/v1"


def texts_of(body):
    """The texts of a request, found by their delimiters."""
    user = body["messages"][1]["content"]
    found = re.findall(r"<text-(\w+) name=\"\w+\">\n(.*?)\n</text-\1>", user, flags=re.S)
    return [text for _, text in found]
