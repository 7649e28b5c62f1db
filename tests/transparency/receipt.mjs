// A receipt, checked with libraries that other people use for other things: `jose` for the signature, `canonicalize` for RFC 8785.
//
//   node receipt.mjs RECEIPT.json KEYS.json
//
// Exit code 0 and what the receipt tells, or 1 and why it is none.

import { readFileSync } from "node:fs";
import canonicalize from "canonicalize";
import { compactVerify, createLocalJWKSet } from "jose";

const [file, published] = process.argv.slice(2).map((name) => JSON.parse(readFileSync(name, "utf8")));

try {
  const keys = createLocalJWKSet({ keys: published.receipts?.keys ?? published.keys });
  const { payload, protectedHeader } = await compactVerify(file.receipt, keys, { algorithms: ["EdDSA"] });
  if (protectedHeader.typ !== "tillid-receipt+jwt") throw new Error(`of type ${protectedHeader.typ}`);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  const told = JSON.parse(text);
  if (canonicalize(told) !== text) throw new Error("not canonical");
  console.log(JSON.stringify({ ok: true, told }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, why: error.code ?? error.message }));
  process.exitCode = 1;
}
