// Drawings: bars, dots, strips and the causal diagram. Each takes plain data and returns an element.
import { html, svg, theirs, plural, probability, timeOf } from './dom.js';

const QUANTA_PER_NAT = 1e9;

/** A lead in quanta as the share of the leading hypothesis against its rival; null is unbounded. */
export function shareOfLead(quanta, whenNull) {
  return quanta === null ? whenNull : 1 / (1 + Math.exp(-quanta / QUANTA_PER_NAT));
}

function whisker(interval, y, extra) {
  const from = `${100 * shareOfLead(interval.low, 0)}%`;
  const to = `${100 * shareOfLead(interval.high, 1)}%`;
  const line = (x1, x2, y1, y2) => svg('line', { class: `whisker${extra}`, x1, x2, y1, y2 });
  return [line(from, to, y, y), line(from, from, y - 4, y + 4), line(to, to, y - 4, y + 4)];
}

/** One row a hypothesis. The interval is drawn on the leading one: it is about its lead. */
export function posteriorBars(belief, top) {
  const rows = belief.hypotheses.map((name, i) => {
    const share = belief.posterior[i];
    const isTop = i === top;
    const marks = isTop
      ? [...whisker(belief.intervals.safe, 20, ' thin'), ...whisker(belief.intervals.live, 20, '')] : [];
    return html('div', { class: isTop ? 'row top' : 'row' },
      html('span', { class: 'name' }, theirs(name)),
      svg('svg', { 'aria-hidden': 'true' },
        svg('rect', { class: 'track', width: '100%', height: 14, rx: 3 }),
        svg('rect', { class: 'fill', width: `${100 * share}%`, height: 14, rx: 3 }), ...marks),
      html('span', { class: 'share' }, probability(share)));
  });
  return html('div', { class: 'bars' }, ...rows, intervalText(belief));
}

function intervalText(belief) {
  const { live } = belief.intervals;
  if (belief.contributors === 0) return html('p', { class: 'fine' }, 'Nobody has reported so far.');
  const versus = belief.hypotheses.length > 2 ? ' against the next best' : '';
  const low = probability(shareOfLead(live.low, 0));
  const high = probability(shareOfLead(live.high, 1));
  const who = live.members === 1 ? 'any one member' : `any ${live.members} members`;
  const range = live.low === null && live.high === null ? 'it could come out anywhere'
    : low === high ? `the leader would still have ${low}${versus}` : `the leader would have ${low} to ${high}${versus}`;
  return html('p', { class: 'fine' }, `Whatever ${who} said instead, ${range}.`);
}

const MANY = 40;

/** A dot for each member: crossed out are as many as would have to lie. */
export function flipMargin(belief, members) {
  const margin = belief.flip_margin;
  const dots = Array.from({ length: members }, (_, i) =>
    html('span', { class: i < margin ? 'dot liar' : i < belief.contributors ? 'dot' : 'dot silent' }));
  return html('div', { class: members > MANY ? 'margin many' : 'margin' },
    html('p', { class: 'says' }, ...marginSentence(belief, members)),
    html('div', { class: 'dots', 'aria-hidden': 'true' }, ...dots),
    html('p', { class: 'fine' }, `${plural(belief.contributors, 'member')} of ${members} contributed, ${plural(belief.items, 'item')}.`));
}

function marginSentence(belief, members) {
  const margin = belief.flip_margin;
  if (margin === 0) return [belief.status === 'open' ? 'Not decided: the lead is below what a decision asks for.' : 'Closed with a lead below what a decision asks for.'];
  const isExact = belief.mode === 'pool' && belief.hypotheses.length === 2;
  return [html('b', {}, isExact ? `${margin}` : `At least ${margin}`), ` of ${members} would have to lie to change this.`];
}

export function meter(share, extra = '') {
  const width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return html('span', { class: `meter${extra}` },
    svg('svg', { 'aria-hidden': 'true' }, svg('rect', { class: 'track', width: '100%', height: 8, rx: 4 }),
      svg('rect', { class: 'value', width, height: 8, rx: 4 })),
    html('span', {}, share.toFixed(2)));
}

// Evidence over time.

const BINS = 90;
const SPANS_MS = [60000, 300000, 900000, 3600000, 6 * 3600000, 86400000, 7 * 86400000];

function spanOf(batches, now) {
  const oldest = batches.reduce((least, { wallMs }) => Math.min(least, wallMs), now);
  return SPANS_MS.find((span) => now - oldest <= span) ?? now - oldest + 1;
}

const spanText = (ms) => (ms < 3600000 ? `${Math.round(ms / 60000)} min ago`
  : ms < 86400000 ? `${Math.round(ms / 3600000)} h ago` : `${Math.round(ms / 86400000)} days ago`);

