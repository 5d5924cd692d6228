// The maps together: what is hovered, selected, marked and highlighted is the same in all.

const SEND_AFTER_MS = 180;
const NONE = new Int32Array(0);

class LinkedMaps {
  constructor(root) {
    this.root = root;
    this.panels = [];
    this.header = { panels: [] };
    this.colourKey = null;
    this.selection = { row: null, group: NONE };
    this.remembered = this.selection;
    this.hoverRow = null;
    this.highlighted = null;
    this.lastRequest = null;
    this.unanswered = [];
    this.frames = 0;
    this.buildControls();
    this.sizes = new ResizeObserver(() => this.layOut());
    this.sizes.observe(root);
    this.onKey = (event) => this.escape(event);
    root.addEventListener("keydown", this.onKey);
    this.onBlob = () => this.loadMaps();
    blobWatchers.add(this.onBlob);
  }

  get nTexts() {
    return this.header.n_texts ?? 0;
  }

  buildControls() {
    const bar = element("div", "bar", this.root);
    this.status = element("div", "status", bar);
    this.status.setAttribute("role", "status");
    const clear = button("Clear", "clear", this.status, () => this.select({ row: null, group: NONE }));
    this.statusText = element("span", "status-text", null);
    this.status.prepend(this.statusText);
    this.clearButton = clear;
    const tools = element("div", "tools", bar);
    this.lassoButton = toggle("Lasso", tools, "Draw around texts to mark them (or hold Shift and drag)", (on) => this.setLasso(on));
    this.togetherButton = toggle("Move together", tools, "Zoom and move all maps at once", (on) => this.moveTogether(on));
    button("Reset view", "tool", tools, () => this.resetViews());
    this.gridElement = element("div", "grid", this.root);
    this.legend = element("div", "legend", this.root);
    this.tooltip = element("div", "tooltip", this.root);
    this.tooltip.hidden = true;
  }

  update(header, arrays, send) {
    this.send = send;
    const isResized = this.header.height !== header.height || this.header.panels.length !== header.panels.length;
    this.header = header;
    this.arrays = arrays;
    while (this.panels.length < header.panels.length) this.panels.push(new Panel(this, this.gridElement));
    while (this.panels.length > header.panels.length) this.removePanel();
    this.panels.forEach((panel, i) => panel.describe(header.panels[i]));
    this.theme = readTheme(this.root);
    this.takeRequest();
    if (isResized) this.layOut();
    this.loadMaps();
  }

  removePanel() {
    const panel = this.panels.pop();
    panel.scatter.destroy();
    panel.figure.remove();
  }

  loadMaps() {
    const blob = blobs.get(this.header.positions_key);
    this.panels.forEach((panel, i) => {
      const { is_placed: isPlaced, map_key: key } = this.header.panels[i];
      if (!isPlaced) panel.setMap(null, null);
      else if (blob) panel.setMap(key, blob.arrays[`map_${i}`]);
      panel.updateMessage();
    });
    this.loadColours();
    this.applyShown();
  }

  loadColours() {
    const key = `${this.header.colours.key} ${this.theme.isDark} ${this.theme.background} ${this.panels.map((panel) => panel.key)}`;
    if (key === this.colourKey) return;
    if (this.colourKey?.split(" ")[0] !== key.split(" ")[0]) this.highlighted = null;
    this.colourKey = key;
    this.colours = pointColours(this.header.colours, this.arrays.codes, this.nTexts, this.theme);
    for (const panel of this.panels) panel.scatter.upload(1, this.colours);
    drawLegend(this);
  }

  colourOf(row) {
    return [...this.colours.subarray(4 * row, 4 * row + 3)];
  }

  get hasDimmed() {
    return this.selection.group.length > 0 || this.highlighted !== null;
  }

  applyShown() {
    const { group } = this.selection;
    this.shown = new Uint8Array(this.nTexts).fill(group.length ? 0 : 255);
    for (const row of group) this.shown[row] = 255;
    if (this.highlighted !== null) {
      for (let row = 0; row < this.nTexts; row++) if (this.arrays.codes[row] !== this.highlighted) this.shown[row] = 0;
    }
    for (const panel of this.panels) panel.scatter.upload(2, this.shown);
    this.schedule(true);
  }

  uploadAppearance(panel) {
    panel.scatter.upload(1, this.colours);
    panel.scatter.upload(2, this.shown);
  }

  neighboursFor(panel) {
    if (this.selection.row === null || this.selection.row !== this.header.selected_row) return NONE;
    return this.arrays[`neighbours_${this.panels.indexOf(panel)}`] ?? NONE;
  }

