// What verifier.mjs knows of the formats: Merkle trees (RFC 6962, RFC 9162), signed notes, checkpoints, cosignatures and policies
// (https://c2sp.org). It asks nobody anything.

import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

/** Why the answer is not "proven". `verdict` is "contradicted" or "unknown". */
export class Finding extends Error {
  constructor(verdict, code, detail, evidence) {
    super(detail);
    Object.assign(this, { verdict, code, evidence });
  }
}
export const contradicted = (...what) => new Finding("contradicted", ...what);
export const unknown = (...what) => new Finding("unknown", ...what);
export const must = (holds, code, detail) => {
  if (!holds) throw contradicted(code, detail);
};

/** Bytes of base64 in its only form; `kind` is "base64" or "base64url". */
export function decode(text, kind = "base64") {
  const bytes = Buffer.from(text, kind);
  must(bytes.toString(kind) === text, "base64", `not canonical ${kind}: ${text.slice(0, 80)}`);
  return bytes;
}

export function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw contradicted("utf8", "not UTF-8");
  }
}

export function json(text, what) {
  try {
    return JSON.parse(text);
  } catch {
    throw contradicted("json", `${what} is not JSON`);
  }
}

// ---- The tree: RFC 6962 section 2.1 ----

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
export const leafHash = (entry) => sha256(Buffer.of(0), entry);
export const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);
export const EMPTY_ROOT = sha256();
export const same = (a, b) => a.length === b.length && a.equals(b);

