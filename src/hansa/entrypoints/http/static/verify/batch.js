// One signature for many messages: the Merkle tree of RFC 9162, sections 2.1.1 and 2.1.3, with SHA-256.
//
// A signature entry with a `batch` signs the tree's size and root; `index` and `path` show that this message is a leaf.

import { concat, sha256, toHex, utf8 } from "./bytes.js";
import { encode } from "./canonical.js";
import { pae } from "./pae.js";

export const BATCH_TYPE = "application/vnd.hansa.batch+json;v=1";
export const MAX_SIZE = 1024;

const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);
const HASH_BYTES = 32;

/** How many siblings lead from leaf `index` to the root of a tree of `size` leaves. */
export function pathLength(index, size) {
  if (size === 1) return 0;
  const split = largestPowerBelow(size);
  return 1 + (index < split ? pathLength(index, split) : pathLength(index - split, size - split));
}

/** What a batch signature signs, given what the envelope says about its place in the tree. */
export async function signedBytes(batch, message) {
  const siblings = [];
  for (let at = 0; at < batch.path.length; at += HASH_BYTES) siblings.push(batch.path.subarray(at, at + HASH_BYTES));
  const leaf = await sha256(concat(LEAF, message));
  const root = await climb(batch.index, batch.size, leaf, siblings);
  return pae(BATCH_TYPE, utf8(encode({ root: toHex(root), size: batch.size })));
}

/** The root over `size` leaves, from one of them and its siblings; the last sibling is the one nearest to the root. */
async function climb(index, size, leaf, siblings) {
  if (size === 1) return leaf;
  const split = largestPowerBelow(size);
  const sibling = siblings.at(-1);
  const rest = siblings.slice(0, -1);
  if (index < split) return sha256(concat(INNER, await climb(index, split, leaf, rest), sibling));
  return sha256(concat(INNER, sibling, await climb(index - split, size - split, leaf, rest)));
}

function largestPowerBelow(size) {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
