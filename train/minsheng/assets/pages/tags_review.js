// Correcting: which labels a person gave, where they are kept, and how they leave the page.

const PLACE = `minsheng-${RUN.run}-${RUN.part}`;
let keeps = true;
const made = new Map(kept()); // id of a passage → numbers of its domains

function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    keeps = false; // the browser forbids it
    return null;
  }
}

function kept() {
  return Object.entries(JSON.parse(stored(PLACE) || "{}")).map(([id, keys]) => [id, numbersOf(keys)]);
}

function numbersOf(keys) {
  return DOMAINS.filter(({ key }) => keys.includes(key)).map(({ n }) => n);
}

function keep() {
  const keys = ([id, numbers]) => [id, numbers.map((n) => DOMAINS[n].key)];
  try {
    localStorage.setItem(PLACE, JSON.stringify(Object.fromEntries([...made].map(keys))));
    localStorage.setItem("minsheng-annotator", $("annotator").value);
  } catch {
    keeps = false;
    say(W.not_kept);
  }
  drawSaving();
}

function drawSaving() {
  $("saving").hidden = !made.size;
  $("mine-count").textContent = fill(W.mine_count, { count: count(made.size) });
}

const labelsOf = (p) => made.get(p.id) || p.labels;
const same = (a, b) => a.length === b.length && a.every((n) => b.includes(n));
const say = (text) => ($("message").textContent = text);

function give(p, labels) {
  if (labels) made.set(p.id, labels);
  else made.delete(p.id);
  keep();
  const node = $(`p${p.d}-${p.i}`);
  if (!node) return;
  node.querySelector(".margin").replaceWith(margin(p));
  node.querySelector(".text").replaceWith(marked(p));
  for (const box of node.querySelectorAll(".panel input")) box.checked = labelsOf(p).includes(Number(box.value));
  const undo = node.querySelector(".undo");
  if (undo) undo.hidden = !made.has(p.id);
}

function toggle(p, n) {
  const now = labelsOf(p);
  give(p, DOMAINS.map((domain) => domain.n).filter((m) => (m === n ? !now.includes(m) : now.includes(m))));
}

// The passage in hand ---------------------------------------------------------------------------------------

function activate(node) {
  const before = active && $(`p${active.d}-${active.i}`);
  if (before && before !== node) {
    before.classList.remove("on");
    before.querySelector(".panel")?.remove();
  }
  active = node.passage;
  if (!node.classList.contains("on")) open(node);
  if (state.d !== null) history.replaceState(null, "", hashOf({ ...state, p: active.i }));
}

function open(node) {
  node.classList.add("on");
  node.append(panel(node.passage));
}

function panel(p) {
  const box = el("div", "panel");
  const choices = el("div", "choices", undefined, { role: "group", "aria-label": W.labels });
  for (const { n, name } of DOMAINS) {
    const label = el("label", `k${n}`);
    const input = el("input", "", undefined, { type: "checkbox", value: n });
    input.checked = labelsOf(p).includes(n);
    input.addEventListener("change", () => toggle(p, n));
    label.append(input, el("span", "name", name), el("span", "soft", chance(p.scores[n])));
    choices.append(label);
  }
  const right = el("button", "right", W.right, { type: "button" });
  right.addEventListener("click", () => give(p, [...labelsOf(p)]));
  const undo = el("button", "undo", W.undo, { type: "button" });
  undo.hidden = !made.has(p.id);
  undo.addEventListener("click", () => give(p, null));
  const number = fill(W.number, { number: p.number });
  const about = el("span", "soft", `${DOCUMENTS[p.d].name}${W.comma}${number}`);
  const actions = el("div", "actions");
  actions.append(right, undo, about);
  const href = sourceLink(p);
  if (href) actions.append(el("a", "", W.open, { href, target: "_blank", rel: "noopener" }));
  box.append(choices, actions);
  return box;
}

// A PDF opens at its page; a browser shows a web page at the words, where they stand there as they stand here.
function sourceLink(p) {
  const { href, name } = DOCUMENTS[p.d];
  if (!href) return null;
  if (/\.pdf$/i.test(name) && p.page !== null) return `${href}#page=${p.page}`;
  if (/\.x?html?$/i.test(name)) return `${href}#:~:text=${encodeURIComponent(p.text.slice(0, 12)).replace(/-/g, "%2D")}`;
  return href;
}

