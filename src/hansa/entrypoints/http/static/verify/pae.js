// What is signed: DSSE's pre-authentication encoding, both parts with their lengths in bytes before them.

import { concat, utf8 } from "./bytes.js";

export function pae(type, payload) {
  const name = utf8(type);
  return concat(utf8(`DSSEv1 ${name.length} `), name, utf8(` ${payload.length} `), payload);
}
