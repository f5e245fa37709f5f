// web/verify.js against the pinned certificates of a group whose members changed (docs/protocol.md, section 8): the good ones
// hold, and each of the others is refused at the step that it is about. Needs no group: the vectors were made apart.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import * as verify from '../../web/verify.js';

const { epochs } = JSON.parse(readFileSync(new URL('../vectors/formats/vectors.json', import.meta.url)));
const utf8 = (text) => new TextEncoder().encode(text);
const genesis = await verify.readGenesis(epochs.genesis.json);

// The steps of the C verifier, and which of the page's those are.
const STEPS = { epoch: 'epochs', note: 'threshold', base: 'threshold', heads: 'heads', members: 'members' };

test('genesis with vacant places then its chain', async () => {
  assert.equal(genesis.chain, epochs.genesis.chain);
  assert.equal(genesis.roster.places.length, 6);
  assert.equal(genesis.roster.heads, 4);
  const json = JSON.parse(epochs.genesis.json);
  const withVacant = (vacant) => verify.readGenesis(JSON.stringify({ ...json, vacant }));
  const { vacant: _, ...without } = json;
  assert.notEqual((await verify.readGenesis(JSON.stringify(without))).chain, genesis.chain);
  assert.equal((await withVacant(0)).chain, (await verify.readGenesis(JSON.stringify(without))).chain);
  assert.equal((await withVacant(252)).roster.places.length, 256);
  for (const wrong of [253, -1, 1.5, '2', null, true, [1]])
    await assert.rejects(withVacant(wrong), verify.Refusal, `vacant ${JSON.stringify(wrong)}`);
});

test('certificates of each epoch then good, with the members of the epoch', async () => {
  for (const { about, epoch, file } of epochs.certificates) {
    const { ok, reason, result } = await verify.verifyCertificate(utf8(file), genesis);
    assert.ok(ok, `${about}: ${reason}`);
    assert.equal(Number(result.roster.epoch), epoch, about);
    assert.equal(Number(result.checkpoint.epoch), epoch, about);
    const names = result.roster.places.map((one) => one?.name ?? null);
    assert.deepEqual(names, result.members.map(({ name }) => name), about);
    assert.equal(names[1], epoch < 2 ? 'east' : null, about);
    assert.equal(names[4], epoch < 1 ? null : 'west', about);
    for (const name of result.signers) assert.ok(names.includes(name), about);
  }
});

test('certificates that nobody may accept then refused at their step', async () => {
  for (const { about, step, file } of epochs.refused) {
    const { ok, steps, reason } = await verify.verifyCertificate(utf8(file), genesis);
    assert.equal(ok, false, about);
    assert.equal(steps.at(-1).step, STEPS[step], `${about}: ${reason}`);
  }
});

test('certificate of another group then refused', async () => {
  const other = JSON.stringify({ ...JSON.parse(epochs.genesis.json), vacant: 3 });
  const [{ file }] = epochs.certificates;
  assert.equal((await verify.verifyCertificate(utf8(file), await verify.readGenesis(other))).steps.at(-1).step, 'group');
});

test('any byte of a handover changed then refused', async () => {
  const { file } = epochs.certificates.find(({ epoch }) => epoch === 2);
  const lines = file.split('\n');
  const at = lines.findIndex((line) => line.startsWith('handover '));
  const handover = Buffer.from(lines[at].slice('handover '.length), 'base64');
  for (let i = 0; i < handover.length; i++) {
    const changed = Buffer.from(handover);
    changed[i] ^= 1 << (i % 8);
    const variant = lines.toSpliced(at, 1, `handover ${changed.toString('base64')}`).join('\n');
    const { ok, steps } = await verify.verifyCertificate(utf8(variant), genesis);
    assert.equal(ok, false, `byte ${i}`);
    assert.equal(steps.at(-1).step, 'epochs', `byte ${i}`);
  }
});
