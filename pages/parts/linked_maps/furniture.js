// Buttons, legend and tooltip. Texts of the corpus are set by textContent only.

function button(label, className, parent, onClick) {
  const node = element("button", className, parent);
  node.type = "button";
  node.textContent = label;
  node.addEventListener("click", onClick);
  return node;
}

function toggle(label, parent, title, onChange) {
  const node = button(label, "tool", parent, () => {
    const on = node.getAttribute("aria-pressed") !== "true";
    node.setAttribute("aria-pressed", on);
    onChange(on);
  });
  node.title = title;
  node.setAttribute("aria-pressed", "false");
  return node;
}

function drawLegend(maps) {
  maps.legend.replaceChildren();
  const { colours } = maps.header;
  if (colours.kind === "category") categoryLegend(maps, colours);
  if (colours.kind === "value") valueLegend(maps, colours);
}

function categoryLegend(maps, { names, label }) {
  if (label) element("span", "legend-label", maps.legend).textContent = label;
  const counts = new Map();
  for (const code of maps.arrays.codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const entries = names.map((name, code) => [code, name]);
  if (counts.has(-1)) entries.push([-1, "none"]);
  for (const [code, name] of entries) {
    const entry = button("", "entry", maps.legend, () => maps.highlight(maps.highlighted === code ? null : code));
    entry.dataset.code = code;
    entry.title = `${name}: ${(counts.get(code) ?? 0).toLocaleString()} texts`;
    element("span", "swatch", entry).style.background = cssColour(categoryColour(code, maps.theme));
    element("span", "name", entry).textContent = name;
  }
  markLegend(maps);
}

function markLegend(maps) {
  for (const entry of maps.legend.querySelectorAll(".entry")) {
    const isOn = Number(entry.dataset.code) === maps.highlighted;
    entry.setAttribute("aria-pressed", isOn);
    entry.classList.toggle("faint", maps.highlighted !== null && !isOn);
  }
}

function valueLegend(maps, { label, low, high }) {
  const { legend, theme } = maps;
  if (label) element("span", "legend-label", legend).textContent = label;
  element("span", "end", legend).textContent = readableNumber(low);
  const stops = Array.from({ length: 9 }, (_, i) => cssColour(valueColour(i / 8, theme)));
  element("span", "ramp", legend).style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  element("span", "end", legend).textContent = readableNumber(high);
  if (!maps.arrays.codes.some(Number.isNaN)) return;
  const none = element("span", "entry", legend);
  element("span", "swatch", none).style.background = cssColour(theme.none);
  element("span", "name", none).textContent = "no value";
}

const readableNumber = (value) => Number(value.toPrecision(3)).toLocaleString();

const TEXT_DECODER = new TextDecoder();

function textOf(blob, part, row) {
  const ends = blob.arrays[`${part}_ends`];
  return TEXT_DECODER.decode(blob.arrays[part].subarray(row === 0 ? 0 : ends[row - 1] + 1, ends[row]));
}

function statusOf({ selection: { row, group }, header }) {
  const blob = blobs.get(header.texts_key);
  const selected = row === null ? "" : `${blob ? textOf(blob, "ids", row) : "1 text"} selected`;
  const marked = group.length === 0 ? "" : `${group.length.toLocaleString()} ${group.length === 1 ? "text" : "texts"} marked`;
  return [selected, marked].filter(Boolean).join(" · ");
}

function showTooltip(maps) {
  const { tooltip, hoverRow, pointer } = maps;
  tooltip.hidden = hoverRow === null;
  if (hoverRow === null) return;
  if (maps.tooltipFor !== `${hoverRow} ${maps.colourKey} ${maps.header.texts_key}`) fillTooltip(maps);
  const plot = pointer.panel.overlay.getBoundingClientRect();
  const root = maps.root.getBoundingClientRect();
  const [x, y] = pointer.panel.toScreen(hoverRow);
  // It stays within its own map, so that the ring shows in the others.
  tooltip.style.maxWidth = `${Math.min(320, plot.width - 12)}px`;
  const left = Math.min(x + 16, plot.width - tooltip.offsetWidth - 6);
  const below = plot.top - root.top + y + 16;
  const isTooLow = below + tooltip.offsetHeight > root.height;
  const top = isTooLow ? below - 32 - tooltip.offsetHeight : below;
  tooltip.style.transform = `translate(${plot.left - root.left + Math.max(left, 6)}px, ${Math.max(top, 4)}px)`;
}

function fillTooltip(maps) {
  const { tooltip, hoverRow: row, header } = maps;
  maps.tooltipFor = `${row} ${maps.colourKey} ${header.texts_key}`;
  tooltip.replaceChildren();
  const blob = blobs.get(header.texts_key);
  if (!blob) return;
  const head = element("div", "tooltip-head", tooltip);
  element("span", "tooltip-id", head).textContent = textOf(blob, "ids", row);
  const about = colourText(maps, row);
  if (about) {
    element("span", "swatch", head).style.background = cssColour(maps.colourOf(row));
    element("span", "tooltip-about", head).textContent = about;
  }
  element("div", "tooltip-text", tooltip).textContent = textOf(blob, "snippets", row);
}

function colourText(maps, row) {
  const { kind, names, label } = maps.header.colours;
  if (kind === "plain") return "";
  const value = maps.arrays.codes[row];
  if (kind === "category") return names[value] ?? "none";
  const shown = Number.isNaN(value) ? "no value" : readableNumber(value);
  return label ? `${label} ${shown}` : shown;
}
