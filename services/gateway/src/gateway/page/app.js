"use strict";
// The desk's page. Truth comes from the gateway: the state by REST, events and fast values by
// WebSocket. Everything shown is text, never markup: events are other people's words.

const $ = (id) => document.getElementById(id);
const ROWS_MAX = 300;
const STALE_MS = 10_000;
const SIGN_IN = 4401;  // How the gateway closes a stream whose session is over.
const desk = {
  state: null, etag: null, after: null, epoch: "", price: null, flow: null, services: null,
  live: null, skewMs: 0, heardAt: 0, beatMs: 5000, tries: 0, socket: null, rttMs: null, replayed: 0,
};

// Text and numbers. Decimals stay strings until shown; Intl formats a string exactly.
const plural = (n, word) => `${n.toLocaleString("en-US")} ${word}${n === 1 ? "" : "s"}`;
const words = (token) => String(token).replaceAll("_", " ").replaceAll("-", " ");
const places = (step) => (String(step).split(".")[1] || "").length;
function number(text, { digits = null, signed = false } = {}) {
  if (text === null || text === undefined) return "–";
  const style = { signDisplay: signed ? "exceptZero" : "auto", maximumFractionDigits: digits ?? 8 };
  if (digits !== null) style.minimumFractionDigits = digits;
  return new Intl.NumberFormat("en-US", style).format(text).replace("-", "−");
}
const price = (text) => number(text, { digits: desk.state?.market ? places(desk.state.market.tickUsd) : null });
const usd = (text, signed = false) => (text === null || text === undefined ? "–" : number(text, { digits: 2, signed }) + " USD");
const clock = (iso) => iso.slice(11, 19);
const nowMs = () => Date.now() + desk.skewMs;
function age(iso) {
  const s = Math.max(0, Math.round((nowMs() - Date.parse(iso)) / 1000));
  return s < 60 ? `${s} s ago` : s < 3600 ? `${Math.floor(s / 60)} min ago` : `${Math.floor(s / 3600)} h ago`;
}
function put(id, text, tone = null) {
  const node = $(id);
  if (node.textContent !== text) node.textContent = text;
  if (tone !== null) node.className = node.className.replace(/ ?\b(up|down|good|bad|warning)\b/g, "") + (tone ? ` ${tone}` : "");
}
function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}
const tone = (text) => (text === null || text === undefined || Number(text) === 0 ? "" : Number(text) > 0 ? "up" : "down");
const row = (cells, className = "") => {
  const tr = make("tr", className);
  for (const [text, kind] of cells) tr.append(make("td", kind, text));
  return tr;
};

// What is shown.
function render() {
  const s = desk.state;
  if (!s) return;
  renderBanners(s);
  renderAccount(s);
  renderTransactions(s);
  renderVerdict(s.verdict);
  const said = s.decision;
  put("decision", !said ? "nothing yet" : said.wantsEntry ? "Entry" : `No entry: ${words(said.reason)}`, said?.wantsEntry ? "good" : "");
  renderFast();
}

