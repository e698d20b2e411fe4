// Masks as run lengths in COCO's format, as mmmaskattn_runtime/run_lengths.py writes them.

/** Run lengths of the pixels of an Int32Array map (rows of `width`) that have a number; only its box is looked at. */
export function encode(map, width, height, number, [left, top, right, bottom]) {
  const counts = [];
  let end = 0, start = -1;
  const close = (stop) => {
    counts.push(start - end, stop - start);
    end = stop;
    start = -1;
  };
  let last = -1;
  for (let x = left; x < right; x++) {
    for (let y = top; y < bottom; y++) {
      if (map[y * width + x] !== number) continue;
      const place = x * height + y;
      if (start >= 0 && place !== last + 1) close(last + 1);
      if (start < 0) start = place;
      last = place;
    }
  }
  if (start >= 0) close(last + 1);
  if (end < width * height) counts.push(width * height - end);
  return counts;
}

/** COCO's string: differences to the last but one length, five bits a character. */
export function toText(counts) {
  let text = '';
  counts.forEach((count, place) => {
    let value = place > 2 ? count - counts[place - 2] : count;
    for (let more = true; more; ) {
      let code = value & 31;
      value >>= 5;
      more = code & 16 ? value !== -1 : value !== 0;
      if (more) code |= 32;
      text += String.fromCharCode(code + 48);
    }
  });
  return text;
}
