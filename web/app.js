// The live page: reads the member, keeps what it said last, and redraws what changed.
import { html, byId, setText, theirs, plural, timeOf, ago, percent, download } from './dom.js';
import { readJson, readAll, follow, useToken, Failure } from './net.js';
import { readStatus, readMembers, readQuestions, readProofs, readLanes } from './model.js';
import { posteriorBars, flipMargin, meter, evidenceStrips, arrange, causalDiagram, describeBatch, keyOf } from './draw.js';
import { trust, loadTrust, pin, pinFile, unpin, knowsRoster, checkCertificate } from './trust.js';

const POLL_MS = 2000;
const SLOW_POLL_MS = 5000; // beside the event stream, for what has no event
const SETTLE_MS = 200; // events that come together are one read
const PAGE = 20;
const HAPPENINGS_MAX = 50;

const state = {
  status: null, members: [], questions: [], total: 0, proofs: null, batches: [], page: 0,
  isLive: false, failure: null, answeredAt: null, nodes: new Map(), picked: null,
};

/** Whether `what` is to be drawn as it was drawn last. */
const drawn = {};
function isDrawn(what, ...from) {
  const as = JSON.stringify(from);
  const isSame = drawn[what] === as;
  drawn[what] = as;
  return isSame;
}

// What happened.

function happened(...parts) {
  const log = byId('happenings');
  log.prepend(html('li', {}, html('span', {}, ...parts), html('time', {}, timeOf(Date.now()))));
  if (log.children.length > HAPPENINGS_MAX) log.lastElementChild.remove();
  byId('happenings-empty').hidden = true;
}

function noticeStatus(old, now) {
  if (old === null) return;
  const without = (all, some) => all.filter(({ member }) => !some.some((one) => one.member === member));
  for (const { name } of without(now.unreachable, old.unreachable)) happened(theirs(name), ' cannot be reached.');
  for (const { name } of without(old.unreachable, now.unreachable)) happened(theirs(name), ' is back.');
  if (old.epoch !== now.epoch) happened(`Epoch ${now.epoch} has begun: members or their rules have changed.`);
  if (old.threshold !== now.threshold) happened(`The threshold in force is now ${now.threshold}.`);
}

function noticeMembers(old, now) {
  for (const member of now) {
    const before = old.find((one) => one.member === member.member);
    if (!before) continue;
    if (member.alarmed && !before.alarmed) happened(theirs(member.name), ` came under suspicion: ${reasonText(member)}.`);
    if (member.proof && !before.proof) happened(theirs(member.name), ' is proven to have lied: its word weighs nothing now.');
  }
}

function noticeQuestions(old, now) {
  for (const question of now) {
    const before = old.find((one) => one.question === question.question);
    if (!before) continue;
    if (before.status === 'open' && question.status !== 'open') happened('Verdict: ', theirs(question.title), ' – ', theirs(question.outcome ?? 'undecided'));
    if (before.finality === 'provisional' && question.finality === 'final') happened('Final: ', theirs(question.title));
  }
}

// The head.

function fact(name, value, kind = '') {
  return html('div', {}, html('dt', {}, name), html('dd', { class: kind }, value));
}

function drawHead() {
  const { status } = state;
  if (status === null) return;
  byId('main').removeAttribute('data-waiting');
  const members = status.lanes.length;
  setText(byId('group-name'), trust.genesis?.chain === status.chain ? trust.genesis.name : `Group ${status.chain.slice(0, 8)}`);
  setText(byId('served-by'), status.name);
  document.title = `${byId('group-name').textContent} – Credimus`;
  const away = status.unreachable.length;
  const isRaised = status.threshold !== status.base_threshold;
  byId('summary').replaceChildren(...summaryOf(status, members));
  byId('facts').replaceChildren(
    fact('members in reach', `${members - away} of ${members}`, away > 0 ? 'bad-text' : ''),
    fact('threshold in force', isRaised ? `${status.threshold}, raised from ${status.base_threshold}` : status.threshold, isRaised ? 'warn-text' : ''),
    fact('height', `${status.height}`),
    fact('certified', `${status.final_height}`, status.final_height < status.height ? 'warn-text' : ''),
    fact('provisional verdicts', `${status.provisional}`, status.provisional > 0 ? 'warn-text' : ''));
}

