// The JavaScript side of the conformance protocol: questions as JSON lines in, answers out. See vectors/README.md.
//
//     node tests/vectors/judge.mjs

import { createInterface } from "node:readline";

import { judge } from "../../src/hansa/entrypoints/http/static/verify/index.js";

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
for await (const line of lines) {
  const { message, context } = JSON.parse(line);
  const { verdict, reason, check, id, skill } = await judge(new Uint8Array(Buffer.from(message, "base64")), context);
  process.stdout.write(`${JSON.stringify({ verdict, reason, check, id, skill })}\n`);
}
