// Lines between the places of one text. They run behind the cards, so only the gaps show them.

const SVG = "http://www.w3.org/2000/svg";

function drawLinks(stage, svg, mark) {
  svg.replaceChildren();
  if (mark === null) return;
  const origin = stage.getBoundingClientRect();
  const boxes = [...stage.querySelectorAll(`[data-mark="${mark}"]`)].map((card) => card.getBoundingClientRect());
  svg.setAttribute("class", `links hue-${mark % N_HUES}`);
  for (let i = 1; i < boxes.length; i++) {
    const [from, to] = [boxes[i - 1], boxes[i]];
    if (to.left < from.right) continue; // stacked: the columns are not beside each other
    const start = [from.right - origin.left, from.top + from.height / 2 - origin.top];
    const end = [to.left - origin.left, to.top + to.height / 2 - origin.top];
    svg.append(curve(start, end));
  }
}

function curve([x1, y1], [x2, y2]) {
  const path = document.createElementNS(SVG, "path");
  const middle = (x1 + x2) / 2;
  path.setAttribute("d", `M ${x1} ${y1} C ${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`);
  return path;
}
