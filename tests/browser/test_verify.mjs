// web/verify.js against the pinned vectors, and beside `credimus verify` on certificates of real members: both have to
// say the same of a file, whole, with any byte changed, and with lines missing, doubled or in another order.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, sign, createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import * as verify from '../../web/verify.js';

const world = JSON.parse(process.env.WORLD);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
// 1 changes every byte of the verdict's file, and takes minutes.
const STRIDE = Number(process.env.STRIDE ?? 5);
console.log(`seed ${seed}`);

const vectors = (path) => JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url)));
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const utf8 = (text) => new TextEncoder().encode(text);
const genesisText = readFileSync(world.genesis, 'utf8');
const genesis = await verify.readGenesis(genesisText);
const files = Object.fromEntries(Object.entries(world.certificates).map(([name, path]) => [name, readFileSync(path)]));

// A generator that is the same for the same seed (xorshift).
let state = seed || 1;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

// The binary's word on many files, a few at a time.
const folder = mkdtempSync(join(tmpdir(), 'credimus-verify-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function binarySays(bytes, name, genesisPath = world.genesis) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const child = spawn(world.binary, ['verify', path, '--genesis', genesisPath, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  return new Promise((resolve) => child.on('close', (code) => {
    rmSync(path);
    resolve({ ok: code === 0, json: code === 0 ? JSON.parse(said) : null });
  }));
}

async function agree(variants) {
  const verdicts = { accepted: 0, refused: 0 };
  const work = [...variants];
  const lane = async (number) => {
    while (work.length > 0) {
      const { bytes, what } = work.pop();
      const [ours, theirs] = await Promise.all([verify.verifyCertificate(bytes, genesis), binarySays(bytes, `${number}.cert`)]);
      assert.equal(ours.ok, theirs.ok, `${what}: the page says ${ours.reason ?? 'good'}, the binary ${theirs.ok ? 'good' : 'refused'}`);
      verdicts[ours.ok ? 'accepted' : 'refused']++;
    }
  };
  await Promise.all([0, 1, 2, 3].map(lane));
  return verdicts;
}

test('pinned signatures then the verdicts of the one rule', async () => {
  for (const one of vectors('ed25519/rfc8032.json').cases)
    assert.equal(await verify.verifySignature(bytesOf(one.key ?? one.public), bytesOf(one.message), bytesOf(one.signature)), true, one.name);
  for (const one of vectors('ed25519/speccheck.json').cases)
    assert.equal(await verify.verifySignature(bytesOf(one.key), bytesOf(one.message), bytesOf(one.signature)), one.accepted, one.what);
  const { accepted, cases } = vectors('ed25519/cctv.json');
  for (const one of cases)
    assert.equal(await verify.verifySignature(bytesOf(one.key), utf8(one.message), bytesOf(one.signature)), accepted.includes(one.number), `case ${one.number}`);
});

test('key that is no plain point then refused', () => {
  verify.insistKey(genesis.members[0].key);
  const y8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a';
  const neutral = '01'.padEnd(64, '0');
  const offCurve = '02'.padEnd(64, '0');
  const large = 'ed'.padEnd(62, 'f') + '7f';
  for (const hex of [y8, neutral, offCurve, large]) assert.throws(() => verify.insistKey(bytesOf(hex)), verify.Refusal, hex);
  // Of mixed order: on the curve and canonical, but not in the subgroup.
  const mixed = vectors('ed25519/speccheck.json').cases[3].key;
  assert.throws(() => verify.insistKey(bytesOf(mixed)), /prime order/);
});

test('trees of certificate transparency then their roots and proofs', async () => {
  const { leaves, roots, inclusion } = vectors('merkle/certificate_transparency.json');
  const all = leaves.map(bytesOf);
  for (let size = 0; size <= all.length; size++) assert.equal(verify.toHex(await verify.merkleRoot(all.slice(0, size))), roots[size]);
  for (const { index, size, proof } of inclusion) {
    const leaf = createHash('sha256').update(Buffer.from([0])).update(all[index]).digest();
    const path = proof.map(bytesOf);
    const climb = (at, of, by) => verify.merkleClimb(leaf, BigInt(at), BigInt(of), by);
    assert.equal(verify.toHex(await climb(index, size, path)), roots[size]);
    assert.equal(await climb(index, size, [...path, path[0] ?? leaf]), null);
    assert.equal(await climb(size, size, path), null);
    if (path.length > 0) assert.equal(await climb(index, size, path.slice(1)), null);
  }
});