function summaryOf(status, members) {
  const says = [`${members} members, seen from `, theirs(status.name), '. '];
  if (status.diverged) return [...says, 'This member has computed something else than the others and has stopped.'];
  if (status.recovering) return [...says, 'This member lost its ledger and asks the others for it.'];
  if (status.threshold !== status.base_threshold) return [...says, `${status.apart} of them see a partition: verdicts stay provisional until ${status.threshold} have signed.`];
  if (status.unreachable.length > 0) return [...says, 'Out of reach: ', ...status.unreachable.flatMap(({ name }, i) => [i > 0 ? ', ' : '', theirs(name)]), '.'];
  return [...says, 'All of them are in reach of each other as far as it can see.'];
}

function drawLive() {
  const live = byId('live');
  const kind = state.failure ? 'off' : state.isLive ? 'on' : 'slow';
  live.className = `live ${kind}`;
  setText(byId('live-text'), state.failure?.code === 401 ? 'Locked' : state.failure ? 'No answer' : state.isLive ? 'Live' : 'Live, every 2 s');
}

function drawNotices() {
  const notices = [];
  const { failure, status } = state;
  const isAsked = failure?.code === 401;
  byId('token-form').hidden = !isAsked;
  if (failure && !isAsked) {
    const since = state.answeredAt ? ` What you see is from ${timeOf(state.answeredAt)}.` : '';
    notices.push(html('p', { class: 'notice bad' }, failure.code === 0
      ? `${failure.message}.${since} Trying again.` : `This member refuses: ${failure.message}.${since}`));
  }
  if (trust.isPinned && status && trust.genesis.chain !== status.chain)
    notices.push(html('p', { class: 'notice bad' }, 'This member belongs to another group than the genesis that you pinned. Nothing it shows can be verified.'));
  if (status?.disk === 'low' || status?.disk === 'full')
    notices.push(html('p', { class: 'notice' }, 'The disk of this member is full: it takes no evidence at the moment.'));
  if (!isDrawn('notices', notices.map((one) => one.textContent))) byId('notices').replaceChildren(...notices);
}

// Trust.

function drawTrust() {
  const { genesis, isPinned, problem } = trust;
  setText(byId('trust-text'), problem ? `Certificates cannot be verified: ${problem}.`
    : isPinned ? 'Certificates are verified in this browser, by the genesis that you pinned. A green tick rests on nothing that this server says.'
      : genesis ? 'Certificates are verified in this browser, but by this server’s own genesis. Compare its hash with one that you got elsewhere and pin it, or pin the file itself; then nothing here rests on this server’s word.'
        : 'Waiting for the genesis.');
  byId('trust-hash').hidden = genesis === null;
  if (genesis) setText(byId('trust-hash'), `${isPinned ? 'Pinned' : 'From this server'}: SHA-256 ${genesis.chain}`);
  byId('pin-this').hidden = genesis === null || isPinned;
  byId('unpin').hidden = !isPinned && !trust.isKept;
}

async function changeTrust(act) {
  setText(byId('trust-error'), '');
  try {
    await act();
  } catch (error) {
    setText(byId('trust-error'), `Not pinned: ${error.message}.`);
  }
  for (const card of cards.values()) card.checkedAs = null;
  drawAll();
}

// Questions.

const cards = new Map();
const NOTHING = { state: 'wait', says: 'Not certified so far.', steps: [], bytes: null };
const SEALS = { good: '✓', unpinned: '✓', bad: '✗', wait: '…', none: '–' };

