"""Loaded by schemathesis."""

import json
from urllib.parse import urlencode

import schemathesis

# Go's server answers longer ones with 431 in plain text, before Holdfast sees the request.
LONGEST_QUERY = 48_000


@schemathesis.hook
def filter_case(ctx, case):
    return len(urlencode(case.query or {}, doseq=True)) <= LONGEST_QUERY


# JSON lines are described as the list of what is in them.
@schemathesis.serializer("application/jsonl", "application/x-ndjson")
def serialize_lines(ctx, value):
    lines = value if isinstance(value, list) else [value]
    return {"data": "".join(json.dumps(line) + "\n" for line in lines).encode()}


@schemathesis.deserializer("application/jsonl")
def deserialize_lines(ctx, response):
    return [json.loads(line) for line in response.content.splitlines()]
