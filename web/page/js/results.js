// From the maps that a network gives to what was found, as mmmaskattn_runtime/maps.py makes it.

import { encode } from './run_lengths.js';

/** The values under the middles of the new pixels. */
export function nearest(values, [height, width], [newHeight, newWidth]) {
  if (height === newHeight && width === newWidth) return values;
  const columns = Int32Array.from({ length: newWidth }, (_, x) => Math.floor(((2 * x + 1) * width) / (2 * newWidth)));
  const found = new values.constructor(newHeight * newWidth);
  for (let y = 0; y < newHeight; y++) {
    const start = Math.floor(((2 * y + 1) * height) / (2 * newHeight)) * width;
    for (let x = 0; x < newWidth; x++) found[y * newWidth + x] = values[start + columns[x]];
  }
  return found;
}

/** Area, box and centre of the regions 1 to `count` of a map; null for one without a pixel. */
export function extents(map, width, count) {
  const area = new Float64Array(count + 1), sums = [new Float64Array(count + 1), new Float64Array(count + 1)];
  const box = Array.from({ length: count + 1 }, () => [Infinity, Infinity, 0, 0]);
  for (let place = 0, x = 0, y = 0; place < map.length; place++) {
    const number = map[place];
    if (number > 0) {
      const sides = box[number];
      area[number]++;
      sums[0][number] += x;
      sums[1][number] += y;
      if (x < sides[0]) sides[0] = x;
      if (y < sides[1]) sides[1] = y;
      if (x >= sides[2]) sides[2] = x + 1;
      if (y >= sides[3]) sides[3] = y + 1;
    }
    if (++x === width) (x = 0), y++;
  }
  const middle = (axis, number) => Math.round((sums[axis][number] / area[number]) * 100) / 100;
  return Array.from({ length: count }, (_, place) => place + 1).map((number) =>
    area[number] ? { area: area[number], box: box[number], centre: [middle(0, number), middle(1, number)] } : null,
  );
}

/**
 * What was found in a picture.
 *
 * @param info Metadata of the model.
 * @param outputs Typed arrays by name.
 * @param from [height, width] of the maps.
 * @param size [height, width] of the picture.
 * @param score Least score of an instance.
 * @returns {object} labels (Int32Array, -1 for none, or null), objectMap (Int32Array, k for objects[k - 1], 0 for none),
 *   objects, instances with their run lengths (null of a semantic model), areas and counts by class.
 */
export function makeResult(info, outputs, from, size, score) {
  const result = { task: info.task, height: size[0], width: size[1], classes: info.classes, palette: info.palette };
  result.things = info.things;
  if (info.task === 'semantic') {
    const known = outputs.labels.map((label) => (label >= 0 && label < info.classes.length ? label : -1));
    Object.assign(result, { labels: nearest(known, from, size), objects: [], instances: null });
    result.objectMap = new Int32Array(0);
  } else {
    const owners = nearest(outputs.owners, from, size);
    result.instances = instances(info, outputs, owners, size, score);
    Object.assign(result, info.task === 'panoptic' ? panoptic(info, outputs, from, size) : ofInstances(result, owners));
  }
  result.areas = countAreas(result);
  return result;
}

/** The best pairs of object and class. */
function instances(info, outputs, owners, [height, width], score) {
  const things = info.things.length, shifted = owners.map((owner) => owner + 1);
  const places = extents(shifted, width, outputs.scores.length);
  const scores = outputs.class_scores ?? outputs.scores;
  const pairs = [];
  places.forEach((place, object) => {
    for (let k = 0; place && k < things; k++) pairs.push({ object, label: info.things[k], score: scores[object * things + k] });
  });
  pairs.sort((a, b) => b.score - a.score || a.object - b.object || a.label - b.label);
  return pairs.slice(0, info.most).filter((one) => one.score >= score).map((one) => ({
    ...one,
    ...places[one.object],
    name: info.classes[one.label],
    counts: encode(owners, width, height, one.object, places[one.object].box),
  }));
}

/** Instances as the objects of a picture; of several on one pixel the best lies on top. */
function ofInstances(result, owners) {
  const top = new Map();
  result.instances.forEach((one, place) => top.has(one.object) || top.set(one.object, place + 1));
  const objectMap = owners.map((owner) => top.get(owner) ?? 0);
  return { labels: null, objects: result.instances, objectMap };
}

/** The segments of a panoptic map; a pixel is its owner's where fusion gave it the owner's class. */
function panoptic(info, outputs, from, size) {
  const { labels, owners, classes, scores } = outputs, count = info.classes.length, isThing = new Set(info.things);
  const pixels = new Float64Array(scores.length), flat = new Uint8Array(count);
  const painted = labels.map((label, place) => {
    const owner = owners[place], known = label >= 0 && label < count;
    const isOwned = known && isThing.has(label) && owner >= 0 && classes[owner] === label;
    if (isOwned) pixels[owner]++;
    else if (known) flat[label] = 1;
    return isOwned ? owner : -1;
  });
  const order = [...scores.keys()].filter((k) => pixels[k]).sort((a, b) => scores[b] - scores[a] || a - b);
  const numbers = new Map(order.map((object, place) => [object, place + 1]));
  const small = painted.map((owner) => (owner < 0 ? 0 : numbers.get(owner)));
  const objectMap = nearest(small, from, size);
  const known = nearest(labels.map((label) => (label >= 0 && label < count ? label : -1)), from, size);
  const places = extents(objectMap, size[1], order.length);
  const objects = order.map((object, place) => ({
    object, label: classes[object], name: info.classes[classes[object]], score: scores[object], ...places[place],
  }));
  return { labels: known, objectMap, objects: objects.filter((one) => one.area) };
}

/** Pixels and objects by class, objects first, then by area. */
export function countAreas(result) {
  const pixels = new Float64Array(result.classes.length), numbers = new Float64Array(result.classes.length);
  if (result.labels) for (const label of result.labels) if (label >= 0) pixels[label]++;
  for (const one of result.objects) {
    numbers[one.label]++;
    if (!result.labels) pixels[one.label] += one.area;
  }
  const rows = result.classes.map((name, label) => ({
    name, label, area: pixels[label], objects: result.task !== 'semantic' && result.things.includes(label) ? numbers[label] : null,
  }));
  return rows.filter((row) => row.area).sort((a, b) => (b.objects ?? -1) - (a.objects ?? -1) || b.area - a.area);
}
