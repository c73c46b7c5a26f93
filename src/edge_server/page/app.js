// The page of the edge: instances, their QR codes, and chats. Everything that comes from outside (names, message bodies,
// reasons) is set with textContent, never as HTML; the Content-Security-Policy allows no other script anyway.
'use strict';

const KEY_PLACE = 'wa-edge-key';
const REFRESH_MS = 2000;

const state = { key: '', instances: null, instance: null, chats: [], chat: null, messages: [], view: 'instances' };
const $ = (id) => document.getElementById(id);

/** An element with a class, text and children. Text is text: no markup is ever read from it. */
function element(tag, className, text, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  node.append(...children);
  return node;
}

// ---- the API ----------------------------------------------------------------------------------------

class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function api(method, path, body, headers = {}) {
  const options = { method, headers: { Authorization: `Bearer ${state.key}`, ...headers } };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const text = await answer.text();
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(answer.status, 'the edge answered something else than JSON');
  }
  if (!answer.ok) throw new ApiError(answer.status, (data && data.detail) || `HTTP ${answer.status}`);
  return data;
}

const instancePath = (id) => `/v1/instances/${encodeURIComponent(id)}`;

// ---- words ------------------------------------------------------------------------------------------

function nameOf(instance) {
  return instance.name || instance.push_name || instance.id;
}

function shortJid(jid) {
  const [user, server] = String(jid || '').split('@');
  if (server === 's.whatsapp.net') return `+${user.split(':')[0]}`;
  return server === 'g.us' ? `Group ${user}` : jid;
}

function statusWords(instance) {
  if (!instance.enabled) return { dot: '', text: 'disabled' };
  if (!instance.worker) return { dot: 'off', text: 'no worker is running it' };
  if (instance.status === 'CONNECTED') return { dot: 'on', text: instance.jid ? shortJid(instance.jid) : 'connected' };
  const reason = instance.reason ? `: ${instance.reason}` : '';
  if (instance.status === 'CONNECTING') {
    return { dot: 'wait', text: freshQr(instance) ? 'waiting for the scan' : `connecting${reason}` };
  }
  return { dot: 'off', text: `disconnected${reason}` };
}

function freshQr(instance) {
  return instance.qr_code && instance.worker;
}

function clock(time) {
  return time ? new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : '';
}

function noticeFor(instance) {
  if (!instance.enabled || instance.status === 'CONNECTED') return '';
  const words = [];
  if (instance.reason) words.push(`Last reason: ${instance.reason}${instance.reason_code ? ` (${instance.reason_code})` : ''}.`);
  if (instance.attempt > 1) words.push(`Attempt ${instance.attempt}.`);
  if (instance.next_retry_at) words.push(`Next try at ${clock(instance.next_retry_at)}.`);
  if (!instance.worker) words.push('No worker holds this instance: is one running with this edge’s address and secret?');
  return words.join(' ');
}

function messageWords(message) {
  if (message.body) return message.body;
  return message.kind === 'text' ? '' : `[${message.kind}]`;
}

function metaOf(message) {
  const time = clock(message.sent_at || message.created_at);
  if (message.direction === 'in') return time;
  if (message.state === 'failed') return `not sent: ${message.error_code || message.error || 'failed'}`;
  if (message.state !== 'sent') return message.state === 'sending' ? 'sending…' : 'queued';
  const ticks = { read: '✓✓', played: '✓✓', delivered: '✓✓' }[message.receipt] || '✓';
  return `${time} ${ticks}`;
}

// ---- drawing ------------------------------------------------------------------------------------------

/** Redraws `list` only when what it shows has changed, so that focus and scroll stay. */
function redraw(list, key, draw) {
  if (list.dataset.drawn === key) return false;
  list.dataset.drawn = key;
  list.replaceChildren(...draw());
  return true;
}

