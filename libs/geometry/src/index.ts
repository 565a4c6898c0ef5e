export {
  boxArea,
  boxCentre,
  clipBox,
  expandBox,
  intersectionArea,
  iou,
  ltwhFromXyxy,
  normaliseBox,
  pixelLtwh,
  scaleBox,
  xyxyFromLtwh,
  type BoxXyxy,
  type PictureSize,
} from './box.js';
export { suppressNonMaxima, type ScoredBox } from './non-maximum-suppression.js';
export { isInsidePolygon, segmentsMeet, sideOfLine, type Point } from './polygon.js';
