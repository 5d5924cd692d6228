"""A test double of Anthropic's API: Messages, token counts and Message Batches, over real HTTP.

It answers by a script, misbehaves on demand, and counts what a real service would have billed.
"""

import datetime
import hashlib
import itertools
import json
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

N_IN, N_OUT = 400, 40


def key_of(body):
    """What was asked, whatever the rest of the request: the texts and the system prompt."""
    asked = json.dumps([body["system"], body["messages"]], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def texts_of(body):
    """The texts of a request, found by their delimiters as a model would."""
    user = body["messages"][0]["content"]
    found = re.findall(r"<text-(\w+) name=\"\w+\">\n(.*?)\n</text-\1>", user, flags=re.S)
    return [text for _, text in found]


def good_answer(body):
    """An answer that fits the schema, the same for the same request."""
    properties = body["output_config"]["format"]["schema"]["properties"]
    (field,) = set(properties) - {"reason"}
    of = properties[field]
    if "enum" in of:
        value = of["enum"][int(key_of(body), 16) % len(of["enum"])]
    elif field == "ranking":
        value = of["items"]["enum"]
    elif field == "groups":
        value = [of["items"]["items"]["enum"]]
    elif field == "categories":
        value = [{"name": name, "description": "all that is so"} for name in ("calm", "angry")]
    else:
        value = [{"score": score, "description": "so much"} for score in (0, 5, 10)]
    return json.dumps({"reason": "by the script", field: value})


def message(text, *, stop_reason="end_turn", usage=None, **more):
    """A message as the API sends it."""
    content = [] if text is None else [{"type": "text", "text": text}]
    counted = {"input_tokens": N_IN, "output_tokens": N_OUT}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": counted if usage is None else usage,
        **more,
    }


class Status:
    """Turn the request away."""

    def __init__(self, status, retry_after=None, kind="api_error"):
        self.status, self.retry_after, self.kind = status, retry_after, kind


class Late:
    """Do the work and bill it, but answer only after so many seconds."""

    def __init__(self, seconds):
        self.seconds = seconds


class Cut:
    """Do the work and bill it, but break off: before the head, or in the middle of the body."""

    def __init__(self, where="body"):
        self.where = where


