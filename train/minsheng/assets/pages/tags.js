"use strict";
// Reading: data, filters and the list of passages. All text goes in by textContent, never as markup.

const RUN = JSON.parse(document.getElementById("run").textContent);
const W = RUN.words;
const DOMAINS = RUN.domains.map(([key, name, short], n) => ({ key, name, short, n }));
const DOCUMENTS = RUN.documents.map(documentOf);
const FLAGS = DOCUMENTS.some((owner) => owner.review < owner.all); // a flag on every passage says nothing
const CHUNK = 40; // passages that are drawn and dropped together

const $ = (id) => document.getElementById(id);
const count = (n) => n.toLocaleString("en-US");
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
// A probability is never shown as certain.
const chance = (thousandths) => (thousandths >= 995 ? ">99%" : thousandths < 5 ? "<1%" : `${Math.round(thousandths / 10)}%`);

function el(tag, style, text, attributes = {}) {
  const made = document.createElement(tag);
  if (style) made.className = style;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function documentOf(row, n) {
  const [name, title, date, href, first, passages, all, review, labels, problems, characters, block, slot] = row;
  return { n, name, title, date, href, first, passages, all, review, labels, problems, characters, block, slot };
}

// Passages ------------------------------------------------------------------------------------------------

const blocks = new Map();

function passagesOf(d) {
  const { block, slot } = DOCUMENTS[d];
  if (!blocks.has(block)) {
    const found = JSON.parse($(`b${block}`).textContent);
    blocks.set(block, found.map((rows, place) => unpacked(rows, DOCUMENTS[d - slot + place])));
  }
  return blocks.get(block)[slot];
}

function unpacked(rows, owner) {
  let before = null;
  return rows.map(([text, heading, page, start, end, labels, scores, evidence, review, row], i) => {
    before = heading === 0 ? before : heading;
    const [name, date, number, copy] = row || [null, owner.date, owner.first + i, 1];
    const source = row ? `${owner.name}#${name}` : owner.name;
    const id = `${source}:${number}${copy > 1 ? `~${copy}` : ""}`;
    return {
      id, d: owner.n, i, at: -1, source, row: name, date, number, text, heading: before, page, start, end,
      labels, scores, evidence, review: review === 1,
    };
  });
}

// State: one value, written into the address so that it can be kept as a link --------------------------------

let state = { view: "overview", d: null, p: null, domains: [], review: false, mine: false, q: "" };

function stateOf(hash) {
  const part = new URLSearchParams(hash.replace(/^#/, ""));
  const d = part.has("d") ? Number(part.get("d")) : null;
  const there = d !== null && Boolean(DOCUMENTS[d]) && DOCUMENTS[d].block !== undefined;
  const read = RUN.part > 0 && (there || part.has("all") || !$("overview"));
  return {
    view: read ? "read" : "overview",
    d: there ? d : null,
    p: there && part.has("p") ? Number(part.get("p")) : null,
    domains: part.has("k") ? part.get("k").split(",") : [],
    review: part.has("r"),
    mine: part.has("m"),
    q: part.get("q") || "",
  };
}

function hashOf(s) {
  if (s.view === "overview") return "#";
  const part = new URLSearchParams(s.d === null ? { all: "1" } : { d: s.d });
  if (s.d !== null && s.p !== null) part.set("p", s.p);
  if (s.domains.length) part.set("k", s.domains.join(","));
  if (s.review) part.set("r", "1");
  if (s.mine) part.set("m", "1");
  if (s.q) part.set("q", s.q);
  return `#${part}`;
}

function change(values) {
  state = { ...state, p: null, ...values };
  history.replaceState(null, "", hashOf(state));
  draw();
  scrollTo(0, 0);
}

function draw() {
  const reading = state.view === "read";
  if ($("overview")) $("overview").hidden = reading;
  if (!$("reader")) return;
  $("reader").hidden = !reading;
  if (!reading) return;
  drawTools();
  match();
  if (state.p === null) return;
  const wanted = passagesOf(state.d)[state.p];
  if (wanted && list[wanted.at] === wanted) reveal(wanted.at);
}

// Filters -------------------------------------------------------------------------------------------------

let list = [];
let active = null;
let words = [];

function match() {
  const scope = state.d === null ? DOCUMENTS : [DOCUMENTS[state.d]];
  const wanted = state.domains.map((key) => DOMAINS.findIndex((domain) => domain.key === key));
  words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (p) => {
    const labels = labelsOf(p);
    if (wanted.length && !wanted.some((n) => (n < 0 ? !labels.length : labels.includes(n)))) return false;
    if ((state.review && !p.review) || (state.mine && !made.has(p.id))) return false;
    if (!words.length) return true;
    const text = `${p.heading || ""}\n${p.text}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  list = [];
  let total = 0;
  for (const owner of scope) {
    for (const p of passagesOf(owner.n)) {
      total += 1;
      p.at = fits(p) ? list.push(p) - 1 : -1;
    }
  }
  $("found").textContent = fill(W.found, { count: count(list.length), total: count(total) });
  active = null;
  lay();
}

function drawTools() {
  const owner = state.d === null ? null : DOCUMENTS[state.d];
  $("where").textContent = owner ? owner.title || nameOf(owner) : W.all_documents;
  $("where").title = owner ? owner.name : "";
  const step = (name, to) => el("a", "", name, { href: hashOf({ ...state, p: null, d: to }) });
  const steps = [];
  if (owner && owner.n > 0) steps.push(step(`‹ ${W.previous}`, owner.n - 1));
  if (owner && owner.n + 1 < DOCUMENTS.length) steps.push(step(`${W.next} ›`, owner.n + 1));
  if (owner && DOCUMENTS.length > 1) steps.push(step(W.all_documents, null));
  if (owner && owner.href) steps.push(el("a", "", W.open, { href: owner.href, target: "_blank", rel: "noopener" }));
  $("steps").replaceChildren(...steps);
  if (document.activeElement !== $("search")) $("search").value = state.q;
  for (const chip of document.querySelectorAll(".chip[data-domain]"))
    chip.setAttribute("aria-pressed", String(state.domains.includes(chip.dataset.domain)));
  for (const name of ["review", "mine"]) $(name).setAttribute("aria-pressed", String(state[name]));
}

// The list: only the chunks near the screen are drawn ------------------------------------------------------

let watcher = null;
let chunks = [];

function lay() {
  if (watcher) watcher.disconnect();
  watcher = new IntersectionObserver(
    (entries) => entries.forEach((entry) => (entry.isIntersecting ? fillChunk : emptyChunk)(entry.target)),
    { rootMargin: "1500px 0px" },
  );
  const columns = Math.max(12, Math.min(40, Math.floor($("list").clientWidth / 18)));
  chunks = [];
  for (let start = 0; start < list.length; start += CHUNK) {
    const chunk = el("section");
    chunk.start = start;
    const lines = list.slice(start, start + CHUNK).reduce((sum, p) => sum + 3 + Math.ceil(p.text.length / columns), 0);
    chunk.style.height = `${28 * lines}px`;
    chunks.push(chunk);
  }
  $("list").replaceChildren(...chunks);
  if (!list.length) {
    const clear = el("button", "", W.clear, { type: "button" });
    clear.addEventListener("click", () => change({ domains: [], review: false, mine: false, q: "" }));
    const filtered = state.domains.length || state.review || state.mine || state.q;
    $("list").replaceChildren(el("p", "", W.found_none), ...(filtered ? [clear] : []));
  }
  fillChunk(chunks[0]); // now: the watcher looks only after the next frame
  chunks.forEach((chunk) => watcher.observe(chunk));
}

function fillChunk(chunk) {
  if (!chunk || chunk.firstChild) return;
  const nodes = [];
  for (const p of list.slice(chunk.start, chunk.start + CHUNK)) {
    const before = list[p.at - 1];
    if (state.d === null && (!before || before.d !== p.d)) nodes.push(documentHead(DOCUMENTS[p.d]));
    if (p.heading && (!before || before.d !== p.d || before.heading !== p.heading)) nodes.push(headingOf(p));
    nodes.push(article(p));
  }
  chunk.replaceChildren(...nodes);
  chunk.style.height = "";
}

function emptyChunk(chunk) {
  if (!chunk.firstChild || chunk.contains(document.activeElement)) return;
  chunk.style.height = `${chunk.offsetHeight}px`;
  chunk.replaceChildren();
}

function documentHead(owner) {
  const head = el("h2");
  head.append(el("a", "", owner.title || nameOf(owner), { href: `#d=${owner.n}`, title: owner.name }));
  return head;
}

function headingOf(p) {
  const head = el("h3");
  head.append(...pieces(p.heading, words.flatMap((word) => found(p.heading, word)), []));
  return head;
}

function article(p) {
  const node = el("article", "", undefined, { id: `p${p.d}-${p.i}`, tabindex: "-1" });
  node.passage = p;
  node.append(margin(p), marked(p));
  if (p === active) open(node);
  return node;
}

function margin(p) {
  const box = el("div", "margin");
  const touched = made.has(p.id);
  for (const n of labelsOf(p)) {
    const score = fill(W.score, { name: DOMAINS[n].name, score: chance(p.scores[n]) });
    box.append(el("span", `mark k${n}`, DOMAINS[n].short, { "data-tip": score }));
  }
  if (!labelsOf(p).length) box.append(el("span", "soft", W.none));
  if (touched) box.append(el("span", "flag", same(labelsOf(p), p.labels) ? W.confirmed : W.changed));
  else if (p.review && FLAGS) box.append(el("span", "flag soft", W.review));
  box.append(el("a", "place", undefined, { href: `#d=${p.d}&p=${p.i}`, title: W.link }));
  box.lastChild.append(...place(p));
  return box;
}

function place(p) {
  const parts = [];
  if (p.row !== null) parts.push(fill(W.row, { row: p.row }));
  if (p.page !== null) parts.push(fill(W.page, { page: p.page }));
  parts.push(fill(W.span, { start: p.start, end: p.end }));
  return parts.map((part, n) => el("span", "", n + 1 < parts.length ? part + W.comma : part));
}

function marked(p) {
  const box = el("p", "text");
  const labels = labelsOf(p);
  const hits = words.flatMap((word) => found(p.text, word));
  box.append(...pieces(p.text, hits, p.evidence.filter(([n]) => labels.includes(n))));
  // One stop holds the longest cell, so that the columns of a table stand below each other.
  const cells = p.text.split("\n").flatMap((line) => line.split("\t").slice(0, -1));
  if (cells.length) box.style.tabSize = `${Math.min(12, 1 + Math.max(...cells.map((cell) => cell.length)))}em`;
  return box;
}

// A text cut where evidence or a word that was searched begins or ends.
function pieces(text, hits, evidence) {
  const cuts = new Set([0, text.length, ...hits.flat(), ...evidence.flatMap(([, start, end]) => [start, end])]);
  const ordered = [...cuts].sort((a, b) => a - b);
  return ordered.slice(1).map((to, k) => {
    const from = ordered[k];
    const inside = ([start, end]) => start <= from && to <= end;
    let node = document.createTextNode(text.slice(from, to));
    if (hits.some(inside)) {
      const mark = el("mark");
      mark.append(node);
      node = mark;
    }
    evidence.filter(([, start, end]) => inside([start, end])).forEach(([n, , , score], depth) => {
      const tip = fill(W.evidence, { name: DOMAINS[n].name, score: chance(score) });
      const span = el("span", `evidence k${n} depth${Math.min(depth, 3)}`, undefined, { title: tip });
      span.append(node);
      node = span;
    });
    return node;
  });
}

function found(text, word) {
  const lower = text.toLowerCase();
  const hits = [];
  if (lower.length !== text.length) return hits; // a letter grew in lower case: offsets would not fit
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length)) hits.push([at, at + word.length]);
  return hits;
}

function reveal(at) {
  const chunk = Math.floor(at / CHUNK);
  [chunk - 1, chunk, chunk + 1].forEach((n) => fillChunk(chunks[n]));
  const node = $(`p${list[at].d}-${list[at].i}`);
  activate(node);
  node.scrollIntoView({ block: node.offsetHeight > innerHeight / 2 ? "start" : "center" });
  node.focus({ preventScroll: true });
}
