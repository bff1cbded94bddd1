// The envelope: exact payload bytes and signatures over them. docs/reference/records.md, "Envelope" and "Header".
//
// Checks, in order; 1 is `read`, 2 to 6 are `verify`:
// 1 bounds and canonical JSON, the fields and no others, base64 in its one spelling
// 2 at least one signature, every key id a good key · 3 our payload type · 4 every signature fits
// 5 the payload: bounds, canonical JSON, a complete header · 6 the signers may speak for the author

import { pathLength, MAX_SIZE, signedBytes } from "./batch.js";
import { contentId, fromBase64 } from "./bytes.js";
import { decode } from "./canonical.js";
import { fits, keyFromDid } from "./keys.js";
import { pae } from "./pae.js";
import { Refused } from "./refused.js";
import { Misfit, either, integer, list, object, record, text } from "./shapes.js";

export const PAYLOAD_TYPE = "application/vnd.hansa.message+json;v=1";

const base64 = (value) => {
  const bytes = fromBase64(text(0, Infinity)(value));
  if (bytes === null) throw new Misfit("not base64 in its one spelling");
  return bytes;
};

const short = (most) => (value) => base64(text(0, most)(value));

const batch = (value) => {
  const read = record({ index: integer(0, MAX_SIZE - 1), path: base64, size: integer(2, MAX_SIZE) })(value);
  if (read.index >= read.size || read.path.length !== 32 * pathLength(read.index, read.size)) {
    throw new Misfit("a path that does not lead from that leaf to the root");
  }
  return read;
};

const keyid = text(1, 64);
const sig = short(88);

const ENVELOPE = record({
  payload: base64,
  payloadType: text(0, 128),
  signatures: list(either(record({ keyid, sig }), record({ batch, keyid, sig })), 0, 16),
});

const PAYLOAD = record({
  version: text(1, 16),
  network: text(1, 64),
  kind: text(1, 32),
  author: text(1, 64),
  recipient: text(1, 64),
  seq: integer(0),
  created: integer(0),
  expires: integer(0),
  body: object,
});

/** Check 1: the envelope in these bytes; nothing of it is known to be true yet. */
export function read(bytes, limits) {
  return shaped(decode(bytes, "envelope 1", limits), ENVELOPE, "bad_envelope", "envelope 1");
}

/**
 * Checks 2 to 6: the message in an envelope, its author proved.
 *
 * @param signed what `read` returned
 * @param roster answers which keys speak for an author, and how many must: (did, header) => {keys: Set of did, threshold,
 *     retired: Map of did to {until, threshold}, or nothing}; null takes whoever signed, for a caller that decides itself
 *     which of them count
 * @returns {Promise<{id: string, header: object, body: object, signers: Set<string>}>}
 */
export async function verify(signed, roster = rootOnly, limits = undefined) {
  if (signed.signatures.length === 0) throw new Refused("unsigned", "envelope 2"); // 2
  const keys = signed.signatures.map((one) => keyFromDid(one.keyid, "envelope 2"));
  if (signed.payloadType !== PAYLOAD_TYPE) throw new Refused("bad_envelope", "envelope 3", "payload type"); // 3
  const message = pae(signed.payloadType, signed.payload);
  for (const [at, one] of signed.signatures.entries()) { // 4
    const bytes = one.batch ? await signedBytes(one.batch, message) : message;
    if (!(await fits(keys[at], one.sig, bytes))) throw new Refused("forged", "envelope 4");
  }
  const { body, ...header } = shaped(decode(signed.payload, "envelope 5", limits), PAYLOAD, "bad_envelope", "envelope 5"); // 5
  const signers = new Set(keys.map((key) => key.did));
  if (roster !== null) checkSigners(signers, at(roster(header.author, header), header.seq, signers)); // 6
  return { id: await contentId(signed.payload), header, body, signers };
}

/** The roster of an author of whom no root metadata is known: its own key. */
export function rootOnly(author) {
  return { keys: new Set([keyFromDid(author, "envelope 6").did]), threshold: 1 };
}

/** A value in its shape, or refused. */
export function shaped(value, shape, reason, check) {
  try {
    return shape(value);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new Refused(reason, check, error.message);
  }
}

/** The roster that judges these signers under a sequence number: today's, or that of an earlier time. */
function at(roster, seq, signers) {
  const retired = roster.retired ?? new Map();
  if (retired.size === 0 || [...signers].every((one) => roster.keys.has(one))) return roster;
  const then = [...signers].filter((one) => retired.has(one)).map((one) => retired.get(one));
  if (then.some((one) => seq > one.until)) throw new Refused("revoked", "envelope 6");
  if (then.length === 0 || ![...signers].every((one) => roster.keys.has(one) || retired.has(one))) return roster;
  return { keys: signers, threshold: Math.max(...then.map((one) => one.threshold)) };
}

function checkSigners(signers, { keys, threshold }) {
  for (const signer of signers) if (!keys.has(signer)) throw new Refused("wrong_signer", "envelope 6");
  if (signers.size < threshold) throw new Refused("threshold", "envelope 6");
}
