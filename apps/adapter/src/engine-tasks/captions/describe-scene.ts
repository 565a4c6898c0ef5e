import type { LoadedModel, CaptionSession } from '../../models/loaded-model.js';
import { detectObjects } from '../detect-objects.js';
import type { EngineTask, StepContext } from '../engine-task.js';
import { templateCaption, templateCaptionId } from './template-caption.js';

/** Objects of a template sentence: it must not name what is not there. */
const objectMinScore = 0.5;
const lumaSide = { widthPixels: 32, heightPixels: 32 };

/** A caption by a model where one is configured or named; else a sentence made of what a detector found, and it says which. */
export const describeScene: EngineTask<'describe_scene'> = {
  async run(context, { model: name, maxNewTokens }) {
    const picture = await context.picture.size();
    if (name === undefined && !context.has('captioner')) {
      return { caption: await sentenceOf(context), modelId: templateCaptionId, source: 'template', picture };
    }
    const model = await context.use('captioner', name);
    const { manifest } = model;
    const session = requireCaptions(model);
    const caption = await context.infer(() =>
      session.caption(context.picture, { maxNewTokens: maxNewTokens ?? manifest.caption.maxNewTokens }),
    );
    return { caption, modelId: manifest.name, source: 'model', picture };
  },
};

async function sentenceOf(context: StepContext): Promise<string> {
  const { objects, picture } = await detectObjects.run(context, { minScore: objectMinScore });
  const luma = await context.picture.luma(lumaSide);
  const brightness = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  return templateCaption({ objects, picture, brightness });
}

function requireCaptions({ manifest, session }: LoadedModel): CaptionSession {
  if (session.type === 'caption') return session;
  throw new Error(`model "${manifest.name}" writes no captions`);
}
