// The picture with what was found in it, on a canvas.

const SMALLEST = 512; // pixels of the longer side: smaller pictures are enlarged by whole factors
const BACKDROPS = ['background', 'bg', 'void', 'none', 'nothing', 'unlabelled', 'unlabeled'];
const APART = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]];
const DARKEST = 225; // of 255, over what is not kept
const SHADES = [1, 0.8, 1.25];

/** Colour of an object: unlike its neighbours' where there is one class of things, else a shade of its class's. */
export function objectColour(result, place) {
  if (result.things.length === 1) return APART[place % APART.length];
  const factor = SHADES[place % SHADES.length];
  const shade = (value) => Math.round(factor <= 1 ? value * factor : 255 - (255 - value) * (2 - factor));
  return result.palette[result.objects[place].label].map(shade);
}

const word = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // RGBA as browsers' processors have it

/** Colours over a picture, alpha 255 where something is said; outlines of objects on a layer of their own. */
function layers(result) {
  const { width, height, labels, objectMap: map } = result;
  const colours = new ImageData(width, height), lines = new ImageData(width, height);
  const areas = new Uint32Array(colours.data.buffer), edges = new Uint32Array(lines.data.buffer);
  const ofObjects = result.objects.map((_, place) => word(objectColour(result, place)));
  const ofLabels = result.classes.map((name, label) => (BACKDROPS.includes(name.toLowerCase()) ? 0 : word(result.palette[label])));
  const white = word([255, 255, 255]);
  for (let place = 0, x = 0; place < width * height; place++, x = x + 1 === width ? 0 : x + 1) {
    const number = map.length ? map[place] : 0;
    if (!number) {
      if (labels && labels[place] >= 0) areas[place] = ofLabels[labels[place]];
      continue;
    }
    areas[place] = ofObjects[number - 1];
    // An edge touches another object or none; between two objects the line is one pixel wide.
    const left = x ? map[place - 1] : 0, right = x < width - 1 ? map[place + 1] : 0;
    if (left < number || right < number || (map[place - width] ?? 0) < number || (map[place + width] ?? 0) < number) edges[place] = white;
  }
  return { colours: layer(colours), lines: layer(lines) };
}

/** A shade over what an attention leaves out: none where it keeps most, dark where it keeps nothing beside that. */
function shadeOf({ width, height, values }) {
  const image = new ImageData(width, height), most = values.reduce((one, other) => Math.max(one, other), 0) || 1;
  values.forEach((value, place) => (image.data[4 * place + 3] = Math.round(DARKEST * (1 - value / most))));
  return layer(image);
}

function layer(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas;
}

export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.picture = this.result = this.layers = null;
    this.opacity = 0.55;
    this.outlines = true;
    this.attention = -1; // the place of what is shown of what the attention keeps; -1 for none
    this.shown = 0;
  }

  /** Show a picture (ImageData), with its result or without. */
  show(picture, result = null) {
    this.picture = layer(picture);
    this.result = result;
    this.layers = result && layers(result);
    this.shown = 0;
    const longest = Math.max(picture.width, picture.height);
    this.scale = longest < SMALLEST ? Math.ceil(SMALLEST / longest) : 1;
    this.canvas.width = picture.width * this.scale;
    this.canvas.height = picture.height * this.scale;
    this.draw();
  }

  /** Draw again, after a change of `opacity`, `outlines`, `attention` or `shown`, the number of an object to be pointed out. */
  draw() {
    if (!this.picture) return;
    const pen = this.canvas.getContext('2d'), { width, height } = this.canvas;
    pen.imageSmoothingEnabled = false;
    pen.globalAlpha = 1;
    pen.drawImage(this.picture, 0, 0, width, height);
    if (!this.layers) return;
    pen.globalAlpha = this.opacity;
    pen.drawImage(this.layers.colours, 0, 0, width, height);
    pen.globalAlpha = 1;
    const kept = this.result.attention?.[this.attention];
    if (kept) pen.drawImage(shadeOf(kept), 0, 0, width, height);
    if (this.outlines) this.drawLines(pen);
    if (this.shown) this.pointOut(pen);
  }

  /** Outlines, thicker where the canvas is large and therefore shown smaller. */
  drawLines(pen) {
    const { width, height } = this.canvas, step = Math.round(Math.max(width, height) / 1300);
    const shifts = step ? [-step, 0, step] : [0];
    for (const x of shifts) for (const y of shifts) pen.drawImage(this.layers.lines, x, y, width, height);
  }

  /** One object bright, with a frame; the rest darker. */
  pointOut(pen) {
    const { objectMap: map, width, objects } = this.result, [left, top, right, bottom] = objects[this.shown - 1].box;
    const part = new ImageData(right - left, bottom - top);
    for (let y = top, place = 3; y < bottom; y++) {
      for (let x = left; x < right; x++, place += 4) part.data[place] = map[y * width + x] === this.shown ? 255 : 0;
    }
    const cut = new OffscreenCanvas(part.width, part.height), scissors = cut.getContext('2d');
    scissors.putImageData(part, 0, 0);
    scissors.globalCompositeOperation = 'source-in';
    scissors.drawImage(this.picture, -left, -top);
    pen.fillStyle = '#0008';
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const place = [left, top, right - left, bottom - top].map((side) => side * this.scale);
    pen.drawImage(cut, ...place);
    pen.strokeStyle = '#ffe14d';
    pen.lineWidth = Math.max(2, this.canvas.width / 300);
    pen.strokeRect(...place);
  }

  /** Number of the object under a place of the window, and the label there; 0 and -1 for none. */
  at(event) {
    const frame = this.canvas.getBoundingClientRect(), { result } = this;
    const x = Math.floor(((event.clientX - frame.left) / frame.width) * (result?.width ?? 0));
    const y = Math.floor(((event.clientY - frame.top) / frame.height) * (result?.height ?? 0));
    if (!result || x < 0 || y < 0 || x >= result.width || y >= result.height) return { number: 0, label: -1 };
    const place = y * result.width + x;
    return { number: result.objectMap[place] ?? 0, label: result.labels ? result.labels[place] : -1 };
  }
}