function renderBanners(s) {
  const kind = s.feed ? (s.feed.kind === "binance" ? "live" : s.feed.kind) : "no feed";
  put("mode", s.mode.toUpperCase());
  put("feed", kind.toUpperCase());
  $("feed").classList.toggle("live", kind === "live");
  put("feed-note", s.feed ? `${s.feed.venue} ${s.feed.symbol}: ${s.feed.description}` : "waiting for the feed");
  put("market", s.feed ? s.feed.market : "market");
  $("halt").hidden = !s.isHalted;
  const kills = s.halts.map((h) => `Halted (${h.scope}, ${words(h.level)}) by ${h.by}, ${clock(h.recordedAt)} UTC: ${h.reason}.`);
  put("halt-text", s.isHalted ? [...kills, ...effectOf(s.killLevel)].join(" ") : "");
  const warnings = [];
  if (s.feed && s.feed.status !== "flowing") warnings.push(`Feed ${s.feed.status}${s.feed.reason ? `: ${s.feed.reason}` : ""}.`);
  if (s.feed?.status === "flowing" && s.feed.reason && s.decision?.reason === "session_incomplete") warnings.push(`No entries before 00:00 UTC, the session's beginning is missing: ${s.feed.reason}.`);
  if (s.feed && s.feed.gaps) warnings.push(`${plural(s.feed.gaps, "gap")} in the feed, ${plural(s.feed.missingTrades, "trade")} missing.`);
  if (s.engine.mode !== "run") warnings.push(`Engine ${words(s.engine.mode)} since ${clock(s.engine.recordedAt)} UTC: ${words(s.engine.reason)}. It takes no new risk.`);
  if (s.adopted) warnings.push(`A position of ${number(s.adopted.quantityBase, { signed: true })} that no setup explains was adopted, with a stop at ${price(s.adopted.stopPriceUsd)}.`);
  if (s.unreadableEvents) warnings.push(`${plural(s.unreadableEvents, "event")} of the log cannot be read by this build, the last at position ${s.unreadablePos}: what is shown may be incomplete.`);
  if (!s.isCaughtUp) warnings.push("The gateway is still reading the log.");
  $("warn").hidden = warnings.length === 0;
  put("warn", warnings.join(" "));
}

function renderAccount(s) {
  const a = s.account, p = s.position, list = $("account");
  if (!a) return list.replaceChildren(make("dt", "", "No account yet"));
  const flat = Number(p.quantityBase) === 0;
  const rows = [
    ["Equity", usd(a.equityUsd), "lead"],
    ["Since start", usd(String(Number(a.equityUsd ?? a.balanceUsd) - Number(a.startEquityUsd)), true), tone(Number(a.equityUsd ?? a.balanceUsd) - Number(a.startEquityUsd))],
    ["Realized, before fees", usd(a.realizedPnlUsd, true), tone(a.realizedPnlUsd)],
    ["Unrealized", usd(a.unrealizedPnlUsd, true), tone(a.unrealizedPnlUsd)],
    [Number(a.feesUsd) < 0 ? "Fees (rebate)" : "Fees paid", usd(a.feesUsd), ""],
    ["Venue fees", usd(a.venueFeesUsd), ""],
    [Number(a.fundingUsd) < 0 ? "Funding paid" : "Funding received", usd(a.fundingUsd, true), tone(a.fundingUsd)],
    ["Position", flat ? "flat" : `${number(p.quantityBase, { signed: true })} at ${price(p.entryPriceUsd)}`, tone(p.quantityBase)],
    ["Notional", flat ? "–" : usd(p.notionalUsd), ""],
    ["Fills, setups closed", `${a.fills}, ${a.setupsClosed}`, ""],
    ["Engine", words(s.engine.mode) + (s.engine.reason ? `: ${words(s.engine.reason)}` : ""), s.engine.mode === "run" ? "" : "warning"],
  ];
  list.replaceChildren(...rows.flatMap(([name, value, kind]) => [make("dt", "", name), make("dd", kind, value)]));
  const button = $("strategy"), on = s.settings.strategy_enabled;
  button.disabled = false;
  button.setAttribute("aria-checked", String(on));
  put("strategy", on ? "on" : "off");
}

