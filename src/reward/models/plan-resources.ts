// Resources that plans are compared with: memory and speed of the machine that will train.
import { Inject, Injectable } from '@nestjs/common';
import { sandbox } from '#src/common/sandbox.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import type * as ComputeSpeed from '#src/nn/compute-speed.js';
import { sandboxProblem } from '#src/policies/sandbox-problem.js';

export interface PlanResources {
  memoryLimitBytes: number;
  /** Floating-point operations per second. */
  speed: number;
}

/** For a plan, tokenizing included. */
export const planMilliseconds = 30_000;

@Injectable()
export class PlanResourcesService {
  private speed: Promise<number> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'memoryLimitBytes'>) {}

  /** Resources of this host, if no worker reports its own. Speed is measured in a child process: this process never loads the runtime. */
  async current(): Promise<PlanResources> {
    this.speed ??= sandbox.call<typeof ComputeSpeed, 'computeSpeed'>('#src/nn/compute-speed.js', 'computeSpeed', [], { milliseconds: planMilliseconds });
    try {
      return { memoryLimitBytes: this.config.memoryLimitBytes, speed: await this.speed };
    } catch (error) {
      this.speed = undefined;
      throw sandboxProblem(error, '');
    }
  }

  get memoryLimitBytes(): number {
    return this.config.memoryLimitBytes;
  }
}
