import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser } from 'playwright-core';

/** A headless Chromium: the one that came with the packages (Linux on x64), else one of this machine, else null. */
export async function openBrowser(): Promise<Browser | null> {
  if (process.platform === 'linux' && process.arch === 'x64') {
    // Its own arguments suit short-lived functions; a browser of a single process dies with its first window.
    return playwright.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox', '--disable-gpu'] });
  }
  const executablePath = installed();
  return executablePath === undefined ? null : playwright.launch({ executablePath });
}

function installed(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}
