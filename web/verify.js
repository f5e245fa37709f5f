// Judges a certificate without trusting whoever handed it over: docs/formats.md ("Certificate file", "By hand") and
// docs/protocol.md (1, 5, 6, 8), on WebCrypto; runs in browsers and in Node.
//
// Invariant: nothing is reported that is not bound to the signed checkpoint, nothing accepted that the formats do not
// have, and each epoch's members are believed because a quorum of those before signed for them.

const CERTIFICATE_BYTES_MAX = 1 << 20;
const MEMBERS_MIN = 4;
const MEMBERS_MAX = 256;
const HANDOVERS_MAX = 256;
const PROOF_HASHES_MAX = 64;
const FULL_WEIGHT = 65536n;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;
const APART_FROM = 2n; // the level "major"

/** Why something does not hold. */
export class Refusal extends Error {}

function insist(condition, why) {
  if (!condition) throw new Refusal(why);
}

// Bytes.

const encoder = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes, what) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refusal(`${what} is not UTF-8`);
  }
}

export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

// Padded base64 whose unused bits are zero: one text for the same bytes.
function fromBase64(text, what) {
  insist(text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), `${what} is not base64`);
  const binary = atob(text);
  insist(btoa(binary) === text, `${what} is not canonical base64`);
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function decimalOf(text, what) {
  insist(/^(0|[1-9][0-9]{0,19})$/.test(text), `${what} is not a plain decimal number`);
  const value = BigInt(text);
  insist(value <= UINT_MAX, `${what} is too large`);
  return value;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));
}

// CBOR: the deterministic subset. Integers become BigInt, null is null; maps and tags do not occur in records.

class CborReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  take(count) {
    insist(count <= this.bytes.length - this.at, 'a record ends early');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  argument(info) {
    if (info < 24) return BigInt(info);
    insist(info <= 27, 'a record has a head that is not canonical');
    const width = 1 << (info - 24);
    let value = 0n;
    for (const byte of this.take(width)) value = (value << 8n) | BigInt(byte);
    const least = width === 1 ? 24n : 1n << BigInt(4 * width);
    insist(value >= least, 'a record has a number that is not in its shortest form');
    return value;
  }

  value(depth) {
    insist(depth <= 8, 'a record is nested too deep');
    const head = this.take(1)[0];
    if (head === 0xf6) return null;
    const argument = this.argument(head & 31);
    switch (head >> 5) {
      case 0: return argument;
      case 1: return -1n - argument;
      case 2: return this.take(Number(argument));
      case 3: return textOf(this.take(Number(argument)), 'a text in a record');
      case 4:
        insist(argument <= this.bytes.length - this.at, 'a record ends early');
        return Array.from({ length: Number(argument) }, () => this.value(depth + 1));
      default: throw new Refusal('a record has a type that no record has');
    }
  }
}

export function cborDecode(bytes) {
  const reader = new CborReader(bytes);
  const value = reader.value(1);
  insist(reader.at === bytes.length, 'bytes are left over behind a record');
  return value;
}

function cborHead(major, argument) {
  if (argument < 24n) return Uint8Array.of((major << 5) | Number(argument));
  const info = argument < 256n ? 24 : argument < 65536n ? 25 : argument < 2n ** 32n ? 26 : 27;
  const bytes = [];
  for (let i = (1 << (info - 24)) - 1; i >= 0; i--) bytes.push(Number((argument >> BigInt(8 * i)) & 255n));
  return Uint8Array.of((major << 5) | info, ...bytes);
}

export function cborEncode(value) {
  if (typeof value === 'bigint') return value >= 0n ? cborHead(0, value) : cborHead(1, -1n - value);
  if (value instanceof Uint8Array) return concat(cborHead(2, BigInt(value.length)), value);
  if (typeof value === 'string') {
    const bytes = encoder.encode(value);
    return concat(cborHead(3, BigInt(bytes.length)), bytes);
  }
  return concat(cborHead(4, BigInt(value.length)), ...value.map(cborEncode));
}

// Records: a table of fields each. A field is a name and a check, which returns what is kept.