function renderSetup(s) {
  const setup = s.setup;
  put("setup-state", setup ? `${setup.side} ${setup.status}` : "");
  const body = $("ladder");
  if (!setup) return body.replaceChildren();
  const orders = new Map(s.orders.filter((o) => o.setup === setup.id).map((o) => [o.leg, o]));
  const planned = { entry: setup.entryPriceUsd, stop: setup.stopPriceUsd, tp1: setup.tpPricesUsd[0], tp2: setup.tpPricesUsd[1], tp3: setup.tpPricesUsd[2] };
  const rungs = Object.entries(planned).map(([leg, plan]) => {
    const o = orders.get(leg);
    const size = o ? (o.quantityBase ?? "position") : "";
    const filled = o && Number(o.filledBase) ? (size === "position" ? number(o.filledBase) : `${number(o.filledBase)} of ${number(size)}`) : size === "position" ? size : size && number(size);
    const state = o ? words(o.status) + (o.reason ? `: ${words(o.reason)}` : "") : "planned";
    const isHit = o && o.status === "filled";
    return { at: Number(o ? o.priceUsd : plan), row: row([[leg.toUpperCase(), isHit ? (leg === "stop" ? "bad" : "good") : ""], [price(o ? o.priceUsd : plan), "num"], [filled, "num"], [state, ""]], !o || o.isOpen || isHit ? "" : "over") };
  });
  const last = desk.price ?? s.price;
  if (last && setup.status !== "closed") rungs.push({ at: Number(last.lastUsd), row: row([["last", ""], [price(last.lastUsd), "num"], ["", "num"], ["", ""]], "now") });
  rungs.sort((a, b) => b.at - a.at);
  body.replaceChildren(...rungs.map((rung) => rung.row));
  const end = setup.status === "closed" ? `Closed, ${words(setup.outcome)}: made ${usd(setup.realizedPnlUsd, true)}, fees ${usd(setup.feesUsd)}, funding ${usd(setup.fundingUsd, true)}.` : `As approved: risk ${usd(setup.riskUsd)} on ${usd(setup.notionalUsd)}${setup.status === "open" ? "." : `; the entry stands until ${clock(setup.expiresAt)} UTC.`}`;
  put("setup-note", end);
}

// The transactions of orders that are not over, the newest first.
function renderTransactions(s) {
  const legs = new Map(s.orders.map((o) => [o.orderId, o.leg.toUpperCase()]));
  const tones = { landed: "good", failed: "warning", dead: "warning" };
  const rows = [...s.transactions].reverse().slice(0, 6).map((t) => {
    const of = t.orderIds.map((id) => legs.get(id)).join(", ");
    const why = t.code === null ? "" : `: ${words(t.reason)} (${t.code})`;
    const tr = row([[of || "whole side", ""], [`${t.retryClass}, attempt ${t.attempt}`, ""], [t.fate + why, tones[t.fate] ?? ""]]);
    tr.title = [t.signature, t.slot && `slot ${t.slot}`, t.feeLamports && `${t.feeLamports} lamports`].filter(Boolean).join(", ");
    return tr;
  });
  $("transactions").replaceChildren(...rows);
}

function renderVerdict(v) {
  if (!v) return;
  put("verdict-state", v.isApproved ? "approved" : "denied", v.isApproved ? "good" : "warning");
  const why = v.isApproved ? "All rules passed." : `First rule that failed: ${words(v.headline)}.`;
  put("verdict-note", `${v.side} ${number(v.quantityBase)} at ${price(v.entryPriceUsd)}. ${why}`);
  $("rules").replaceChildren(...v.findings.map((f) => row([[f.passed ? "✓" : "✗", f.passed ? "good" : "bad"], [words(f.rule), ""], [`${number(f.observed)} / ${number(f.limit)}${f.unit ? ` ${words(f.unit)}` : ""}`, "num"]])));
}

function renderServices(list) {
  const rows = list.map((one) => {
    const ok = one.isUp && one.isReady;
    const details = Object.entries(one.details).slice(0, 4).map(([k, v]) => `${words(k)} ${v}`).join(", ");
    const tr = row([[ok ? "●" : one.isUp ? "◐" : "○", ok ? "good" : one.isUp ? "warning" : "bad"], [one.name, ""], [one.reason || (ok ? "ready" : "not ready"), ""]]);
    tr.title = details;
    return tr;
  });
  $("services").replaceChildren(...rows);
}

function renderFast() {
  const p = desk.price ?? desk.state?.price, f = desk.flow ?? desk.state?.flow;
  if (p) {
    const before = Number($("price").dataset.last || p.lastUsd);
    put("price", price(p.lastUsd), Number(p.lastUsd) === before ? null : Number(p.lastUsd) > before ? "up" : "down");
    $("price").dataset.last = p.lastUsd;
    document.title = `${price(p.lastUsd)} ${$("mode").textContent} ${$("feed").textContent}`;
  }
  if (f) {
    put("cvd", number(f.cvdBase, { digits: 2, signed: true }), tone(f.cvdBase));
    put("vwap", price(f.vwapUsd));
    if (p && f.vwapUsd) put("vwap-gap", `price ${number(String(((p.lastUsd / f.vwapUsd - 1) * 1e4).toFixed(1)), { signed: true })} bps`);
  }
  if (desk.state) renderSetup(desk.state);
  draw();
}

