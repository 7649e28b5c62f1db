// A second verifier of a Tillid log and of its receipts. It shares no code with the service: it was written from the
// specifications at https://c2sp.org (signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof, tlog-policy) and from
// RFC 6962 section 2.1, RFC 9162 sections 2.1.3 and 2.1.4, RFC 7515, RFC 8037 and RFC 8785. It needs Node 20
// or newer and the file beside it, tlog.mjs; nothing else.
//
//   node verifier.mjs log URL --vkey VKEY... [--policy FILE] [--remember FILE]
//     The whole log below URL (such as https://tillid.example/log): every entry, every tile of every level, the signed root.
//     --remember: a checkpoint that was kept; the log must have grown from it. It is replaced when everything holds.
//   node verifier.mjs receipt URL|- FILE --vkey VKEY... [--policy FILE] [--keys FILE]
//     A receipt as GET /v1/receipts/{id} answered it. The receipt keys come from URL/keys; with "-" from a copy of it (--keys),
//     and nothing is asked of any server.
//   node verifier.mjs self-test FILE
//     The RFC 6962 vectors of transparency-dev/merkle, and the example of signed-note.
//
// --vkey is a verifier key of the log (signed-note), several when keys were rotated. --policy is a tlog-policy file.
// It prints one JSON object. Exit code: 0 everything that was asked is proven; 1 something contradicts; 2 cannot tell (not
// reachable, not complete, not enough witnesses, a receipt without a proof, wrong usage).

import { createHmac, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { gunzipSync } from "node:zlib";
import {
  checkpoint, checkSignatures, contradicted, decode, ed25519, EMPTY_ROOT, Finding, fold, json, judge,
  leafHash, must, nodeHash, note, provesConsistency, provesInclusion, readPolicy, requireQuorum, same, split,
  unknown, utf8, verifierKey,
} from "./tlog.mjs";

const LARGEST_ANSWER = 256 * (2 + 65535); // a full bundle of the largest entries
const PATIENCE_MS = 30_000;

// ---- What a server serves: tlog-tiles ----

async function get(url) {
  const client = url.startsWith("https:") ? https : http;
  const options = { headers: { "accept-encoding": "gzip, identity" }, timeout: PATIENCE_MS };
  try {
    const response = await new Promise((resolve, reject) => {
      const request = client.get(url, options, resolve).on("error", reject);
      request.on("timeout", () => request.destroy(new Error("no answer in time")));
    });
    const [parts, zipped] = [[], response.headers["content-encoding"] === "gzip"];
    let length = 0;
    for await (const part of response) {
      parts.push(part);
      if ((length += part.length) > LARGEST_ANSWER) throw new Error("too long");
    }
    const bytes = Buffer.concat(parts);
    return { status: response.statusCode, body: zipped ? gunzipSync(bytes, { maxOutputLength: LARGEST_ANSWER }) : bytes };
  } catch (error) {
    throw unknown("unreachable", `${url}: ${error.message}`);
  }
}

async function fetched(url) {
  const { status, body } = await get(url);
  if (status !== 200) throw unknown("not_served", `${url}: ${status}`);
  return body;
}

/** `x001/x234/067` of 1234067. */
function tileName(n) {
  const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, "0");
  return digits.match(/.{3}/g).map((part, at, all) => (at < all.length - 1 ? `x${part}` : part)).join("/");
}

/** A tile or bundle that a tree of the size of the checkpoint has. A partial one may be gone when the full one is there. */
async function tileBytes(base, kind, n, width) {
  const full = `${base}/tile/${kind}/${tileName(n)}`;
  if (width === 256) return { name: `${kind}/${tileName(n)}`, bytes: await fetched(full) };
  const { status, body } = await get(`${full}.p/${width}`);
  const partial = `${kind}/${tileName(n)}.p/${width}`;
  return status === 200 ? { name: partial, bytes: body } : { name: partial, bytes: await fetched(full), more: true };
}

async function tile(base, level, n, width) {
  const { name, bytes, more } = await tileBytes(base, level, n, width);
  must(bytes.length === (more ? 256 : width) * 32, "tile_length", `tile ${name} has ${bytes.length} bytes`);
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));
}

