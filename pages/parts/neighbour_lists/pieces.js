// Small pieces of DOM. Texts of the corpus are set by textContent only.

function element(tag, className, parent, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  parent?.append(node);
  return node;
}

// A, B … Z, AA, AB …
function letters(mark) {
  const last = String.fromCharCode(65 + (mark % 26));
  return mark < 26 ? last : letters(Math.floor(mark / 26) - 1) + last;
}

function shownText({ text, n_cut: nCut }, parent) {
  const node = element("div", "text", parent, text);
  if (nCut > 0) element("span", "cut", node, ` … and ${nCut.toLocaleString("en")} more characters`);
  return node;
}

// The button is shown only where the text is longer than what is visible: see showMoreButtons.
function moreButton(textNode, parent, ofWhat) {
  const node = element("button", "more", parent, "more");
  node.type = "button";
  node.hidden = true;
  node.setAttribute("aria-expanded", "false");
  node.setAttribute("aria-label", `Show the whole text of ${ofWhat}`);
  node.addEventListener("click", () => {
    const isOpen = textNode.classList.toggle("open");
    node.textContent = isOpen ? "less" : "more";
    node.setAttribute("aria-expanded", isOpen);
  });
  return node;
}

function showMoreButtons(root) {
  for (const button of root.querySelectorAll(".more")) {
    const text = button.closest(".card").querySelector(".text");
    if (!text.classList.contains("open")) button.hidden = text.scrollHeight <= text.clientHeight + 1;
  }
}

function isDark(root) {
  const colour = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const hex = /^#([0-9a-f]{6})/i.exec(colour);
  const [r, g, b] = hex
    ? [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16))
    : (colour.match(/[\d.]+/g) ?? ["255", "255", "255"]).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}
