// The anchor's card, the heads of the columns, and the cards of the neighbours.

const N_HUES = 7;

function anchorCard(anchor, parent) {
  const card = element("div", "card anchor", parent);
  card.tabIndex = -1;
  card.setAttribute("role", "group");
  card.setAttribute("aria-label", `Anchor ${anchor.id}`);
  const head = element("div", "head", card);
  element("span", "kicker", head, "Anchor");
  element("span", "id", head, anchor.id).title = anchor.id;
  if (anchor.label) element("span", "chip", head, anchor.label).title = anchor.label;
  const text = shownText(anchor, element("blockquote", "quote", card));
  moreButton(text, element("div", "foot", card), "the anchor");
}

function columnHead(list, parent) {
  const head = element("div", "column-head", parent);
  const names = element("div", "names", head);
  element("h3", "title", names, list.title);
  element("span", "subtitle", names, list.subtitle);
  if (list.share) element("span", "share", head, list.share.words);
  // Empty where there is nothing to compare: then it is only the rule under the head.
  const meter = element("div", "meter", head);
  if (list.share?.part) element("div", "meter-part", meter).style.width = `${100 * list.share.part}%`;
}

function neighbourCard(neighbour, rank, title, parent, onPick) {
  const card = element("li", "card neighbour", parent);
  card.dataset.row = neighbour.row;
  if (neighbour.mark !== null) addMark(card, neighbour.mark);
  const body = element("div", "body", card);
  body.tabIndex = 0;
  body.setAttribute("role", "button");
  cardHead(neighbour, rank, body);
  const text = shownText(neighbour, body);
  const foot = element("div", "foot", card);
  if (neighbour.chip) labelChip(neighbour.chip, foot);
  moreButton(text, foot, `rank ${rank}, ${title}`);
  body.setAttribute("aria-label", spoken(neighbour, rank));
  followPicks(card, body, () => onPick(neighbour.row));
}

function addMark(card, mark) {
  card.dataset.mark = mark;
  card.classList.add("shared", `hue-${mark % N_HUES}`);
  // Letters never repeat; when the hues do, the border changes its style.
  if (mark >= N_HUES) card.classList.add("second-round");
}

function cardHead(neighbour, rank, parent) {
  const head = element("div", "head", parent);
  element("span", "rank", head, String(rank));
  if (neighbour.mark !== null) {
    element("span", "letter", head, letters(neighbour.mark)).title = "This text is in more than one list";
  }
  element("span", "id", head, neighbour.id).title = neighbour.id;
  element("span", "similarity", head, neighbour.similarity);
}

function labelChip({ matches, label }, parent) {
  const state = matches === null ? "unknown" : matches ? "same" : "different";
  const chip = element("span", `chip ${state}`, parent);
  chip.title = matches === null ? label : `${matches ? "Same" : "Different"} label: ${label}`;
  if (matches !== null) element("span", "sign", chip, matches ? "✓" : "✗");
  element("span", "label", chip, label);
}

function spoken(neighbour, rank) {
  const parts = [`Rank ${rank}`, `similarity ${neighbour.similarity}`];
  if (neighbour.mark !== null) parts.push(`shared text ${letters(neighbour.mark)}`);
  if (neighbour.chip) {
    const { matches, label } = neighbour.chip;
    parts.push(matches === null ? label : `${matches ? "same" : "different"} label ${label}`);
  }
  return `${parts.join(", ")}: ${neighbour.text}`;
}

function followPicks(card, body, onPick) {
  card.addEventListener("click", (event) => {
    // A double click would pick again, from the lists that the first click brought.
    if (event.detail > 1 || event.target.closest(".more") || isSelecting(card)) return;
    onPick();
  });
  body.addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || event.repeat) return;
    event.preventDefault();
    onPick();
  });
}

// Someone who marks words to copy them is not picking.
function isSelecting(card) {
  const root = card.getRootNode();
  const selection = root.getSelection?.() ?? document.getSelection();
  return selection !== null && !selection.isCollapsed && card.contains(selection.anchorNode);
}