async function bundle(base, n, width) {
  const { name, bytes, more } = await tileBytes(base, "entries", n, width);
  const entries = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Infinity;
    must(end <= bytes.length, "bundle", `bundle ${name} breaks off`);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  must(entries.length === (more ? 256 : width), "bundle", `bundle ${name} has ${entries.length} entries`);
  return entries.slice(0, width);
}

/** How many hashes tile n of a level has in a tree of that size. */
const widthAt = (size, level, n) => Math.min(256, Math.floor(size / 256 ** level) - n * 256);

/** Rebuilds the tree from its entries, holding one tile of each level, and compares each tile with the one that is served. */
class Rebuilt {
  constructor(base, size) {
    Object.assign(this, { base, size, levels: [], done: [], tiles: 0 });
  }
  async push(hash, level = 0) {
    const open = (this.levels[level] ??= []);
    this.done[level] ??= 0;
    open.push(hash);
    if (open.length < 256) return;
    await this.compare(level);
    this.levels[level] = [];
    this.done[level] += 1;
    await this.push(fold(open), level + 1);
  }
  async compare(level) {
    const [own, n] = [this.levels[level], this.done[level]];
    const served = await tile(this.base, level, n, own.length);
    const at = own.findIndex((hash, i) => !same(hash, served[i]));
    must(at < 0, "tile_differs", `hash ${at} of tile ${level}/${tileName(n)} is not that of the entries`);
    this.tiles += 1;
  }
  root() {
    const right = this.levels.reduce((below, open) => [...open, ...below].length ? [fold([...open, ...below])] : [], []);
    return right[0] ?? EMPTY_ROOT;
  }
}

/** Makes consistency proofs from the tiles that are served (RFC 6962 section 2.1.2). */
class Prover {
  constructor(base, size) {
    Object.assign(this, { base, size, tiles: new Map() });
  }
  /** MTH(D[from:to]). */
  async hash(from, to) {
    const length = to - from;
    if (length > 1 && (2 ** Math.round(Math.log2(length)) !== length)) {
      const k = split(length);
      return nodeHash(await this.hash(from, from + k), await this.hash(from + k, to));
    }
    const level = Math.floor(Math.log2(length) / 8);
    const [first, count] = [from / 256 ** level, length / 256 ** level];
    const n = Math.floor(first / 256);
    const key = `${level}/${n}`;
    if (!this.tiles.has(key)) this.tiles.set(key, await tile(this.base, level, n, widthAt(this.size, level, n)));
    return fold(this.tiles.get(key).slice(first % 256, (first % 256) + count));
  }
  /** SUBPROOF(m, D[from:to], whole). */
  async subproof(m, from, to, whole) {
    if (m === to - from) return whole ? [] : [await this.hash(from, to)];
    const k = split(to - from);
    return m <= k
      ? [...(await this.subproof(m, from, from + k, whole)), await this.hash(from + k, to)]
      : [...(await this.subproof(m - k, from + k, to, false)), await this.hash(from, from + k)];
  }
}

// ---- The commands ----

function remembered(options) {
  if (!options.remember || !existsSync(options.remember)) return undefined;
  try {
    const point = checkpoint(readFileSync(options.remember));
    judge(point, options);
    return point;
  } catch (finding) {
    throw unknown("remembered", `${options.remember} is no checkpoint under the keys that were given: ${finding.message}`);
  }
}

/** What can be said of two checkpoints before the tree is read. */
function compareHeads(old, point) {
  const both = [old.all, point.all];
  if (old.origin !== point.origin) throw unknown("remembered", `what is remembered is of ${old.origin}`);
  if (old.size > point.size) throw contradicted("rolled_back", `size ${old.size} was signed, ${point.size} is served`, both);
  if (old.size === point.size && !same(old.root, point.root)) throw contradicted("fork", `two roots of size ${old.size}`, both);
}

