// PEFT folders of models trained with low-rank factors: contents first, then rows, like all stored files.
import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { adapterStreams, type Adapter } from '#src/lm/lora/adapter.js';
import type { AdapterFile } from './artifact.entity.js';
import { ArtifactsService } from './artifacts.service.js';
import type { LineageNode } from './lineage.repository.js';
import { LineageService } from './lineage.service.js';
import { ModelsService } from './models.service.js';

type StoredFolder = Awaited<ReturnType<ModelsService['storeFiles']>>;

@Injectable()
export class AdapterFilesService {
  constructor(
    private readonly models: ModelsService,
    private readonly artifacts: ArtifactsService,
    private readonly lineage: LineageService,
  ) {}

  /** @param base the name by which `adapter_config.json` calls what it was trained on */
  store(adapter: Adapter, base: string): Promise<StoredFolder> {
    return this.models.storeFiles(adapterStreams(adapter, base));
  }

  /** The second half: the stored files become artifacts that `owner` made. */
  async register(tx: Transaction, owner: LineageNode, folder: StoredFolder): Promise<AdapterFile[]> {
    const names = Object.keys(folder);
    const mediaType = (name: string): string => (name.endsWith('.json') ? 'application/json' : 'application/octet-stream');
    const files = names.map((name) => ({ kind: 'peft-adapter', fileName: name, mediaType: mediaType(name), ...folder[name] }));
    const ids = await this.artifacts.register(tx, files);
    for (const id of ids) await this.lineage.link(tx, owner, { type: 'artifact', id }, 'adapter');
    return names.map((name, i) => ({ name, artifactId: ids[i] }));
  }
}