function ages() {
  const s = desk.state;
  if (!s) return link();
  const p = desk.price ?? s.price, f = desk.flow ?? s.flow;
  put("price-age", p ? `${age(p.heardAt)}, market ${clock(p.at)} UTC` : "no trade heard yet");
  const said = s.decision;
  const part = said?.reason === "session_incomplete" ? ", not the whole session" : "";
  put("cvd-age", f ? `base, ${f.isLive ? "live" : "closed minute"}, ${clock(f.at)}${part}` : "", part ? "warning" : "");
  $("vwap").classList.toggle("warning", part !== "");
  put("decision-age", said ? `on ${said.minute.slice(11, 16)} UTC${said.rsi ? `, RSI ${number(said.rsi, { digits: 1 })}` : ""}` : "");
  put("account-age", desk.moneyAt ? `computed ${age(desk.moneyAt)}` : "");
  put("setup-age", s.setup ? `approved ${clock(s.setup.approvedAt)} UTC` : "");
  put("verdict-age", s.verdict ? `${clock(s.verdict.at)} UTC` : "");
  put("log-age", `head ${desk.after ?? s.pos}${desk.replayed ? `, caught up on ${plural(desk.replayed, "event")}` : ""}`);
  put("services-age", desk.services ? age(desk.services.asOf) : "");
  const isOff = !desk.socket || Date.now() - desk.heardAt > 2.5 * desk.beatMs;
  const isStale = isOff || !p || nowMs() - Date.parse(p.heardAt) > STALE_MS;
  $("price-panel").classList.toggle("stale", isStale);
  for (const node of document.querySelectorAll("main > section:not(.wide)")) node.classList.toggle("stale", isOff);
  link();
}

function link() {
  const silent = Date.now() - desk.heardAt;
  const isOpen = desk.socket?.readyState === WebSocket.OPEN && desk.heardAt;
  const isLive = isOpen && silent < 2.5 * desk.beatMs;
  const text = isLive ? `live${desk.rttMs === null ? "" : `, ${desk.rttMs} ms`}` : desk.tries > 1 ? `offline, try ${desk.tries}` : "connecting";
  put("link", text);
  $("link").className = `pill ${isLive ? "ok" : "off"}`;
}

