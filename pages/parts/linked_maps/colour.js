// Ten hues that stay apart for the common kinds of colour blindness, in a weight for
// light and one for dark backgrounds. Further categories repeat the hues, paler.

const HUES = {
  light: ["#3b6fb6", "#e8743b", "#1f9d7a", "#c2457f", "#b39412", "#2fa4cf", "#7a56b8", "#8c5a2b", "#d64550", "#6f8f2f"],
  dark: ["#6fa8ee", "#f59a63", "#45c9a0", "#ee7fb1", "#e0c24c", "#6fd3f2", "#ab8df0", "#c99a6b", "#f4767e", "#a9c964"],
};
const VIRIDIS = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"];
const CATEGORY_CYCLES = [0, 0.45, 0.68];

function parseColour(text) {
  const hex = /^#([0-9a-f]{6})/i.exec(text.trim());
  if (hex) return [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16));
  const numbers = (text.match(/[\d.]+/g) ?? ["128", "128", "128"]).map(Number);
  return numbers.slice(0, 3);
}

const mix = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));
const cssColour = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

function readTheme(root) {
  const style = getComputedStyle(root);
  const read = (name, otherwise) => parseColour(style.getPropertyValue(name) || otherwise);
  const background = read("--st-background-color", "#ffffff");
  const text = read("--st-text-color", "#31333f");
  const isDark = 0.299 * background[0] + 0.587 * background[1] + 0.114 * background[2] < 128;
  return {
    background, text, isDark,
    primary: read("--st-primary-color", "#ff4b4b"),
    none: mix(text, background, 0.62),
    dimmed: mix(text, background, 0.72),
    hues: (isDark ? HUES.dark : HUES.light).map(parseColour),
  };
}

function categoryColour(code, theme) {
  if (code < 0) return theme.none;
  const cycle = Math.min(Math.floor(code / theme.hues.length), CATEGORY_CYCLES.length - 1);
  return mix(theme.hues[code % theme.hues.length], theme.background, CATEGORY_CYCLES[cycle]);
}

// The darkest end vanishes on a dark page and the lightest on a white one: leave them out.
function valueColour(share, theme) {
  const [low, high] = theme.isDark ? [0.22, 1] : [0, 0.9];
  const at = (low + Math.min(Math.max(share, 0), 1) * (high - low)) * (VIRIDIS.length - 1);
  const i = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return mix(parseColour(VIRIDIS[i]), parseColour(VIRIDIS[i + 1]), at - i);
}

function pointColours(colours, codes, n, theme) {
  const rgb = new Uint8Array(4 * n);
  const table = colourTable(colours, theme);
  for (let row = 0; row < n; row++) {
    rgb.set(table(codes ? codes[row] : 0), 4 * row);
    rgb[4 * row + 3] = 255;
  }
  return rgb;
}

function colourTable(colours, theme) {
  if (colours.kind === "plain") return () => theme.hues[0];
  if (colours.kind === "category") {
    const known = colours.names.map((_, code) => categoryColour(code, theme));
    return (code) => known[code] ?? theme.none;
  }
  const steps = Array.from({ length: 256 }, (_, i) => valueColour(i / 255, theme));
  const span = colours.high - colours.low || 1;
  return (value) => {
    if (Number.isNaN(value)) return theme.none;
    const share = (value - colours.low) / span;
    return steps[Math.round(255 * Math.min(Math.max(share, 0), 1))];
  };
}
