// Ed25519 keys, written as did:key and in no other way, and the signatures that are taken. docs/reference/records.md,
// "Ids" and "Signatures".
//
// The platform (WebCrypto) does the curve arithmetic. What platforms differ in is decided here first: which 32 bytes are
// a key, S below the group order, R of large order. What is left is the same equation everywhere: S·B = R + k·A, without
// the cofactor, R compared as bytes.

import { concat } from "./bytes.js";
import { Refused } from "./refused.js";

const PREFIX = "did:key:z";
const MULTICODEC = Uint8Array.of(0xed, 0x01);
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const Y_MASK = 2n ** 255n - 1n;
const D = mod(-121665n * power(121666n, P - 2n));
const SMALL_ORDER_Y = smallOrderY();

const known = new Map();
const MAX_KNOWN = 4096;

/** The key that a did:key names: {did, raw}; throws Refused("bad_key"). */
export function keyFromDid(did, check) {
  const cached = known.get(did);
  if (cached) return cached;
  const bytes = did.startsWith(PREFIX) && did.length <= 64 ? fromBase58(did.slice(PREFIX.length)) : null;
  if (!bytes || bytes.length !== 34 || bytes[0] !== MULTICODEC[0] || bytes[1] !== MULTICODEC[1]) {
    throw new Refused("bad_key", check, "not the did:key of an Ed25519 key");
  }
  const raw = bytes.slice(2);
  const flaw = flawOf(raw);
  if (flaw) throw new Refused("bad_key", check, flaw);
  const key = { did, raw };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(did, key);
  return key;
}

/** The did:key of 32 raw bytes. */
export function didOf(raw) {
  return PREFIX + toBase58(concat(MULTICODEC, raw));
}

/** Says whether 64 bytes are this key's signature over the message. */
export async function fits(key, signature, message) {
  if (signature.length !== 64) return false;
  if (littleEndian(signature.subarray(32)) >= L) return false;
  if (SMALL_ORDER_Y.has(littleEndian(signature.subarray(0, 32)) & Y_MASK)) return false;
  key.imported ??= crypto.subtle.importKey("raw", key.raw, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, await key.imported, signature, message);
}

/** What is wrong with 32 bytes as a key; "" when they are the one encoding of a point of large order. */
function flawOf(raw) {
  const y = littleEndian(raw) & Y_MASK;
  if (y >= P) return "not canonical";
  if (SMALL_ORDER_Y.has(y)) return "small order";
  // x² = (y² - 1) / (d·y² + 1) has a solution exactly when the product of both is a square (Euler's criterion)
  const product = mod((y * y - 1n) * (D * y * y + 1n));
  return power(product, (P - 1n) / 2n) === 1n ? "" : "no point of the curve";
}

/**
 * The y coordinates of the eight points whose order divides 8: 1 (order 1), -1 (order 2), 0 (order 4), and those of
 * order 8, whose doubles have y = 0: there y² = -x², so that d·y⁴ + 2·y² = 1, that is y² = (-1 ± √(1 + d)) / d.
 */
function smallOrderY() {
  const found = new Set([0n, 1n, P - 1n]);
  const root = squareRoot(mod(1n + D));
  for (const sign of [1n, -1n]) {
    const y = squareRoot(mod((-1n + sign * root) * power(D, P - 2n)));
    if (y !== null) found.add(y).add(P - y);
  }
  return found;
}

/** A square root modulo p = 5 (mod 8), or null (RFC 8032, section 5.1.3, step 3). */
function squareRoot(square) {
  const candidate = power(square, (P + 3n) / 8n);
  for (const root of [candidate, mod(candidate * power(2n, (P - 1n) / 4n))]) {
    if (mod(root * root) === square) return root;
  }
  return null;
}

function mod(number) {
  const rest = number % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let result = 1n;
  for (let square = mod(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function littleEndian(bytes) {
  let number = 0n;
  for (let at = bytes.length - 1; at >= 0; at -= 1) number = (number << 8n) | BigInt(bytes[at]);
  return number;
}

function toBase58(bytes) {
  let number = littleEndian(Uint8Array.from(bytes).reverse());
  let text = "";
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return "1".repeat(zeros < 0 ? bytes.length : zeros) + text;
}

/** The bytes of a base58 text, or null. One spelling each: every leading 1 is a zero byte, and no other letter is. */
function fromBase58(text) {
  let number = 0n;
  for (const char of text) {
    const digit = ALPHABET.indexOf(char);
    if (digit < 0) return null;
    number = number * 58n + BigInt(digit);
  }
  const bytes = [];
  for (; number > 0n; number >>= 8n) bytes.unshift(Number(number & 0xffn));
  const zeros = text.length - text.replace(/^1+/, "").length;
  return Uint8Array.from([...new Array(zeros).fill(0), ...bytes]);
}