// The chart: closed minutes are facts, the open one is drawn hollow from what was heard.
function draw() {
  const s = desk.state, canvas = $("chart"), box = canvas.getBoundingClientRect();
  if (!s || !box.width) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = box.width * ratio; canvas.height = box.height * ratio;
  const g = canvas.getContext("2d"), css = getComputedStyle(document.documentElement);
  const color = (name) => css.getPropertyValue(`--${name}`).trim();
  g.scale(ratio, ratio);
  g.font = `11px ${color("mono")}`;
  const bars = s.bars.map((b) => ({ at: b.minute, o: +b.openUsd, h: +b.highUsd, l: +b.lowUsd, c: +b.closeUsd, v: b.vwapUsd ? +b.vwapUsd : null, d: +b.cvdBase }));
  if (desk.live && (!bars.length || desk.live.at > bars[bars.length - 1].at)) {
    const f = desk.flow ?? s.flow;
    bars.push({ ...desk.live, v: f?.vwapUsd ? +f.vwapUsd : null, d: f ? +f.cvdBase : bars.at(-1)?.d ?? 0, open: true });
  }
  if (!bars.length) { g.fillStyle = color("muted"); g.fillText("The first minute has not closed yet.", 8, 24); return; }
  const right = 108, width = box.width - right, split = box.height * 0.74, low = box.height - 18;
  const setup = s.setup && s.setup.status !== "closed" ? s.setup : null;
  const live = setup ? new Map(s.orders.filter((o) => o.setup === setup.id && o.isOpen).map((o) => [o.leg, o.priceUsd])) : new Map();
  const levels = setup ? [["ENTRY", live.get("entry") ?? setup.entryPriceUsd, "muted"], ["SL", live.get("stop") ?? setup.stopPriceUsd, "bad"], ...setup.tpPricesUsd.map((t, i) => [`TP${i + 1}`, live.get(`tp${i + 1}`) ?? t, "up"])] : [];
  const shown = bars.slice(-Math.max(20, Math.floor(width / 9)));
  const all = [...shown.flatMap((b) => [b.h, b.l, ...(b.v ? [b.v] : [])]), ...levels.map((l) => +l[1])];
  const scale = (values, top, bottom) => {
    const min = Math.min(...values), max = Math.max(...values), pad = (max - min || Math.abs(max) * 0.001 || 1) * 0.08;
    return (value) => bottom - ((value - min + pad) / (max - min + 2 * pad)) * (bottom - top);
  };
  const y = scale(all, 8, split - 10), z = scale([...shown.map((b) => b.d), 0], split + 14, low);
  const step = Math.min(width / shown.length, 16), x = (i) => width - (shown.length - i - 0.5) * step;
  g.strokeStyle = color("edge"); g.fillStyle = color("muted"); g.lineWidth = 1;
  const line = (from, to, at) => { g.beginPath(); g.moveTo(from, at); g.lineTo(to, at); g.stroke(); };
  line(0, width, split); line(0, width, z(0));
  g.fillText("CVD", 4, split + 14);
  g.fillStyle = color("warn"); g.fillText("VWAP", 4, 14); g.fillStyle = color("muted");
  const stride = Math.max(1, Math.round(90 / step));
  shown.forEach((b, i) => { if ((shown.length - 1 - i) % stride === 0) g.fillText(b.at.slice(11, 16), x(i) - 16, box.height - 4); });
  const path = (value, at, tint) => {
    g.strokeStyle = color(tint); g.lineWidth = 1.5; g.beginPath();
    let pen = false;
    shown.forEach((b, i) => { const v = value(b); if (v === null) { pen = false; return; } pen ? g.lineTo(x(i), at(v)) : g.moveTo(x(i), at(v)); pen = true; });
    g.stroke();
  };
  for (const [i, b] of shown.entries()) {
    g.strokeStyle = g.fillStyle = color(b.c >= b.o ? "up" : "down"); g.lineWidth = 1;
    g.beginPath(); g.moveTo(x(i), y(b.h)); g.lineTo(x(i), y(b.l)); g.stroke();
    const top = y(Math.max(b.o, b.c)), tall = Math.max(1, y(Math.min(b.o, b.c)) - top), wide = Math.max(2, step * 0.62);
    b.open ? g.strokeRect(x(i) - wide / 2, top, wide, tall) : g.fillRect(x(i) - wide / 2, top, wide, tall);
  }
  path((b) => b.v, y, "warn"); path((b) => b.d, z, "muted");
  const labels = [...levels, ["last", String(bars.at(-1).c), "ink"]].sort((a, b) => b[1] - a[1]);
  let free = 0;
  for (const [name, value, tint] of labels) {
    g.setLineDash([4, 4]); g.strokeStyle = g.fillStyle = color(tint); line(0, width, y(+value)); g.setLineDash([]);
    free = Math.max(free + 12, y(+value) + 4);
    g.fillText(`${price(value)} ${name}`, width + 6, free);
  }
}

function heardPrice(p) {
  const at = p.at.slice(0, 16) + ":00.000Z", v = +p.lastUsd, b = desk.live;
  desk.live = b && b.at === at ? { ...b, h: Math.max(b.h, v), l: Math.min(b.l, v), c: v } : { at, o: v, h: v, l: v, c: v };
  desk.price = p;
}