async function verifyLog(base, options, report) {
  const old = remembered(options);
  const point = checkpoint(await fetched(`${base}/checkpoint`));
  const signers = judge(point, options);
  Object.assign(report, { origin: point.origin, size: Number(point.size), root: point.root.toString("base64"), ...signers });
  if (old) compareHeads(old, point);
  if (point.size > BigInt(Number.MAX_SAFE_INTEGER)) throw unknown("size", "a tree too large for this program");
  const [size, oldSize] = [Number(point.size), old && Number(old.size)];
  const fork = () => contradicted("fork", `the tree that is served did not grow from size ${oldSize}`, [old.all, point.all]);
  const rebuilt = new Rebuilt(base, size);
  for (let at = 0; at < size; ) {
    for (const entry of await bundle(base, at / 256, widthAt(size, 0, at / 256))) {
      if (at === oldSize && !same(rebuilt.root(), old.root)) throw fork();
      await rebuilt.push(leafHash(entry));
      at += 1;
    }
  }
  for (const [level, open] of rebuilt.levels.entries()) if (open.length > 0) await rebuilt.compare(level);
  if (!same(rebuilt.root(), point.root)) throw contradicted("root", "the entries have another root than the one signed", [point.all]);
  report.tiles = rebuilt.tiles;
  if (oldSize > 0) {
    const proof = await new Prover(base, size).subproof(oldSize, 0, size, true);
    if (!provesConsistency(old.size, point.size, proof, old.root, point.root)) throw fork();
  }
  if (old) report.consistent_with = oldSize;
  requireQuorum(signers);
  if (options.remember) {
    writeFileSync(`${options.remember}.new`, point.all);
    renameSync(`${options.remember}.new`, options.remember);
  }
}

/** RFC 8785: JSON.stringify writes numbers and strings as it asks, and sort() compares UTF-16 units. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}

function readJws(text, keys) {
  const parts = text.split(".");
  must(parts.length === 3, "receipt", "a receipt has three parts");
  const [head, payload, signature] = parts.map((part) => decode(part, "base64url"));
  const header = json(utf8(head), "the header of the receipt");
  must(header?.alg === "EdDSA" && header.typ === "tillid-receipt+jwt" && !("crit" in header), "receipt", "another kind of JWS");
  const key = keys.find((k) => k.kid === header.kid && k.kty === "OKP" && k.crv === "Ed25519");
  must(key, "receipt_key", `the receipt's key ${header.kid} is not among those published`);
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  must(ed25519(decode(key.x, "base64url"), signed, signature), "receipt_signature", "the receipt's signature does not hold");
  const value = json(utf8(payload), "the payload of the receipt");
  // Two readers of other bytes could understand them differently: names that stand twice, numbers that do not fit.
  must(canonical(value) === utf8(payload), "receipt", "the payload is not canonical");
  return value;
}

/** The commitment that a receipt opens, 32 bytes. */
function openCommitment({ receipt_id: id, event, commitment }) {
  must(event && commitment?.alg === "HMAC-SHA-256" && id === event.id, "receipt", "the receipt lacks what it is of");
  const [salt, value] = [decode(commitment.salt, "base64url"), decode(commitment.value, "base64url")];
  const opened = createHmac("sha256", salt).update(canonical(event)).digest();
  must(salt.length === 32 && value.length === 32 && timingSafeEqual(opened, value), "commitment", "the commitment does not open");
  return value;
}

function readProof(text) {
  const end = text.indexOf("\n\n");
  const [title, ...lines] = text.slice(0, Math.max(end, 0)).split("\n");
  must(title === "c2sp.org/tlog-proof@v1", "proof", "not a tlog-proof");
  if (lines[0]?.startsWith("extra ")) decode(lines.shift().slice(6));
  const [, index] = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? "") ?? [];
  must(index !== undefined, "proof", "a proof without an index");
  const hashes = lines.map((line) => decode(line));
  must(hashes.every((hash) => hash.length === 32), "proof", "a hash that is not 32 bytes");
  return { index: BigInt(index), hashes, point: checkpoint(Buffer.from(text.slice(end + 2))) };
}

async function proofOf(file, event, base) {
  must(["string", "object", "undefined"].includes(typeof file.proof), "proof", "a proof is a text");
  if (file.proof) return file.proof;
  if (base === "-") throw unknown("no_proof", "the receipt has no proof: it is a signed promise");
  return utf8(await fetched(`${base}/proof/${event.id}`));
}

