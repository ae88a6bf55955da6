// The overview's table of documents, and the start of the page.

const STEP = 50; // rows at a time
let shown = STEP;
let order = { by: null, down: true };

const COLUMNS = {
  name: (owner) => nameOf(owner), date: (owner) => owner.date || "", passages: (owner) => owner.passages,
  characters: (owner) => owner.characters, review: (owner) => owner.review,
};
const valueOf = (owner, by) => (by in COLUMNS ? COLUMNS[by](owner) : owner.labels[Number(by.slice(1))]);

function nameOf(owner) {
  const name = owner.name.split("/").pop();
  if (owner.passages === owner.all) return name;
  return name + fill(W.piece, { first: count(owner.first + 1), last: count(owner.first + owner.passages) });
}

function documentRow(owner) {
  const row = el("tr");
  const name = el("th", "", undefined, { scope: "row" });
  const href = typeof owner.block === "string" ? owner.block : `#d=${owner.n}`;
  name.append(el(owner.passages ? "a" : "span", "name", nameOf(owner), owner.passages ? { href, title: owner.name } : {}));
  if (owner.title) name.append(el("span", "soft title", owner.title));
  const problems = owner.problems.split("; ").filter(Boolean).map((problem) => {
    const [kind, times] = problem.split(" × ");
    return (W[kind] || kind) + (times ? ` × ${times}` : "");
  });
  if (problems.length) name.append(el("span", "fair title", problems.join(W.comma)));
  row.append(name, el("td", owner.date ? "" : "zero", owner.date || "–"));
  const cell = (value, label) => el("td", value ? "" : "zero", value ? count(value) : "·", { "data-name": label });
  row.append(cell(owner.passages, W.passages), cell(owner.characters, W.characters), cell(owner.review, W.review));
  DOMAINS.forEach(({ n, short }) => row.append(cell(owner.labels[n], short)));
  return row;
}

function drawDocuments() {
  const words = $("find-document").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = DOCUMENTS.filter((owner) => {
    const text = `${owner.name}\n${owner.title || ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const { by, down } = order;
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, RUN.lang));
  if (by) found.sort((a, b) => (down ? -1 : 1) * compare(valueOf(a, by), valueOf(b, by)) || a.n - b.n);
  $("documents").replaceChildren(...found.slice(0, shown).map(documentRow));
  $("no-document").hidden = found.length > 0;
  $("more").hidden = found.length <= shown;
  $("more").textContent = fill(W.more, { count: count(found.length - shown) });
}

function startOverview() {
  $("find-document").addEventListener("input", drawDocuments);
  $("more").addEventListener("click", () => {
    shown += 4 * STEP;
    drawDocuments();
  });
  for (const head of document.querySelectorAll("[data-sort]"))
    head.addEventListener("click", () => {
      const by = head.dataset.sort;
      // Numbers begin with the largest, names with the first.
      order = { by, down: order.by === by ? !order.down : by !== "name" };
      for (const other of document.querySelectorAll("[data-sort]")) other.closest("th").removeAttribute("aria-sort");
      head.closest("th").setAttribute("aria-sort", order.down ? "descending" : "ascending");
      drawDocuments();
    });
  drawDocuments();
}

function route() {
  state = stateOf(location.hash);
  draw();
  if (state.p === null) scrollTo(0, 0);
}

if ($("documents")) startOverview();
if ($("reader")) startReader();
addEventListener("hashchange", route);
route();