function itemButton(current, dot, title, subtitle, time, onClick) {
  const words = element('span', 'words', null, element('strong', '', title), element('span', 'sub', subtitle));
  const button = element('button', 'item', null);
  button.type = 'button';
  if (dot !== null) button.append(element('span', `dot ${dot}`));
  button.append(words);
  if (time) button.append(element('time', '', time));
  if (current) button.setAttribute('aria-current', 'true');
  button.addEventListener('click', onClick);
  return element('li', '', null, button);
}

function drawInstances() {
  const rows = state.instances.map((instance) => ({ instance, ...statusWords(instance) }));
  const key = JSON.stringify([state.instance && state.instance.id, rows.map((r) => [r.instance.id, nameOf(r.instance), r.dot, r.text])]);
  redraw($('instances'), key, () => rows.map(({ instance, dot, text }) =>
    itemButton(state.instance && state.instance.id === instance.id, dot, nameOf(instance), text, '',
      () => openInstance(instance.id))));
  $('no-instances').hidden = state.instances.length > 0;
}

function drawInstance() {
  const instance = state.instance;
  $('instance-pane').hidden = !instance;
  if (!instance) return;
  $('instance-name').textContent = nameOf(instance);
  $('instance-line').textContent = `${statusWords(instance).text} · ${instance.id}`;
  $('enabled').checked = instance.enabled;
  const notice = noticeFor(instance);
  $('notice').hidden = !notice;
  $('notice').textContent = notice;
  drawPairing(instance);
  const key = JSON.stringify([instance.id, state.chat, state.chats.map((c) => [c.chat, c.name, c.last_message.id, c.last_message.body])]);
  redraw($('chats'), key, () => state.chats.map((chat) =>
    itemButton(chat.chat === state.chat, null, chat.name || shortJid(chat.chat), messageWords(chat.last_message),
      clock(chat.last_message.created_at), () => openChat(chat.chat))));
}

function drawPairing(instance) {
  const qr = freshQr(instance) && String(instance.qr_code).startsWith('data:image/') ? instance.qr_code : '';
  const code = instance.status === 'CONNECTING' && instance.worker ? instance.pairing_code : '';
  $('pairing').hidden = !qr && !code;
  $('qr').hidden = !qr;
  if (qr && $('qr').src !== qr) $('qr').src = qr;
  $('pairing-code').hidden = !code;
  $('pairing-code').textContent = code || '';
}

function bubble(message) {
  const node = element('div', message.from_me ? 'bubble mine' : 'bubble');
  if (!message.from_me && state.chat.endsWith('@g.us')) {
    node.append(element('div', 'who', message.sender_name || shortJid(message.sender)));
  }
  if (message.media) node.append(mediaLine(message));
  if (message.body || !message.media) node.append(element('div', 'body', messageWords(message)));
  const meta = element('div', 'meta', metaOf(message));
  if (message.state === 'failed') meta.classList.add('failed');
  if (message.receipt === 'read' || message.receipt === 'played') meta.classList.add('read');
  node.append(meta);
  return node;
}

