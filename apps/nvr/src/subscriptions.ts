import type { INestApplicationContext } from '@nestjs/common';
import { claimStreams, eventCommitted, overlayDrawn, readFrame, releaseStreams, reportEvent } from '@nightjar/contracts';
import { orUnavailable } from '@nightjar/database';
import type { Bus } from '@nightjar/messaging';
import { EventsService } from './events/events.service.js';
import { FramesService } from './frames/frames.service.js';
import { LiveHub } from './live/live-hub.js';
import { StreamsService } from './streams/streams.service.js';

/** All that the API process listens to on the bus. */
export function subscribeApi(bus: Bus, app: INestApplicationContext): void {
  const streams = app.get(StreamsService);
  const frames = app.get(FramesService);
  const events = app.get(EventsService);
  const live = app.get(LiveHub);
  bus.serve(claimStreams, (request) => orUnavailable(streams.claim(request)));
  bus.serve(releaseStreams, (request) => orUnavailable(streams.release(request)));
  bus.serve(readFrame, (request) => frames.readPart(request));
  bus.serve(reportEvent, (report) => orUnavailable(events.report(report)));
  bus.on(eventCommitted, () => live.wake());
  bus.on(overlayDrawn, (overlay) => live.drawOverlay(overlay));
}
