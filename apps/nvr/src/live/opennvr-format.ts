import type { LiveContent } from './live-message.js';

/** What OpenNVR's clients filter by: the kind of an event or alert, or the analysis that a result is of. Undefined for neither. */
export function openNvrTask(content: LiveContent): string | undefined {
  if (content.event === 'notification') return content.data.event_type;
  if (content.event === 'system_alert') return content.data.alert_type;
  if (content.event === 'camera_status') return 'connection';
  return content.event === 'overlay' ? 'object_detection' : undefined;
}

/** First message of OpenNVR's `/events/ws`: what the client subscribed to. */
export function openNvrGreeting(filters: { camera_id: number | null; task: readonly string[] | null }): string {
  return JSON.stringify({ event_type: 'subscribed', filters });
}

/** Messages as OpenNVR's clients read them; `timestamp` is Unix ms. Nothing else is sent to them. */
export function openNvrFormat(content: LiveContent): Buffer {
  return Buffer.from(JSON.stringify(openNvrMessage(content)));
}

function openNvrMessage(content: LiveContent) {
  const task = openNvrTask(content);
  switch (content.event) {
    case 'notification': {
      const { camera_id, started_at } = content.data;
      return { event_type: 'camera_event', camera_id, task, timestamp: Date.parse(started_at), payload: content.data };
    }
    case 'overlay': {
      const { camera_id, frame, frame_ts_ms: timestamp, tracks } = content.data;
      // As an adapter answers; `frame` and `tracks`, which stood here first, stay beside.
      const detections = tracks.map(({ bbox, label, score, track_id }) => ({ label, confidence: score, bbox, track_id }));
      const payload = { detections, frame_dimensions: frame, frame, tracks };
      return { event_type: 'inference_result', camera_id, model_id: 'tier0', task, timestamp, payload };
    }
    case 'system_alert': {
      const { alert_type: _task, ...payload } = content.data;
      return { event_type: 'system_alert', task, timestamp: Date.parse(payload.occurred_at), payload };
    }
    case 'camera_status': {
      const { camera_id, ...payload } = content.data;
      return { event_type: 'camera_status', camera_id, task, timestamp: Date.parse(payload.occurred_at), payload };
    }
    case 'opened':
    case 'position':
    case 'gap':
      throw new Error(`OpenNVR has no message for ${content.event}`);
  }
}
