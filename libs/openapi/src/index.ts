export { DocsAssets, docsPage, docsPagePolicy } from './docs-page.js';
export {
  anyObject,
  described,
  flag,
  integer,
  jsonBody,
  jsonReply,
  listOf,
  moment,
  number,
  orNull,
  partial,
  pathParameter,
  queryParameters,
  text,
} from './field-schemas.js';
export { object, ref, schemaOfInput, schemaOfOutput, type JsonSchema, type ObjectSchema } from './json-schema.js';
export { writeDocument, type OpenApiDocument } from './openapi-document.js';
export type { ContentDoc, ParameterDoc, ReplyDoc, RouteDoc, SurfaceDoc } from './route-doc.js';