function makeCard(id) {
  const card = { id, checkedAs: null, isChecking: false, bytes: null };
  card.title = html('h3', { id: `t-${id}` });
  card.meta = html('div', { class: 'meta' });
  card.body = html('div', { class: 'halves' });
  card.seal = html('span', { class: 'seal', 'aria-hidden': 'true' });
  card.verdict = html('p', { class: 'verdict' });
  card.steps = html('ol');
  card.details = html('details', {}, html('summary', {}, 'What was checked'), card.steps);
  card.check = html('div', { class: 'check' }, card.seal, html('div', {}, card.verdict, card.details));
  card.button = html('button', { type: 'button', onclick: () => download(`${id}.cert`, new Blob([card.bytes])) }, 'Download certificate');
  card.ask = html('button', { type: 'button', hidden: true, onclick: () => askCertificate(card) }, 'Ask for a certificate');
  card.element = html('article', { class: 'card', 'aria-labelledby': `t-${id}`, id: `q-${id}` },
    html('div', {}, card.title, card.meta), card.body, html('div', { class: 'proof' }, card.check, card.ask, card.button));
  showCheck(card, NOTHING);
  return card;
}

function chipOf(question) {
  if (question.status === 'open') return html('span', { class: 'chip' }, 'Open');
  const what = question.status === 'decided' ? 'Decided' : 'Undecided';
  return html('span', { class: `chip ${question.finality}` }, `${what}, ${question.finality}`);
}

function topOf(question) {
  return question.log_odds_quanta.indexOf(Math.max(...question.log_odds_quanta));
}

function drawCard(card, question, members) {
  if (isDrawn(card.id, question, members)) return;
  card.question = question;
  card.title.replaceChildren(theirs(question.title));
  const facts = [`threshold ${question.threshold}`, question.mode, `height ${question.height}`];
  if (question.canary !== null) facts.push('was a canary');
  card.meta.replaceChildren(chipOf(question), ...(question.status === 'decided' ? [html('strong', {}, theirs(question.outcome))] : []),
    html('span', {}, facts.join(' · ')), ...(question.family ? [html('span', {}, '· ', theirs(question.family))] : []));
  card.body.replaceChildren(posteriorBars(question, topOf(question)), flipMargin(question, members));
}

function showCheck(card, outcome) {
  card.check.className = `check ${outcome.state}`;
  setText(card.seal, SEALS[outcome.state]);
  setText(card.verdict, outcome.says);
  card.steps.replaceChildren(...outcome.steps.map(({ ok, says }) => html('li', { class: ok ? '' : 'failed' }, ok ? '' : 'Refused: ', theirs(says))));
  card.details.hidden = outcome.steps.length === 0;
  card.bytes = outcome.bytes;
  card.button.hidden = outcome.bytes === null;
  card.ask.hidden = true;
}

/** Verifies what is new: a verdict once, an open question when somebody asks for it. */
async function checkCard(card, isAsked = false) {
  const { question } = card;
  const as = `${question.height} ${question.finality} ${trust.genesis?.chain} ${trust.isPinned}`;
  if (card.isChecking || card.checkedAs === as) return;
  if (question.finality === 'provisional') {
    showCheck(card, { ...NOTHING, says: `Provisional: no certificate covers it so far; ${state.status.threshold} have to sign.` });
  } else if (question.status === 'open' && !isAsked) {
    card.checkedAs = as;
    showCheck(card, { ...NOTHING, state: 'none', says: 'Still open; a certificate of where it stands is made when it is asked for.' });
    card.ask.hidden = false;
  } else if (question.finality === 'final' || isAsked) {
    card.isChecking = true;
    try {
      const outcome = await checkCertificate(question);
      showCheck(card, outcome);
      if (outcome.state !== 'wait') card.checkedAs = as;
      card.ask.hidden = !isAsked || outcome.state !== 'wait';
    } finally {
      card.isChecking = false;
    }
  }
}

