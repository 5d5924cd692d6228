const mapsByMount = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const { header, end } = readHeader(data);
  if (header.kind !== "view") {
    keepBlob(parentElement, data, header, end);
    return () => dropBlobs(parentElement, null);
  }
  let maps = mapsByMount.get(parentElement);
  if (!maps) {
    maps = new LinkedMaps(parentElement.querySelector(".linked-maps"));
    mapsByMount.set(parentElement, maps);
  }
  maps.update(header, readArrays(data, header, end), setTriggerValue);
  return () => {
    maps.destroy();
    mapsByMount.delete(parentElement);
  };
}
