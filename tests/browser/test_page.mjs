// The live page in a real browser, against a member of a real group (tests/browser/world.py): what it shows, that it
// follows what happens, that it believes no certificate that does not hold, and that anybody can use it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

const world = JSON.parse(process.env.WORLD);
const require = createRequire(join(process.env.BROWSER, 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const screenshots = join(process.env.BROWSER, 'screenshots');
const WEIGHT_MAX = 100 * 1000;

let browser;
before(async () => {
  mkdirSync(screenshots, { recursive: true });
  browser = await chromium.launch({ executablePath: world.chromium, args: ['--no-sandbox'] });
});
after(() => browser.close());

/** A page of its own; `prepare` sees it before anything is loaded. Every test ends by `close`, which judges. */
async function open({ prepare = async () => {}, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const seen = { requests: [], errors: [], assets: 0 };
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (message) => /Content Security Policy|Trusted/i.test(message.text()) && seen.errors.push(message.text()));
  page.on('dialog', (dialog) => seen.errors.push(`a dialog: ${dialog.message()}`));
  await prepare(page);
  await page.goto(world.url);
  const close = async () => {
    assert.deepEqual(seen.errors, []);
    for (const url of seen.requests) assert.ok(url.startsWith(`${world.url}/`) || url.startsWith(`blob:${world.url}/`), `a request left: ${url}`);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  };
  return { page, seen, close };
}

const card = (page, name) => page.locator(`#q-${world.asked[name]}`);
const verdictOf = (page, name, state) => card(page, name).locator(`.check.${state}`).waitFor();
const pin = (page) => page.locator('#genesis-file').setInputFiles(world.genesis);
const shot = (page, name) => page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
const answer = (route, json) => route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify(json) });

/** Lets the member's answer through with a change. */
const changing = (page, path, change) => page.route(path, async (route) => {
  const response = await route.fetch();
  await answer(route, change(await response.json()) ?? {});
});

const changingText = (page, path, change) => page.route(path, async (route) => {
  const response = await route.fetch();
  await route.fulfill({ response, body: change(await response.text()) });
});

const CERTIFICATE = `**/v1/certificates/${world.asked.decided}`;

async function post(path, body) {
  const response = await fetch(world.url + path, {
    method: 'POST', body: JSON.stringify(body), headers: { Authorization: `Bearer ${world.token}`, 'Content-Type': 'application/json' } });
  assert.ok(response.ok, `${path}: ${response.status}`);
}

let told = 0;
const tellSomething = () => post('/v1/evidence?ack=committed', { question: world.asked.bare, observation: `seen ${told++}`, llr: '0.9' });

test('a group with questions then all of it is shown', async () => {
  const { page, close } = await open();
  await verdictOf(page, 'decided', 'unpinned');
  const decided = card(page, 'decided');
  await decided.getByText('3 of 8 would have to lie to change this.').waitFor();
  assert.equal(await decided.locator('.dot').count(), world.members);
  assert.equal(await decided.locator('.dot.liar').count(), 3);
  assert.equal(await decided.locator('.chip').textContent(), 'Decided, final');
  assert.match(await decided.textContent(), /threshold 3\/4/);
  assert.equal(await decided.locator('.row').count(), 2);
  assert.ok((await decided.locator('.row.top .whisker').count()) >= 3);
  assert.equal(await card(page, 'open').locator('.row').count(), 3);
  assert.match(await card(page, 'bare').textContent(), /Nobody has reported|contributed/);
  assert.equal(await page.locator('#members tbody tr').count(), world.members);
  assert.match(await page.locator('#members tr', { hasText: world.liar }).textContent(), /two (histories|votes), proven/);
  assert.equal(await page.locator('#evidence .strip').count(), world.members);
  assert.ok((await page.locator('#lanes circle.done').count()) > world.members);
  assert.ok((await page.locator('#lanes path').count()) > 0);
  assert.match(await page.locator('#proofs').textContent(), new RegExp(`${world.liar} signed two different batches`));
  await shot(page, 'light');
  await close();
});

