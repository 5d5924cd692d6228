// One map's points, drawn by WebGL 2. Rings, lines and the lasso are on a 2D canvas above,
// so that hovering never redraws the points.

const VERTEX_SHADER = `#version 300 es
layout(location = 0) in vec2 aPoint;
layout(location = 1) in vec4 aColour;
layout(location = 2) in float aShown;
uniform vec4 uView;
uniform float uRadius;
uniform float uAlpha;
uniform vec4 uDimmed;
uniform bool uDimmedPass;
out vec4 vColour;
out float vRadius;
void main() {
  bool isDimmed = aShown < 0.5;
  gl_Position = isDimmed == uDimmedPass ? vec4(aPoint * uView.xy + uView.zw, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  vRadius = isDimmed ? uRadius * 0.85 : uRadius;
  gl_PointSize = 2.0 * vRadius + 1.0;
  vColour = isDimmed ? uDimmed : vec4(aColour.rgb, uAlpha);
}`;

const FRAGMENT_SHADER = `#version 300 es
precision mediump float;
in vec4 vColour;
in float vRadius;
out vec4 colour;
void main() {
  float fromCentre = length(gl_PointCoord - 0.5) * (2.0 * vRadius + 1.0);
  float alpha = vColour.a * (1.0 - smoothstep(vRadius - 0.75, vRadius + 0.5, fromCentre));
  colour = vec4(vColour.rgb * alpha, alpha);
}`;

function compile(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

// Always the same shuffle: drawn in row order, the last category would cover the others.
function drawingOrder(rows) {
  const order = Uint32Array.from(rows);
  let state = 1;
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

class Scatter {
  constructor(canvas) {
    this.canvas = canvas;
    this.count = 0;
    this.gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true });
    if (this.gl) this.build();
  }

  get isUsable() {
    return Boolean(this.gl) && !this.gl.isContextLost();
  }

  build() {
    const { gl } = this;
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX_SHADER));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, FRAGMENT_SHADER));
    gl.linkProgram(program);
    gl.useProgram(program);
    this.uniforms = {};
    for (const name of ["uView", "uRadius", "uAlpha", "uDimmed", "uDimmedPass"]) {
      this.uniforms[name] = gl.getUniformLocation(program, name);
    }
    this.buffers = [this.attribute(0, 2, gl.FLOAT, false), this.attribute(1, 4, gl.UNSIGNED_BYTE, true), this.attribute(2, 1, gl.UNSIGNED_BYTE, true)];
    this.order = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.order);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
  }

  attribute(location, size, type, isNormalised) {
    const { gl } = this;
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, size, type, isNormalised, 0, 0);
    return buffer;
  }

  upload(location, array) {
    if (!this.isUsable) return;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[location]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, array, this.gl.DYNAMIC_DRAW);
  }

  setPoints(points, placedRows) {
    this.count = placedRows.length;
    if (!this.isUsable) return;
    this.upload(0, points);
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, drawingOrder(placedRows), this.gl.STATIC_DRAW);
  }

  draw(view, { radius, alpha, dimmed, hasDimmed }) {
    if (!this.isUsable) return;
    const { gl, uniforms } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (this.count === 0) return;
    gl.uniform4fv(uniforms.uView, view);
    gl.uniform1f(uniforms.uRadius, radius);
    gl.uniform1f(uniforms.uAlpha, alpha);
    gl.uniform4fv(uniforms.uDimmed, dimmed);
    for (const isDimmedPass of hasDimmed ? [1, 0] : [0]) {
      gl.uniform1i(uniforms.uDimmedPass, isDimmedPass);
      gl.drawElements(gl.POINTS, this.count, gl.UNSIGNED_INT, 0);
    }
  }

  destroy() {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