// The activity stream, newest first; the newest of what is hidden do not crowd out the rest.
const rowsOf = { noise: [], news: [] };
function addEvent(ev, { atEnd = false } = {}) {
  const line = make("button", `event ${ev.level === "noise" ? "noise" : ""}`);
  line.dataset.testid = `activity-row-${ev.pos}`;
  const name = make("b", ev.level, words(ev.type));
  line.append(make("time", "", clock(ev.ts)), name, make("span", "", ev.summary));
  line.onclick = () => { put("show-title", `${words(ev.type)} at position ${ev.pos}`); put("show-json", JSON.stringify(ev, null, 2)); $("show").showModal(); };
  const rows = ev.level === "noise" ? rowsOf.noise : rowsOf.news;
  if (atEnd) { $("activity").append(line); rows.push(line); } else { $("activity").prepend(line); rows.unshift(line); }
  if (rows.length > ROWS_MAX) rows.pop().remove();
}

// Loading and following.
async function ask(method, path, body, headers = {}) {
  const answer = await fetch(path, { method, headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(`${said.title}: ${said.detail}`), { status: answer.status });
  return { said, etag: answer.headers.get("ETag") };
}
let loading = null, again = false;
function load() {
  if (loading) { again = true; return loading; }
  loading = ask("GET", "/api/state").then(({ said }) => {
    desk.skewMs = Date.parse(said.serverTime) - Date.now();
    // Money that was pushed after this answer was written is newer: it stays.
    if (desk.state && desk.epoch === said.epoch && desk.moneyAt >= said.serverTime) Object.assign(said, { account: desk.state.account, position: desk.state.position });
    else desk.moneyAt = said.serverTime;
    desk.state = said;
    desk.epoch = said.epoch;
    if (!desk.services && said.services.length) renderServices(said.services);
    render(); ages();
  }).catch((error) => { again = error.status !== 401; }).finally(() => setTimeout(() => { loading = null; if (again) { again = false; load(); } }, 400));
  return loading;
}
async function loadActivity() {
  const first = (await ask("GET", "/api/activity?limit=500")).said;
  // An event that came in meanwhile would be wiped: load again, with it.
  if (desk.after !== null && BigInt(desk.after) > BigInt(first.head)) return loadActivity();
  $("activity").replaceChildren();
  rowsOf.noise.length = rowsOf.news.length = 0;
  desk.after = first.head;
  for (let page = first, pages = 1; ; pages += 1) {
    for (const ev of page.items) addEvent(ev, { atEnd: true });
    if (rowsOf.news.length >= 40 || pages >= 8 || !page.next) return;
    try { page = (await ask("GET", `/api/activity?limit=500&before=${page.next}`)).said; } catch { return; }
  }
}

const on = {
  hello(m) { desk.beatMs = m.hbMs; desk.skewMs = Date.parse(m.serverTime) - Date.now(); desk.caughtAt = BigInt(m.head); desk.replayed = 0; load(); },
  ev(m) {
    if (BigInt(m.pos) <= BigInt(desk.after)) return;
    desk.after = m.pos;
    if (desk.tries && BigInt(m.pos) <= desk.caughtAt) desk.replayed += 1;
    addEvent(m); load();
  },
  snap(m) {
    if (m.topic === "price") heardPrice(m.data);
    if (m.topic === "cvd") desk.flow = m.data;
    if (m.topic === "money" && desk.state && m.asOf >= desk.moneyAt) { Object.assign(desk.state, m.data); desk.moneyAt = m.asOf; renderAccount(desk.state); }
    if (m.topic === "services") { desk.services = m; renderServices(m.data); return; }
    renderFast();
  },
  hb(m) { desk.beat = m.head; send({ kind: "ping", id: String(performance.now()) }); },
  pong(m) { desk.rttMs = Math.round(performance.now() - Number(m.id)); },
  async reset(m) { desk.after = m.head; desk.price = desk.flow = desk.live = null; await load(); await loadActivity(); },
  bye() {},
};
const send = (message) => desk.socket?.readyState === WebSocket.OPEN && desk.socket.send(JSON.stringify(message));

function connect() {
  const query = new URLSearchParams({ v: "1", after: desk.after, epoch: desk.epoch });
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/api/ws/engine.events?${query}`);
  let aliveAt = 0;
  desk.socket = socket;
  desk.heardAt = Date.now();
  socket.onopen = () => { aliveAt = Date.now(); send({ kind: "ping", id: String(performance.now()) }); };
  socket.onmessage = (event) => { desk.heardAt = Date.now(); const m = JSON.parse(event.data); on[m.kind]?.(m); ages(); };
  socket.onclose = ({ code }) => {
    if (desk.socket !== socket) return;
    desk.socket = null;
    desk.rttMs = null;
    if (code === SIGN_IN) { start(); return ages(); }
    desk.tries = aliveAt && Date.now() - aliveAt > 5000 ? 1 : desk.tries + 1;
    setTimeout(connect, Math.max(200, Math.random() * Math.min(15_000, 500 * 2 ** desk.tries)));
    ages();
  };
}
function watch() {
  if (desk.socket && Date.now() - desk.heardAt > 2.5 * desk.beatMs) desk.socket.close();
  ages();
}

// Commands. Nothing is shown as done before the log has it.
function confirmCommand({ title, what, button, danger, needsReason, run }) {
  put("ask-title", title); put("ask-result", ""); put("ask-go", button);
  $("ask-what").replaceChildren(...what.map((text) => make("li", "", text)));
  $("ask-reason").value = "";
  $("ask-go").className = danger ? "danger" : "";
  $("ask-go").disabled = false;
  $("ask-go").onclick = async () => {
    const reason = $("ask-reason").value.trim();
    if (needsReason && !reason) return put("ask-result", "A reason is needed.");
    put("ask-result", "Requested …");
    try {
      const { said } = await run(reason);
      const higher = said.level === said.asked ? "" : ` ${words(said.level)} stands already, and stays.`;
      put("ask-result", (said.pos ? `Recorded at position ${said.pos}.` : "The log is away: it is recorded as soon as the log answers.") + higher);
      $("ask-go").disabled = true;
    } catch (error) { put("ask-result", error.message); }
  };
  $("ask").showModal();
  $("ask-reason").focus();
}
function effectOf(level) {
  const { does, leavesOpen } = [...$("kill-level").options].find((one) => one.value === level).dataset;
  return [does, leavesOpen];
}
$("kill").onclick = () => {
  const level = $("kill-level").value;
  confirmCommand({
    title: `Stop automation now: ${words(level)}?`, button: "Kill", danger: true, needsReason: false,
    what: [...effectOf(level), "It stays stopped, over restarts too, until someone resumes."],
    run: (reason) => ask("POST", "/api/engine/kill", { reason, level }),
  });
};
$("kill-level").onchange = () => put("kill-note", effectOf($("kill-level").value)[1]);
$("kill-level").onchange();
$("resume").onclick = () => confirmCommand({
  title: "Resume trading?", button: "Resume", danger: false, needsReason: true,
  what: [$("halt-text").textContent, "New entries are allowed again from the next signal on."],
  run: (reason) => ask("POST", "/api/engine/resume", { reason }),
});
$("strategy").onclick = async () => {
  put("strategy-note", "requested …");
  try {
    const { said, etag } = await ask("GET", "/api/settings");
    await ask("PUT", "/api/settings", { ...said, strategy_enabled: !said.strategy_enabled }, { "If-Match": etag });
    put("strategy-note", "");
    load();
  } catch (error) { put("strategy-note", error.message); }
};
$("ask-cancel").onclick = () => $("ask").close();
$("show-close").onclick = () => $("show").close();
$("noise").onchange = () => $("activity").classList.toggle("all", $("noise").checked);
window.addEventListener("resize", draw);
window.addEventListener("online", () => desk.socket?.close());
setInterval(watch, 1000);

// Whether this desk asks for a sign-in, and whether there is one.
async function enter() {
  const { mode, session } = (await ask("GET", "/api/auth/session")).said;
  if (mode === "local") put("access", "local desk, no sign-in");
  else put("access", session ? `signed in as ${session.wallet}` : "signed out: sign in with a wallet to see this desk");
  return mode === "local" || session !== null;
}
async function start() {
  try {
    if (!(await enter())) return setTimeout(start, 5000);
    await load(); await loadActivity(); connect();
  } catch { setTimeout(start, 1000); }
}
start();
