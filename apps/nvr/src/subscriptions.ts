import type { INestApplicationContext } from '@nestjs/common';
import {
  appAlert,
  checkListeners,
  claimStreams,
  decodingTold,
  eventCommitted,
  listFaces,
  offerAnalytics,
  overlayDrawn,
  readFrame,
  releaseStreams,
  removeFace,
  reportEvent,
  saveFace,
  streamTold,
} from '@nightjar/contracts';
import { orUnavailable } from '@nightjar/database';
import type { Bus } from '@nightjar/messaging';
import { AppAlerts } from './apps/app-alerts.js';
import { BestPictures } from './best-pictures/best-pictures.js';
import { DecodeReports } from './decoding/decode-reports.js';
import { EventsService } from './events/events.service.js';
import { FacesService } from './faces/faces.service.js';
import { FramesService } from './frames/frames.service.js';
import { LiveHub } from './live/live-hub.js';
import { ListenerRights } from './luna/listener-rights.js';
import { LunaAnalyticsService } from './luna/luna-analytics.service.js';
import { StreamListeners } from './luna/stream-listeners.js';
import { StreamsService } from './streams/streams.service.js';

/** All that the API process listens to on the bus. */
export function subscribeApi(bus: Bus, app: INestApplicationContext): void {
  const streams = app.get(StreamsService);
  const decoding = app.get(DecodeReports);
  const lunaAnalytics = app.get(LunaAnalyticsService);
  const frames = app.get(FramesService);
  const events = app.get(EventsService);
  const bestPictures = app.get(BestPictures);
  const faces = app.get(FacesService);
  const live = app.get(LiveHub);
  const alerts = app.get(AppAlerts);
  const listeners = app.get(StreamListeners);
  const listenerRights = app.get(ListenerRights);
  bus.serve(claimStreams, (request) => orUnavailable(streams.claim(request)));
  bus.serve(offerAnalytics, async ({ analytics }) => {
    await orUnavailable(lunaAnalytics.takeOffers(analytics));
    return {};
  });
  bus.serve(checkListeners, async ({ listeners: asked }) => {
    const allowed: boolean[] = [];
    // One after the other: an agent's crowd is not to take all connections to the database.
    for (const { listener, stream_id: streamId } of asked) allowed.push(await orUnavailable(listenerRights.mayListen(streamId, listener)));
    return { allowed };
  });
  bus.serve(releaseStreams, (request) => orUnavailable(streams.release(request)));
  bus.serve(readFrame, (request) => frames.readPart(request));
  bus.serve(reportEvent, async (report) => {
    const saved = await orUnavailable(events.report(report));
    if (report.ended_at_unix_ms !== null) bestPictures.offer(saved.event_id);
    return saved;
  });
  bus.serve(saveFace, (face, { body }) => orUnavailable(faces.save(face, body)));
  bus.serve(removeFace, (request) => orUnavailable(faces.remove(request)));
  bus.serve(listFaces, (request) => orUnavailable(faces.list(request)));
  bus.on(decodingTold, (told) => decoding.hear(told));
  bus.on(appAlert, (alert) => alerts.take(alert));
  bus.on(eventCommitted, () => live.wake());
  bus.on(streamTold, ({ message, stream_id: streamId }) => listeners.take(streamId, message));
  bus.on(overlayDrawn, (overlay) => live.drawOverlay(overlay));
}
