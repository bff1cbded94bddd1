// Root metadata: which keys sign for a node, and how that may change. docs/reference/records.md, "Root metadata".
//
// What somebody trusts of a node is a list of its versions, the first one first: {version, root_keys, root_threshold,
// signing_keys, signing_threshold, expires, retired: list of {key, until, threshold}, or nothing}.

import { KINDS, ROOT } from "./bodies.js";
import { shaped, rootOnly, verify } from "./envelope.js";
import { keyFromDid } from "./keys.js";
import { Refused } from "./refused.js";

const MAX_VERSIONS = 1000;

/** The roster function for `verify` of somebody who trusts this metadata: {did: list of versions}. */
export function rosters(trusted, now) {
  return (author, header) => {
    const known = versions(trusted, author);
    if (known.length === 0) return rootOnly(author);
    const root = known.at(-1);
    if (root.expires !== 0 && now >= root.expires) throw new Refused("expired", "root 5");
    const today = { keys: new Set(root.signing_keys), threshold: root.signing_threshold };
    const live = Object.hasOwn(KINDS, header.kind) && KINDS[header.kind].live;
    return live ? today : { ...today, retired: retiredBefore(root) };
  };
}

/** A message whose author is proved, root metadata by what it follows; `trusted` is {did: list of versions}. */
export async function verifyAny(signed, trusted, now) {
  const stated = await verify(signed, null);
  const { header } = stated;
  const known = versions(trusted, header.author);
  if (header.kind !== "root") {
    const message = await verify(signed, rosters(trusted, now));
    if (header.seq <= MAX_VERSIONS && known.length > 0) throw new Refused("wrong_signer", "root 7");
    return message;
  }
  const { version } = shaped(stated.body, ROOT, "bad_body", "body");
  if (version !== header.seq) throw new Refused("bad_body", "root 7", "its number is not its version");
  await advance(version > 1 ? (known[Math.min(version - 2, known.length - 1)] ?? null) : null, signed, header.author);
  return stated;
}

/** The root metadata of `node` after this envelope; `trusted` is the version before, or null for version 1. */
export async function advance(trusted, signed, node) {
  const message = await verify(signed, null);
  if (message.header.kind !== "root" || message.header.author !== node) throw new Refused("bad_body", "body");
  const body = shaped(message.body, ROOT, "bad_body", "body");
  const expected = trusted === null ? 1 : trusted.version + 1;
  if (body.version !== expected) throw new Refused("rollback", "root 2"); // 2
  if (body.version > MAX_VERSIONS) throw new Refused("bad_body", "root 7"); // 7
  const signing = roster(body.signing_keys, body.signing_threshold); // 4
  const own = roster(body.root_keys, body.root_threshold);
  const retired = retiredAfter(trusted, body.retired, signing); // 6
  const before = trusted === null ? rootOnly(node) : roster(trusted.root_keys, trusted.root_threshold);
  for (const wanted of [before, own]) { // 1, 3
    const counted = [...message.signers].filter((signer) => wanted.keys.has(signer)).length;
    if (counted < wanted.threshold) throw new Refused("threshold", "root 3");
  }
  const kept = [...retired].map(([key, one]) => ({ key, ...one }));
  return { ...body, retired: kept, expires: message.header.expires, id: message.id };
}

/** The newest version of a node that is trusted, or null. */
export function newest(trusted, node) {
  return versions(trusted, node).at(-1) ?? null;
}

function versions(trusted, node) {
  return Object.hasOwn(trusted, node) ? trusted[node] : [];
}

function retiredBefore(root) {
  return new Map((root?.retired ?? []).map(({ key, until, threshold }) => [key, { until, threshold }]));
}

function retiredAfter(trusted, changes, signing) {
  const retired = retiredBefore(trusted);
  for (const { key, until } of changes) {
    const did = keyFromDid(key, "root 6").did;
    const before = retired.get(did);
    if (before !== undefined && until > before.until) throw new Refused("rollback", "root 6");
    const signedThen = trusted !== null && trusted.signing_keys.includes(did);
    retired.set(did, { until, threshold: signedThen ? trusted.signing_threshold : (before?.threshold ?? 1) });
  }
  for (const did of signing.keys) if (retired.has(did)) throw new Refused("revoked", "root 6");
  return retired;
}

function roster(dids, least) {
  const distinct = new Set(dids.map((did) => keyFromDid(did, "root 4").did));
  if (distinct.size !== dids.length) throw new Refused("threshold", "root 4", "a key is named twice");
  if (least < 1 || least > distinct.size) throw new Refused("threshold", "root 4");
  return { keys: distinct, threshold: least };
}
