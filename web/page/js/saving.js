// Files to download, in the formats of mmmaskattn predict: a table of objects, COCO's json, a picture.

import { toText } from './run_lengths.js';

const COLUMNS = ['picture', 'object', 'class', 'score', 'area', 'x', 'y', 'left', 'top', 'right', 'bottom'];
const cell = (value) => (/[",\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

/** One row for each object; of a map without objects one for each class. */
export function asCsv(result, name) {
  const rows = result.task === 'semantic'
    ? result.areas.map((one) => [name, '', one.name, '', one.area, '', '', '', '', '', ''])
    : result.objects.map((one, place) => [name, place + 1, one.name, one.score === null ? '' : one.score.toFixed(4), one.area, ...one.centre, ...one.box]);
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** COCO's json with scores and run lengths; ids of categories count from 1. */
export function asCoco(result, name) {
  const size = [result.height, result.width];
  const annotations = (result.instances ?? []).map((one, place) => {
    const [left, top, right, bottom] = one.box;
    return {
      id: place + 1, image_id: 1, category_id: one.label + 1, bbox: [left, top, right - left, bottom - top],
      area: one.area, score: one.score, iscrowd: 0, segmentation: { size, counts: one.text ?? toText(one.counts) },
    };
  });
  const categories = result.classes.map((title, label) => ({ id: label + 1, name: title, isthing: Number(result.things.includes(label)) }));
  const images = [{ id: 1, file_name: name, height: result.height, width: result.width }];
  return JSON.stringify({ images, categories, annotations });
}

/** Hand a blob to the browser's downloads. */
export function download(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