const number = (least, most) => (value, name) => {
  insist(typeof value === 'bigint' && value >= least && value <= most, `${name} is not a number in its range`);
  return value;
};
const uint = number(0n, UINT_MAX);
const uint32 = number(0n, 2n ** 32n - 1n);
const int = number(INT_MIN, INT_MAX);
const share = number(0n, FULL_WEIGHT);
const bytesOf = (count) => (value, name) => {
  insist(value instanceof Uint8Array && value.length === count, `${name} is not ${count} bytes`);
  return value;
};
const hash = bytesOf(32);
const isShown = (text, most) =>
  !/[\u0000-\u001f\u007f-\u009f]/.test(text) && text.length > 0 && encoder.encode(text).length <= most;
const isName = (text) => isShown(text, 64) && !/[\p{White_Space}+]/u.test(text);
const shown = (most) => (value, name) => {
  insist(typeof value === 'string' && isShown(value, most), `${name} is not a text of 1 to ${most} bytes`);
  return value;
};
const properName = (value, name) => {
  insist(typeof value === 'string' && isName(value), `${name} is no name of a member`);
  return value;
};
const blob = (value, name) => bytesOf(value?.length)(value, name);
const orNull = (check) => (value, name) => (value === null ? null : check(value, name));
const listOf = (check, least, most) => (value, name) => {
  insist(Array.isArray(value) && value.length >= least && value.length <= most, `${name} has the wrong length`);
  return value.map((element) => check(element, name));
};
const tuple = (...fields) => (value, name) => {
  insist(Array.isArray(value) && value.length === fields.length, `${name} has the wrong length`);
  return Object.fromEntries(fields.map(([field, check], i) => [field, check(value[i], field)]));
};

function checkThreshold({ numerator, denominator }, what) {
  insist(denominator >= 1n && denominator <= 1000n, `${what}: the denominator is not 1 to 1000`);
  insist(3n * numerator > 2n * denominator && numerator <= denominator, `${what} is not above 2/3 and at most 1`);
  return { numerator, denominator };
}
const threshold = (value, name) =>
  checkThreshold(tuple(['numerator', uint32], ['denominator', uint32])(value, name), name);
const interval = tuple(['members', uint32], ['low', int], ['high', int]);

const BELIEF = tuple(
  ['kind', number(12n, 14n)], ['question', bytesOf(16)], ['title', shown(512)],
  ['hypotheses', listOf(shown(128), 2, 64)], ['mode', number(0n, 1n)], ['status', number(0n, 2n)],
  ['top', number(0n, 63n)], ['logOdds', listOf(number(INT_MIN, 0n), 2, 64)], ['contributors', number(0n, 256n)],
  ['items', uint], ['flipMargin', number(0n, 256n)], ['marginExact', number(0n, 1n)], ['live', interval],
  ['safe', interval], ['threshold', threshold], ['height', uint], ['commitment', hash],
  ['opening', orNull(number(-1n, 63n))], ['family', orNull(shown(64))]);

const PARAMETERS = tuple(
  ['kind', number(16n, 16n)], ['numerator', uint32], ['denominator', uint32], ['enhanced', number(0n, 1n)],
  ['snapshot', orNull(tuple(['height', number(1n, UINT_MAX)], ['bytes', number(1n, UINT_MAX)], ['root', hash]))]);

const STATE = tuple(
  ['kind', number(13n, 13n)], ['height', uint], ['block', hash], ['timeUs', uint], ['questions', hash],
  ['members', hash], ['parameters', hash]);

const MEMBER = tuple(
  ['kind', number(15n, 15n)], ['number', number(0n, 255n)], ['name', orNull(properName)], ['key', hash],
  ['weight', share], ['level', number(0n, 3n)], ['reputation', share], ['suspicion', share],
  ['reason', number(0n, 6n)], ['proof', number(0n, 4n)]);

const CALIBRATION = tuple(
  ['kind', number(18n, 18n)], ['family', shown(64)], ['labels', uint32], ['questions', uint], ['answers', uint],
  ['decided', uint], ['canaries', uint], ['leak', tuple(['leak', uint32], ['alarm', uint32])],
  ['margin', orNull(int)],
  ['members', listOf(tuple(['reports', uint], ['skill', int], ['group', uint32], ['discounted', uint]), 1, MEMBERS_MAX)],
  ['results', hash], ['height', uint]);

