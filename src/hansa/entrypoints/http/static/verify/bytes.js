// Bytes and their spellings: base64 in its one form, hexadecimal, SHA-256.

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export function utf8(text) {
  return encoder.encode(text);
}

export function equal(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** The content id of exact bytes. */
export async function contentId(bytes) {
  return toHex(await sha256(bytes));
}

/**
 * The bytes of a base64 text, or null unless it is the one spelling of them: the standard alphabet, padded, nothing
 * else in it, and the bits that the last digit has too many are zero (RFC 4648, section 3.5).
 */
export function fromBase64(text) {
  if (!BASE64.test(text)) return null;
  const binary = atob(text);
  if (btoa(binary) !== text) return null;
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}