test('encoding that nobody would write then refused', () => {
  const good = [['00', 0n], ['1818', 24n], ['190100', 256n], ['1a00010000', 65536n], ['1b0000000100000000', 2n ** 32n], ['20', -1n], ['f6', null], ['6161', 'a']];
  for (const [hex, value] of good) {
    assert.deepEqual(verify.cborDecode(bytesOf(hex)), value);
    if (value !== null) assert.equal(verify.toHex(verify.cborEncode(value)), hex);
  }
  const bad = {
    'longer than needed': '1817', 'two bytes for one': '190018', 'four for two': '1a00000100', 'eight for four': '1b0000000000010000',
    'indefinite length': '9f00ff', 'float': 'f93c00', 'true': 'f5', 'tag': 'd200', 'map': 'a0', 'ends early': '82', 'bytes end early': '4201',
    'left over': '0000', 'nested nine deep': '818181818181818181', 'not UTF-8': '61ff', 'reserved': '1c', 'long list of nothing': '9b7fffffffffffffff',
  };
  for (const [what, hex] of Object.entries(bad)) assert.throws(() => verify.cborDecode(bytesOf(hex)), verify.Refusal, what);
});

test('genesis then the chain id of the group; a changed one then refused or another group', async () => {
  const answer = await fetch(`${world.url}/v1/status`);
  const { chain } = await answer.json();
  assert.equal(genesis.chain, chain);
  const served = await (await fetch(`${world.url}/v1/genesis`)).text();
  assert.equal((await verify.readGenesis(served)).chain, chain);
  const spaced = JSON.stringify(JSON.parse(genesisText), null, 7);
  assert.equal((await verify.readGenesis(spaced)).chain, chain);
  const changed = (change) => {
    const json = JSON.parse(genesisText);
    change(json);
    return JSON.stringify(json);
  };
  const refused = {
    'no JSON': genesisText.slice(1),
    'a key twice': genesisText.replace('"name"', '"credimus": 1, "name"'),
    'a key too many': changed((json) => (json.more = 1)),
    'a key too few': changed((json) => delete json.created),
    'a fraction': genesisText.replace(/1073741824/, '1073741824.0'),
    'an exponent': genesisText.replace(/1073741824/, '1e9'),
    'three members': changed((json) => (json.members.length = 3)),
    'a member twice': changed((json) => (json.members[1] = json.members[0])),
    'a name with a space': changed((json) => (json.members[1].name = 'a b')),
    'a name with a plus': changed((json) => (json.members[1].name = 'a+b')),
    'a name with a control character': changed((json) => (json.members[1].name = 'a\u0085')),
    'two thirds': changed((json) => (json.threshold = '2/3')),
    'more than one': changed((json) => (json.threshold = '5/4')),
    'a zero in front': changed((json) => (json.threshold = '03/4')),
    'three decimals': changed((json) => (json.created = '2026-01-02T03:04:05.000Z')),
    'no such day': changed((json) => (json.created = '2026-02-30T03:04:05.000000Z')),
    'a key of small order': changed((json) => (json.members[1].key = '01'.padEnd(64, '0'))),
    'state_bytes_max too small': changed((json) => (json.state_bytes_max = 5)),
    'version 2': changed((json) => (json.credimus = 2)),
    'null': 'null', 'a list': '[]', 'nothing': '',
  };
  for (const [what, text] of Object.entries(refused)) await assert.rejects(verify.readGenesis(text), verify.Refusal, what);
  const other = await verify.readGenesis(changed((json) => (json.name = 'others')));
  assert.notEqual(other.chain, chain);
  const { reason } = await verify.verifyCertificate(files.verdict, other);
  assert.match(reason, /another group/);
});

test('certificates of real members then good, and as the binary reads them', async () => {
  for (const [name, bytes] of Object.entries(files)) {
    const ours = await verify.verifyCertificate(bytes, genesis);
    const theirs = await binarySays(bytes, `${name}.cert`);
    assert.ok(ours.ok && theirs.ok, `${name}: ${ours.reason}`);
    const { result } = ours;
    assert.equal(Number(result.checkpoint.height), theirs.json.height);
    assert.deepEqual(result.signers, theirs.json.signers);
    assert.equal(Number(result.needed), theirs.json.needed);
    assert.equal(verify.thresholdText(result.checkpoint.threshold), theirs.json.threshold);
    assert.equal(result.isCalibration, name === 'family');
    assert.equal(result.roster.heads, theirs.json.members);
    if (result.isCalibration) continue;
    assert.equal(result.isVerdict, name === 'verdict');
    assert.equal(verify.toHex(result.belief.question), theirs.json.question);
    assert.equal(result.belief.title, theirs.json.title);
    assert.equal(Number(result.belief.flipMargin), theirs.json.flip_margin);
    assert.equal(['open', 'decided', 'undecided'][Number(result.belief.status)], theirs.json.status);
  }
});

test('any byte changed then the binary and the page agree', { timeout: 400000 }, async () => {
  const total = { accepted: 0, refused: 0 };
  for (const [name, bytes] of Object.entries(files)) {
    const stride = STRIDE * (name === 'verdict' ? 1 : 4);
    const variants = [];
    for (let at = random(stride); at < bytes.length; at += stride) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1 << random(8);
      variants.push({ bytes: changed, what: `${name} with byte ${at} changed, seed ${seed}` });
    }
    const { accepted, refused } = await agree(variants);
    total.accepted += accepted;
    total.refused += refused;
  }
  console.log(`bytes changed: ${total.refused} refused, ${total.accepted} accepted by both`);
  assert.ok(total.refused > 10 * total.accepted);
});