const ROSTER = tuple(
  ['kind', number(20n, 20n)], ['epoch', uint], ['height', uint], ['threshold', threshold],
  ['places', number(BigInt(MEMBERS_MIN), BigInt(MEMBERS_MAX))],
  ['members', listOf(tuple(['place', number(0n, 255n)], ['name', properName], ['key', hash]), MEMBERS_MIN, MEMBERS_MAX)]);

const HANDOVER = tuple(
  ['kind', number(21n, 21n)],
  ['checkpoint', tuple(['height', uint], ['size', number(3n, UINT_MAX)], ['root', hash], ['epoch', uint],
    ['numerator', uint32], ['denominator', uint32])],
  ['signatures', listOf(tuple(['member', number(0n, 255n)], ['signature', bytesOf(64)]), 1, MEMBERS_MAX)],
  ['peaks', listOf(hash, 0, 64)], ['roster', blob], ['state', blob]);

function checkBelief(belief) {
  const count = belief.hypotheses.length;
  insist(belief.logOdds.length === count, 'the belief has not one number for each hypothesis');
  insist(new Set(belief.hypotheses).size === count, 'the belief has one hypothesis twice');
  insist(belief.top < BigInt(count) && belief.logOdds[Number(belief.top)] === 0n, 'the leading hypothesis has no lead');
  insist(belief.opening === null || belief.opening < BigInt(count), 'what was opened names no hypothesis');
  return belief;
}

function readBelief(bytes) {
  const value = cborDecode(bytes);
  insist(Array.isArray(value) && [12n, 14n, 18n].includes(value[0]), 'the belief is no record of a belief');
  if (value[0] === 18n) return CALIBRATION(value, 'the calibration');
  return checkBelief(BELIEF(value, 'the belief'));
}

// Trees (RFC 9162, section 2.1).

const leafHash = (bytes) => sha256(Uint8Array.of(0), bytes);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

export async function merkleRoot(leaves) {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leafHash(leaves[0]);
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return nodeHash(await merkleRoot(leaves.slice(0, split)), await merkleRoot(leaves.slice(split)));
}

/** RFC 9162, section 2.1.3.2: where a proof leads to from a leaf; null when it does not fit the tree. */
export async function merkleClimb(leaf, index, size, proof) {
  if (index >= size) return null;
  let at = index;
  let last = size - 1n;
  let root = leaf;
  for (const sibling of proof) {
    if (last === 0n) return null;
    if ((at & 1n) === 1n || at === last) {
      root = await nodeHash(sibling, root);
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      root = await nodeHash(root, sibling);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? root : null;
}

/** The root over complete subtrees, the smallest first as the bits of `count` say, and the leaves behind them. */
async function rootBehind(peaks, count, leaves) {
  let edge = peaks;
  for (const [i, leaf] of leaves.entries()) {
    let node = await leafHash(leaf);
    let full = 0;
    for (let bits = count + BigInt(i); (bits & 1n) === 1n; bits >>= 1n) node = await nodeHash(edge[full++], node);
    edge = [node, ...edge.slice(full)];
  }
  let [root] = edge;
  for (const peak of edge.slice(1)) root = await nodeHash(peak, root);
  return root;
}

async function insistIncluded(record, index, size, proof, root, what) {
  const reached = await merkleClimb(await leafHash(record), index, size, proof);
  insist(reached !== null && equal(reached, root), `${what}: the inclusion proof does not lead to the root`);
}

// Ed25519: the one rule of docs/formats.md. WebCrypto does the equation; what it may leave open is checked before.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
// The y of the points of order 1, 2, 4 and 8.
const Y8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL = new Set([1n, P - 1n, 0n, Y8, P - Y8]);

const modulo = (value) => ((value % P) + P) % P;

function littleEndian(bytes) {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}

function power(base, exponent) {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % P)
    if (left & 1n) result = (result * square) % P;
  return result;
}

const D = modulo(-121665n * power(121666n, P - 2n));
const SQRT_M1 = power(2n, (P - 1n) / 4n);

/** Canonical, and none of the points of small order. */
function isPlainPoint(bytes) {
  const y = littleEndian(bytes) & (2n ** 255n - 1n);
  return y < P && !SMALL.has(y);
}

function pointOf(bytes) {
  const encoded = littleEndian(bytes);
  const y = encoded & (2n ** 255n - 1n);
  const u = modulo(y * y - 1n);
  const v = modulo(D * y * y + 1n);
  let x = (u * power(v, 3n) * power(modulo(u * power(v, 7n)), (P - 5n) / 8n)) % P;
  if (modulo(v * x * x) === modulo(-u)) x = (x * SQRT_M1) % P;
  insist(modulo(v * x * x) === u, 'a key is not on the curve');
  if ((x & 1n) !== encoded >> 255n) x = P - x;
  return [x, y, 1n, (x * y) % P];
}

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = modulo((y1 - x1) * (y2 - x2));
  const b = modulo((y1 + x1) * (y2 + x2));
  const c = modulo(2n * D * t1 * t2);
  const d = modulo(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
}

/** On the curve, canonical, in the subgroup of prime order, not neutral. */
export function insistKey(bytes) {
  insist(isPlainPoint(bytes), 'a key is not canonical or of small order');
  let result = [0n, 1n, 1n, 0n];
  for (let point = pointOf(bytes), left = L; left > 0n; left >>= 1n, point = add(point, point))
    if (left & 1n) result = add(result, point);
  insist(result[0] === 0n && result[1] === result[2], 'a key is not of prime order');
}

export async function verifySignature(key, message, signature) {
  if (signature.length !== 64 || key.length !== 32) return false;
  if (littleEndian(signature.slice(32)) >= L) return false;
  if (!isPlainPoint(key) || !isPlainPoint(signature.slice(0, 32))) return false;
  try {
    const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
    return await crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, message);
  } catch (error) {
    if (error.name === 'NotSupportedError') throw new Refusal('this browser has no Ed25519');
    return false;
  }
}

