// The whole: anchor, summary, columns; and what is highlighted in all of them.

class NeighbourView {
  constructor(root) {
    this.root = root;
    this.shown = null;
    this.mark = null;
    this.sizes = new ResizeObserver(() => this.layOut());
    this.sizes.observe(root);
    for (const type of ["mouseover", "focusin"]) root.addEventListener(type, (event) => this.follow(event.target));
    root.addEventListener("mouseleave", () => this.follow(root.getRootNode().activeElement));
    root.addEventListener("focusout", () => this.follow(null));
  }

  update(data, send) {
    this.send = send;
    this.root.classList.toggle("dark", isDark(this.root));
    // A change of theme also calls this; what is unfolded must stay so.
    const asText = JSON.stringify(data);
    if (asText === this.shown) return;
    this.shown = asText;
    const hadFocus = this.root.contains(this.root.getRootNode().activeElement);
    this.build(data);
    if (hadFocus) this.root.querySelector(".anchor").focus({ preventScroll: true });
  }

  build({ anchor, lists }) {
    this.root.replaceChildren();
    this.mark = null;
    anchorCard(anchor, this.root);
    element("p", "summary", this.root, summary(lists));
    const scroller = element("div", "scroller", this.root);
    this.stage = element("div", "stage", scroller);
    this.svg = this.stage.appendChild(document.createElementNS(SVG, "svg"));
    this.svg.setAttribute("class", "links");
    this.svg.setAttribute("aria-hidden", "true");
    const columns = element("div", `columns n-${lists.length}`, this.stage);
    const nRows = Math.max(...lists.map(({ neighbours, ending }) => neighbours.length + (ending ? 1 : 0)));
    columns.style.setProperty("--rows", nRows);
    for (const list of lists) this.column(list, columns);
    this.sizes.observe(this.stage);
    this.layOut();
  }

  column(list, parent) {
    const column = element("section", "column", parent);
    column.setAttribute("aria-label", list.title);
    columnHead(list, column);
    const items = element("ol", "items", column);
    list.neighbours.forEach((neighbour, i) =>
      neighbourCard(neighbour, i + 1, list.title, items, (row) => this.send("picked_row", row)));
    if (list.ending) element("li", "ending", items, list.ending);
  }

  follow(target) {
    const mark = target?.closest?.("[data-mark]")?.dataset.mark ?? null;
    if (mark === this.mark) return;
    this.mark = mark;
    for (const card of this.root.querySelectorAll("[data-mark]")) {
      card.classList.toggle("lit", card.dataset.mark === mark);
    }
    this.link();
  }

  link() {
    if (this.stage) drawLinks(this.stage, this.svg, this.mark === null ? null : Number(this.mark));
  }

  layOut() {
    showMoreButtons(this.root);
    this.link();
  }

  destroy() {
    this.sizes.disconnect();
  }
}

function summary(lists) {
  const marks = new Set(lists.flatMap(({ neighbours }) => neighbours.map(({ mark }) => mark)));
  marks.delete(null);
  const n = marks.size;
  const shared = {
    0: lists.length > 1 ? "No text is in more than one list." : "",
    1: "One text is in more than one list; it is marked A.",
  }[n] ?? `${n} texts are in more than one list; they are marked A to ${letters(n - 1)}.`;
  const hasAny = lists.some(({ neighbours }) => neighbours.length > 0);
  return hasAny ? `${shared} Click a text to make it the anchor.`.trim() : "";
}
