// What the pointer and the keyboard do on one map.

const HOVER_PIXELS = 12;
const CLICK_PIXELS = 4;
const KEY_PAN_PIXELS = 40;

function followPointer(panel) {
  const { overlay, maps } = panel;
  let drag = null;

  const at = (event) => {
    const box = overlay.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  overlay.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    overlay.setPointerCapture(event.pointerId);
    const point = at(event);
    const isLasso = event.shiftKey || maps.isLassoOn;
    drag = { from: point, last: point, isLasso, hasMoved: false };
    if (event.detail < 2) maps.rememberSelection();
  });

  overlay.addEventListener("pointermove", (event) => {
    const point = at(event);
    maps.markEvent(event);
    if (!drag) return maps.hoverAt(panel, point);
    const hasLeft = Math.hypot(point[0] - drag.from[0], point[1] - drag.from[1]) > CLICK_PIXELS;
    if (!drag.hasMoved && !hasLeft) return undefined;
    if (!drag.hasMoved) maps.hoverAt(panel, null);
    drag.hasMoved = true;
    if (drag.isLasso) extendLasso(panel, drag, point);
    else maps.moveCamera(panel, () => panel.panBy(point[0] - drag.last[0], point[1] - drag.last[1]));
    drag.last = point;
    return undefined;
  });

  overlay.addEventListener("pointerup", (event) => {
    maps.markEvent(event);
    const ended = drag;
    drag = null;
    if (!ended) return;
    if (!ended.hasMoved) maps.clickAt(panel, ended.from);
    else if (ended.isLasso) finishLasso(panel);
  });

  overlay.addEventListener("pointercancel", () => {
    drag = null;
    panel.lasso = null;
    maps.schedule(false);
  });
  overlay.addEventListener("pointerleave", () => maps.hoverAt(panel, null));

  overlay.addEventListener("wheel", (event) => {
    event.preventDefault();
    maps.markEvent(event);
    const lines = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    maps.moveCamera(panel, () => panel.zoomBy(Math.exp(-lines * 0.0018), ...at(event)));
  }, { passive: false });

  overlay.addEventListener("dblclick", () => {
    maps.restoreSelection();
    maps.moveCamera(panel, () => panel.resetCamera());
  });

  overlay.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    maps.moveCamera(panel, () => action(panel));
  });
}

const KEYS = {
  ArrowLeft: (panel) => panel.panBy(KEY_PAN_PIXELS, 0),
  ArrowRight: (panel) => panel.panBy(-KEY_PAN_PIXELS, 0),
  ArrowUp: (panel) => panel.panBy(0, KEY_PAN_PIXELS),
  ArrowDown: (panel) => panel.panBy(0, -KEY_PAN_PIXELS),
  "+": (panel) => panel.zoomBy(1.25),
  "=": (panel) => panel.zoomBy(1.25),
  "-": (panel) => panel.zoomBy(0.8),
  0: (panel) => panel.resetCamera(),
};

function extendLasso(panel, drag, point) {
  panel.lasso ??= [drag.from];
  const [x, y] = panel.lasso.at(-1);
  if (Math.hypot(point[0] - x, point[1] - y) >= 3) panel.lasso.push(point);
  panel.maps.schedule(false);
}

function finishLasso(panel) {
  const polygon = (panel.lasso ?? []).map(([x, y]) => panel.toMap(x, y));
  panel.lasso = null;
  const rows = panel.grid && polygon.length > 2 ? panel.grid.inside(polygon) : new Int32Array(0);
  panel.maps.select({ row: panel.maps.selection.row, group: rows });
}