async function verifyReceipt(base, name, options, report) {
  if (base === "-" && !options.keys) throw unknown("usage", "without a server, the receipt keys come from --keys FILE");
  const published = options.keys ? readFileSync(options.keys) : await fetched(`${base}/keys`);
  const file = json(utf8(readFileSync(name)), name);
  must(typeof file?.receipt === "string", "receipt", `${name} is not a receipt`);
  const payload = readJws(file.receipt, json(utf8(published), "the published keys").keys ?? []);
  const commitment = openCommitment(payload);
  Object.assign(report, { event: payload.event.id, recorded_at: payload.event.recorded_at });
  const proof = readProof(await proofOf(file, payload.event, base));
  const signers = judge(proof.point, options);
  Object.assign(report, { origin: proof.point.origin, size: Number(proof.point.size), index: Number(proof.index), ...signers });
  const leaf = leafHash(Buffer.concat([Buffer.of(1), commitment]));
  const included = provesInclusion(proof.index, proof.point.size, leaf, proof.hashes, proof.point.root);
  must(included, "inclusion", "the proof does not lead from the event to the signed root");
  requireQuorum(signers);
}

function selfTest(name, report) {
  // A number beyond 2^53 would be rounded.
  const vectors = JSON.parse(readFileSync(name, "utf8").replace(/: (\d{16,})/g, ': "$1"'));
  const bytes = (text) => Buffer.from(text ?? "", "base64");
  const proof = (v) => (v.proof ?? []).map(bytes);
  const wrong = [];
  for (const v of vectors.inclusion) {
    const holds = provesInclusion(BigInt(v.leafIdx), BigInt(v.treeSize), bytes(v.leafHash), proof(v), bytes(v.root));
    if (holds === v.wantErr) wrong.push(v.file);
  }
  for (const v of vectors.consistency) {
    const holds = provesConsistency(BigInt(v.size1), BigInt(v.size2), proof(v), bytes(v.root1), bytes(v.root2));
    if (holds === v.wantErr) wrong.push(v.file);
  }
  const key = verifierKey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  const signature = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";
  const example = note(Buffer.from(`This is an example message.\n\n\u2014 example.com/foo ${signature}\n`));
  if (checkSignatures(example, [key]).length !== 1) wrong.push("signed-note");
  Object.assign(report, { vectors: vectors.inclusion.length + vectors.consistency.length, wrong });
  must(wrong.length === 0, "self_test", "this verifier is wrong");
}

function readArguments([command, ...words]) {
  const options = { command, places: [], vkeys: [] };
  while (words.length > 0) {
    const word = words.shift();
    if (!word.startsWith("--")) options.places.push(word);
    else if (words.length === 0) throw unknown("usage", `${word} needs a value`);
    else if (word === "--vkey") options.vkeys.push(verifierKey(words.shift()));
    else if (word === "--policy") options.policy = readPolicy(words.shift());
    else if (word === "--remember" || word === "--keys") options[word.slice(2)] = words.shift();
    else throw unknown("usage", `${word} is not known`);
  }
  return options;
}

async function run(report) {
  const { command, places, ...options } = readArguments(process.argv.slice(2));
  const [first, second] = places.map((place) => place.replace(/\/+$/, ""));
  if (command === "log" && places.length === 1) return verifyLog(first, options, report);
  if (command === "receipt" && places.length === 2) return verifyReceipt(first, second, options, report);
  if (command === "self-test" && places.length === 1) return selfTest(first, report);
  throw unknown("usage", "log URL | receipt URL|- FILE | self-test FILE; the head of this file says more");
}

const report = { verdict: "proven" };
try {
  await run(report);
} catch (finding) {
  // What is not a finding is a file that cannot be read, or a mistake of this program: it proves nothing either way.
  const { verdict, code, message, evidence } = finding instanceof Finding ? finding : unknown("failed", `${finding}`);
  Object.assign(report, { verdict, problem: { code, detail: message, evidence } });
}
console.log(JSON.stringify(report, null, 2));
process.exitCode = { proven: 0, contradicted: 1, unknown: 2 }[report.verdict];
