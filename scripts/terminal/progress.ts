import { SingleBar } from 'cli-progress';

/** A bar on a terminal; elsewhere a line every now and then, and one at the end of the stage. */
export interface StageProgress {
  update(completed: number, total: number, note?: string): void;
  end(summary: string): void;
}

/** Off a terminal: seconds between two lines of a stage that goes on. */
const lineSeconds = 15;

export function stageProgress(name: string): StageProgress {
  const label = name.padEnd(14);
  return process.stdout.isTTY ? bar(label) : lines(label);
}

function lines(label: string): StageProgress {
  const started = performance.now();
  let latest = 'working';
  const told = setInterval(() => {
    console.log(`  ${label} ... ${latest} (${Math.round((performance.now() - started) / 1000)} s so far)`);
  }, 1000 * lineSeconds);
  // A stage that fails must not keep the process.
  told.unref();
  return {
    update: (completed, total, note = '') => {
      latest = `${Math.floor((100 * Math.min(completed, total)) / Math.max(total, 1))}% ${note}`.trim();
    },
    end: (summary) => {
      clearInterval(told);
      console.log(`  ${label} ${summary}`);
    },
  };
}

function bar(label: string): StageProgress {
  const bar = new SingleBar({
    format: `  ${label} {bar} {percentage}% {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    fps: 8,
  });
  bar.start(1, 0, { note: '' });
  return {
    update: (completed, total, note = '') => {
      bar.setTotal(Math.max(total, 1));
      bar.update(Math.min(completed, total), { note });
    },
    end: (summary) => {
      bar.stop();
      console.log(`  ${label} ${summary}`);
    },
  };
}
