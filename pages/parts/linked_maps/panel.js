// One map: its DOM, its camera, and what is drawn on it.

const FIT = 0.93;
const ZOOM_RANGE = [0.5, 400];

function element(tag, className, parent) {
  const node = document.createElement(tag);
  node.className = className;
  parent?.append(node);
  return node;
}

class Panel {
  constructor(maps, parent) {
    this.maps = maps;
    this.figure = element("figure", "panel", parent);
    const caption = element("figcaption", "caption", this.figure);
    this.title = element("span", "title", caption);
    this.subtitle = element("span", "subtitle", caption);
    this.plot = element("div", "plot", this.figure);
    this.pointCanvas = element("canvas", "points", this.plot);
    this.overlay = element("canvas", "overlay", this.plot);
    this.overlay.tabIndex = 0;
    this.overlay.setAttribute("role", "application");
    this.message = element("div", "message", this.plot);
    this.scatter = new Scatter(this.pointCanvas);
    // Drawn by the processor: a few rings cost less there than a pass of the graphics device.
    this.pen = this.overlay.getContext("2d", { willReadFrequently: true });
    this.resetCamera();
    this.clearMap();
    this.pointCanvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.updateMessage();
    });
    this.pointCanvas.addEventListener("webglcontextrestored", () => this.restore());
    followPointer(this);
  }

  clearMap() {
    this.key = null;
    this.grid = null;
    this.points = new Float32Array(0);
    this.placedRows = new Int32Array(0);
    this.scatter.count = 0;
  }

  resetCamera() {
    this.camera = { x: 0, y: 0, zoom: 1 };
  }

  describe({ title, subtitle, is_placed: isPlaced }) {
    this.isPlaced = isPlaced;
    this.title.textContent = title;
    this.subtitle.textContent = isPlaced ? subtitle : "";
    this.titleText = title;
    this.subtitleText = subtitle;
  }

  setMap(key, positions) {
    if (this.key === key) return;
    this.clearMap();
    this.key = key;
    if (positions) {
      Object.assign(this, normalisePositions(positions));
      this.grid = new PointGrid(this.points, this.placedRows);
      this.scatter.setPoints(this.points, this.placedRows);
    }
  }

  restore() {
    this.scatter.build();
    this.scatter.setPoints(this.points, this.placedRows);
    this.maps.uploadAppearance(this);
    this.updateMessage();
    this.maps.schedule(true);
  }

  updateMessage() {
    const n = this.maps.nTexts;
    const nLeftOut = n - this.placedRows.length;
    if (this.grid && nLeftOut > 0) {
      this.subtitle.textContent = `${this.subtitleText ? `${this.subtitleText} · ` : ""}${nLeftOut.toLocaleString()} not placed`;
    }
    this.message.textContent = this.currentMessage();
    this.message.hidden = this.message.textContent === "";
    this.overlay.setAttribute("aria-label",
      `Map “${this.titleText}” of ${this.placedRows.length} texts. Arrow keys move it, plus and minus zoom, 0 resets, Escape clears the selection.`);
  }

  currentMessage() {
    if (!this.isPlaced) return this.subtitleText || "No map yet";
    if (!this.scatter.gl) return "This map needs WebGL 2, which this browser has switched off or does not support.";
    if (this.scatter.gl.isContextLost()) return "The graphics device was reset; the map returns by itself.";
    if (!this.grid) return "Loading…";
    return this.placedRows.length === 0 ? "This method placed none of the texts." : "";
  }

  resize(width, height, pixelRatio) {
    [this.width, this.height, this.pixelRatio] = [width, height, pixelRatio];
    for (const canvas of [this.pointCanvas, this.overlay]) {
      canvas.width = Math.max(1, Math.round(width * pixelRatio));
      canvas.height = Math.max(1, Math.round(height * pixelRatio));
    }
  }

  get scale() {
    return (Math.min(this.width, this.height) / 2) * FIT * this.camera.zoom;
  }

  toScreen(row) {
    return [
      this.width / 2 + (this.points[2 * row] - this.camera.x) * this.scale,
      this.height / 2 - (this.points[2 * row + 1] - this.camera.y) * this.scale,
    ];
  }

  toMap(x, y) {
    return [this.camera.x + (x - this.width / 2) / this.scale, this.camera.y - (y - this.height / 2) / this.scale];
  }

  isOnMap(row) {
    return row !== null && row >= 0 && Math.abs(this.points[2 * row]) < 2;
  }

  nearest(x, y, radius) {
    if (!this.grid) return null;
    const row = this.grid.nearest(...this.toMap(x, y), radius / this.scale);
    return row < 0 ? null : row;
  }

  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const before = this.toMap(x, y);
    this.camera.zoom = Math.min(Math.max(this.camera.zoom * factor, ZOOM_RANGE[0]), ZOOM_RANGE[1]);
    const after = this.toMap(x, y);
    this.camera.x += before[0] - after[0];
    this.camera.y += before[1] - after[1];
  }

  panBy(dx, dy) {
    this.camera.x -= dx / this.scale;
    this.camera.y += dy / this.scale;
  }

  // Smaller where there are more points per pixel; growing slowly as one zooms in.
  get radius() {
    const spacing = Math.sqrt((this.width * this.height) / Math.max(this.placedRows.length, 1));
    const atRest = Math.min(Math.max(0.32 * spacing, 1.5), 4.5);
    return Math.min(atRest * this.camera.zoom ** 0.35, 8);
  }

  draw() {
    const { hoverRow, selection } = this.maps;
    const { x, y, zoom } = this.camera;
    const overlay = [hoverRow, selection.row, x, y, zoom, this.lasso?.length].join();
    if (this.isStale || overlay !== this.drawnOverlay) this.drawOverlay();
    if (this.isStale) this.drawPoints();
    this.drawnOverlay = overlay;
    this.isStale = false;
  }

  drawPoints() {
    const { theme, hasDimmed } = this.maps;
    const [sx, sy] = [(2 * this.scale) / this.width, (2 * this.scale) / this.height];
    this.scatter.draw([sx, sy, -this.camera.x * sx, -this.camera.y * sy], {
      radius: this.radius * this.pixelRatio,
      alpha: this.placedRows.length > 5000 ? 0.75 : 0.9,
      dimmed: [...theme.dimmed.map((value) => value / 255), this.placedRows.length > 5000 ? 0.3 : 0.45],
      hasDimmed,
    });
  }

  drawOverlay() {
    const { pen, maps } = this;
    // clearRect alone left the last frame standing in Chromium's software rendering.
    pen.reset();
    pen.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
    if (this.grid) {
      this.drawNeighbours(maps.neighboursFor(this));
      this.ring(maps.selection.row, 7, maps.theme.primary, 2.5);
      this.ring(maps.hoverRow, 5.5, maps.theme.text, 1.75);
    }
    if (this.lasso) this.drawLasso();
  }

  drawNeighbours(rows) {
    const { pen, maps } = this;
    if (rows.length === 0 || !this.isOnMap(maps.selection.row)) return;
    const [x, y] = this.toScreen(maps.selection.row);
    const radius = Math.max(this.radius, 2.5) + 1.5;
    pen.beginPath();
    for (const row of rows) {
      if (!this.isOnMap(row)) continue;
      const end = this.toScreen(row);
      pen.moveTo(x, y);
      pen.lineTo(...end);
      pen.moveTo(end[0] + radius, end[1]);
      pen.arc(...end, radius, 0, 2 * Math.PI);
    }
    for (const [colour, width, alpha] of [[maps.theme.background, 3.5, 0.75], [maps.theme.primary, 1.25, 1]]) {
      pen.strokeStyle = cssColour(colour);
      pen.lineWidth = width;
      pen.globalAlpha = alpha;
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  ring(row, margin, colour, width) {
    if (!this.isOnMap(row)) return;
    const { pen, maps } = this;
    const [x, y] = this.toScreen(row);
    const dot = Math.max(this.radius, 3);
    pen.beginPath();
    pen.arc(x, y, dot, 0, 2 * Math.PI);
    pen.fillStyle = cssColour(maps.colourOf(row));
    pen.fill();
    for (const [stroke, lineWidth] of [[maps.theme.background, width + 2.5], [colour, width]]) {
      pen.beginPath();
      pen.arc(x, y, dot + margin - 3, 0, 2 * Math.PI);
      pen.strokeStyle = cssColour(stroke);
      pen.lineWidth = lineWidth;
      pen.stroke();
    }
  }

  drawLasso() {
    const { pen, maps } = this;
    pen.beginPath();
    for (const [x, y] of this.lasso) pen.lineTo(x, y);
    pen.closePath();
    pen.fillStyle = cssColour(maps.theme.primary);
    pen.globalAlpha = 0.1;
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = cssColour(maps.theme.primary);
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 3]);
    pen.stroke();
    pen.setLineDash([]);
  }
}
