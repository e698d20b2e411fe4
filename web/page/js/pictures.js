// Pictures decoded by the browser, upright, of at most so many pixels.

export const LARGEST = 2 ** 22; // pixels that are worked on
export const REFUSED = 2 ** 27; // pixels beyond which a picture is not taken at all

const OPTIONS = { imageOrientation: 'from-image', premultiplyAlpha: 'none', colorSpaceConversion: 'none' };

/**
 * Decode a file; larger ones than `largest` pixels are reduced.
 *
 * @returns {{name: string, image: ImageData, note: string}} The note says if the picture was reduced.
 */
export async function readPicture(file, largest = LARGEST) {
  const name = file.name || 'pasted picture';
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, OPTIONS);
  } catch {
    throw new Error(`${name}: this browser cannot read it as a picture; choose a PNG, JPEG or WebP file`);
  }
  const { width, height } = bitmap;
  if (width * height > REFUSED) {
    bitmap.close();
    throw new Error(`${name}: ${width} x ${height} pixels; expected at most ${REFUSED}; reduce it first`);
  }
  let note = '';
  if (width * height > largest) {
    const factor = Math.sqrt(largest / (width * height));
    const size = { resizeWidth: Math.max(1, Math.round(width * factor)), resizeHeight: Math.max(1, Math.round(height * factor)) };
    const small = await createImageBitmap(bitmap, { ...size, resizeQuality: 'high' });
    bitmap.close();
    bitmap = small;
    note = `${width} x ${height} pixels, worked on at ${bitmap.width} x ${bitmap.height}`;
  }
  const image = pixelsOf(bitmap, bitmap.width, bitmap.height);
  bitmap.close();
  return { name, image, note };
}

/** ImageData of a bitmap or of the frame of a video. */
export function pixelsOf(source, width, height) {
  const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(source, 0, 0, width, height);
  const image = pen.getImageData(0, 0, width, height);
  for (let place = 3; place < image.data.length; place += 4) image.data[place] = 255; // transparency is left out
  return image;
}