test('texts of strangers then text and nothing else', async () => {
  const { page, close } = await open();
  const hostile = card(page, 'hostile');
  await hostile.waitFor();
  assert.equal(await hostile.locator('h3').textContent(), world.hostile);
  assert.equal(await page.locator('main img, main script, main b:has-text("yes")').count(), 0);
  assert.doesNotMatch(await page.title(), /owned/);
  const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width[0] <= width[1], 'a long word makes the page no wider');
  await close();
});

test('genesis pinned then green, remembered, and forgotten when asked', async () => {
  const { page, close } = await open();
  await verdictOf(page, 'decided', 'unpinned');
  await pin(page);
  await verdictOf(page, 'decided', 'good');
  assert.match(await card(page, 'decided').locator('.verdict').textContent(), /Verified in this browser: \d of 8 signed, 6 needed at 3\/4/);
  const { chain } = await (await fetch(`${world.url}/v1/status`)).json();
  assert.match(await page.locator('#trust-hash').textContent(), new RegExp(`Pinned: SHA-256 ${chain}`));
  await card(page, 'decided').locator('summary').click();
  assert.equal(await card(page, 'decided').locator('.check li').count(), 12);
  await page.reload();
  await verdictOf(page, 'decided', 'good');
  await page.locator('#unpin').click();
  await verdictOf(page, 'decided', 'unpinned');
  await page.locator('#pin-this').click();
  await verdictOf(page, 'decided', 'good');
  await close();
});