test('lines missing, doubled or exchanged then the binary and the page agree', async () => {
  const variants = [];
  for (const [name, bytes] of Object.entries(files)) {
    const lines = bytes.toString().split('\n');
    const put = (list, what) => variants.push({ bytes: Buffer.from(list.join('\n')), what: `${name}: ${what}` });
    lines.forEach((line, i) => {
      put(lines.toSpliced(i, 1), `without line ${i}`);
      put(lines.toSpliced(i, 0, line), `line ${i} doubled`);
      put(lines.toSpliced(i, 1, `${line} `), `a space behind line ${i}`);
      put(lines.toSpliced(i, 1, `${line}\r`), `a return behind line ${i}`);
      if (i > 0) put(lines.toSpliced(i - 1, 2, line, lines[i - 1]), `lines ${i - 1} and ${i} exchanged`);
    });
    put(['\ufeff' + lines[0], ...lines.slice(1)], 'a byte order mark');
    variants.push({ bytes: Buffer.concat([bytes, Buffer.from([0xff])]), what: `${name}: no UTF-8` });
    variants.push({ bytes: bytes.subarray(0, bytes.length - 1), what: `${name}: cut short` });
  }
  variants.push({ bytes: Buffer.alloc(0), what: 'nothing' }, { bytes: Buffer.alloc((1 << 20) + 1, 65), what: 'too much' });
  const { accepted, refused } = await agree(variants);
  console.log(`lines changed: ${refused} refused, ${accepted} accepted by both`);
  assert.ok(refused > accepted);
});

// What a member that lies could sign: the note is signed anew by all members, whose keys are at hand here.

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyOf(member) {
  const [, hex] = readFileSync(join(world.directory, `m${member}`, 'key'), 'utf8').trim().split(' ');
  return createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.from(hex, 'hex')]), format: 'der', type: 'pkcs8' });
}

function resigned(bytes, change, count = genesis.members.length) {
  const text = bytes.toString();
  const at = text.indexOf('\n\n') + 2;
  const note = change(text.slice(at, text.indexOf('\n\n', at) + 1));
  const lines = genesis.members.slice(0, count).map(({ name, keyId }, i) =>
    `\u2014 ${name} ${Buffer.concat([keyId, sign(null, Buffer.from(note), keyOf(i))]).toString('base64')}\n`);
  return Buffer.from(text.slice(0, at) + note + '\n' + lines.join(''));
}

async function refusedAt(bytes, step, reason) {
  const { ok, steps, reason: says } = await verify.verifyCertificate(bytes, genesis);
  assert.equal(ok, false);
  assert.equal(steps.at(-1).step, step, says);
  assert.match(says, reason);
  assert.equal((await binarySays(bytes, 'signed.cert')).ok, false);
}

test('signed by all as it is then good; signed by too few then refused', async () => {
  const same = (note) => note;
  assert.ok((await verify.verifyCertificate(resigned(files.verdict, same), genesis)).ok);
  assert.ok((await verify.verifyCertificate(resigned(files.verdict, same, 6), genesis)).ok);
  await refusedAt(resigned(files.verdict, same, 5), 'heads', /5 of 8 members have signed, 6 would have to/);
});

test('signed by all but not true then refused at its step', async () => {
  const put = (from, to) => (note) => {
    assert.match(note, from);
    return note.replace(from, to);
  };
  await refusedAt(resigned(files.verdict, put(/epoch 0/, 'epoch 1')), 'threshold', /epoch/);
  await refusedAt(resigned(files.verdict, put(/threshold .*/, 'threshold 7/10')), 'threshold', /below that of its epoch/);
  await refusedAt(resigned(files.verdict, put(/threshold .*/, 'threshold 2/3')), 'form', /above 2\/3/);
  await refusedAt(resigned(files.verdict, put(/threshold .*/, 'threshold 4/5')), 'parameters', /not that of the state/);
  await refusedAt(resigned(files.verdict, put(/height .*/, 'height 1')), 'state', /another height/);
  await refusedAt(resigned(files.verdict, (note) => note.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 1}\n`)), 'state', /last leaf/);
  await refusedAt(resigned(files.verdict, (note) => note.replace(/\n[^\n]{43}=\n/, `\n${'A'.repeat(43)}=\n`)), 'state', /inclusion proof/);
});

test('parts of two good certificates put together then refused', async () => {
  const verdict = files.verdict.toString();
  const open = files.open.toString();
  const line = (text, word) => text.match(new RegExp(`^${word} .*$`, 'm'))[0];
  const swap = (word) => Buffer.from(verdict.replace(line(verdict, word), line(open, word)));
  assert.equal((await verify.verifyCertificate(swap('belief'), genesis)).steps.at(-1).step, 'belief');
  if (line(verdict, 'state') !== line(open, 'state'))
    assert.equal((await verify.verifyCertificate(swap('state'), genesis)).steps.at(-1).step, 'state');
});
