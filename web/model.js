// What the member's answers have to look like. Invariant: whatever comes out of here has the types that the drawings
// count on, however hostile the answer was; texts stay texts, and lists have a limit.

const MEMBERS_MAX = 256;
const BATCHES_MAX = 640;

const fail = (what) => {
  throw new TypeError(`the member’s answer has no proper ${what}`);
};

// A check gets a value and its field's name, and returns what is kept.
const text = (value, what) => (typeof value === 'string' && value.length <= 4096 ? value : fail(what));
const number = (value, what) => (typeof value === 'number' && Number.isFinite(value) ? value : fail(what));
const count = (value, what) => (Number.isInteger(value) && value >= 0 ? value : fail(what));
const isTrue = (value) => value === true;
const share = (value, what) => Math.min(1, Math.max(0, number(value, what)));
const like = (pattern) => (value, what) => (typeof value === 'string' && pattern.test(value) ? value : fail(what));
const oneOf = (...words) => (value, what) => (words.includes(value) ? value : fail(what));
const orNull = (check) => (value, what) => (value === null ? null : check(value, what));
const listOf = (check, most = 100000) => (value, what) =>
  (Array.isArray(value) && value.length <= most ? value.map((each) => check(each, what)) : fail(what));
const object = (checks) => (value) => Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check(value?.[name], name)]));
const perMember = (checks) => listOf(object({ member: count, name: text, ...checks }), MEMBERS_MAX);

// What a member of another version may not say has a fallback.
const textOr = (fallback) => (value) => (typeof value === 'string' ? value : fallback);
const numberOr = (fallback) => (value) => (Number.isFinite(value) ? value : fallback);

const interval = object({ members: count, low: orNull(number), high: orNull(number) });

const QUESTION = object({
  question: like(/^[0-9a-f]{32}$/), title: text, mode: oneOf('pool', 'panel'), status: oneOf('open', 'decided', 'undecided'),
  finality: oneOf('local', 'committed', 'provisional', 'final'), outcome: orNull(text), family: textOr(null), canary: textOr(null),
  hypotheses: listOf(text, 64), posterior: listOf(share), log_odds_quanta: listOf(number), flip_margin: count,
  intervals: object({ live: interval, safe: interval }), contributors: count, items: count, height: count, threshold: text,
});

function readQuestion(value) {
  const question = QUESTION(value);
  const { length } = question.hypotheses;
  if (length < 2 || question.posterior.length !== length || question.log_odds_quanta.length !== length) fail('posterior');
  return question;
}

export const readQuestions = object({ questions: listOf(readQuestion, 1000), total: count });

export const readStatus = object({
  member: count, name: text, chain: like(/^[0-9a-f]{64}$/), epoch: numberOr(0), height: count, final_height: count,
  peers: perMember({ heard_ms_ago: numberOr(null) }),
  lanes: perMember({ seq: count, forked: isTrue, sealed: isTrue }),
  unreachable: (value, what) => perMember({})(value ?? [], what),
  threshold: textOr(''), base_threshold: textOr(''), apart: numberOr(0), provisional: numberOr(0),
  recovering: isTrue, diverged: isTrue, disk: textOr('room'),
});

export const readMembers = ({ members }) => perMember({
  weight: number, reputation: number, suspicion: number, reason: textOr(null), alarmed: isTrue, proof: textOr(null),
})(members, 'members');

export const readProofs = ({ proofs }) => listOf(object({
  member: count, name: text, kind: text, at: numberOr(0), proof: like(/^[A-Za-z0-9+/=]*$/),
}))(proofs, 'proofs');

const batch = object({ seq: count, wall_us: number, items: count, deps: listOf(object({ member: count, seq: count }), MEMBERS_MAX), executed: numberOr(null) });

/** The newest batches, of each lane as many as of the others. */
export function readLanes({ lanes }) {
  const all = listOf(object({ member: count, batches: listOf(batch) }), MEMBERS_MAX)(lanes, 'lanes');
  const most = Math.max(2, Math.floor(BATCHES_MAX / Math.max(1, all.length)));
  return all.flatMap(({ member, batches }) => batches.sort((a, b) => b.seq - a.seq).slice(0, most)
    .map((one) => ({ ...one, member, wallMs: one.wall_us / 1000, isDone: one.executed !== null })));
}
