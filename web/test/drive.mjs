// Drives the page in headless Chromium: node drive.mjs JOB.json; prints what happened as JSON. tests/web/test_page.py reads it.
//
// JOB.json: { url, chromium, folder, width, height, dark, camera, steps: [[name, ...values], ...] }

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
const args = ['--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const browser = await chromium.launch({ executablePath: job.chromium, args });
const context = await browser.newContext({
  viewport: { width: job.width ?? 1280, height: job.height ?? 900 },
  colorScheme: job.dark ? 'dark' : 'light',
  acceptDownloads: true,
  permissions: job.camera ? ['camera'] : [],
});
const page = await context.newPage();
const requests = [], errors = [], answers = [];
context.on('request', (request) => requests.push(request.url()));
page.on('pageerror', (error) => errors.push(String(error)));
page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));

const settled = () => page.waitForFunction(() => ['done', 'failed'].includes(document.documentElement.dataset.state), null, { timeout: 120000 });
const text = (selector) => page.locator(selector).innerText();
const STEPS = {
  wait: async () => void (await settled()),
  choose: async (file) => {
    await page.selectOption('#model', file);
    await settled();
  },
  slow: (file, milliseconds) => context.route(`**/${file}`, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await route.continue();
  }),
  hurry: async (file) => void (await page.selectOption('#model', file)), // without waiting for an end
  upload: async (selector, path) => {
    await page.setInputFiles(selector, path);
    await settled();
  },
  paste: async (path) => {
    const bytes = [...(await readFile(path))];
    await page.evaluate((content) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(content)], 'pasted.png', { type: 'image/png' }));
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));
    }, bytes);
    await settled();
  },
  drop: async (path) => {
    const bytes = [...(await readFile(path))];
    await page.evaluate((content) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(content)], 'dropped.png', { type: 'image/png' }));
      document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }, bytes);
    await settled();
  },
  click: async (selector) => {
    await page.click(selector);
    await settled();
  },
  press: (selector) => page.click(selector), // without waiting for an end
  key: (key) => page.keyboard.press(key),
  focus: (selector) => page.locator(selector).first().focus(),
  focused: () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent),
  hover: async (x, y) => {
    const frame = await page.locator('#canvas').boundingBox();
    await page.mouse.move(frame.x + x * frame.width, frame.y + y * frame.height);
    return text('#tip');
  },
  pause: (milliseconds) => page.waitForTimeout(milliseconds),
  select: async (selector, label) => void (await page.selectOption(selector, { label })),
  slide: (selector, value) => page.locator(selector).fill(String(value)),
  download: async (selector, name) => {
    const [found] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
    await found.saveAs(join(job.folder, name));
    return found.suggestedFilename();
  },
  screenshot: async (path) => void (await page.screenshot({ path, fullPage: true })),
  text,
  value: (selector) => page.locator(selector).inputValue(),
  hidden: (selector) => page.locator(selector).isHidden(),
  label: () => page.locator('#canvas').getAttribute('aria-label'),
  width: () => page.evaluate(() => document.documentElement.scrollWidth),
  pixel: (x, y) => page.evaluate(([across, down]) => {
    const canvas = document.getElementById('canvas');
    return [...canvas.getContext('2d').getImageData(Math.floor(across * canvas.width), Math.floor(down * canvas.height), 1, 1).data];
  }, [x, y]),
};

let problem = null;
try {
  await page.goto(job.url);
  for (const [name, ...values] of job.steps) answers.push((await STEPS[name](...values)) ?? null);
} catch (error) {
  problem = String(error).slice(0, 1000);
}
const said = { status: await text('#status').catch(() => ''), problem: await text('#problem').catch(() => '') };
await browser.close();
console.log(JSON.stringify({ answers, requests, errors, problem, said }));
