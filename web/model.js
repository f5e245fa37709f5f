// What the member's answers have to look like. Invariant: whatever comes out of here has the types that the drawings
// count on, however hostile the answer was; texts stay texts, and lists have a limit.

const MEMBERS_MAX = 256;
const BATCHES_MAX = 640;

const fail = (what) => {
  throw new TypeError(`the member’s answer has no proper ${what}`);
};
const text = (value, what) => (typeof value === 'string' && value.length <= 4096 ? value : fail(what));
const textOr = (value, fallback) => (typeof value === 'string' ? value : fallback);
const number = (value, what) => (typeof value === 'number' && Number.isFinite(value) ? value : fail(what));
const numberOr = (value, fallback) => (typeof value === 'number' && Number.isFinite(value) ? value : fallback);
const count = (value, what) => (Number.isInteger(value) && value >= 0 ? value : fail(what));
const list = (value, what, most = 100000) => (Array.isArray(value) && value.length <= most ? value : fail(what));
const one = (value, words, what) => (words.includes(value) ? value : fail(what));

function readInterval(value) {
  const end = (quanta) => (quanta === null ? null : number(quanta, 'interval'));
  return { members: count(value?.members, 'interval'), low: end(value.low), high: end(value.high) };
}

export function readQuestion(value) {
  const hypotheses = list(value?.hypotheses, 'hypotheses', 64).map((name) => text(name, 'hypothesis'));
  const posterior = list(value.posterior, 'posterior').map((share) => Math.min(1, Math.max(0, number(share, 'posterior'))));
  const logOdds = list(value.log_odds_quanta, 'log-odds').map((odds) => number(odds, 'log-odds'));
  if (hypotheses.length < 2 || posterior.length !== hypotheses.length || logOdds.length !== hypotheses.length) fail('posterior');
  return {
    question: /^[0-9a-f]{32}$/.test(value.question) ? value.question : fail('question'),
    title: text(value.title, 'title'),
    mode: one(value.mode, ['pool', 'panel'], 'mode'),
    status: one(value.status, ['open', 'decided', 'undecided'], 'status'),
    finality: one(value.finality, ['local', 'committed', 'provisional', 'final'], 'finality'),
    outcome: value.outcome === null ? null : text(value.outcome, 'outcome'),
    family: textOr(value.family, null),
    opening: textOr(value.opening, ''),
    canary: textOr(value.canary, null),
    hypotheses, posterior, log_odds_quanta: logOdds,
    flip_margin: count(value.flip_margin, 'flip margin'),
    intervals: { live: readInterval(value.intervals?.live), safe: readInterval(value.intervals?.safe) },
    contributors: count(value.contributors, 'contributors'),
    items: count(value.items, 'items'),
    height: count(value.height, 'height'),
    threshold: text(value.threshold, 'threshold'),
  };
}

export function readQuestions(value) {
  return { questions: list(value?.questions, 'questions', 1000).map(readQuestion), total: count(value.total, 'total') };
}

const readNamed = (value) => ({ member: count(value?.member, 'member'), name: text(value.name, 'name') });

export function readStatus(value) {
  return {
    member: count(value?.member, 'member'),
    name: text(value.name, 'name'),
    chain: /^[0-9a-f]{64}$/.test(value.chain) ? value.chain : fail('chain'),
    height: count(value.height, 'height'),
    final_height: count(value.final_height, 'certified height'),
    peers: list(value.peers, 'peers', MEMBERS_MAX).map((peer) => ({
      ...readNamed(peer), link: peer.link === true, heard: numberOr(peer.heard_ms_ago, null), height: numberOr(peer.height, 0) })),
    lanes: list(value.lanes, 'lanes', MEMBERS_MAX).map((lane) => ({
      ...readNamed(lane), seq: count(lane.seq, 'lane'), committed: count(lane.committed_seq, 'lane'),
      wallMs: numberOr(lane.wall_us, 0) / 1000, forked: lane.forked === true, sealed: lane.sealed === true })),
    level: textOr(value.level, ''),
    unreachable: list(value.unreachable ?? [], 'unreachable', MEMBERS_MAX).map(readNamed),
    threshold: textOr(value.threshold, ''),
    base: textOr(value.base_threshold, ''),
    apart: numberOr(value.apart, 0),
    provisional: numberOr(value.provisional, 0),
    recovering: value.recovering === true,
    diverged: value.diverged === true,
    disk: textOr(value.disk, 'room'),
  };
}

export function readMembers(value) {
  return list(value?.members, 'members', MEMBERS_MAX).map((member) => ({
    ...readNamed(member),
    weight: number(member.weight, 'weight'),
    reputation: number(member.reputation, 'reputation'),
    suspicion: number(member.suspicion, 'suspicion'),
    reason: textOr(member.reason, null),
    alarmed: member.alarmed === true,
    proof: textOr(member.proof, null),
    level: textOr(member.level, ''),
  }));
}

export function readProofs(value) {
  return list(value?.proofs, 'proofs').map((proof) => ({
    ...readNamed(proof),
    kind: text(proof.kind, 'proof'),
    at: numberOr(proof.at, 0),
    proof: typeof proof.proof === 'string' && /^[A-Za-z0-9+/=]*$/.test(proof.proof) ? proof.proof : fail('proof'),
  }));
}

const readDep = (dep) => ({ member: count(dep?.member, 'dep'), seq: count(dep.seq, 'dep') });

function readBatch(value, member) {
  return {
    member: count(value?.member ?? member, 'batch'),
    seq: count(value.seq, 'batch'),
    wallMs: number(value.wall_us, 'batch') / 1000,
    items: count(value.items, 'batch'),
    deps: list(value.deps, 'deps', MEMBERS_MAX).map(readDep),
    isDone: typeof value.executed === 'number',
  };
}

/** The newest batches, of each lane as many as of the others. */
export function readLanes(value) {
  const lanes = list(value?.lanes, 'lanes', MEMBERS_MAX);
  const share = Math.max(2, Math.floor(BATCHES_MAX / Math.max(1, lanes.length)));
  return lanes.flatMap((lane) => list(lane?.batches, 'batches').map((batch) => readBatch(batch, lane.member))
    .sort((a, b) => b.seq - a.seq).slice(0, share));
}
