// Messages from Python: [uint32 header length][JSON header][padding to 8][arrays].
// The heavy ones (texts, positions) arrive in mounts of their own, so that a changed
// selection sends a few bytes only; they are kept here by content key until unmounted.

const ARRAY_TYPES = { f4: Float32Array, i2: Int16Array, i4: Int32Array, u1: Uint8Array };
const HEADER_DECODER = new TextDecoder();

function readHeader(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  return { header: JSON.parse(HEADER_DECODER.decode(bytes.subarray(4, 4 + length))), end: 4 + length };
}

function readArrays(bytes, header, end) {
  const start = bytes.byteOffset + Math.ceil(end / 8) * 8;
  const buffer = bytes.buffer.slice(start, bytes.byteOffset + bytes.byteLength);
  const arrays = {};
  for (const [name, { type, at, length }] of Object.entries(header.arrays)) {
    arrays[name] = new ARRAY_TYPES[type](buffer, at, length);
  }
  return arrays;
}

const blobs = new Map(); // content key → { header, arrays, mounts }
const blobWatchers = new Set();

function keepBlob(mount, bytes, header, end) {
  if (blobs.get(header.key)?.mounts.has(mount)) return;
  const blob = blobs.get(header.key) ?? { header, arrays: readArrays(bytes, header, end), mounts: new Set() };
  blobs.set(header.key, blob);
  blob.mounts.add(mount);
  dropBlobs(mount, header.key);
  for (const watcher of blobWatchers) watcher();
}

function dropBlobs(mount, exceptKey) {
  for (const [key, blob] of blobs) {
    if (key === exceptKey) continue;
    blob.mounts.delete(mount);
    if (blob.mounts.size === 0) blobs.delete(key);
  }
}
