// Which genesis this page verifies with: one that the user pinned in this browser, or else the member's own, which is then
// no more than the member's word. And what a question's card says about its certificate.
import { readGenesis, verifyCertificate, whyNotHere, thresholdText, toHex, Refusal } from './verify.js';
import { readBytes, readJson, stored, Failure } from './net.js';

const PINNED = 'credimus.genesis';
const FILE_MAX = 1 << 20;

/** genesis is null while there is none; isKept: one is pinned that cannot be used; roster: the newest that a certificate
 *  was verified with. */
const NONE = { genesis: null, isPinned: false, isKept: false, text: null, roster: null, problem: null };
export const trust = { ...NONE, problem: whyNotHere() };

async function adopt(text, isPinned) {
  const genesis = await readGenesis(text);
  Object.assign(trust, { genesis, isPinned, isKept: false, text, roster: genesis.roster, problem: null });
}

/** Whether the roster is that of what the status speaks of: then it says who is at a place, and not the member. */
export const knowsRoster = ({ epoch, chain }) => trust.genesis?.chain === chain && Number(trust.roster.epoch) === epoch;

export async function loadTrust() {
  if (whyNotHere()) return;
  const kept = stored(() => localStorage.getItem(PINNED));
  try {
    if (kept !== null) return void await adopt(kept, true);
  } catch (error) {
    trust.problem = `the pinned genesis cannot be used, ${error.message}`;
    trust.isKept = true;
    return;
  }
  try {
    await adopt(JSON.stringify(await readJson('/v1/genesis')), false);
  } catch (error) {
    if (!(error instanceof Failure || error instanceof Refusal)) throw error;
    trust.problem = error.code === 401 ? 'the genesis waits for the token' : `this member hands out no genesis (${error.message})`;
  }
}

/** Throws a Refusal when it is none; what was pinned before then stays. */
export async function pin(text) {
  await adopt(text, true);
  stored(() => localStorage.setItem(PINNED, text));
}

export async function pinFile(file) {
  if (file.size > FILE_MAX) throw new Refusal('it is too large');
  await pin(await file.text());
}

export async function unpin() {
  stored(() => localStorage.removeItem(PINNED));
  Object.assign(trust, NONE);
  await loadTrust();
}

// What the page shows against what the group has signed.

const STATUSES = ['open', 'decided', 'undecided'];

function contradictions(shown, certified) {
  const top = certified.hypotheses[Number(certified.top)];
  const status = STATUSES[Number(certified.status)];
  return Object.entries({
    title: [shown.title, certified.title],
    hypotheses: [shown.hypotheses.join('\n'), certified.hypotheses.join('\n')],
    status: [shown.status, status],
    outcome: [shown.outcome, status === 'decided' ? top : null],
    'flip margin': [shown.flip_margin, Number(certified.flipMargin)],
    contributors: [shown.contributors, Number(certified.contributors)],
    'log-odds': [shown.log_odds_quanta.join(' '), certified.logOdds.map(Number).join(' ')],
    intervals: [endsOf(shown.intervals.live, shown.intervals.safe), endsOf(certified.live, certified.safe)],
    posterior: [shown.posterior.map(rounded).join(' '), posteriorOf(certified).map(rounded).join(' ')],
  }).filter(([, [a, b]]) => a !== b).map(([what]) => what);
}

// Unbounded ends are null in JSON, and the largest numbers in the record.
const endsOf = (...intervals) => intervals.flatMap(({ members, low, high }) => [Number(members), low, high])
  .map((end) => (end === null || Math.abs(Number(end)) >= 2 ** 63 ? 'unbounded' : Number(end))).join(' ');

const rounded = (share) => share.toFixed(6);

function posteriorOf({ logOdds }) {
  const shares = logOdds.map((odds) => Math.exp(Number(odds) / 1e9));
  const sum = shares.reduce((all, share) => all + share, 0);
  return shares.map((share) => share / sum);
}

function judge(shown, verdict) {
  const { belief, checkpoint, roster } = verdict.result;
  if (verdict.result.isCalibration || toHex(belief.question) !== shown.question)
    return { state: 'bad', says: 'This certificate is about something else.' };
  if (Number(belief.height) < shown.height) return { state: 'wait', says: 'A newer certificate is on its way.' };
  // A question that moved on since it was read is read again; a verdict never moves.
  if (Number(belief.height) > shown.height) return { state: 'wait', says: 'The question has moved on.' };
  const wrong = contradictions(shown, belief);
  if (wrong.length > 0) return { state: 'bad', says: `This member shows another ${wrong.join(', ')} than the group has signed.` };
  const by = `${verdict.result.signers.length} of ${roster.heads} signed, ${verdict.result.needed} needed at ${thresholdText(checkpoint.threshold)}`;
  return trust.isPinned
    ? { state: 'good', says: `Verified in this browser: ${by}.` }
    : { state: 'unpinned', says: `The signatures hold: ${by}. Who the members are is this server’s word until you pin a genesis.` };
}

/** Fetches and judges the certificate of a question: {state, says, steps, bytes}. */
export async function checkCertificate(shown) {
  if (trust.genesis === null) return { state: 'none', says: 'Cannot be verified here.', steps: [], bytes: null };
  let bytes = null;
  try {
    bytes = await readBytes(`/v1/certificates/${shown.question}`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { state: 'wait', says: `No certificate so far: ${error.message}.`, steps: [], bytes };
  }
  const { genesis } = trust;
  const verdict = await verifyCertificate(bytes, genesis);
  if (!verdict.ok) return { state: 'bad', says: `Refused: ${verdict.reason}.`, steps: verdict.steps, bytes };
  if (trust.genesis === genesis && verdict.result.roster.epoch > trust.roster.epoch) trust.roster = verdict.result.roster;
  return { ...judge(shown, verdict), steps: verdict.steps, bytes };
}
