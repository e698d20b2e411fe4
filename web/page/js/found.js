// The legend and the list of objects beside the picture.

import { objectColour } from './drawing.js';

const LISTED = 300; // objects that get a row
const SVG = 'http://www.w3.org/2000/svg';

function element(name, text, parent) {
  const made = document.createElement(name);
  made.textContent = text;
  parent?.append(made);
  return made;
}

/** A patch of colour; a style attribute would be refused by the page's policy. */
function swatch(colour) {
  const svg = document.createElementNS(SVG, 'svg'), patch = document.createElementNS(SVG, 'rect');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  for (const [key, value] of Object.entries({ width: 16, height: 16, rx: 3, fill: `rgb(${colour.join(' ')})`, stroke: '#777' })) {
    patch.setAttribute(key, value);
  }
  svg.append(patch);
  return svg;
}

/** In a few words: 15 nucleus, background 84.9 %. */
export function summary(result) {
  const pixels = result.width * result.height;
  const parts = result.areas.map((one) => one.objects === null ? `${one.name} ${((100 * one.area) / pixels).toFixed(1)} %` : `${one.objects} ${one.name}`);
  if (parts.length > 6) parts.splice(5, parts.length, `and ${parts.length - 5} more classes`);
  return parts.join(', ') || 'nothing found';
}

export function describe(one, place) {
  return `${place + 1} ${one.name}${one.score === null ? '' : ` ${one.score.toFixed(2)}`}, ${one.area} px`;
}

export class Found {
  /** @param onShow Called with the number of the object to be pointed out, 0 for none. */
  constructor(legend, objects, title, onShow) {
    Object.assign(this, { legend, objects, title, onShow });
  }

  show(result) {
    const pixels = result.width * result.height;
    this.legend.replaceChildren(...result.areas.map((one) => {
      const row = document.createElement('tr'), first = element('td', '', row);
      first.append(swatch(result.palette[one.label]), one.name);
      element('td', one.objects ?? '', row);
      element('td', one.area, row);
      element('td', `${((100 * one.area) / pixels).toFixed(1)}\u00a0%`, row);
      return row;
    }));
    this.legend.parentElement.classList.toggle('without-objects', result.task === 'semantic');
    this.title.hidden = result.task === 'semantic';
    this.title.textContent = `Objects: ${result.objects.length}`;
    this.objects.replaceChildren(...result.objects.slice(0, LISTED).map((one, place) => this.item(result, one, place)));
    if (result.objects.length > LISTED) element('li', `and ${result.objects.length - LISTED} more; all are in the downloads`, this.objects);
  }

  item(result, one, place) {
    const item = document.createElement('li'), button = element('button', '', item);
    button.type = 'button';
    button.append(swatch(objectColour(result, place)), ` ${describe(one, place)}`);
    for (const name of ['pointerenter', 'focus']) button.addEventListener(name, () => this.onShow(place + 1));
    for (const name of ['pointerleave', 'blur']) button.addEventListener(name, () => this.onShow(0));
    return item;
  }

  /** Mark the row of an object. */
  mark(number) {
    [...this.objects.children].forEach((item, place) => item.firstElementChild?.classList.toggle('shown', place + 1 === number));
  }

  clear() {
    this.legend.replaceChildren();
    this.objects.replaceChildren();
    this.title.hidden = true;
  }
}