class Double:
    """The service. `script(body, n_th)` says what to do with the n-th request for a question.

    It returns None for a good answer, a string for the model's text, a dict for a whole message,
    bytes for a body as it is, or one of Status, Late and Cut.
    """

    def __init__(self, script=lambda body, n_th: None, seconds=0.0):
        self.script, self.seconds = script, seconds
        self.asked, self.billed = Counter(), Counter()
        self.times, self.bodies, self.headers = [], [], []
        self.n_now = self.most_at_once = self.n_counted = 0
        self.batches, self.batch_script = {}, lambda index, body: "succeeded"
        self.on_batch, self.batch_ends_after, self.n_done_at_cancel = None, 0, 0
        self.lock = threading.Lock()
        self._ids = itertools.count(1)
        double = self

        class Handler(_Handler):
            pass

        Handler.double = double
        self._server = _Server(("127.0.0.1", 0), Handler)
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
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def n_asked(self):
        return sum(self.asked.values())

    @property
    def n_billed(self):
        return sum(self.billed.values())

    def new_batch(self, requests):
        """Take a batch on; it ends after `batch_ends_after` looks at it."""
        batch_id = f"msgbatch_{next(self._ids)}"
        now = datetime.datetime.now(datetime.UTC)
        results = []
        for index, request in enumerate(requests):
            body = request["params"]
            fate = self.batch_script(index, body)
            result = {"type": fate}
            if fate == "succeeded":
                self.billed[key_of(body)] += 1
                result["message"] = message(good_answer(body))
            elif isinstance(fate, dict):
                self.billed[key_of(body)] += 1
                result = {"type": "succeeded", "message": fate}
            elif fate == "errored":
                error = {"type": "api_error", "message": "an internal error"}
                result["error"] = {"type": "error", "error": error, "request_id": None}
            results.append({"custom_id": request["custom_id"], "result": result})
        self.batches[batch_id] = {"created": now, "looks": 0, "results": results, "bodies": {
            request["custom_id"]: request["params"] for request in requests}}  # fmt: skip
        return batch_id

    def cancel_batch(self, batch_id, n_done):
        """Answer no more than the first of a batch's requests; the others are not billed."""
        kept = self.batches[batch_id]
        kept["canceled"] = True
        for one in kept["results"][n_done:]:
            if one["result"]["type"] == "succeeded":
                self.billed[key_of(kept["bodies"][one["custom_id"]])] -= 1
            one["result"] = {"type": "canceled"}

    def batch(self, batch_id):
        """A batch as the API shows it."""
        kept = self.batches[batch_id]
        ended = kept["looks"] >= self.batch_ends_after
        read = [one for one in kept["results"] if ended and not isinstance(one, str)]
        counts = Counter(one["result"]["type"] for one in read)
        kinds = ("succeeded", "errored", "canceled", "expired")
        n_open = 0 if ended else len(kept["results"])
        created = kept["created"].isoformat()
        status = "canceling" if kept.get("canceled") else "in_progress"
        return {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "ended" if ended else status,
            "request_counts": {"processing": n_open, **{kind: counts[kind] for kind in kinds}},
            "created_at": created,
            "expires_at": (kept["created"] + datetime.timedelta(hours=24)).isoformat(),
            "ended_at": created if ended else None,
            "results_url": f"{self.url}/v1/messages/batches/{batch_id}/results" if ended else None,
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    double: Double
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        self.double.headers.append(dict(self.headers))
        if self.path.startswith("/v1/messages/count_tokens"):
            self._count(body)
        elif self.path.split("?")[0].endswith("/cancel"):
            self._cancel()
        elif self.path.startswith("/v1/messages/batches"):
            self._submit(body)
        else:
            self._message(body)

    def do_GET(self):
        double = self.double
        path = self.path.split("?")[0].removeprefix("/v1/messages/batches").strip("/")
        if not path:
            newest = [double.batch(batch_id) for batch_id in reversed(double.batches)]
            ids = {"first_id": None, "last_id": None, "has_more": False}
            self._json({"data": newest, **ids})
        elif path.endswith("/results"):
            kept = double.batches[path.removesuffix("/results")]
            lines = [
                one if isinstance(one, str) else json.dumps(one)
                for one in reversed(kept["results"])
            ]
            self._send(200, "\n".join(lines).encode() + b"\n", "application/x-jsonl")
        elif path not in double.batches:
            self._error(Status(404, kind="not_found_error"))
        else:
            double.batches[path]["looks"] += 1
            self._json(double.batch(path))

    def _count(self, body):
        self.double.n_counted += 1
        self._json({"input_tokens": len(json.dumps(body)) // 4})

    def _cancel(self):
        batch_id = self.path.split("?")[0].split("/")[-2]
        self.double.cancel_batch(batch_id, self.double.n_done_at_cancel)
        self._json(self.double.batch(batch_id))

    def _submit(self, body):
        double = self.double
        fate = double.on_batch(body) if double.on_batch else None
        if isinstance(fate, Status):
            self._error(fate)
            return
        batch_id = double.new_batch(body["requests"])
        if isinstance(fate, Cut):
            self.close_connection = True
            return
        self._json(double.batch(batch_id))

    def _message(self, body):
        double = self.double
        key = key_of(body)
        with double.lock:
            double.asked[key] += 1
            n_th = double.asked[key]
            double.times.append(time.monotonic())
            double.bodies.append(body)
            double.n_now += 1
            double.most_at_once = max(double.most_at_once, double.n_now)
        try:
            time.sleep(double.seconds)
            self._play(double.script(body, n_th), body, key)
        finally:
            with double.lock:
                double.n_now -= 1

    def _play(self, move, body, key):
        double = self.double
        if isinstance(move, Status):
            self._error(move)
            return
        with double.lock:
            double.billed[key] += 1
        if isinstance(move, Late):
            time.sleep(move.seconds)
        text = move if isinstance(move, str) else good_answer(body)
        whole = move if isinstance(move, dict) else message(text)
        data = move if isinstance(move, bytes) else json.dumps(whole).encode()
        if isinstance(move, Cut):
            self.close_connection = True
            if move.where == "body":
                self._head(200, len(data), "application/json", {})
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
            return
        self._send(200, data, "application/json")

    def _error(self, move):
        said = {"type": "error", "error": {"type": move.kind, "message": "by the script"}}
        more = {} if move.retry_after is None else {"retry-after": str(move.retry_after)}
        self._send(move.status, json.dumps(said).encode(), "application/json", more)

    def _json(self, value):
        self._send(200, json.dumps(value).encode(), "application/json")

    def _send(self, status, data, kind, more=None):
        try:
            self._head(status, len(data), kind, more or {})
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # the client gave up waiting

    def _head(self, status, n_bytes, kind, more):
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": n_bytes, **more}.items():
            self.send_header(name, str(value))
        self.end_headers()