/** What is missing here for any judgement; null: nothing. */
export function whyNotHere() {
  if (globalThis.crypto?.subtle) return null;
  return 'browsers offer cryptography only to pages from this machine or over https';
}

// Thresholds and quorums (docs/protocol.md, sections 1 and 6).

const atLeast = (a, b) => a.numerator * b.denominator >= b.numerator * a.denominator;

export const quorumOf = (members, { numerator, denominator }) =>
  (BigInt(members) * numerator + denominator - 1n) / denominator;

function raised(base) {
  const most = { numerator: 9n, denominator: 10n };
  const more = { numerator: 100n * base.numerator + 15n * base.denominator, denominator: 100n * base.denominator };
  const lifted = atLeast(more, most) ? most : more;
  return atLeast(lifted, base) ? lifted : base;
}

export const thresholdText = ({ numerator, denominator }) => `${numerator}/${denominator}`;

function thresholdOf(text, what) {
  const parts = text.split('/');
  insist(parts.length === 2, `${what} is not a fraction`);
  const [numerator, denominator] = parts.map((part) => decimalOf(part, what));
  return checkThreshold({ numerator, denominator }, what);
}

// Genesis.

const GENESIS_KEYS = 'created credimus members name state_bytes_max threshold';

/** JSON without what JSON.parse lets pass: keys that come twice, and numbers that are not plain. */
function strictJson(text) {
  let keys = 0;
  const bare = text.replace(/"(?:[^"\\]|\\.)*"(\s*:)?/g, (_, colon) => {
    if (colon) keys++;
    return '';
  });
  insist(/^[\s{}[\],:0-9]*$/.test(bare), 'the genesis has something else than texts and plain numbers');
  const keep = function (key, value) {
    if (key !== '' && !Array.isArray(this)) keys--;
    return value;
  };
  let value;
  try {
    value = JSON.parse(text, keep);
  } catch {
    throw new Refusal('the genesis is not JSON');
  }
  insist(keys === 0, 'the genesis has a key twice');
  return value;
}

function createdUs(text) {
  const match = typeof text === 'string' && /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z$/.exec(text);
  insist(match, 'the genesis was not created at a time with six decimals');
  const ms = Date.parse(`${match[1]}.000Z`);
  insist(!Number.isNaN(ms) && ms >= 0 && new Date(ms).toISOString().startsWith(match[1]), 'there is no such time');
  return BigInt(ms) * 1000n + BigInt(match[2]);
}

