import { SingleBar } from 'cli-progress';

/** A bar on a terminal, one line at the end of the stage elsewhere. */
export interface StageProgress {
  update(completed: number, total: number, note?: string): void;
  end(summary: string): void;
}

export function stageProgress(name: string): StageProgress {
  const label = name.padEnd(14);
  if (!process.stdout.isTTY) {
    return { update: () => undefined, end: (summary) => console.log(`  ${label} ${summary}`) };
  }
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
