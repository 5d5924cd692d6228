const viewsByMount = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let view = viewsByMount.get(parentElement);
  if (!view) {
    view = new NeighbourView(parentElement.querySelector(".neighbour-lists"));
    viewsByMount.set(parentElement, view);
  }
  view.update(data, setTriggerValue);
  return () => {
    view.destroy();
    viewsByMount.delete(parentElement);
  };
}