/** A strip for each member: how many items its batches had, in bins of equal time; heights are logarithmic. */
export function evidenceStrips(members, batches, now) {
  const span = spanOf(batches, now);
  const bins = members.map(() => new Array(BINS).fill(0));
  for (const { member, wallMs, items } of batches) {
    const bin = Math.min(BINS - 1, Math.floor((BINS * (wallMs - (now - span))) / span));
    if (bin >= 0 && bins[member]) bins[member][bin] += items;
  }
  const most = Math.max(1, ...bins.flat());
  const strips = members.map((name, member) => {
    const total = bins[member].reduce((sum, count) => sum + count, 0);
    const bars = bins[member].flatMap((count, i) => {
      const height = (24 * Math.log1p(count)) / Math.log1p(most);
      return count === 0 ? [] : [svg('rect', { class: 'bin', x: `${(100 * i) / BINS}%`, width: `${80 / BINS}%`, y: 25 - height, height })];
    });
    return html('div', { class: 'strip' }, html('span', {}, theirs(name)),
      svg('svg', { role: 'img', 'aria-label': `${name}: ${plural(total, 'item')} in the last ${spanText(span).replace(' ago', '')}` },
        svg('line', { x1: 0, x2: '100%', y1: 25.5, y2: 25.5 }), ...bars),
      html('span', { class: 'count' }, plural(total, 'item')));
  });
  return html('div', { class: 'strips' }, ...strips,
    html('div', { class: 'axis', 'aria-hidden': 'true' }, html('span'), html('span', {}, html('i', {}, spanText(span)), html('i', {}, 'now')), html('span')));
}

// The causal diagram.

const COLUMNS = 28;
const STEP = 32;
const LANE = 34;
const LEFT = 18;

export const keyOf = ({ member, seq }) => `${member}:${seq}`;

/** Columns by causality: a batch stands right of all that it rests on. Returns the newest columns, as a map by key. */
export function arrange(batches) {
  const nodes = new Map(batches.map((batch) => [keyOf(batch), { ...batch, column: -1 }]));
  const before = (node) => [{ member: node.member, seq: node.seq - 1 }, ...node.deps].map((to) => nodes.get(keyOf(to))).filter(Boolean);
  const inOrder = [...nodes.values()].sort((a, b) => a.seq - b.seq);
  for (let moved = true, rounds = 0; moved && rounds <= nodes.size; rounds++) {
    moved = false;
    for (const node of inOrder) {
      const column = 1 + Math.max(-1, ...before(node).map((other) => other.column));
      if (column > node.column) {
        node.column = column;
        moved = rounds < nodes.size;
      }
    }
  }
  const last = Math.max(0, ...inOrder.map((node) => node.column));
  const first = Math.max(0, last - COLUMNS + 1);
  for (const [key, node] of nodes) if (node.column < first) nodes.delete(key);
  for (const node of nodes.values()) node.column -= first;
  for (const node of nodes.values()) node.before = before(node);
  return nodes;
}

/** All that a batch rests on, itself included. */
export function pastOf(node) {
  const past = new Set();
  const open = node ? [node] : [];
  while (open.length > 0) {
    const next = open.pop();
    if (past.has(next)) continue;
    past.add(next);
    open.push(...next.before);
  }
  return past;
}

export function causalDiagram(lanes, nodes, picked, onPick) {
  const past = pastOf(picked);
  const columns = 1 + Math.max(0, ...[...nodes.values()].map((node) => node.column));
  const at = ({ column, member }) => [LEFT + STEP * column, 22 + LANE * member];
  const width = LEFT + STEP * columns;
  const height = 22 + LANE * lanes.length;
  const names = lanes.map(({ name, forked, sealed }) => html('li', {}, theirs(name), forked || sealed ? html('em', {}, sealed ? ' sealed' : ' forked') : null));
  const lines = [];
  const dots = [];
  for (const node of nodes.values()) {
    const [cx, cy] = at(node);
    const isLit = past.has(node);
    for (const other of node.before) {
      const [x1, y1] = at(other);
      const lit = node === picked ? ' near' : isLit ? ' lit' : '';
      lines.push(other.member === node.member ? svg('line', { class: `own${lit}`, x1, x2: cx, y1, y2: cy })
        : svg('path', { class: `saw${lit}`, d: `M${x1} ${y1} C${x1 + STEP / 2} ${y1} ${cx - STEP / 2} ${cy} ${cx} ${cy}` }));
    }
    const kind = [node.isDone && 'done', isLit && 'lit', node === picked && 'pick'].filter(Boolean).join(' ');
    dots.push(svg('circle', { class: kind, cx, cy, r: node === picked ? 7 : 5 }),
      svg('circle', { class: 'hit', cx, cy, r: 15, onclick: () => onPick(keyOf(node)) }));
  }
  const drawing = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${plural(nodes.size, 'batch', 'batches')} of ${plural(lanes.length, 'lane')}` },
    ...lines, ...dots);
  return html('div', { class: 'lanes' }, html('ol', { class: 'lane-names' }, ...names), drawing);
}

export function describeBatch(node, lanes) {
  const name = (member) => lanes[member]?.name ?? `member ${member}`;
  const seen = node.deps.length === 0 ? 'nothing new of the others'
    : node.deps.map(({ member, seq }) => `${name(member)} up to ${seq}`).join(', ');
  const state = node.isDone ? 'executed' : 'not executed so far';
  return [theirs(`${name(node.member)}, batch ${node.seq}`), ` signed at ${timeOf(node.wallMs)}, ${plural(node.items, 'item')}, ${state}. `,
    'Since its batch before it had seen ', theirs(seen), '.'];
}