function askCertificate(card) {
  card.checkedAs = null;
  setText(card.verdict, 'Waiting for the group to sign.');
  card.ask.hidden = true;
  checkCard(card, true).catch(report);
}

function drawQuestions() {
  const members = state.status?.lanes.length;
  if (!members) return;
  const shown = [...state.questions].reverse();
  for (const [id, card] of cards) {
    if (shown.some(({ question }) => question === id)) continue;
    card.element.remove();
    cards.delete(id);
    delete drawn[id];
  }
  const box = byId('question-list');
  shown.forEach((question, i) => {
    if (!cards.has(question.question)) cards.set(question.question, makeCard(question.question));
    const card = cards.get(question.question);
    drawCard(card, question, members);
    if (box.children[i] !== card.element) box.insertBefore(card.element, box.children[i] ?? null);
    checkCard(card).catch(report);
  });
  byId('questions-empty').hidden = state.total > 0;
  drawPages();
}

function drawPages() {
  const last = Math.max(0, Math.ceil(state.total / PAGE) - 1);
  state.page = Math.min(state.page, last);
  byId('pages').hidden = last === 0;
  setText(byId('page-text'), `${state.page + 1} of ${last + 1}`);
  byId('newer').disabled = state.page === 0;
  byId('older').disabled = state.page === last;
}

// Members.

const REASONS = {
  drift: 'its reports drift from those of the others', sign: 'its reports lean to one side', collusion: 'it agrees too well with somebody',
  timing: 'its reports come at odd times', copying: 'it copies what others said', omission: 'it leaves things out',
};
const reasonText = (member) => REASONS[member.reason] ?? `${member.reason ?? 'no reason given'}`;
const PROOFS = {
  fork: 'two histories, proven', vote: 'two votes, proven', 'wrong answer': 'a wrong answer to a challenge, proven', 'false reveal': 'a false reveal, proven',
};

function whyOf(member) {
  const why = (isStrong, says) => html('span', { class: isStrong ? 'why strong' : 'why' }, says);
  if (member.proof) return why(true, PROOFS[member.proof] ?? `${member.proof}, proven`);
  return member.reason && member.suspicion > 0 ? why(member.alarmed, reasonText(member)) : why(false, '–');
}

function reachOf(member, status) {
  const reach = (kind, says) => html('span', { class: `reach ${kind}` }, html('i', { 'aria-hidden': 'true' }), says);
  if (member === status.member) return reach('on', 'this member');
  if (status.unreachable.some((one) => one.member === member)) return reach('off', 'out of reach');
  const peer = status.peers.find((one) => one.member === member);
  if (!peer || peer.heard_ms_ago === null) return reach('off', 'never heard');
  return reach('on', peer.heard_ms_ago < 1500 ? 'in reach' : `last heard ${ago(peer.heard_ms_ago)}`);
}

function drawMembers() {
  const { status, members } = state;
  if (status === null || members.length === 0) return;
  if (isDrawn('members', members, status.lanes, members.map(({ member }) => reachOf(member, status).textContent))) return;
  const heads = ['Member', 'Reachability', 'Reputation', 'Suspicion', 'Why', 'Weight', 'Lane'];
  const rows = members.map((member) => {
    const lane = status.lanes.find((one) => one.member === member.member);
    const cells = [reachOf(member.member, status), meter(member.reputation), meter(member.suspicion, ' dread'), whyOf(member)];
    return html('tr', {}, html('th', { scope: 'row' }, theirs(member.name)), ...cells.map((cell) => html('td', {}, cell)),
      html('td', { class: 'figure' }, percent(member.weight)),
      html('td', { class: 'figure' }, lane ? `${lane.seq}${lane.sealed ? ', sealed' : lane.forked ? ', forked' : ''}` : '–'));
  });
  byId('members').replaceChildren(
    html('thead', {}, html('tr', {}, ...heads.map((name) => html('th', { scope: 'col' }, name)))),
    html('tbody', {}, ...rows));
}