test('file that is no genesis then refused, and the pinned one stays', async () => {
  const { page, close } = await open();
  await pin(page);
  await verdictOf(page, 'decided', 'good');
  const file = (text) => ({ name: 'genesis.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await page.locator('#genesis-file').setInputFiles(file('{"credimus": 1}'));
  await page.locator('#trust-error', { hasText: 'Not pinned' }).waitFor();
  await verdictOf(page, 'decided', 'good');
  const other = JSON.stringify({ ...JSON.parse(readFileSync(world.genesis, 'utf8')), name: 'others' });
  await page.locator('#genesis-file').setInputFiles(file(other));
  await verdictOf(page, 'decided', 'bad');
  await page.locator('.notice.bad', { hasText: 'another group' }).waitFor();
  await close();
});

test('what was pinned cannot be read any more then said so, and forgotten when asked', async () => {
  const { page, close } = await open({ prepare: (fresh) => fresh.addInitScript(() => {
    if (!sessionStorage.getItem('spoiled')) localStorage.setItem('credimus.genesis', '{"credimus": 1');
    sessionStorage.setItem('spoiled', 'yes');
  }) });
  await page.locator('#trust-text', { hasText: 'the pinned genesis cannot be used' }).waitFor();
  await verdictOf(page, 'decided', 'none');
  await page.locator('#unpin').click();
  await verdictOf(page, 'decided', 'unpinned');
  await close();
});

const signatures = /^\u2014 .*\n/gm;
const TAMPERED = {
  'a root that nobody signed': [(text) => text.replace(/\n[A-Za-z0-9+/]{43}=\nheight/, `\n${'B'.repeat(42)}A=\nheight`), /does not verify/],
  'a signature with another byte': [(text) => text.replace(/(\u2014 m2 .{20})(.)/, (_, rest, c) => rest + (c === 'A' ? 'B' : 'A')), /m2 does not verify/],
  'too few signatures': [(text) => text.replace(text.match(signatures).slice(2).join(''), ''), /2 of 8 members have signed, 6 would have to/],
  'another belief': [(text) => text.replace(/^belief (.{80})(.)/m, (_, rest, c) => `belief ${rest}${c === 'A' ? 'B' : 'A'}`), /Refused/],
  'no certificate at all': [() => '<b>trust me</b>\n', /no certificate/],
};

for (const [what, [change, reason]] of Object.entries(TAMPERED)) {
  test(`certificate with ${what} then red, with the reason`, async () => {
    const { page, close } = await open({ prepare: (fresh) => changingText(fresh, CERTIFICATE, change) });
    await pin(page);
    await verdictOf(page, 'decided', 'bad');
    assert.match(await card(page, 'decided').locator('.verdict').textContent(), reason);
    if (what === 'too few signatures') await shot(page, 'refused');
    await close();
  });
}

test('good certificate of another question then red', async () => {
  const { page, close } = await open({ prepare: (fresh) => fresh.route(CERTIFICATE, async (route) => {
    await route.fulfill({ response: await route.fetch({ url: `${world.url}/v1/certificates/${world.asked.second}` }) });
  }) });
  await pin(page);
  await verdictOf(page, 'decided', 'bad');
  assert.match(await card(page, 'decided').locator('.verdict').textContent(), /about something else/);
  await close();
});

const LIES = {
  posterior: (question) => question.posterior.reverse(),
  'flip margin': (question) => (question.flip_margin = 4),
  title: (question) => (question.title = 'Does 203.0.113.8 belong to the botnet?'),
  outcome: (question) => (question.outcome = 'no'),
  intervals: (question) => (question.intervals.live.low += 1000000),
};

for (const [what, lie] of Object.entries(LIES)) {
  test(`member that shows another ${what} than was signed then red`, async () => {
    const { page, close } = await open({ prepare: (fresh) => changing(fresh, '**/v1/questions?*', (json) => {
      json.questions.filter(({ question }) => question === world.asked.decided).forEach(lie);
      return json;
    }) });
    await pin(page);
    await verdictOf(page, 'decided', 'bad');
    assert.match(await card(page, 'decided').locator('.verdict').textContent(), new RegExp(`another .*${what}.* than the group has signed`));
    await close();
  });
}

test('member that gives the others different names then those that the group has signed', async () => {
  const rename = (list) => list.forEach((one) => (one.name = 'mallory'));
  const { page, close } = await open({ prepare: async (fresh) => {
    await changing(fresh, '**/v1/members', (json) => (rename(json.members), json));
    await changing(fresh, '**/v1/status', (json) => ([json.lanes, json.peers].forEach(rename), json));
  } });
  await pin(page);
  await verdictOf(page, 'decided', 'good');
  await page.locator('#members tr', { hasText: world.liar }).waitFor();
  assert.equal(await page.locator('#members, #lanes, #evidence').getByText('mallory').count(), 0);
  await close();
});

test('place that is vacant then no row for it, and the others stay with what is theirs', async () => {
  const vacant = 3;
  const without = (list) => list.filter(({ member }) => member !== vacant);
  const { page, close } = await open({ prepare: async (fresh) => {
    await changing(fresh, '**/v1/members', (json) => Object.assign(json, { members: without(json.members) }));
    await changing(fresh, '**/v1/status', (json) => Object.assign(json, { lanes: without(json.lanes), peers: without(json.peers) }));
  } });
  await verdictOf(page, 'decided', 'unpinned');
  const names = await page.locator('#lanes .lane-names bdi').allTextContents();
  assert.equal(names.length, world.members - 1);
  assert.ok(!names.includes(`m${vacant}`));
  assert.equal(await page.locator('#evidence .strip').count(), world.members - 1);
  assert.equal(await page.locator('#members tbody tr').count(), world.members - 1);
  assert.equal(await card(page, 'decided').locator('.dot').count(), world.members - 1);
  // What is picked in the last row is of the member whose name stands there.
  const lowest = await page.locator('#lanes circle.hit').evaluateAll((all) => {
    const [one] = all.sort((a, b) => b.cy.baseVal.value - a.cy.baseVal.value);
    one.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    return one.cy.baseVal.value;
  });
  assert.equal(lowest, 22 + 34 * (world.members - 2));
  assert.match(await page.locator('#lanes-picked').textContent(), new RegExp(`^${names.at(-1)}, batch`));
  await close();
});

test('evidence comes then the page follows by the event stream alone', async () => {
  // Timers of a second and more never fire here: what is read again is read because of an event.
  const { page, close } = await open({ prepare: (fresh) => fresh.addInitScript(() => {
    const real = window.setTimeout;
    window.setTimeout = (act, ms, ...more) => (ms >= 1000 ? 0 : real(act, ms, ...more));
  }) });
  await page.locator('#live.on').waitFor();
  await card(page, 'bare').waitFor();
  const earlier = await card(page, 'bare').locator('.share').first().textContent();
  await tellSomething();
  await page.waitForFunction(([id, was]) => document.querySelector(`#q-${id} .share`).textContent !== was, [world.asked.bare, earlier]);
  await close();
});

test('no event stream then the page asks every two seconds', async () => {
  const { page, close } = await open({ prepare: (fresh) => fresh.route('**/v1/events', (route) => route.fulfill({ status: 404, body: '' })) });
  await page.locator('#live.slow').waitFor();
  await card(page, 'bare').waitFor();
  const earlier = await card(page, 'bare').textContent();
  await tellSomething();
  await page.waitForFunction(([id, was]) => document.querySelector(`#q-${id}`).textContent !== was, [world.asked.bare, earlier]);
  assert.equal(await page.locator('#live-text').textContent(), 'Live, every 2 s');
  await close();
});

test('partition with a verdict that is not certified then provisional, with the threshold that is asked for', async () => {
  const { page, close } = await open({ prepare: async (fresh) => {
    await changing(fresh, '**/v1/status', (json) => Object.assign(json, {
      threshold: '9/10', base_threshold: '3/4', apart: 6, provisional: 1, level: 'major', unreachable: [{ member: 3, name: 'm3' }, { member: 5, name: 'm5' }] }));
    await changing(fresh, '**/v1/questions?*', (json) => {
      json.questions.filter(({ question }) => question === world.asked.decided).forEach((question) => (question.finality = 'provisional'));
      return json;
    });
  } });
  const decided = card(page, 'decided');
  await decided.locator('.chip.provisional', { hasText: 'Decided, provisional' }).waitFor();
  assert.match(await decided.locator('.verdict').textContent(), /Provisional: .* 9\/10 have to sign/);
  assert.match(await page.locator('#facts').textContent(), /9\/10, raised from 3\/4/);
  assert.equal(await page.locator('#members .reach.off').count(), 2);
  await shot(page, 'provisional');
  await close();
});

test('member that stops answering then said so, and the page comes back by itself', async () => {
  const { page, close } = await open();
  await card(page, 'decided').waitFor();
  await page.route('**/v1/**', (route) => route.abort());
  await page.locator('.notice.bad', { hasText: 'does not answer' }).waitFor();
  assert.equal(await page.locator('#live-text').textContent(), 'No answer');
  assert.ok(await card(page, 'decided').isVisible());
  await shot(page, 'no-answer');
  await page.unroute('**/v1/**');
  await page.locator('.notice.bad').waitFor({ state: 'detached' });
  await close();
});

test('member that asks for a token then the page does, and sends it', async () => {
  const { page, close } = await open({ prepare: (fresh) => fresh.route('**/v1/**', async (route) => {
    if (route.request().headers().authorization === `Bearer ${world.token}`) return route.fallback();
    return route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"detail": "a token is needed"}' });
  }) });
  const field = page.getByLabel('This member answers only with a token.');
  await field.waitFor();
  await shot(page, 'token');
  await field.fill(world.token);
  await field.press('Enter');
  await verdictOf(page, 'decided', 'unpinned');
  await field.waitFor({ state: 'hidden' });
  await close();
});

const NONSENSE = [null, 'text', { questions: 'all', total: 1, members: {}, lanes: 7, proofs: null },
  { questions: [null], total: 1, members: [{ member: -1 }], lanes: [{ batches: [{ seq: 'x' }] }], proofs: [{ name: 'm', member: 1, kind: {} }] }];

for (const path of ['status', 'members', 'questions?*', 'proofs', 'lanes', 'genesis']) {
  test(`nonsense from /v1/${path} then the page stands`, async () => {
    for (const nonsense of NONSENSE) {
      const { page, close } = await open({ prepare: (fresh) => fresh.route(`**/v1/${path}`, (route) => answer(route, nonsense)) });
      await page.locator(path === 'genesis' ? '#trust-text:not(:empty)' : '#live:is(.on, .slow, .off)').waitFor();
      assert.ok(await page.getByRole('heading', { name: 'Who do you trust?' }).isVisible());
      await close();
    }
  });
}

test('nothing asked so far then the page says what to do', async () => {
  const { page, close } = await open({ prepare: async (fresh) => {
    await fresh.route('**/v1/questions?*', (route) => answer(route, { questions: [], total: 0, next: null }));
    await fresh.route('**/v1/proofs', (route) => answer(route, { proofs: [], next: null }));
    await fresh.route('**/v1/lanes', (route) => answer(route, { lanes: [], next: null }));
  } });
  await page.getByText('Nothing has been asked so far').waitFor();
  await page.getByText('Nobody has been caught').waitFor();
  await page.getByText('No batch has been signed').waitFor();
  await shot(page, 'empty');
  await close();
});

test('certificate and proof downloaded then the binary accepts them', async () => {
  const { page, close } = await open();
  await verdictOf(page, 'decided', 'unpinned');
  const fetched = async (button) => {
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    return download.path();
  };
  const run = (...arguments_) => JSON.parse(execFileSync(world.binary, [...arguments_, '--genesis', world.genesis, '--json']));
  const certificate = await fetched(card(page, 'decided').getByRole('button', { name: 'Download certificate' }));
  assert.equal(run('verify', certificate).question, world.asked.decided);
  const proof = await fetched(page.locator('#proofs').getByRole('button', { name: 'Download proof' }).first());
  assert.equal(run('proof', 'verify', proof).name, world.liar);
  await close();
});

test('keyboard alone then everything is reached', async () => {
  const { page, close } = await open();
  await verdictOf(page, 'decided', 'unpinned');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'To the questions');
  const reached = new Set();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim().slice(0, 30)));
    const outline = await page.evaluate(() => {
      const one = document.activeElement;
      const shown = one.matches('.visually-hidden') ? one.nextElementSibling : one;
      return one === document.body || getComputedStyle(shown).outlineStyle !== 'none';
    });
    assert.ok(outline, 'whoever has the focus shows it');
  }
  for (const name of ['genesis-file', 'pin-this', 'Ask for a certificate', 'Download certificate', 'What was checked', 'lanes', 'Download proof'])
    assert.ok(reached.has(name), `${name} is reached`);
  await page.locator('#lanes').focus();
  const picked = () => page.locator('#lanes-picked').textContent();
  const first = await picked();
  await page.keyboard.press('ArrowDown');
  const below = await picked();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  const above = await picked();
  assert.ok(new Set([first, below, above]).size > 1, 'the arrows walk between lanes');
  await page.locator('#lanes').focus();
  for (let i = 0; i < world.members; i++) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowDown');
  const here = await picked();
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await picked(), here, 'the arrows walk along a lane');
  await close();
});