  // What Python asks for is applied when it changes, unless it only repeats what was
  // sent from here: an answer that comes late must not undo a newer click.
  takeRequest() {
    const request = { row: this.header.selected_row, group: this.arrays.group };
    const name = nameOf(request);
    if (name === this.lastRequest) return;
    this.lastRequest = name;
    const answered = this.unanswered.indexOf(name);
    if (answered >= 0) this.unanswered.splice(0, answered + 1);
    else {
      this.unanswered = [];
      clearTimeout(this.sendTimer);
      this.selection = request;
    }
  }

  select(selection) {
    const isSameGroup = selection.group === this.selection.group;
    this.selection = selection;
    if (isSameGroup) this.schedule(false);
    else this.applyShown();
    clearTimeout(this.sendTimer);
    this.sendTimer = setTimeout(() => this.sendSelection(), SEND_AFTER_MS);
  }

  sendSelection() {
    const name = nameOf(this.selection);
    if (name === (this.unanswered.at(-1) ?? this.lastRequest)) return;
    this.unanswered.push(name);
    this.send("event", { selected_row: this.selection.row, group_rows: [...this.selection.group] });
  }

  rememberSelection() {
    this.remembered = this.selection;
  }

  restoreSelection() {
    this.select(this.remembered);
  }

  setLasso(on) {
    this.isLassoOn = on;
    this.root.classList.toggle("lasso-on", on);
  }

  escape(event) {
    if (event.key !== "Escape") return;
    if (this.highlighted !== null) this.highlight(null);
    this.select({ row: null, group: NONE });
  }

  highlight(code) {
    this.highlighted = code;
    markLegend(this);
    this.applyShown();
  }

  clickAt(panel, [x, y]) {
    const row = panel.nearest(x, y, HOVER_PIXELS);
    this.select(row === null ? { row: null, group: NONE } : { row, group: this.selection.group });
  }

  hoverAt(panel, point) {
    this.pointer = point && { panel, point };
    this.schedule(false);
  }

  moveCamera(panel, move) {
    move();
    if (this.isTogether) for (const other of this.panels) other.camera = { ...panel.camera };
    panel.isStale = true;
    this.schedule(this.isTogether);
  }

  moveTogether(on) {
    this.isTogether = on;
    if (on && this.panels.length) this.moveCamera(this.panels[0], () => {});
  }

  resetViews() {
    for (const panel of this.panels) panel.resetCamera();
    this.schedule(true);
  }

  layOut() {
    const width = this.root.clientWidth;
    if (width === 0 || this.panels.length === 0) return;
    this.gridElement.style.setProperty("--columns", columnsFor(this.panels.length, width));
    for (const panel of this.panels) {
      panel.plot.style.height = `${this.header.height}px`;
      panel.resize(panel.plot.clientWidth, panel.plot.clientHeight, window.devicePixelRatio || 1);
    }
    this.schedule(true);
  }

  markEvent(event) {
    this.eventTime ??= event.timeStamp;
  }

  // The points of all maps, or (with false) only those of the maps marked as stale.
  schedule(areAllStale) {
    if (areAllStale) for (const panel of this.panels) panel.isStale = true;
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = null;
    this.updateHover();
    for (const panel of this.panels) {
      if (panel.width) panel.draw();
    }
    this.report();
  }

  updateHover() {
    const { pointer } = this;
    this.hoverRow = pointer ? pointer.panel.nearest(...pointer.point, HOVER_PIXELS) : null;
    for (const panel of this.panels) panel.overlay.classList.toggle("over-text", this.hoverRow !== null);
    showTooltip(this);
  }

  report() {
    const { row, group } = this.selection;
    const nGroup = group.length;
    this.statusText.textContent = statusOf(this);
    this.clearButton.hidden = nGroup === 0 && row === null;
    const facts = { selected: row ?? "", hover: this.hoverRow ?? "", groupCount: nGroup, frame: ++this.frames };
    if (this.eventTime) facts.frameMs = (performance.now() - this.eventTime).toFixed(1);
    Object.assign(this.root.dataset, facts);
    this.eventTime = null;
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.sendTimer);
    this.sizes.disconnect();
    blobWatchers.delete(this.onBlob);
    while (this.panels.length) this.removePanel();
    this.root.replaceChildren();
  }
}

const nameOf = ({ row, group }) => `${row ?? ""}|${group.join()}`;

function columnsFor(nPanels, width) {
  if (width < 560) return 1;
  if (nPanels === 4) return width >= 1000 ? 4 : 2;
  return nPanels === 3 && width < 760 ? 2 : nPanels;
}