/** The largest power of two smaller than n, for n > 1. */
export function split(n) {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The hash over these nodes as if they were leaves; the last one may stand for a smaller subtree. */
export function fold(nodes) {
  if (nodes.length === 1) return nodes[0];
  const k = split(nodes.length);
  return nodeHash(fold(nodes.slice(0, k)), fold(nodes.slice(k)));
}

/** RFC 9162 section 2.1.3.2. Sizes are BigInt: a proof may say any number. */
export function provesInclusion(index, size, leaf, proof, root) {
  if (index >= size || leaf.length !== 32) return false;
  let [fn, sn, hash] = [index, size - 1n, leaf];
  for (const sibling of proof) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && same(hash, root);
}

/** RFC 9162 section 2.1.4.2. Of equal sizes the roots are equal and the proof is empty; the empty tree has one root, and no proof. */
export function provesConsistency(first, second, proof, firstRoot, secondRoot) {
  if (first === 0n && !same(firstRoot, EMPTY_ROOT)) return false;
  if (first === second) return proof.length === 0 && same(firstRoot, secondRoot);
  if (first === 0n || first > second || proof.length === 0) return false;
  const path = (first & (first - 1n)) === 0n ? [firstRoot, ...proof] : [...proof];
  let [fn, sn] = [first - 1n, second - 1n];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [path[0], path[0]];
  for (const hash of path.slice(1)) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = nodeHash(sr, hash);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && same(fr, firstRoot) && same(sr, secondRoot);
}

// ---- Notes, keys, checkpoints: signed-note, tlog-checkpoint, tlog-cosignature ----

const [ED25519, COSIGNATURE, ML_DSA_44] = [0x01, 0x04, 0x06];
const KEY_LENGTH = { [ED25519]: 32, [COSIGNATURE]: 32, [ML_DSA_44]: 1312 };

const knownKeys = new Map();

/** A verifier key, one object for each; what is wrong with it is the caller's mistake, so nothing can be told. */
export function verifierKey(text) {
  if (!knownKeys.has(text)) knownKeys.set(text, readVerifierKey(text));
  return knownKeys.get(text);
}

function readVerifierKey(text) {
  const [, name, id, material] = /^([^\p{White_Space}+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  const bytes = Buffer.from(material ?? "", "base64");
  const [type, key] = [bytes[0], bytes.subarray(1)];
  const expected = sha256(`${name}\n`, bytes).subarray(0, 4).toString("hex");
  if (KEY_LENGTH[type] !== key.length || bytes.toString("base64") !== material || id !== expected)
    throw unknown("vkey", `not a verifier key: ${text}`);
  return { name, id, type, key };
}

export function note(bytes) {
  const all = utf8(bytes);
  must(!/[\x00-\x09\x0b-\x1f]/.test(all), "note", "a control character in a note");
  const end = all.lastIndexOf("\n\n");
  must(end >= 0 && all.endsWith("\n"), "note", "a note without text or signatures");
  const lines = all.slice(end + 2, -1).split("\n");
  must(lines.length <= 64, "note", "too many signatures");
  const signatures = lines.map((line) => {
    const [, name, base64] = /^\u2014 ([^\p{White_Space}+]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
    must(name, "note", `not a signature line: ${line.slice(0, 80)}`);
    const value = decode(base64);
    must(value.length > 4, "note", "an empty signature");
    return { name, id: value.subarray(0, 4).toString("hex"), value: value.subarray(4) };
  });
  return { all, text: all.slice(0, end + 1), signatures };
}

export function checkpoint(bytes) {
  const signed = note(bytes);
  const [origin, size, root, ...more] = signed.text.slice(0, -1).split("\n");
  must(origin && root && !more.includes(""), "checkpoint", "a checkpoint has at least three lines, none empty");
  must(/^(0|[1-9][0-9]{0,19})$/.test(size), "checkpoint", `not a tree size: ${size}`);
  const hash = decode(root);
  must(hash.length === 32, "checkpoint", "a root hash has 32 bytes");
  must(size !== "0" || same(hash, EMPTY_ROOT), "checkpoint", "the empty tree has another root");
  return { ...signed, origin, size: BigInt(size), root: hash };
}

const u64 = (n) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(n);
  return bytes;
};
const shortString = (text) => Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);

export function ed25519(key, message, signature) {
  const jwk = { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") };
  return signature.length === 64 && verify(null, message, createPublicKey({ key: jwk, format: "jwk" }), signature);
}

/** `undefined` when this Node knows no ML-DSA. */
function mlDsa44(key, message, signature) {
  const spki = Buffer.concat([Buffer.from("30820532300b06096086480165030403110382052100", "hex"), key]);
  let publicKey;
  try {
    publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
  return signature.length === 2420 && verify(null, message, publicKey, signature);
}

/** Checks one signature: `holds` is true, false or, for what this Node cannot check, undefined. */
function checkSignature(key, signature, point) {
  if (key.type === ED25519) return { holds: ed25519(key.key, Buffer.from(point.text), signature) };
  if (signature.length < 8) return { holds: false };
  const [time, rest] = [signature.readBigUInt64BE(), signature.subarray(8)];
  if (time >= 2n ** 63n) return { holds: false };
  if (key.type === COSIGNATURE) {
    const message = Buffer.from(`cosignature/v1\ntime ${time}\n${point.text}`);
    return { holds: ed25519(key.key, message, rest), time };
  }
  const names = [shortString(key.name), u64(time), shortString(point.origin)];
  const message = Buffer.concat([Buffer.from("subtree/v1\n\0"), ...names, u64(0n), u64(point.size), point.root]);
  return { holds: mlDsa44(key.key, message, rest), time };
}

/** Every signature by a known key, which must hold; signatures of others are not looked at. */
export function checkSignatures(point, keys) {
  const found = [];
  for (const { name, id, value } of point.signatures) {
    for (const key of keys.filter((k) => k.name === name && k.id === id)) {
      const { holds, time } = checkSignature(key, value, point);
      if (holds === false) throw contradicted("signature", `the signature by ${name} (${id}) does not hold`, [point.all]);
      found.push({ key, checked: holds === true, time });
    }
  }
  return found;
}

// ---- Policies: tlog-policy ----

/** A policy; names are opaque octets, which latin1 keeps apart. */
export function readPolicy(file) {
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: undefined };
  const members = new Set();
  const octets = readFileSync(file);
  const refuse = (why) => unknown("policy", `${file}: ${why}`);
  if (/[^\t\n\x20-\x7e\x80-\xff]/.test(octets.toString("latin1"))) throw refuse("a control character");
  const key = (text, others, types) => {
    const parsed = verifierKey(Buffer.from(text ?? "", "latin1").toString("utf8"));
    if (!types.includes(parsed.type)) throw refuse("a key of the wrong type");
    if (others.some((o) => o.key.equals(parsed.key))) throw refuse("a key stands twice");
    return parsed;
  };
  const isDefined = (name) => policy.witnesses.has(name) || policy.groups.has(name);
  const newName = (name) => {
    if (!name || name === "none" || isDefined(name)) throw refuse(`the name ${name} cannot be defined`);
    return name;
  };
  for (const line of octets.toString("latin1").split("\n")) {
    const [word, ...rest] = line.split(/[ \t]+/).filter((item) => item !== "");
    if (word === undefined || word.startsWith("#")) continue;
    if (word === "log" && rest.length <= 2) {
      policy.logs.push(key(rest[0], policy.logs, [ED25519, COSIGNATURE, ML_DSA_44]));
    } else if (word === "witness" && rest.length <= 3) {
      policy.witnesses.set(newName(rest[0]), key(rest[1], [...policy.witnesses.values()], [COSIGNATURE, ML_DSA_44]));
    } else if (word === "group") {
      const [name, threshold, ...of] = rest;
      const k = threshold === "any" ? 1 : threshold === "all" ? of.length : Number(threshold);
      if (!/^(any|all|[1-9][0-9]*)$/.test(threshold) || k < 1 || k > of.length) throw refuse(`the threshold of group ${name}`);
      for (const member of of) {
        if (!isDefined(member) || members.has(member)) throw refuse(`the member ${member} of group ${name}`);
        members.add(member);
      }
      policy.groups.set(newName(name), { k, of });
    } else if (word === "quorum" && rest.length === 1 && policy.quorum === undefined) {
      if (rest[0] !== "none" && !isDefined(rest[0])) throw refuse(`the quorum ${rest[0]} is not defined`);
      policy.quorum = rest[0];
    } else {
      throw refuse(`a line that is not understood: ${line}`);
    }
  }
  if (policy.quorum === undefined) throw refuse("no quorum");
  return policy;
}

function reached(policy, name, keys) {
  if (name === "none") return true;
  const witness = policy.witnesses.get(name);
  if (witness) return keys.includes(witness);
  const { k, of } = policy.groups.get(name);
  return of.filter((member) => reached(policy, member, keys)).length >= k;
}

/** Who signed a checkpoint. The log must have; whether enough witnesses did, `quorum` says. */
export function judge(point, { vkeys, policy }) {
  const witnesses = policy ? [...policy.witnesses.values()] : [];
  const logs = [vkeys, policy?.logs ?? []].filter((keys) => keys.length > 0);
  if (logs.length === 0) throw unknown("usage", "no key of the log: --vkey, or a policy with a log");
  const found = checkSignatures(point, [...new Set([...logs.flat(), ...witnesses])]);
  const checked = found.filter((f) => f.checked).map((f) => f.key);
  for (const keys of logs) {
    const own = keys.filter((key) => key.name === point.origin);
    if (own.some((key) => checked.includes(key))) continue;
    if (found.some((f) => own.includes(f.key))) throw unknown("ml_dsa", "the log's signature cannot be checked by this Node");
    throw contradicted("signature", `no known key of ${point.origin} has signed the checkpoint`, [point.all]);
  }
  const signatures = found.map(({ key, checked, time }) => ({
    name: key.name,
    key_id: key.id,
    type: key.type,
    checked: checked ? "holds" : "not checked",
    ...(time === undefined ? {} : { time: Number(time) }),
  }));
  return { signatures, quorum: policy ? reached(policy, policy.quorum, checked) : null };
}

export function requireQuorum({ quorum }) {
  if (quorum === false) throw unknown("quorum", "not enough of the policy's witnesses have signed, as far as this Node can check");
}