// Lanes. A row is drawn for each member that there is, so a batch gets the number of its row for that of its member.

function inRows(batches, lanes) {
  const rows = new Map(lanes.map(({ member }, row) => [member, row]));
  const moved = (list) => list.filter(({ member }) => rows.has(member)).map((one) => ({ ...one, member: rows.get(one.member) }));
  return moved(batches).map((batch) => ({ ...batch, deps: moved(batch.deps) }));
}

function drawLanes() {
  const { status } = state;
  const batches = status === null ? [] : inRows(state.batches, status.lanes);
  const hasLanes = batches.length > 0;
  byId('lanes').hidden = byId('lanes-help').hidden = !hasLanes;
  byId('lanes-empty').hidden = byId('evidence-empty').hidden = hasLanes;
  byId('evidence-note').hidden = !hasLanes;
  if (!hasLanes) return;
  byId('evidence').replaceChildren(evidenceStrips(status.lanes.map(({ name }) => name), batches, Date.now()));
  if (isDrawn('lanes', batches, status.lanes)) return;
  state.nodes = arrange(batches);
  const isNewest = state.picked === null || !state.nodes.has(state.picked) || state.isFollowing;
  if (isNewest) {
    state.picked = newestKey();
    state.isFollowing = true;
  }
  drawCausal(isNewest);
}

function newestKey() {
  const [newest] = [...state.nodes.values()].sort((a, b) => b.wallMs - a.wallMs);
  return newest ? keyOf(newest) : null;
}

function drawCausal(toEnd) {
  const box = byId('lanes');
  const node = state.nodes.get(state.picked);
  const left = box.scrollLeft;
  box.replaceChildren(causalDiagram(state.status.lanes, state.nodes, node, pick));
  box.scrollLeft = toEnd ? box.scrollWidth : left;
  byId('lanes-picked').replaceChildren(...(node ? describeBatch(node, state.status.lanes) : []));
}

function pick(key) {
  state.picked = key;
  state.isFollowing = key === newestKey();
  drawCausal(false);
}

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** To the batch before or behind in its lane, or to the nearest one in the next lane that has any. */
function step(event) {
  const node = state.nodes.get(state.picked);
  const [down, on] = MOVES[event.key] ?? [];
  if (!node || down === undefined) return;
  event.preventDefault();
  const isThere = ({ member, seq }) => (on === 0 ? Math.sign(member - node.member) === down : member === node.member && seq === node.seq + on);
  const distance = ({ member, column }) => 1e6 * Math.abs(member - node.member) + Math.abs(column - node.column);
  const [nearest] = [...state.nodes.values()].filter(isThere).sort((a, b) => distance(a) - distance(b));
  if (nearest) pick(keyOf(nearest));
}

// Proofs.

function proofText({ kind, at }) {
  if (kind === 'fork') return ` signed two different batches number ${at} of its lane.`;
  return ` signed two votes in view ${at} that contradict each other.`;
}

function drawProofs() {
  const { proofs } = state;
  if (proofs === null || isDrawn('proofs', proofs)) return;
  byId('proofs').replaceChildren(...proofs.map((proof, i) => html('li', { class: 'guilty' },
    html('span', {}, html('strong', {}, theirs(proof.name)), proofText(proof)),
    html('button', { type: 'button', onclick: () => download(`member-${proof.member}-${i + 1}.proof`, `credimus/proof/1 ${proof.proof}\n`) }, 'Download proof'))));
  byId('proofs-empty').hidden = proofs.length > 0;
}

// Reading.

function report(error) {
  state.failure = error instanceof Failure ? error : new Failure(0, `This page cannot read the answer: ${error.message}`);
  drawLive();
  drawNotices();
}

