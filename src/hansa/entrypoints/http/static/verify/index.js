// Hansa's second verifier, written from docs/reference/records.md. It runs in browsers and in Node 20 and later.
//
//     import { judge } from "./index.js";
//     const answer = await judge(bytes, context); // {verdict: "accept", id, skill} or {verdict: "refuse", reason, check}

import { admit } from "./admission.js";
import { readBody, skillId } from "./bodies.js";
import { read, verify } from "./envelope.js";
import { Refused } from "./refused.js";
import { advance, newest, rosters, verifyAny } from "./roots.js";

export { admit, advance, read, readBody, Refused, rosters, skillId, verify, verifyAny };

const NOTHING_KNOWN = { window_ms: 300000, held: [], sequences: [], floors: {}, banned: [], roots: {}, task: "message" };

/**
 * What becomes of one message, given what the receiver knows: see "Context" in vectors/README.md.
 *
 * @param {Uint8Array} bytes the envelope, as it came
 * @param {object} context the receiver's network, name, time and memory
 */
export async function judge(bytes, context) {
  const known = { ...NOTHING_KNOWN, ...context };
  try {
    const signed = read(bytes);
    return known.task === "root" ? await judgeRoot(signed, known) : await judgeMessage(signed, known);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { verdict: "refuse", reason: error.reason, check: error.check, id: "", skill: "" };
  }
}

async function judgeMessage(signed, known) {
  const message = await verifyAny(signed, known.roots, known.now);
  admit(message, known);
  const body = readBody(message);
  const skill = message.header.kind === "skill" ? await skillId(body.skill) : "";
  return { verdict: "accept", reason: "", check: "", id: message.id, skill };
}

async function judgeRoot(signed, known) {
  const root = await advance(newest(known.roots, known.node), signed, known.node);
  return { verdict: "accept", reason: "", check: "", id: root.id, skill: "" };
}
