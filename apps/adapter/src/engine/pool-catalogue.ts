import type { EngineCatalogue, ModelStatus } from './protocol.js';

/** A model as the pool sees it: loaded where any process has it loaded. */
interface PoolModelStatus extends ModelStatus {
  /** How many processes have it in memory. */
  readonly loadedIn: number;
}

export interface PoolCatalogue extends Omit<EngineCatalogue, 'models'> {
  readonly models: readonly PoolModelStatus[];
}

/** One line a model and version, in the order of the first process that knows it. */
export function mergeCatalogues(catalogues: readonly EngineCatalogue[]): PoolCatalogue {
  const models = new Map<string, PoolModelStatus>();
  for (const model of catalogues.flatMap((catalogue) => catalogue.models)) {
    const key = `${model.name}@${model.version}`;
    const known = models.get(key);
    const loadedIn = (known?.loadedIn ?? 0) + (model.loaded ? 1 : 0);
    models.set(key, { ...(known?.loaded ? known : model), loadedIn });
  }
  return {
    models: [...models.values()],
    userTasks: catalogues.find(({ userTasks }) => userTasks.length > 0)?.userTasks ?? [],
    missingProviders: catalogues.find(({ missingProviders }) => missingProviders.length > 0)?.missingProviders ?? [],
  };
}
