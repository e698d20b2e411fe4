// The camera, frame by frame.

import { pixelsOf } from './pictures.js';

const LONGEST = 640; // pixels of the longer side of a frame

export class Camera {
  constructor(video) {
    this.video = video;
    this.stream = null;
  }

  /** Start it; an Error says why it cannot. */
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error('Camera: this page may not use it; open the page by https or on localhost');
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
    } catch (error) {
      const reason = error.name === 'NotAllowedError' ? 'it was not allowed; allow it in the settings of the page' : 'none was found';
      throw new Error(`Camera: ${reason}`);
    }
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  /** The picture that it shows now. */
  frame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const factor = Math.min(1, LONGEST / Math.max(width, height));
    return pixelsOf(this.video, Math.round(width * factor), Math.round(height * factor));
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }
}
