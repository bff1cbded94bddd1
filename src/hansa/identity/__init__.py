"""Who said it? Keys, node ids, the envelope, and the versioned metadata that lets keys change while the id stays.

Signed bytes come in (`envelope.read`), a `Verified` message goes out (`envelope.verify`). Nothing above this room
looks inside an envelope again.
"""