async function memberOf(name, key) {
  return { name, key, keyId: (await sha256(encoder.encode(name), Uint8Array.of(10, 1), key)).slice(0, 4) };
}

/** Who is at which place in an epoch; null at a vacant one. */
function rosterOf(epoch, height, inForce, places) {
  const members = places.filter((one) => one !== null);
  insist(new Set(members.map(({ name }) => name)).size === members.length, 'two members have one name');
  insist(new Set(members.map(({ key }) => toHex(key))).size === members.length, 'two members have one key');
  return { epoch, height, threshold: inForce, places, heads: members.length };
}

function readMember(member, i) {
  insist(typeof member === 'object' && member !== null && Object.keys(member).sort().join(' ') === 'key name',
    `member ${i} of the genesis is not a name and a key`);
  properName(member.name, `what the genesis calls member ${i}`);
  insist(typeof member.key === 'string' && /^[0-9a-fA-F]{64}$/.test(member.key), `member ${i} of the genesis has no key`);
  const key = Uint8Array.from(member.key.match(/../g), (pair) => parseInt(pair, 16));
  insistKey(key);
  return memberOf(member.name, key);
}

/** Reads genesis.json. Gives name, members, the roster of the first epoch and the chain id in hex; throws a Refusal. */
export async function readGenesis(text) {
  insist(text.length <= CERTIFICATE_BYTES_MAX, 'the genesis is too large');
  const { vacant = 0, ...json } = strictJson(text) ?? {};
  insist(Object.keys(json).sort().join(' ') === GENESIS_KEYS, 'the genesis has not just the keys that it should have');
  insist(json.credimus === 1, 'the genesis is of another version');
  insist(typeof json.name === 'string' && isShown(json.name, 64), 'the genesis has no proper name');
  insist(Number.isInteger(json.state_bytes_max) && json.state_bytes_max >= 2 ** 20 && json.state_bytes_max <= 2 ** 36,
    'state_bytes_max is out of range');
  insist(typeof json.threshold === 'string', 'the genesis has no threshold');
  const inForce = thresholdOf(json.threshold, 'the threshold of the genesis');
  insist(Array.isArray(json.members) && json.members.length >= MEMBERS_MIN && json.members.length <= MEMBERS_MAX,
    'a genesis has 4 to 256 members');
  insist(Number.isInteger(vacant) && vacant >= 0 && vacant <= MEMBERS_MAX - json.members.length,
    'the genesis has more than 256 places');
  const members = await Promise.all(json.members.map(readMember));
  const record = [0n, 1n, json.name, createdUs(json.created), [inForce.numerator, inForce.denominator],
    members.map(({ name, key }) => [name, key]), BigInt(json.state_bytes_max)];
  if (vacant > 0) record.push(BigInt(vacant));
  return {
    name: json.name, members, chain: toHex(await sha256(cborEncode(record))),
    roster: rosterOf(0n, 0n, inForce, [...members, ...Array(vacant).fill(null)]),
  };
}

// The file: lines, taken from the top.

class Lines {
  constructor(text) {
    this.rest = text;
  }

  take() {
    const end = this.rest.indexOf('\n');
    insist(end >= 0, 'the file ends in the middle of a line');
    const line = this.rest.slice(0, end);
    this.rest = this.rest.slice(end + 1);
    return line;
  }

  nextIs(word) {
    return this.rest.startsWith(`${word} `);
  }

  value(word) {
    insist(this.nextIs(word), `where '${word}' should stand is something else`);
    return this.take().slice(word.length + 1);
  }

  decimal(word) {
    return decimalOf(this.value(word), word);
  }

  record(word) {
    return fromBase64(this.value(word), word);
  }

  all(word, most, read) {
    const values = [];
    while (this.nextIs(word)) {
      insist(values.length < most, `there are more than ${most} lines '${word}'`);
      values.push(read(this.record(word), word));
    }
    return values;
  }
}

