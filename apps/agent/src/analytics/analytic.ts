import type { BoxXyxy } from '@nightjar/geometry';
import type { z } from 'zod';
import type { FrameMoment, FrameResult } from './frame-result.js';
import type { Callback, ImageRetainPolicy } from './callback-parameters.js';

/** What the parameters of every analytic have. */
export interface AnalyticParameters {
  targets: readonly string[];
  callbacks: readonly Callback[];
  parameters: object;
}

/** What an analytic knows of the stream that it runs on. */
export interface AnalyticContext {
  /** Where `time_offset` begins, on the clock that does not jump. */
  startedMonotonicMs: number;
  /** A new UUID. */
  newId: () => string;
}

/**
 * Something began, went on, ended, or happened in one moment: an event of the camera. `key` names it within its analytic while it
 * is open; `details` are told to people and programs.
 */
export type AlertChange =
  | {
      kind: 'opened' | 'happened';
      key: string;
      startedAtUnixMs: number;
      score: number;
      /** Where, in pixels of the analysed picture; absent: everywhere. */
      box?: BoxXyxy | undefined;
      details: Record<string, unknown>;
    }
  /** With a better score the picture of this moment replaces the former. */
  | { kind: 'updated'; key: string; score: number; details: Record<string, unknown> }
  | { kind: 'closed'; key: string; endedAtUnixMs: number; details: Record<string, unknown> };

/** An event for callbacks and listeners, in the words of the Luna Video Agent. */
export interface AnalyticMessage {
  eventType: string;
  createdAtUnixMs: number;
  endedAtUnixMs: number;
  /** What the filters of callbacks look at. */
  count?: number | undefined;
  event: { track_id: string; overview?: Record<string, unknown> } & Record<string, unknown>;
  /** Asks for a picture of the frame, whose address becomes `overview.image`. */
  image?: ImageRetainPolicy | undefined;
}

/** Asks for the face of a person on the frame; `key` names the person. */
export interface FaceLook {
  key: string;
  /** Of the person, in pixels of the analysed picture. */
  box: BoxXyxy;
}

/** The best face on the picture of a person, in pixels of the camera picture. */
export interface FaceSeen {
  rect: { x: number; y: number; width: number; height: number };
  score: number;
  attributes?: { age?: number; gender?: 'M' | 'F' };
}

/** What an analytic makes of one frame. */
export interface AnalyticOutput {
  /** Lists that listeners get under the analytic's name; absent: nothing to tell of this frame. */
  results?: Record<string, readonly unknown[]> | undefined;
  alerts?: readonly AlertChange[] | undefined;
  /** Absent: one for each opened, closed and happened alert. */
  messages?: readonly AnalyticMessage[] | undefined;
  /** Persons whose faces are wanted; one at a time is looked at. */
  looks?: readonly FaceLook[] | undefined;
}

/** One analytic at work on one stream: a state machine that gets the time with each call and does no I/O. */
export interface AnalyticMachine<Parameters> {
  /** Goes on with other parameters, and with what it knows as far as that still means something. */
  reconfigure(parameters: Parameters): void;
  update(frame: FrameResult): AnalyticOutput;
  /** A face that it asked for was found, some frames later. */
  seen?(key: string, face: FaceSeen): void;
  /** Lets time pass while no frame is analysed. */
  tick(moment: FrameMoment): AnalyticOutput;
  /** Ends what is open. */
  close(moment: FrameMoment): AnalyticOutput;
}

/** A kind of analytic: what nvr lists, and how one begins. */
export interface Analytic<Parameters extends AnalyticParameters = AnalyticParameters> {
  name: string;
  version: string;
  description: string;
  /** Markdown. */
  documentation: string;
  schema: z.ZodType<Parameters>;
  /** Labels of the objects that it needs beside persons. */
  labelsOf?(parameters: Parameters): readonly string[];
  /** What moves is all that it has to know: it goes on while no adapter answers. */
  needsMotionOnly?: boolean;
  /** What of its parameters lies beyond the picture, in words for the user; null: nothing. */
  misfitOn?(parameters: Parameters, frame: FrameResult): string | null;
  create(parameters: Parameters, context: AnalyticContext): AnalyticMachine<Parameters>;
}

/** Seconds since the analysis began, in whole milliseconds. */
export function timeOffset(frame: FrameResult, { startedMonotonicMs }: AnalyticContext): number {
  return Math.round(frame.frame.monotonicMs - startedMonotonicMs) / 1_000;
}
