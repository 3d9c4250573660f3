// A progress bar on a terminal, plain lines in a log.
import { SingleBar } from 'cli-progress';

export class Bar {
  private readonly bar: SingleBar | null;

  constructor(total: number) {
    this.bar = process.stdout.isTTY
      ? new SingleBar({ format: 'training [{bar}] {value}/{total} | answer loss {answer} | {eta_formatted} left', hideCursor: true })
      : null;
    this.bar?.start(total, 0, { answer: '-' });
  }

  update(step: number, { answer }: { answer: number }): void {
    this.bar?.update(step, { answer: answer.toFixed(3) });
  }

  note(line: string): void {
    if (this.bar) process.stdout.write('\r\u001b[K');
    console.log(line);
  }

  stop(): void {
    this.bar?.stop();
  }
}
