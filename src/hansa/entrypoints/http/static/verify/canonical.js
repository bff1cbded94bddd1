// Which bytes are a message: canonical JSON (RFC 8785), integers only. docs/reference/records.md, "Canonical JSON".
//
// Checks, in order: 1 size · 2 keys and items, then nesting, counted on the bytes · 3 JSON at all · 4 canonical.

import { equal, utf8 } from "./bytes.js";
import { Refused } from "./refused.js";

export const LIMITS = Object.freeze({ maxBytes: 262144, maxDepth: 32, maxKeys: 1000, maxItems: 10000 });

/** An integer written with more characters than this is not read as one. */
const MAX_INTEGER_LENGTH = 4300;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(\.\d+)?([eE][+-]?\d+)?/g;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The value of canonical bytes; throws Refused, naming `check`, for all others. */
export function decode(bytes, check, limits = LIMITS) {
  if (bytes.length > limits.maxBytes) throw new Refused("too_large", check); // 1
  checkBounds(bytes, check, limits); // 2
  const value = parse(bytes, check); // 3
  const again = encode(value); // 4
  if (again === null || !equal(utf8(again), bytes)) throw new Refused("not_canonical", check);
  return value;
}

/** The canonical text of a value, or null for what has none: fractions, large integers, lone surrogates. */
export function encode(value) {
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : null;
  if (typeof value === "string") return LONE_SURROGATE.test(value) ? null : JSON.stringify(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) {
    const items = value.map(encode);
    return items.includes(null) ? null : `[${items.join(",")}]`;
  }
  const names = Object.keys(value).sort(); // the default order is that of UTF-16 code units
  const members = names.map((name) => [encode(name), encode(value[name])]);
  return members.flat().includes(null) ? null : `{${members.map((pair) => pair.join(":")).join(",")}}`;
}

/**
 * Counts what stands outside strings, parsed or not. A quotation mark with an odd number of backslashes right before it
 * counts as text, wherever it stands; every other one begins or ends a string.
 */
function checkBounds(bytes, check, limits) {
  let keys = 0;
  let openings = 0;
  let commas = 0;
  let depth = 0;
  let deepest = 0;
  let backslashes = 0;
  let inside = false;
  for (const byte of bytes) {
    if (byte === BACKSLASH) {
      backslashes += 1;
      continue;
    }
    if (byte === QUOTE && backslashes % 2 === 0) inside = !inside;
    backslashes = 0;
    if (inside) continue;
    if (byte === COLON) keys += 1;
    else if (byte === COMMA) commas += 1;
    else if (OPEN.has(byte)) {
      openings += 1;
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (CLOSE.has(byte)) depth -= 1;
  }
  const items = commas + openings - keys;
  if (keys > limits.maxKeys || items > limits.maxItems) throw new Refused("too_many_keys", check);
  if (deepest > limits.maxDepth) throw new Refused("too_deep", check);
}

function parse(bytes, check) {
  let text;
  let value;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw new Refused("not_json", check, error.message);
  }
  for (const [token, fraction, exponent] of text.matchAll(TOKENS)) {
    if (token[0] === '"') {
      if (token.includes("\\u") && LONE_SURROGATE.test(JSON.parse(token))) {
        throw new Refused("not_json", check, "half a surrogate pair");
      }
    } else if (fraction === undefined && exponent === undefined) {
      if (token.length > MAX_INTEGER_LENGTH) throw new Refused("not_json", check, "an endless integer");
    } else if (!Number.isFinite(Number(token))) {
      throw new Refused("not_json", check, "a number beyond every double");
    }
  }
  return value;
}
