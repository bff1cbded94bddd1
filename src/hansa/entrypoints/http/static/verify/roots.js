// Root metadata: which keys sign for a node, and how that may change. docs/reference/records.md, "Root metadata".

import { shaped, rootOnly, verify } from "./envelope.js";
import { keyFromDid } from "./keys.js";
import { Refused } from "./refused.js";
import { integer, list, record, text } from "./shapes.js";

const keys = list(text(1, 64), 1, 16);
const threshold = integer(-(2 ** 31), 2 ** 31);
const ROOT = record({
  version: integer(1),
  root_keys: keys,
  root_threshold: threshold,
  signing_keys: keys,
  signing_threshold: threshold,
});

/** The roster function for `verify` of somebody who trusts this metadata: {did: metadata}. */
export function rosters(trusted, now) {
  return (author) => {
    if (!Object.hasOwn(trusted, author)) return rootOnly(author);
    const root = trusted[author];
    if (root.expires !== 0 && now >= root.expires) throw new Refused("expired", "root 5");
    return roster(root.signing_keys, root.signing_threshold);
  };
}

/** The root metadata of `node` after this envelope; `trusted` is what was taken before, or null for version 1. */
export async function advance(trusted, signed, node) {
  const message = await verify(signed, null);
  if (message.header.kind !== "root" || message.header.author !== node) throw new Refused("bad_body", "body");
  const body = shaped(message.body, ROOT, "bad_body", "body");
  const expected = trusted === null ? 1 : trusted.version + 1;
  if (body.version !== expected) throw new Refused("rollback", "root 2");
  const own = roster(body.root_keys, body.root_threshold);
  roster(body.signing_keys, body.signing_threshold);
  const before = trusted === null ? rootOnly(node) : roster(trusted.root_keys, trusted.root_threshold);
  for (const wanted of [before, own]) {
    const counted = [...message.signers].filter((signer) => wanted.keys.has(signer)).length;
    if (counted < wanted.threshold) throw new Refused("threshold", "root 3");
  }
  return { ...body, expires: message.header.expires, id: message.id };
}

function roster(dids, least) {
  const distinct = new Set(dids.map((did) => keyFromDid(did, "root 4").did));
  if (distinct.size !== dids.length) throw new Refused("threshold", "root 4", "a key is named twice");
  if (least < 1 || least > distinct.size) throw new Refused("threshold", "root 4");
  return { keys: distinct, threshold: least };
}
