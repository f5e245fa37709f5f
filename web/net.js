// Reading the member: JSON with entity tags, and the event stream, which says only what is worth reading again. The
// stream is read with fetch, because EventSource can carry no token. Where there is no stream, the caller polls.

const ANSWER_MS = 15000;
const LINE_MAX = 1 << 20;
const RETRY_MS_MAX = 15000;

const TOKEN = 'credimus.token';

/** An answer that is a refusal; `code` 0: there was no answer. */
export class Failure extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

export function stored(act) {
  try {
    return act();
  } catch {
    return null; // a browser that keeps nothing
  }
}

let token = stored(() => sessionStorage.getItem(TOKEN));

export function useToken(text) {
  token = text;
  stored(() => sessionStorage.setItem(TOKEN, text));
}

const known = new Map(); // path -> {tag, value}: the answers whose tags the member will recognise
const KNOWN_MAX = 64;

function headersFor(path) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (known.has(path)) headers['If-None-Match'] = known.get(path).tag;
  return headers;
}

async function failureOf(response) {
  let detail = `the answer is ${response.status}`;
  try {
    const body = await response.json();
    if (typeof body.detail === 'string') detail = body.detail;
  } catch {
    // a refusal without JSON: the code says enough
  }
  return new Failure(response.status, detail);
}

async function ask(path, options) {
  try {
    return await fetch(path, { cache: 'no-store', ...options });
  } catch {
    throw new Failure(0, 'This member does not answer');
  }
}

export async function readJson(path) {
  const response = await ask(path, { headers: headersFor(path), signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.status === 304 && known.has(path)) return known.get(path).value;
  if (!response.ok) throw await failureOf(response);
  let value;
  try {
    value = await response.json();
  } catch {
    throw new Failure(0, 'The answer of this member broke off');
  }
  const tag = response.headers.get('ETag');
  known.delete(path);
  if (tag) known.set(path, { tag, value });
  if (known.size > KNOWN_MAX) known.delete(known.keys().next().value);
  return value;
}

const PAGES_MAX = 64;

/** A list over all of its pages: {field: [...]}. */
export async function readAll(path, field) {
  const first = await readJson(path);
  const all = Array.isArray(first?.[field]) ? [...first[field]] : null;
  let { next } = first ?? {};
  for (let page = 1; all !== null && typeof next === 'string' && page < PAGES_MAX; page++) {
    const more = await readJson(`${path}?cursor=${encodeURIComponent(next)}`);
    if (!Array.isArray(more?.[field])) break;
    all.push(...more[field]);
    next = more.next;
  }
  return { [field]: all };
}

export async function readBytes(path) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await ask(path, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw await failureOf(response);
  return new Uint8Array(await response.arrayBuffer());
}

// Events.

/** Hands out the types of the events (HTML standard, "Interpreting an event stream"). What an event is about is read again,
 *  and so is everything after a pause: nothing else of it is needed. */
async function listen(onType, onOpen) {
  const headers = { Accept: 'text/event-stream' };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await ask('/v1/events', { headers });
  if (!response.ok) throw await failureOf(response);
  if (!(response.headers.get('Content-Type') ?? '').startsWith('text/event-stream')) throw new Failure(404, 'no stream');
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ''; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    if (rest.length > LINE_MAX) throw new Failure(0, 'a line of the event stream has no end');
    for (const line of lines) if (line.startsWith('event:')) onType(line.slice(6).trim());
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Follows the stream for as long as the page is open. `onState(isLive)` says when it begins and breaks. */
export async function follow(onType, onState) {
  for (let wait = 1000; ; wait = Math.min(2 * wait, RETRY_MS_MAX)) {
    try {
      await listen(onType, () => {
        wait = 1000;
        onState(true);
      });
    } catch (error) {
      if (error instanceof Failure && error.code === 404) wait = RETRY_MS_MAX; // a member without the stream
    }
    onState(false);
    await pause(wait);
  }
}
