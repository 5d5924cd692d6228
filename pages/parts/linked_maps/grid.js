// Finding points: a uniform grid over one map, about one point a cell.

class PointGrid {
  constructor(points, placedRows) {
    this.points = points;
    this.side = Math.max(1, Math.ceil(Math.sqrt(placedRows.length)));
    this.starts = new Int32Array(this.side * this.side + 1);
    for (const row of placedRows) this.starts[this.cellOf(row) + 1]++;
    for (let i = 1; i < this.starts.length; i++) this.starts[i] += this.starts[i - 1];
    const next = this.starts.slice();
    this.rows = new Int32Array(placedRows.length);
    for (const row of placedRows) this.rows[next[this.cellOf(row)]++] = row;
  }

  // Points are normalised to [-1, 1] in both directions.
  column(value) {
    return Math.min(Math.max(Math.floor(((value + 1) / 2) * this.side), 0), this.side - 1);
  }

  cellOf(row) {
    return this.column(this.points[2 * row + 1]) * this.side + this.column(this.points[2 * row]);
  }

  visit(minX, minY, maxX, maxY, use) {
    for (let y = this.column(minY); y <= this.column(maxY); y++) {
      const first = y * this.side;
      const end = this.starts[first + this.column(maxX) + 1];
      for (let i = this.starts[first + this.column(minX)]; i < end; i++) use(this.rows[i]);
    }
  }

  nearest(x, y, radius) {
    let best = -1;
    let bestSquare = radius * radius;
    this.visit(x - radius, y - radius, x + radius, y + radius, (row) => {
      const dx = this.points[2 * row] - x;
      const dy = this.points[2 * row + 1] - y;
      const square = dx * dx + dy * dy;
      if (square <= bestSquare) [best, bestSquare] = [row, square];
    });
    return best;
  }

  inside(polygon) {
    const xs = polygon.map((corner) => corner[0]);
    const ys = polygon.map((corner) => corner[1]);
    const found = [];
    this.visit(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (row) => {
      if (isInside(this.points[2 * row], this.points[2 * row + 1], polygon)) found.push(row);
    });
    return Int32Array.from(found).sort();
  }
}

function isInside(x, y, polygon) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

// Fit a map into [-1, 1], keeping its proportions; rows with NaN go far outside.
function normalisePositions(positions) {
  const n = positions.length / 2;
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  const placed = [];
  for (let row = 0; row < n; row++) {
    const x = positions[2 * row];
    const y = positions[2 * row + 1];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    placed.push(row);
    if (x < low[0]) low[0] = x;
    if (x > high[0]) high[0] = x;
    if (y < low[1]) low[1] = y;
    if (y > high[1]) high[1] = y;
  }
  const half = Math.max(high[0] - low[0], high[1] - low[1]) / 2 || 1;
  const points = new Float32Array(2 * n).fill(1e6);
  for (const row of placed) {
    for (const axis of [0, 1]) {
      points[2 * row + axis] = (positions[2 * row + axis] - (low[axis] + high[axis]) / 2) / half;
    }
  }
  return { points, placedRows: Int32Array.from(placed) };
}