// Saving: labelled records as JSONL -----------------------------------------------------------------------------

function recordOf(p) {
  const keys = (numbers) => numbers.map((n) => DOMAINS[n].key);
  const scores = Object.fromEntries(DOMAINS.map(({ key, n }) => [key, p.scores[n] / 1000]));
  const record = {
    id: p.id, text: p.text, labels: keys(labelsOf(p)), group: p.source, source: "minsheng-tag", date: p.date,
    annotator: $("annotator").value.trim(), heading: p.heading, page: p.page, start: p.start, end: p.end,
    decision: p.review ? "review" : "auto", suggestion: { labels: keys(p.labels), scores, model: RUN.model },
  };
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

const everyPassage = () => DOCUMENTS.flatMap(({ n }) => passagesOf(n));

function save() {
  if (!$("annotator").value.trim()) {
    say(W.ask);
    $("annotator").focus();
    return;
  }
  keep();
  const records = everyPassage().filter((p) => made.has(p.id)).map(recordOf);
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const file = `reviewed-${RUN.run.slice(0, 8)}${RUN.parts > 1 ? `-${RUN.part}` : ""}.jsonl`;
  const link = el("a", "", "", { download: file });
  link.href = URL.createObjectURL(new Blob([lines], { type: "application/jsonl" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  say(fill(W.saved, { count: count(records.length), file, options: RUN.options }));
}

async function take(file) {
  const known = new Map(everyPassage().map((p) => [p.id, p]));
  let taken = 0;
  let other = 0;
  try {
    for (const line of (await file.text()).split("\n").filter((text) => text.trim())) {
      const record = JSON.parse(line);
      const p = known.get(record.id);
      if (p && p.text === record.text && Array.isArray(record.labels)) {
        made.set(p.id, numbersOf(record.labels));
        taken += 1;
      } else other += 1;
    }
  } catch {
    say(W.not_taken);
    return;
  }
  keep();
  draw();
  say(fill(W.taken, { count: count(taken), other: count(other) }));
}

// Hands ---------------------------------------------------------------------------------------------------------

function move(by) {
  if (!list.length) return;
  const top = () => list.findIndex((p) => ($(`p${p.d}-${p.i}`)?.getBoundingClientRect().bottom ?? 0) > 80);
  const at = active && list[active.at] === active ? active.at + by : Math.max(0, top());
  reveal(Math.min(list.length - 1, Math.max(0, at)));
}

function press(event) {
  if (state.view !== "read" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const writing = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  if (writing && event.key === "Escape") writing.blur();
  if (writing) return;
  const n = Number(event.key) - 1;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "/") $("search").focus();
  else if (active && event.key === "y") give(active, [...labelsOf(active)]);
  else if (active && event.key === "u") give(active, null);
  else if (active && DOMAINS[n]) toggle(active, n);
  else return;
  event.preventDefault();
}

function startReader() {
  $("annotator").value = stored("minsheng-annotator") || "";
  drawSaving();
  $("list").addEventListener("click", (event) => {
    const node = event.target.closest("article");
    if (!node || event.target.closest("a, button, label") || !getSelection().isCollapsed) return;
    activate(node);
  });
  for (const chip of document.querySelectorAll(".chip[data-domain]"))
    chip.addEventListener("click", () => {
      const key = chip.dataset.domain;
      const without = state.domains.filter((other) => other !== key);
      change({ domains: without.length < state.domains.length ? without : [...state.domains, key] });
    });
  for (const name of ["review", "mine"]) $(name).addEventListener("click", () => change({ [name]: !state[name] }));
  let waiting = 0;
  $("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change({ q: $("search").value.trim() }), 200);
  });
  $("annotator").addEventListener("change", keep);
  $("save").addEventListener("click", save);
  $("take").addEventListener("change", (event) => event.target.files[0] && take(event.target.files[0]));
  document.addEventListener("keydown", press);
  addEventListener("beforeunload", (event) => made.size && !keeps && event.preventDefault());
  addEventListener("beforeprint", () => {
    chunks.slice(0, PRINTED / CHUNK).forEach(fillChunk);
    $("left").textContent = list.length > PRINTED ? fill(W.print_left, { count: count(PRINTED) }) : "";
  });
}
const PRINTED = 2000; // passages: more would take minutes to lay out