for (const [name, options] of Object.entries({
  light: {}, dark: { colorScheme: 'dark' }, narrow: { viewport: { width: 360, height: 800 } }, contrast: { colorScheme: 'dark', forcedColors: 'active' },
})) {
  test(`axe on the ${name} page then nothing serious`, async () => {
    const { page, close } = await open(options);
    await pin(page);
    await verdictOf(page, 'decided', 'good');
    await card(page, 'decided').locator('summary').click();
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
    assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`)]), []);
    console.log(`axe, ${name}: ${violations.length} lesser faults ${violations.map(({ id }) => id).join(', ')}`);
    await shot(page, `pinned-${name}`);
    await close();
  });
}

test('dark wanted then dark', async () => {
  const shade = async (colorScheme) => {
    const { page, close } = await open({ colorScheme });
    const [red, green, blue] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
    await close();
    return (red + green + blue) / 3;
  };
  assert.ok((await shade('light')) > 200);
  assert.ok((await shade('dark')) < 60);
});

test('the whole page then less than 100 kB, and a policy without holes', async () => {
  const sizes = [];
  const { page, close } = await open({ prepare: async (fresh) => {
    fresh.on('response', (response) => {
      if (!response.url().includes('/v1/')) sizes.push(response.body().then((body) => [response.url(), body.length]));
    });
  } });
  await verdictOf(page, 'decided', 'unpinned');
  const all = [...new Map(await Promise.all(sizes))]; // an icon that the browser asks for twice is one
  const total = all.reduce((sum, [, bytes]) => sum + bytes, 0);
  console.log(`the page is ${total} bytes in ${all.length} files`);
  assert.ok(all.length >= 9);
  assert.ok(total < WEIGHT_MAX, `${total} bytes`);
  const response = await fetch(world.url);
  const policy = response.headers.get('Content-Security-Policy');
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/);
  assert.doesNotMatch(await response.text(), /<script(?![^>]* src="\/web\/)|<style|\sstyle=|\son\w+=/);
  assert.equal(response.headers.get('X-Content-Type-Options'), 'nosniff');
  await close();
});