function mediaLine(message) {
  const media = message.media;
  const words = `${message.kind}${media.file_name ? ` · ${media.file_name}` : ''}`;
  const url = String(media.media_url || '');
  if (!/^https?:\/\//.test(url)) return element('div', 'media', media.media_error ? `${words}: ${media.media_error}` : words);
  const link = element('a', '', words);
  link.href = url;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  return element('div', 'media', null, link);
}

function drawChat() {
  $('chat-pane').hidden = !state.chat;
  if (!state.chat) return;
  const known = state.chats.find((chat) => chat.chat === state.chat);
  $('chat-name').textContent = (known && known.name) || shortJid(state.chat);
  $('chat-line').textContent = state.chat;
  const box = $('messages');
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const key = JSON.stringify([state.chat, state.messages.map((m) => [m.id, m.state, m.receipt])]);
  const changed = redraw(box, key, () => {
    let day = '';
    return state.messages.flatMap((message) => {
      const its = new Date(message.created_at).toLocaleDateString();
      const divider = its === day ? [] : [element('div', 'day', its)];
      day = its;
      return [...divider, bubble(message)];
    });
  });
  if (changed && atEnd) box.scrollTop = box.scrollHeight;
}

/** Where we are goes into the address, so that a reload or a shared link comes back here. */
function rememberPlace() {
  const place = [state.instance && state.instance.id, state.instance && state.chat].filter(Boolean);
  const hash = place.length ? `#/${place.map(encodeURIComponent).join('/')}` : ' ';
  if (location.hash !== hash.trim()) history.replaceState(null, '', hash.trim() || location.pathname);
}

function placeInAddress() {
  if (!location.hash.startsWith('#/')) return [];
  try {
    return location.hash.slice(2).split('/').map(decodeURIComponent);
  } catch {
    return [];
  }
}

function draw() {
  $('app').dataset.view = state.view;
  $('nothing-open').hidden = Boolean(state.chat);
  rememberPlace();
  drawInstances();
  drawInstance();
  drawChat();
}

// ---- keeping up to date -------------------------------------------------------------------------------

async function refresh() {
  const { data } = await api('GET', '/v1/instances');
  const firstTime = state.instances === null;
  state.instances = data;
  if (firstTime) goToPlace();
  if (state.instance) state.instance = data.find((one) => one.id === state.instance.id) || null;
  if (!state.instance) {
    state.chat = null;
    state.view = 'instances';
  } else {
    await refreshChats();
  }
  draw();
}

async function refreshChats() {
  const id = state.instance.id;
  const chat = state.chat;
  const chats = await api('GET', `${instancePath(id)}/chats`);
  const page = chat ? await api('GET', `${instancePath(id)}/messages?limit=100&chat=${encodeURIComponent(chat)}`) : null;
  if (!state.instance || state.instance.id !== id) return;  // another one was opened meanwhile
  state.chats = chats.data;
  if (page && state.chat === chat) state.messages = page.data.reverse();
}

/** At the start: where the address says, or the only instance there is. */
function goToPlace() {
  const [id, chat] = placeInAddress();
  const found = state.instances.find((one) => one.id === id) || (state.instances.length === 1 ? state.instances[0] : null);
  if (!found) return;
  Object.assign(state, { instance: found, view: chat ? 'chat' : 'instance', chat: chat || null });
}

let timer = 0;
async function loop() {
  clearTimeout(timer);
  try {
    await refresh();
    $('link-state').className = 'dot on';
  } catch (error) {
    if (error.status === 401) return askForKey('This key is not accepted.');
    $('link-state').className = 'dot off';
  }
  timer = setTimeout(loop, document.hidden ? REFRESH_MS * 5 : REFRESH_MS);
}

// ---- what people do -------------------------------------------------------------------------------------

function openInstance(id) {
  state.instance = state.instances.find((one) => one.id === id) || null;
  Object.assign(state, { chats: [], chat: null, messages: [], view: 'instance' });
  draw();
  loop();
}

function openChat(chat) {
  Object.assign(state, { chat, messages: [], view: 'chat' });
  draw();
  loop();
  $('text').focus();
}

/** The chat that a typed destination will end up in; the same rules as the edge's. */
function chatOfDestination(to) {
  if (to.includes('@')) return to.replace(/@c\.us$/, '@s.whatsapp.net');
  if (/^\d{5,}-\d{5,}$/.test(to)) return `${to}@g.us`;
  const digits = to.replace(/[+\s()-]/g, '');
  return /^120363\d{11,14}$/.test(digits) ? `${digits}@g.us` : `${digits}@s.whatsapp.net`;
}

async function send(event) {
  event.preventDefault();
  const body = $('text').value.trim();
  if (!body) return;
  $('text').value = '';
  fitText();
  try {
    await api('POST', `${instancePath(state.instance.id)}/messages`, { to: state.chat, body },
      { 'Idempotency-Key': freshKey() });
    await loop();
    $('messages').scrollTop = $('messages').scrollHeight;
  } catch (error) {
    $('text').value = body;
    alert(`Not queued: ${error.message}`);
  }
}

/** Works without a secure context, too: people open the page by its address in their network. */
function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function create(event) {
  event.preventDefault();
  const body = { name: $('create-name').value.trim(), priority: Number($('create-priority').value) || 0 };
  if ($('create-id').value.trim()) body.id = $('create-id').value.trim();
  if ($('create-phone').value.trim()) body.pairing_phone = $('create-phone').value.trim();
  try {
    const instance = await api('POST', '/v1/instances', body);
    $('create').close();
    $('create-form').reset();
    state.instances = [...(state.instances || []), instance];
    openInstance(instance.id);
  } catch (error) {
    $('create-error').textContent = error.message;
    $('create-error').hidden = false;
  }
}

async function remove() {
  const instance = state.instance;
  if (!confirm(`Delete ${nameOf(instance)} with all its messages?`)) return;
  await attempt(() => api('DELETE', instancePath(instance.id)));
  state.instance = null;
  loop();
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    alert(error.message);
  }
}