function readFile(bytes) {
  insist(bytes.length <= CERTIFICATE_BYTES_MAX, 'the file has more than 1 MiB');
  const lines = new Lines(textOf(bytes, 'the file'));
  insist(lines.take() === 'credimus/certificate/1', 'it is no certificate of version 1');
  const file = { belief: lines.record('belief'), index: lines.decimal('index') };
  file.proof = lines.all('proof', PROOF_HASHES_MAX, hash);
  file.questions = lines.nextIs('questions') ? lines.decimal('questions') : null;
  insist(file.questions !== 0n, 'a tree of no questions has no leaf');
  file.state = lines.record('state');
  file.stateIndex = lines.decimal('state-index');
  file.stateProof = lines.all('state-proof', PROOF_HASHES_MAX, hash);
  file.parameters = lines.record('parameters');
  file.members = lines.all('member', MEMBERS_MAX, (record) => record);
  insist(file.members.length > 0, 'there are no members');
  file.handovers = lines.all('handover', HANDOVERS_MAX, (record) => record);
  insist(lines.take() === '', 'there is no empty line before the note');
  file.note = lines.rest;
  return file;
}

function readSignature(line) {
  insist(line.startsWith('\u2014 '), 'a line of the note is no signature');
  const [name, blob, ...more] = line.slice(2).split(' ');
  insist(more.length === 0 && blob !== undefined && isName(name), 'a signature has not just a name and a value');
  const bytes = fromBase64(blob, 'a signature');
  insist(bytes.length === 68, 'a signature has not 68 bytes');
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

function readNote(note) {
  const lines = new Lines(note);
  const origin = lines.take();
  insist(/^credimus\/[0-9a-f]{16}$/.test(origin), 'the note is not of a chain');
  const checkpoint = { chain: origin.slice(9), size: decimalOf(lines.take(), 'the size of the log') };
  checkpoint.root = hash(fromBase64(lines.take(), 'the root'), 'the root');
  checkpoint.height = lines.decimal('height');
  checkpoint.epoch = lines.decimal('epoch');
  checkpoint.threshold = thresholdOf(lines.value('threshold'), 'the threshold of the note');
  const text = encoder.encode(note.slice(0, note.length - lines.rest.length));
  insist(lines.take() === '', 'there is no empty line between checkpoint and signatures');
  const signatures = [];
  while (lines.rest !== '') signatures.push(readSignature(lines.take()));
  insist(signatures.length > 0, 'nobody has signed');
  return { checkpoint, text, signatures };
}

// The steps, in order. Each gets what the ones before found, and returns what it found as a sentence.

function stepForm(found) {
  found.file = readFile(found.bytes);
  Object.assign(found, readNote(found.file.note));
  return `a certificate file of ${found.bytes.length} bytes`;
}

function stepChain({ checkpoint, genesis }) {
  insist(checkpoint.chain === genesis.chain.slice(0, 16), 'it is of another group than the genesis');
  return `it is of the group ${genesis.chain.slice(0, 16)}`;
}

// The text that members sign, of a checkpoint that came without it.
const textOfCheckpoint = (chain, { height, size, root, epoch, numerator, denominator }) => encoder.encode(
  `credimus/${chain.slice(0, 16)}\n${size}\n${btoa(String.fromCharCode(...root))}\nheight ${height}\nepoch ${epoch}\n`
  + `threshold ${numerator}/${denominator}\n`);

async function insistSigned({ checkpoint, signatures }, roster, chain) {
  const text = textOfCheckpoint(chain, checkpoint);
  let from = 0n;
  for (const { member, signature } of signatures) {
    const signer = roster.places[member];
    insist(member >= from && signer, `who signs the end of epoch ${roster.epoch} is no member, or does it twice`);
    insist(await verifySignature(signer.key, text, signature), `the signature of ${signer.name} to its end does not verify`);
    from = member + 1n;
  }
  insist(BigInt(signatures.length) >= quorumOf(roster.heads, roster.threshold), `too few sign the end of epoch ${roster.epoch}`);
}

// Keys that were members' before have been looked at.
async function rosterFrom(record, before) {
  const { epoch, height, threshold: inForce, places: count, members } = ROSTER(cborDecode(record), 'the roster');
  insist(Number(count) === before.places.length && epoch === before.epoch + 1n, 'the next roster does not follow');
  const places = Array(before.places.length).fill(null);
  let from = 0n;
  for (const { place, name, key } of members) {
    insist(place >= from && place < count, 'the places of a roster are not in order');
    if (!before.places.some((one) => one !== null && equal(one.key, key))) insistKey(key);
    places[place] = await memberOf(name, key);
    from = place + 1n;
  }
  return rosterOf(epoch, height, inForce, places);
}

async function rosterAfter(handover, roster, chain) {
  const { checkpoint, peaks } = handover;
  checkThreshold(checkpoint, 'the threshold of a handover');
  insist(checkpoint.epoch === roster.epoch, `where epoch ${roster.epoch} should end, epoch ${checkpoint.epoch} does`);
  insist(checkpoint.height > roster.height, `epoch ${roster.epoch} ends before it begins`);
  await insistSigned(handover, roster, chain);
  const count = checkpoint.size - 2n;
  insist(peaks.length === count.toString(2).replaceAll('0', '').length, 'a handover has not the subtrees of its size');
  const root = await rootBehind(peaks, count, [handover.roster, handover.state]);
  insist(equal(root, checkpoint.root), 'the next roster is not in what the members of the epoch signed');
  const next = await rosterFrom(handover.roster, roster);
  const { height } = STATE(cborDecode(handover.state), 'the state');
  insist(height === checkpoint.height && next.height === height, 'a handover speaks of two heights');
  return next;
}

async function stepEpochs(found) {
  const { file, genesis } = found;
  found.roster = genesis.roster;
  for (const bytes of file.handovers)
    found.roster = await rosterAfter(HANDOVER(cborDecode(bytes), 'a handover'), found.roster, genesis.chain);
  return `epoch ${found.roster.epoch} has ${found.roster.heads} members, by ${file.handovers.length} handovers from the genesis`;
}

async function stepSignatures(found) {
  const { roster, signatures, text } = found;
  found.signers = new Set();
  for (const { name, keyId, signature } of signatures) {
    const member = roster.places.findIndex((one) => one?.name === name);
    if (member < 0 || !equal(roster.places[member].keyId, keyId)) continue;
    insist(!found.signers.has(member), `${name} has signed twice`);
    insist(await verifySignature(roster.places[member].key, text, signature), `the signature of ${name} does not verify`);
    found.signers.add(member);
  }
  return `${found.signers.size} signatures of members verify`;
}

function stepThreshold({ checkpoint, roster }) {
  insist(checkpoint.epoch === roster.epoch, `it is of epoch ${checkpoint.epoch}, and its handovers lead to epoch ${roster.epoch}`);
  insist(checkpoint.height > roster.height, 'it is of a height before its epoch');
  insist(atLeast(checkpoint.threshold, roster.threshold), 'its threshold is below that of its epoch');
  return `the threshold ${thresholdText(checkpoint.threshold)} is not below that of epoch ${roster.epoch}`;
}

function stepHeads(found) {
  const { heads } = found.roster;
  found.needed = quorumOf(heads, found.checkpoint.threshold);
  insist(BigInt(found.signers.size) >= found.needed,
    `${found.signers.size} of ${heads} members have signed, ${found.needed} would have to`);
  return `${found.signers.size} of ${heads} have signed, ${found.needed} had to`;
}

async function stepState(found) {
  const { file, checkpoint } = found;
  found.state = STATE(cborDecode(file.state), 'the state');
  insist(found.state.height === checkpoint.height, 'the state is of another height than the note');
  insist(file.stateIndex + 1n === checkpoint.size, 'the state is not the last leaf of the log');
  await insistIncluded(file.state, file.stateIndex, checkpoint.size, file.stateProof, checkpoint.root, 'the state');
  return `the state of height ${checkpoint.height} is the last leaf of the signed log`;
}

const VACANT = { name: null, key: new Uint8Array(32) };

async function stepMembers(found) {
  const { file, roster } = found;
  insist(file.members.length === roster.places.length, 'it has not one record for each place');
  found.members = file.members.map((bytes) => MEMBER(cborDecode(bytes), 'a member'));
  found.members.forEach((member, i) => {
    const { name, key } = roster.places[i] ?? VACANT;
    insist(member.number === BigInt(i) && member.name === name && equal(member.key, key),
      `the record of place ${i} is not that of its member`);
    insist(name !== null || member.weight + member.level + member.suspicion + member.reason === 0n, 'a vacant place counts');
  });
  insist(equal(await merkleRoot(file.members), found.state.members), 'the records of the members are not those of the state');
  return `the records of ${roster.heads} members are those of the state`;
}

function stepLevels({ roster, members, checkpoint }) {
  const apart = members.filter(({ level }) => level >= APART_FROM).length;
  const isRaised = BigInt(apart) > BigInt(roster.heads) - quorumOf(roster.heads, roster.threshold);
  insist(!isRaised || atLeast(checkpoint.threshold, raised(roster.threshold)),
    `${apart} members see a partition, and the threshold was not raised`);
  return isRaised ? `${apart} members see a partition: the threshold was raised` : 'the threshold fits what members see of a partition';
}

async function stepParameters({ file, checkpoint, state }) {
  const { numerator, denominator, snapshot } = PARAMETERS(cborDecode(file.parameters), 'the parameters');
  const { threshold: its, height } = checkpoint;
  insist(equal(await leafHash(file.parameters), state.parameters), 'the parameters are not those of the state');
  insist(numerator === its.numerator && denominator === its.denominator, 'the threshold is not that of the state');
  insist(snapshot === null || snapshot.height <= height, 'the snapshot is of a later height than the note');
  return 'the threshold is that of the state';
}

function stepWeight(found) {
  const sum = (members) => members.reduce((total, { weight }) => total + weight, 0n);
  const { numerator, denominator } = found.checkpoint.threshold;
  const all = sum(found.members);
  const signed = sum(found.members.filter((_, i) => found.signers.has(i)));
  insist(all > 0n && signed * denominator >= all * numerator, 'those who signed do not have enough weight');
  return `those who signed have ${(Number((1000n * signed) / all) / 10).toFixed(1)} % of the weight`;
}

async function stepBelief(found) {
  const { file, checkpoint, state, roster } = found;
  const belief = readBelief(file.belief);
  const inLog = belief.kind !== 14n;
  insist(inLog === (file.questions === null), 'only a question that is no verdict is in the tree of questions');
  insist(belief.height <= checkpoint.height, 'the belief is of a later height than the note');
  insist(belief.kind !== 18n || belief.members.length === roster.places.length, 'the calibration has not all members');
  const [size, root] = inLog ? [checkpoint.size, checkpoint.root] : [file.questions, state.questions];
  await insistIncluded(file.belief, file.index, size, file.proof, root, 'the belief');
  found.belief = belief;
  return inLog ? `it is leaf ${file.index} of the signed log` : `it is question ${file.index} of the signed state`;
}

const STEPS = [
  ['form', stepForm], ['group', stepChain], ['epochs', stepEpochs], ['signatures', stepSignatures],
  ['threshold', stepThreshold], ['heads', stepHeads], ['state', stepState], ['members', stepMembers],
  ['partition', stepLevels], ['parameters', stepParameters], ['weight', stepWeight], ['belief', stepBelief],
];

function resultOf(found) {
  const { checkpoint, state, roster, signers, needed, belief, members } = found;
  return {
    checkpoint, state, roster, needed, belief, members,
    signers: [...signers].sort((a, b) => a - b).map((member) => roster.places[member].name),
    isVerdict: belief.kind === 12n,
    isCalibration: belief.kind === 18n,
  };
}

/** Judges a certificate file by a genesis from readGenesis; never throws for what is in it:
 *  {ok, steps: [{step, ok, says}], reason, result}; reason and result are null where there is none. */
export async function verifyCertificate(bytes, genesis) {
  const found = { bytes, genesis };
  const steps = [];
  for (const [step, check] of STEPS) {
    try {
      steps.push({ step, ok: true, says: await check(found) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const reason = error.message;
      steps.push({ step, ok: false, says: reason });
      return { ok: false, steps, reason, result: null };
    }
  }
  return { ok: true, steps, reason: null, result: resultOf(found) };
}
