// The numbered checks between a proved author and the body. docs/reference/records.md, "Admission".
//
// 1 version spoken here · 2 our network · 3 addressed to us · 4 a kind we know · 5 not from the future · 6 not expired; a
// live or spread message not older than the window · 7 author not banned · 8 not here already · 9 the sequence number is free.
// A spread message goes round by many ways at once: it has no number that must rise or be free (9).
// Invitation, rate and share (10 to 12) are each node's own and not decided here. A standing message holds in every network,
// and past its expiry it is still a step to the next one.

import { KINDS } from "./bodies.js";
import { Refused } from "./refused.js";

const SPOKEN = ["1.0"];
const EVERYONE = "*";

/**
 * @param message what `verify` returned
 * @param context {network, me, now, window_ms, held, sequences, floors, banned}: see vectors/README.md
 */
export function admit({ id, header }, context) {
  const refuse = (reason, number) => {
    throw new Refused(reason, `admission ${number}`);
  };
  if (!SPOKEN.includes(header.version)) refuse("unsupported_version", 1);
  const kind = Object.hasOwn(KINDS, header.kind) ? KINDS[header.kind] : null;
  const standing = kind?.standing === true;
  if (header.network !== context.network && !(standing && header.network === EVERYONE)) refuse("wrong_network", 2);
  if (header.recipient !== EVERYONE && header.recipient !== context.me) refuse("wrong_recipient", 3);
  if (kind === null) refuse("unknown_kind", 4);
  const { live, spread } = kind;
  if (header.created > context.now + context.window_ms) refuse("from_future", 5);
  if (header.expires !== 0 && context.now >= header.expires && !standing) refuse("expired", 6);
  if (live && header.created < context.now - context.window_ms) refuse("stale", 6);
  if (context.banned.includes(header.author)) refuse("banned", 7);
  if (context.held.includes(id)) refuse("duplicate", 8);
  if (spread) return;
  if (live) {
    if (header.seq <= (context.floors[header.author] ?? -1)) refuse("old_sequence", 9);
  } else if (context.sequences.some((one) => one.author === header.author && one.seq === header.seq)) {
    refuse("equivocation", 9);
  }
}