function fitText() {
  const box = $('text');
  box.style.height = 'auto';
  box.style.height = `${box.scrollHeight + 2}px`;
}

// ---- the key ------------------------------------------------------------------------------------------------

function askForKey(complaint) {
  $('app').hidden = true;
  $('sign-in-error').hidden = !complaint;
  $('sign-in-error').textContent = complaint || '';
  if (!$('sign-in').open) $('sign-in').showModal();
}

async function signIn(key) {
  state.key = key;
  try {
    await api('GET', '/v1/instances');
  } catch (error) {
    return askForKey(error.status === 401 ? 'This key is not accepted.' : `The edge cannot be reached: ${error.message}`);
  }
  localStorage.setItem(KEY_PLACE, key);
  $('sign-in').close();
  $('app').hidden = false;
  loop();
}

/** "#key=…" or "#key=…&at=/support": the key goes out of the address bar and the history at once. */
function keyFromAddress() {
  if (!location.hash.startsWith('#key=')) return null;
  const given = new URLSearchParams(location.hash.slice(1));
  const place = given.get('at') || '';
  history.replaceState(null, '', place ? `#${place}` : location.pathname);
  return given.get('key');
}

function listen() {
  $('sign-in').addEventListener('cancel', (event) => event.preventDefault());
  $('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    signIn($('key').value.trim());
  });
  $('sign-out').addEventListener('click', () => {
    localStorage.removeItem(KEY_PLACE);
    clearTimeout(timer);
    askForKey('');
  });
  $('add').addEventListener('click', () => {
    $('create-error').hidden = true;
    $('create').showModal();
  });
  $('create-cancel').addEventListener('click', () => $('create').close());
  $('create-form').addEventListener('submit', create);
  $('remove').addEventListener('click', remove);
  $('enabled').addEventListener('change', (event) =>
    attempt(() => api('PATCH', instancePath(state.instance.id), { enabled: event.target.checked })));
  $('new-chat').addEventListener('submit', (event) => {
    event.preventDefault();
    const to = $('new-chat-to').value.trim();
    if (to) openChat(chatOfDestination(to));
    $('new-chat-to').value = '';
  });
  $('composer').addEventListener('submit', send);
  $('text').addEventListener('input', fitText);
  $('text').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  });
  for (const back of document.querySelectorAll('.back')) {
    back.addEventListener('click', () => {
      state.view = back.dataset.back;
      if (state.view === 'instance') state.chat = null;
      draw();
    });
  }
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && !$('app').hidden) loop();
  });
}

listen();
const key = keyFromAddress() || localStorage.getItem(KEY_PLACE);
if (key) {
  signIn(key);
} else {
  askForKey('');
}