/** Who is at which place is known better from a certificate that was verified. */
function nameMembers() {
  const { status, members } = state;
  if (status === null || !knowsRoster(status)) return;
  for (const one of [...status.peers, ...status.lanes, ...status.unreachable, ...members])
    one.name = trust.roster.places[one.member]?.name ?? one.name;
}

function drawAll() {
  nameMembers();
  drawLive();
  drawNotices();
  drawTrust();
  drawHead();
  drawQuestions();
  drawMembers();
  drawLanes();
  drawProofs();
}

async function readPage(tries = 3) {
  const from = Math.max(0, state.total - PAGE * (state.page + 1));
  const limit = Math.max(1, Math.min(PAGE, state.total - PAGE * state.page));
  const answer = readQuestions(await readJson(`/v1/questions?from=${from}&limit=${limit}`));
  if (answer.total === state.total || tries === 0) return answer;
  state.total = answer.total;
  return readPage(tries - 1);
}

const READERS = {
  status: async () => {
    const now = readStatus(await readJson('/v1/status'));
    noticeStatus(state.status, now);
    state.status = now;
  },
  members: async () => {
    const now = readMembers(await readAll('/v1/members', 'members'));
    noticeMembers(state.members, now);
    state.members = now;
  },
  questions: async () => {
    const { questions } = await readPage();
    noticeQuestions(state.questions, questions);
    state.questions = questions;
  },
  proofs: async () => {
    state.proofs = readProofs(await readAll('/v1/proofs', 'proofs'));
  },
  lanes: async () => {
    state.batches = readLanes(await readAll('/v1/lanes', 'lanes'));
  },
};
const ALL = Object.keys(READERS);

let isReading = false;
const wanted = new Set();

/** One read at a time; what is wanted meanwhile is read next. */
async function read(names) {
  names.forEach((name) => wanted.add(name));
  if (isReading || document.hidden) return;
  isReading = true;
  try {
    while (wanted.size > 0) {
      const now = [...wanted];
      wanted.clear();
      await Promise.all(now.map((name) => READERS[name]()));
      if (trust.genesis === null && !trust.problem) await loadTrust();
      state.failure = null;
      state.answeredAt = Date.now();
      drawAll();
    }
  } catch (error) {
    report(error);
  } finally {
    isReading = false;
  }
}

// Which reads an event makes stale.
const STALE = {
  posterior: ['questions', 'status'], verdict: ['questions', 'status'], certificate: ['status', 'questions'],
  partition: ['status', 'members'], misbehaviour: ['proofs', 'members', 'status'], suspicion: ['members'], lane: ['lanes', 'status'],
};

let settling = null;

function onEvent(type) {
  (STALE[type] ?? ALL).forEach((name) => wanted.add(name));
  settling ??= setTimeout(() => {
    settling = null;
    read([]);
  }, SETTLE_MS);
}

function tick() {
  read(ALL).finally(() => setTimeout(tick, state.isLive && !state.failure ? SLOW_POLL_MS : POLL_MS));
}

function wire() {
  byId('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    useToken(byId('token').value.trim());
    trust.problem = null;
    read(ALL);
  });
  byId('genesis-file').addEventListener('change', (event) => {
    const [file] = event.target.files;
    event.target.value = '';
    if (file) changeTrust(() => pinFile(file));
  });
  byId('pin-this').addEventListener('click', () => changeTrust(() => pin(trust.text)));
  byId('unpin').addEventListener('click', () => changeTrust(unpin));
  const turn = (by) => {
    state.page = Math.max(0, state.page + by);
    read(['questions']);
  };
  byId('newer').addEventListener('click', () => turn(-1));
  byId('older').addEventListener('click', () => turn(1));
  byId('lanes').addEventListener('keydown', step);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) read(ALL);
  });
}

wire();
await loadTrust().catch(() => {});
drawTrust();
tick();
follow(onEvent, (isLive) => {
  if (isLive && !state.isLive) read(ALL);
  state.isLive = isLive;
  drawLive();
});
