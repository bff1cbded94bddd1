"""What a competent developer would write first: FastAPI, a pydantic model, verify, insert, commit. No part of Hansa.

    python -m benchmarks.reference_server DATABASE PORT KEYID=HEX …

It takes the same envelopes as a node, one in each request, on `POST /records`; checks the shape by pydantic, that the
payload is canonical (rfc8785), the signature (cryptography) of an author it knows, and that the body is evidence; and
keeps them in SQLite (WAL, synchronous=FULL), one commit for each request. It keeps no journal and no chain, counts
nothing and limits no rates, all of which a node does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import sys
import threading

import rfc8785
import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field, ValidationError

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, kind TEXT NOT NULL, author TEXT NOT NULL, seq INTEGER NOT NULL,
    skill TEXT NOT NULL, created INTEGER NOT NULL, envelope BLOB NOT NULL, UNIQUE (author, seq))
"""
INSERT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"


class Signature(BaseModel):
    """One signature."""

    keyid: str = Field(max_length=64)
    sig: str = Field(max_length=88)


class Envelope(BaseModel):
    """The request's body."""

    payload: str
    payloadType: str  # noqa: N815 - DSSE's own spelling
    signatures: list[Signature] = Field(min_length=1, max_length=16)


class Evidence(BaseModel):
    """The message's body."""

    skill: str = Field(pattern="^[0-9a-f]{64}$")
    harness: str = Field(max_length=64)
    sandbox: str = Field(max_length=64)
    outcome: str
    trials: int = Field(ge=0, le=100_000)
    successes: int = Field(ge=0)
    passed: int = Field(ge=0)
    total: int = Field(ge=0)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    reason: str = Field(default="", max_length=64)


class Message(BaseModel):
    """The payload."""

    version: str
    network: str
    kind: str
    author: str
    recipient: str
    seq: int
    created: int
    expires: int
    body: Evidence


def make_app(database: str, keys: dict[str, Ed25519PublicKey]) -> FastAPI:
    """Returns the application."""
    app = FastAPI()
    connection = sqlite3.connect(database, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(SCHEMA)
    lock = threading.Lock()

    @app.post("/records", status_code=201)
    def post_record(envelope: Envelope) -> dict[str, str]:
        payload = base64.b64decode(envelope.payload, validate=True)
        signed = f"DSSEv1 {len(envelope.payloadType)} {envelope.payloadType} {len(payload)} ".encode() + payload
        try:
            for one in envelope.signatures:
                keys[one.keyid].verify(base64.b64decode(one.sig), signed)
        except (KeyError, InvalidSignature):
            raise HTTPException(403, "not signed by an author known here") from None
        try:
            value = json.loads(payload)
            message = Message.model_validate(value)
        except (ValueError, ValidationError) as error:
            raise HTTPException(400, str(error)) from None
        if rfc8785.dumps(value) != payload:
            raise HTTPException(400, "not canonical")
        if message.author not in {one.keyid for one in envelope.signatures}:
            raise HTTPException(403, "not signed by its author")
        id_ = hashlib.sha256(payload).hexdigest()
        row = (id_, message.kind, message.author, message.seq, message.body.skill, message.created,
               envelope.model_dump_json().encode())  # fmt: skip
        try:
            with lock, connection:
                connection.execute(INSERT, row)
        except sqlite3.IntegrityError:
            raise HTTPException(409, "already here") from None
        return {"record": id_}

    return app


if __name__ == "__main__":
    known = dict(one.split("=") for one in sys.argv[3:])
    uvicorn.run(
        make_app(sys.argv[1], {k: Ed25519PublicKey.from_public_bytes(bytes.fromhex(v)) for k, v in known.items()}),
        host="127.0.0.1", port=int(sys.argv[2]), loop="uvloop", http="httptools", log_level="warning", access_log=False,
    )  # fmt: skip
