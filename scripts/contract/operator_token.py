"""Prints an operator's token, signed with HOLDFAST_JWT_SECRET."""

import base64
import hmac
import json
import os
import time


def part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


now = int(time.time())
claims = {"iss": "holdfast", "aud": "holdfast", "sub": "tester", "role": "operator", "iat": now, "exp": now + 3600}
text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
signature = hmac.digest(os.environ["HOLDFAST_JWT_SECRET"].encode(), text, "sha256")
print((text + b"." + part(signature)).decode())
